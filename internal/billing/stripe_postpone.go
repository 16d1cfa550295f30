package billing

import (
	"context"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// metaMoved says at Stripe until when a bill was moved. A trial that ends at
// that very moment is none: the way to move a bill is to have a trial end
// there, and Stripe knows no other that keeps the price and bills by itself.
const metaMoved = "bill_moved_to"

// postpone lets the next bill of a subscription come at another moment,
// without charging or crediting anything for the time between.
func (g *gateway) postpone(ctx context.Context, id string, to, now time.Time, key string) error {
	params := &stripe.SubscriptionParams{ProrationBehavior: new("none")}
	if to.After(now.Add(time.Second)) {
		params.TrialEnd = new(to.Unix())
	} else {
		params.TrialEndNow = new(true)
	}
	params.AddMetadata(metaMoved, strconv.FormatInt(to.Unix(), 10))
	params.SetIdempotencyKey(keyFor("postpone", key, strconv.FormatInt(to.Unix(), 10), strconv.FormatBool(params.TrialEnd == nil)))
	return g.update(ctx, id, params)
}

// moved reads a subscription whose bill was moved as what it is: active, and
// paid until then.
func (r *remote) moved(s *stripe.Subscription) {
	if r.Status == membership.Trialing && s.TrialEnd != 0 && s.Metadata[metaMoved] == strconv.FormatInt(s.TrialEnd, 10) {
		r.Status, r.TrialEnd, r.Moved = membership.Active, nil, true
	}
}
