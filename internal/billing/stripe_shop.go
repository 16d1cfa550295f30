package billing

import (
	"context"
	"slices"

	"github.com/stripe/stripe-go/v76"
)

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
