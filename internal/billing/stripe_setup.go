package billing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// SetupOptions says what else Setup does, or whether it only tells.
type SetupOptions struct {
	DryRun     bool
	WebhookURL string // where the webhook endpoint shall point; "" makes none
}

// ErrDifferent is that a dry run has found something to do.
var ErrDifferent = errors.New("billing: Stripe, the catalogue and the plan file differ")

// Setup brings the plan file, our catalogue and Stripe together: what the file
// says is so here, and what is on offer here is on sale at Stripe, with the
// portal's configuration and the webhook endpoint. It writes what it does to
// out, line by line with the side on which it is done, or with DryRun what it
// would do; then it returns ErrDifferent when there is something. Repeated it
// does nothing. What drifted at Stripe (a price that somebody archived there) is
// told and put right; what is not ours there is told and left alone, and so are
// plans that the file does not name. The secret of a new webhook endpoint is
// written once and kept nowhere.
func (b *Billing) Setup(ctx context.Context, spec []membership.PlanSpec, opt SetupOptions, out io.Writer) error {
	s := &setup{b: b, api: b.stripe, dry: opt.DryRun, out: out}
	shelf, err := s.here(ctx, spec)
	if err != nil {
		return err
	}
	for _, plan := range shelf {
		if err := s.publish(ctx, plan); err != nil {
			return fmt.Errorf("set up plan %s: %w", plan.Slug, err)
		}
	}
	if err := s.foreign(ctx, shelf); err != nil {
		return fmt.Errorf("look at the products at Stripe: %w", err)
	}
	if err := s.portal(ctx); err != nil {
		return fmt.Errorf("set up the portal: %w", err)
	}
	if opt.WebhookURL != "" {
		if err := s.webhook(ctx, opt.WebhookURL); err != nil {
			return fmt.Errorf("set up the webhook endpoint: %w", err)
		}
	}
	switch {
	case s.err != nil:
		return s.err
	case !s.touched:
		s.say("Stripe is as it should be.")
	case s.dry:
		return ErrDifferent
	}
	return s.err
}

type setup struct {
	b       *Billing
	api     *gateway
	dry     bool
	out     io.Writer
	touched bool
	err     error // of out
}

func (s *setup) say(format string, args ...any) {
	if _, err := fmt.Fprintf(s.out, format+"\n", args...); err != nil && s.err == nil {
		s.err = fmt.Errorf("write the report: %w", err)
	}
}

// change tells of a change at Stripe and makes it, unless this is a dry run.
func (s *setup) change(ctx context.Context, do func() error, format string, args ...any) error {
	s.touched = true
	s.say("stripe: "+format, args...)
	if s.dry {
		return nil
	}
	return s.api.call(ctx, do)
}

// here makes our plans be as the file says, and gives all there are, as they
// are then.
func (s *setup) here(ctx context.Context, spec []membership.PlanSpec) ([]membership.PlanWithPrices, error) {
	shelf, err := s.b.membership.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	for _, plan := range spec {
		i := slices.IndexFunc(shelf, func(p membership.PlanWithPrices) bool { return p.Slug == plan.Slug })
		if i < 0 {
			i, shelf = len(shelf), append(shelf, membership.PlanWithPrices{})
		}
		want, changes := membership.Compare(plan, shelf[i])
		for _, c := range changes {
			s.touched = true
			s.say("here:   %s", c)
		}
		shelf[i] = want
		if s.dry || len(changes) == 0 {
			continue
		}
		if err := s.b.membership.SavePlan(ctx, plan); err != nil {
			return nil, fmt.Errorf("save plan %s: %w", plan.Slug, err)
		}
	}
	if s.dry {
		return shelf, nil
	}
	return s.b.membership.Catalogue(ctx)
}

