package billing

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// customer tells whose a customer says it is, uuid.Nil for nobody; false when
// Stripe does not know it, or not any more.
func (g *gateway) customer(ctx context.Context, id string) (claimed uuid.UUID, found bool, err error) {
	params := &stripe.CustomerParams{}
	params.Context = ctx
	err = g.call(ctx, func() error {
		c, err := g.api.Customers.Get(id, params)
		if err == nil {
			claimed, found = claimOf(c.Metadata, "").UserID, !c.Deleted
		}
		return err
	})
	if missing(err, "") {
		return uuid.Nil, false, nil
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("look up a customer: %w", err)
	}
	return claimed, found, nil
}
