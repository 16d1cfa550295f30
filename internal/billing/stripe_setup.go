package billing

import (
	"context"
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

// Setup makes Stripe and our plans be as spec says: products, prices, the
// portal's configuration and the webhook endpoint. It writes what it does to
// out, or with DryRun what it would do, and repeated it does nothing. The
// secret of a new webhook endpoint is written once and kept nowhere.
func (b *Billing) Setup(ctx context.Context, spec []membership.PlanSpec, opt SetupOptions, out io.Writer) error {
	s := &setup{b: b, api: b.stripe, dry: opt.DryRun, out: out}
	for _, plan := range spec {
		if err := s.plan(ctx, plan); err != nil {
			return fmt.Errorf("set up plan %s: %w", plan.Slug, err)
		}
	}
	if err := s.portal(ctx); err != nil {
		return fmt.Errorf("set up the portal: %w", err)
	}
	if opt.WebhookURL != "" {
		if err := s.webhook(ctx, opt.WebhookURL); err != nil {
			return fmt.Errorf("set up the webhook endpoint: %w", err)
		}
	}
	if !s.touched {
		s.say("Stripe is as it should be.")
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

// change tells of a change and makes it, unless this is a dry run.
func (s *setup) change(ctx context.Context, do func() error, format string, args ...any) error {
	s.touched = true
	s.say(format, args...)
	if s.dry {
		return nil
	}
	return s.api.call(ctx, do)
}

func (s *setup) plan(ctx context.Context, plan membership.PlanSpec) error {
	product := "conservatory_" + plan.Slug
	if err := s.product(ctx, product, plan); err != nil {
		return err
	}
	if !s.dry {
		if err := s.b.membership.SavePlan(ctx, plan); err != nil {
			return err
		}
	}
	have, err := s.prices(ctx, product)
	if err != nil {
		return err
	}
	var kept []string
	for _, price := range plan.Prices {
		id, err := s.price(ctx, product, plan.Slug, price, have)
		if err != nil {
			return err
		}
		kept = append(kept, id)
		if err := s.remember(ctx, plan, price, product, id); err != nil {
			return err
		}
	}
	return s.archive(ctx, plan.Slug, have, kept)
}

func (s *setup) product(ctx context.Context, id string, plan membership.PlanSpec) error {
	params := &stripe.ProductParams{}
	params.Context = ctx
	var have *stripe.Product
	err := s.api.call(ctx, func() (err error) {
		have, err = s.api.api.Products.Get(id, params)
		return err
	})
	want := &stripe.ProductParams{Name: new(plan.Name), Metadata: map[string]string{"plan": plan.Slug}}
	want.Context = ctx
	if plan.Description != "" {
		want.Description = new(plan.Description)
	}
	switch {
	case missing(err, ""):
		want.ID = new(id)
		return s.change(ctx, func() error { _, err := s.api.api.Products.New(want); return err }, "+ product %s %q", id, plan.Name)
	case err != nil:
		return err
	case have.Name == plan.Name && have.Description == plan.Description && have.Active:
		return nil
	}
	want.Active = new(true)
	return s.change(ctx, func() error { _, err := s.api.api.Products.Update(id, want); return err }, "~ product %s %q", id, plan.Name)
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
		return nil, nil // a dry run before the first
	}
	return all, err
}

// price finds the active price with these terms or makes it. Stripe's prices
// cannot be changed, so other terms are another price with the next version
// in its lookup key.
func (s *setup) price(ctx context.Context, product, slug string, spec membership.PriceSpec, have []*stripe.Price) (string, error) {
	base := slug + "." + spec.Key
	version := 1
	for _, p := range have {
		if !ofKey(p.LookupKey, base) && p.Metadata["key"] != base {
			continue
		}
		if p.Active && sameTerms(p, spec) {
			return p.ID, nil
		}
		version++
	}
	lookup := base
	if version > 1 {
		lookup = fmt.Sprintf("%s.v%d", base, version)
	}
	params := &stripe.PriceParams{
		Product: new(product), Currency: new(spec.Currency), UnitAmount: new(spec.AmountMinor),
		LookupKey: new(lookup), Metadata: map[string]string{"key": base},
		Recurring: &stripe.PriceRecurringParams{Interval: new(spec.Interval), IntervalCount: new(max(1, spec.IntervalCount))},
	}
	params.Context = ctx
	id := ""
	err := s.change(ctx, func() error {
		p, err := s.api.api.Prices.New(params)
		if err == nil {
			id = p.ID
		}
		return err
	}, "+ price %s %d %s every %d %s", lookup, spec.AmountMinor, spec.Currency, max(1, spec.IntervalCount), spec.Interval)
	return id, err
}

func ofKey(lookup, base string) bool {
	return lookup == base || strings.HasPrefix(lookup, base+".v")
}

func sameTerms(p *stripe.Price, spec membership.PriceSpec) bool {
	return p.UnitAmount == spec.AmountMinor && string(p.Currency) == spec.Currency && p.Recurring != nil &&
		string(p.Recurring.Interval) == spec.Interval && p.Recurring.IntervalCount == max(1, spec.IntervalCount)
}

// archive ends the sale of prices that are not in the spec any more.
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
func (s *setup) remember(ctx context.Context, plan membership.PlanSpec, price membership.PriceSpec, product, id string) error {
	if s.dry {
		return nil
	}
	priceID, err := s.b.membership.CurrentPrice(ctx, plan.Slug, price.Key)
	if err != nil {
		return err
	}
	return s.b.membership.MapPrice(ctx, priceID, product, id)
}

// setupMark says in metadata that an object at Stripe is made by Setup.
const setupMark = "conservatory"

func (s *setup) portal(ctx context.Context) error {
	list := &stripe.BillingPortalConfigurationListParams{Active: new(true)}
	list.Context, list.Limit = ctx, stripe.Int64(pageSize)
	found := false
	err := s.api.call(ctx, func() error {
		it := s.api.api.BillingPortalConfigurations.List(list)
		for it.Next() {
			found = found || it.BillingPortalConfiguration().Metadata["made_by"] == setupMark
		}
		return it.Err()
	})
	if err != nil || found {
		return err
	}
	on := new(true)
	params := &stripe.BillingPortalConfigurationParams{
		DefaultReturnURL: new(s.b.cfg.CancelURL),
		BusinessProfile:  &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: new("Your membership")},
		Metadata:         map[string]string{"made_by": setupMark},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: on},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: on},
			SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
				Enabled: on, Mode: new("at_period_end"),
			},
		},
	}
	params.Context = ctx
	return s.change(ctx, func() error { _, err := s.api.api.BillingPortalConfigurations.New(params); return err },
		"+ portal configuration: invoices, payment method, cancellation at period end")
}