// publish makes Stripe have a plan of ours: its product, what is on offer, and
// nothing on sale that is not. Prices that are not on offer any more go on for
// those who pay them.
func (s *setup) publish(ctx context.Context, plan membership.PlanWithPrices) error {
	product := productOf(plan.Slug)
	have, err := s.prices(ctx, product)
	if err != nil {
		return err
	}
	if err := s.product(ctx, product, plan.Plan, len(have) > 0); err != nil {
		return err
	}
	var kept []string
	for _, price := range plan.Prices {
		if price.State != membership.Public || plan.State == membership.Archived {
			continue
		}
		id, err := s.price(ctx, plan, price, have)
		if err != nil {
			return err
		}
		kept = append(kept, id)
		if err := s.remember(ctx, price, product, id); err != nil {
			return err
		}
	}
	return s.archive(ctx, plan.Slug, have, kept)
}

func productOf(slug string) string { return "conservatory_" + slug }

func (s *setup) product(ctx context.Context, id string, plan membership.Plan, sold bool) error {
	params := &stripe.ProductParams{}
	params.Context = ctx
	var have *stripe.Product
	err := s.api.call(ctx, func() (err error) {
		have, err = s.api.api.Products.Get(id, params)
		return err
	})
	onSale := plan.State != membership.Archived
	want := &stripe.ProductParams{Name: new(plan.Name), Active: new(onSale), Metadata: map[string]string{"plan": plan.Slug}}
	want.Context = ctx
	switch {
	case missing(err, "") && !onSale && !sold:
		return nil // never sold there, and not going to be
	case missing(err, ""):
		want.ID = new(id)
		if plan.Description != "" {
			want.Description = new(plan.Description)
		}
		return s.change(ctx, func() error { _, err := s.api.api.Products.New(want); return err }, "+ product %s %q", id, plan.Name)
	case err != nil:
		return err
	case have.Name == plan.Name && have.Description == plan.Description && have.Active == onSale:
		return nil
	}
	want.Description = new(plan.Description)
	sign := "~"
	if !onSale {
		sign = "-"
	}
	return s.change(ctx, func() error { _, err := s.api.api.Products.Update(id, want); return err }, "%s product %s %q", sign, id, plan.Name)
}

// prices gives all prices of a product, archived ones too.
func (s *setup) prices(ctx context.Context, product string) ([]*stripe.Price, error) {
	params := &stripe.PriceListParams{Product: new(product)}
	params.Context, params.Limit = ctx, stripe.Int64(pageSize)
	var all []*stripe.Price
	err := s.api.call(ctx, func() error {
		it := s.api.api.Prices.List(params)
		for it.Next() {
			all = append(all, it.Price())
		}
		return it.Err()
	})
	if missing(err, "product") {
		return nil, nil // before the first
	}
	return all, err
}

// price finds the price at Stripe of one of ours, or makes it. Stripe's prices
// cannot be changed, so other terms are another price with the next version in
// its lookup key.
func (s *setup) price(ctx context.Context, plan membership.PlanWithPrices, price membership.Price, have []*stripe.Price) (string, error) {
	base := plan.Slug + "." + price.Key
	if p := s.mapped(base, price, have); p != nil {
		return p.ID, s.wake(ctx, base, p)
	}
	version := 1
	for _, p := range have {
		if !ofKey(p.LookupKey, base) && p.Metadata["key"] != base {
			continue
		}
		if p.Active && sameTerms(p, price) && !mappedElsewhere(plan, price, p.ID) {
			return p.ID, nil
		}
		version++
	}
	lookup := base
	if version > 1 {
		lookup = fmt.Sprintf("%s.v%d", base, version)
	}
	params := &stripe.PriceParams{
		Product: new(productOf(plan.Slug)), Currency: new(price.Currency), UnitAmount: new(price.AmountMinor),
		LookupKey: new(lookup), Metadata: map[string]string{"key": base},
		Recurring: &stripe.PriceRecurringParams{Interval: new(price.Interval), IntervalCount: new(price.IntervalCount)},
	}
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("price", price.ID.String(), lookup))
	id := ""
	err := s.change(ctx, func() error {
		p, err := s.api.api.Prices.New(params)
		if err == nil {
			id = p.ID
		}
		return err
	}, "+ price %s %s", lookup, price.Terms())
	return id, err
}

