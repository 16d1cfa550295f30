package billing

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v76"
)

// prices fetches every price with its product, by id.
func (g *gateway) prices(ctx context.Context) (map[string]remotePrice, error) {
	all := map[string]remotePrice{}
	params := &stripe.PriceListParams{}
	params.AddExpand("data.product")
	params.Context, params.Limit = ctx, stripe.Int64(pageSize)
	err := g.call(ctx, func() error {
		it := g.api.Prices.List(params)
		for it.Next() {
			p := it.Price()
			r := remotePrice{soldPrice: soldPrice{StripePriceID: p.ID, AmountMinor: p.UnitAmount, Currency: string(p.Currency)}, Active: p.Active}
			if p.Product != nil {
				r.PlanName, r.Active = p.Product.Name, r.Active && p.Product.Active && !p.Product.Deleted
			}
			all[p.ID] = r
		}
		return it.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list all prices: %w", err)
	}
	return all, nil
}