func (s *setup) webhook(ctx context.Context, url string) error {
	list := &stripe.WebhookEndpointListParams{}
	list.Context, list.Limit = ctx, stripe.Int64(pageSize)
	var have *stripe.WebhookEndpoint
	err := s.api.call(ctx, func() error {
		it := s.api.api.WebhookEndpoints.List(list)
		for it.Next() {
			if e := it.WebhookEndpoint(); e.URL == url && e.APIVersion == apiVersion {
				have = e
			}
		}
		return it.Err()
	})
	if err != nil {
		return err
	}
	want := eventTypes()
	params := &stripe.WebhookEndpointParams{EnabledEvents: stripe.StringSlice(want)}
	params.Context = ctx
	if have != nil {
		if slices.Equal(slices.Sorted(slices.Values(have.EnabledEvents)), want) {
			return nil
		}
		return s.change(ctx, func() error { _, err := s.api.api.WebhookEndpoints.Update(have.ID, params); return err },
			"~ webhook endpoint %s: %d types of events", url, len(want))
	}
	params.URL, params.APIVersion = new(url), new(apiVersion)
	secret := ""
	err = s.change(ctx, func() error {
		e, err := s.api.api.WebhookEndpoints.New(params)
		if err == nil {
			secret = e.Secret
		}
		return err
	}, "+ webhook endpoint %s: %d types of events, API version %s", url, len(want), apiVersion)
	if secret != "" {
		s.say("  its secret, shown only now: %s", secret)
	}
	return err
}