// mapped is the price at Stripe that ours is mapped to; nil, and said so, when
// Stripe does not have it any more or has it with other terms.
func (s *setup) mapped(base string, price membership.Price, have []*stripe.Price) *stripe.Price {
	if price.StripePriceID == nil {
		return nil
	}
	for _, p := range have {
		if p.ID == *price.StripePriceID && sameTerms(p, price) {
			return p
		}
	}
	s.touched = true
	s.say("drift:  price %s was %s, which Stripe does not have with these terms", base, *price.StripePriceID)
	return nil
}

// wake puts a price on sale again that somebody has archived at Stripe.
func (s *setup) wake(ctx context.Context, base string, p *stripe.Price) error {
	if p.Active {
		return nil
	}
	s.say("drift:  price %s is on offer here and archived at Stripe", base)
	params := &stripe.PriceParams{Active: new(true)}
	params.Context = ctx
	return s.change(ctx, func() error { _, err := s.api.api.Prices.Update(p.ID, params); return err }, "~ price %s is on sale again", base)
}

func mappedElsewhere(plan membership.PlanWithPrices, price membership.Price, id string) bool {
	return slices.ContainsFunc(plan.Prices, func(o membership.Price) bool {
		return o.ID != price.ID && o.StripePriceID != nil && *o.StripePriceID == id
	})
}

func ofKey(lookup, base string) bool {
	return lookup == base || strings.HasPrefix(lookup, base+".v")
}

func sameTerms(p *stripe.Price, price membership.Price) bool {
	return p.UnitAmount == price.AmountMinor && string(p.Currency) == price.Currency && p.Recurring != nil &&
		string(p.Recurring.Interval) == price.Interval && p.Recurring.IntervalCount == price.IntervalCount
}

// archive ends the sale of prices that are not on offer any more.
func (s *setup) archive(ctx context.Context, slug string, have []*stripe.Price, kept []string) error {
	for _, p := range have {
		if !p.Active || slices.Contains(kept, p.ID) || !strings.HasPrefix(p.LookupKey, slug+".") {
			continue
		}
		params := &stripe.PriceParams{Active: new(false)}
		params.Context = ctx //nolint:fatcontext // the parameters are made anew each time
		err := s.change(ctx, func() error { _, err := s.api.api.Prices.Update(p.ID, params); return err }, "- price %s", p.LookupKey)
		if err != nil {
			return err
		}
	}
	return nil
}

// remember maps our price to Stripe's.
func (s *setup) remember(ctx context.Context, price membership.Price, product, id string) error {
	if s.dry || (price.StripePriceID != nil && *price.StripePriceID == id) {
		return nil
	}
	return s.b.membership.MapPrice(ctx, price.ID, product, id)
}

// foreign tells of products on sale at Stripe that are none of ours: in a
// shared account they are somebody else's.
func (s *setup) foreign(ctx context.Context, shelf []membership.PlanWithPrices) error {
	ours := map[string]bool{}
	for _, plan := range shelf {
		ours[productOf(plan.Slug)] = true
		if plan.StripeProductID != nil {
			ours[*plan.StripeProductID] = true
		}
	}
	params := &stripe.ProductListParams{Active: new(true)}
	params.Context, params.Limit, params.Single = ctx, stripe.Int64(pageSize), true
	return s.api.call(ctx, func() error {
		it := s.api.api.Products.List(params)
		for it.Next() {
			if p := it.Product(); !ours[p.ID] {
				s.say("stripe: product %s %q is not of this catalogue and left alone", p.ID, p.Name)
			}
		}
		return it.Err()
	})
}
