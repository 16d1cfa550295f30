package billing_test

import (
	"fmt"
	"io"
	"net/url"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func watching() []intent {
	return []intent{
		{"she looks at what is hers", []call{
			{"portal BillingPortalSessions.New", "POST", "/v1/billing_portal/sessions"},
			{"upcoming Invoices.Upcoming", "GET", "/v1/invoices/upcoming"},
		}, "1 charges", func(r *rig) (func() error, func() string) {
			who := r.arrives()
			return func() error {
				if _, err := r.billing.Portal(r.t.Context(), who); err != nil {
					return err
				}
				_, _, err := r.billing.Upcoming(r.t.Context(), r.line(who).StripeID)
				return err
			}, func() string { return fmt.Sprintf("%d charges", r.charges(who)) }
		}},
		{"the card of who has left is looked at", []call{
			{"card Subscriptions.List", "GET", subscriptions}, {"card Customers.Get", "GET", customers + "/{id}"},
		}, "1 charges", func(r *rig) (func() error, func() string) {
			who := r.arrives()
			r.stripe("DELETE", subscriptions+"/"+r.line(who).StripeID, nil)
			return func() error { _, _, err := r.billing.Card(r.t.Context(), who.ID); return err },
				func() string { return fmt.Sprintf("%d charges", r.charges(who)) }
		}},
		{
			"a second customer is merged",
			[]call{{"customer Customers.Get", "GET", customers + "/{id}"}},
			"2 customers",
			func(r *rig) (func() error, func() string) {
				admin, who := r.staff(), r.arrives()
				second := r.stripe("POST", customers, url.Values{"email": {who.ID.String() + "@x.test"}})["id"].(string)
				return func() error { return r.billing.MergeCustomer(r.t.Context(), admin, who.ID, second, "she had two") }, func() string {
					return fmt.Sprintf("%d customers", r.number(`SELECT count(*) FROM stripe_customers WHERE user_id = $1`, who.ID))
				}
			},
		},
	}
}

func comparing() []intent {
	return []intent{
		{"a bank takes a payment back", []call{
			{"charge Charges.Get", "GET", "/v1/charges/{id}"}, {"disputesOf Disputes.List", "GET", "/v1/disputes"},
		}, "1 disputes", func(r *rig) (func() error, func() string) {
			who := r.arrives()
			r.receive(r.delivered()...)
			r.applyAll()
			r.control("POST", "charges/"+r.charged(who)+"/dispute", `{"status":"needs_response"}`)
			r.receive(r.delivered()...)
			return func() error { return waits(r.applyAll()) }, func() string {
				return fmt.Sprintf("%d disputes", r.number(`SELECT count(*) FROM disputes WHERE user_id = $1`, who.ID))
			}
		}},
		{"both sides are compared", []call{
			{"invoicePage Invoices.List", "GET", "/v1/invoices"},
			{"moneyMarks Refunds.List", "GET", "/v1/refunds"},
			{"moneyMarks Disputes.List", "GET", "/v1/disputes"},
			{"moneyMarks CreditNotes.List", "GET", "/v1/credit_notes"},
		}, "cash 4900", func(r *rig) (func() error, func() string) {
			who := r.user()
			r.pay(r.checkout(who, "monthly"), goodCard) // and nobody tells
			return func() error {
				if _, err := r.billing.Reconcile(r.t.Context()); err != nil {
					return err
				}
				return r.billing.ReconcileMoney(r.t.Context())
			}, func() string { return fmt.Sprintf("cash %d", r.cash(who)) }
		}},
		{
			"the catalogue is compared",
			[]call{{"prices Prices.List", "GET", "/v1/prices"}},
			"0 flags",
			func(r *rig) (func() error, func() string) {
				return func() error { return r.billing.CompareCatalogue(r.t.Context()) }, func() string { return fmt.Sprintf("%d flags", len(r.flags())) }
			},
		},
	}
}

func settingUp() []intent {
	return []intent{
		{"the catalogue is set up", []call{
			{"product Products.Get", "GET", "/v1/products/{id}"},
			{"product Products.New", "POST", "/v1/products"},
			{"product Products.Update", "POST", "/v1/products/{id}"},
			{"price Prices.New", "POST", "/v1/prices"},
			{"archive Prices.Update", "POST", "/v1/prices/{id}"},
			{"wake Prices.Update", "POST", "/v1/prices/{id}"},
			{"foreign Products.List", "GET", "/v1/products"},
			{"portal BillingPortalConfigurations.List", "GET", "/v1/billing_portal/configurations"},
			{"portal BillingPortalConfigurations.New", "POST", "/v1/billing_portal/configurations"},
			{"webhook WebhookEndpoints.List", "GET", "/v1/webhook_endpoints"},
			{"webhook WebhookEndpoints.New", "POST", "/v1/webhook_endpoints"},
			{"webhook WebhookEndpoints.Update", "POST", "/v1/webhook_endpoints/{id}"},
		}, "1 products, 2 prices, 1 portals, 1 endpoints", setupIntent},
	}
}

// waits is an error while events do.
func waits(n int) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d events wait", n)
}

// setupIntent is a new plan, a plan with another name and amount, a price
// that somebody took off sale, a lost portal and an endpoint of less.
func setupIntent(r *rig) (do func() error, effects func() string) {
	first := r.made("/v1/products", all())
	amount := int64(5000 + 100*first)
	spec := append(plans(amount), membership.PlanSpec{
		Slug: fmt.Sprintf("p-%d", first), Name: "New", Description: "One more.", Position: 2,
		Prices: []membership.PriceSpec{{Key: "monthly", Interval: "month", AmountMinor: 700, Currency: "usd"}},
	})
	spec[0].Name = fmt.Sprintf("Circle %d", first)
	for _, c := range r.list("/v1/billing_portal/configurations", all()) {
		r.stripe("POST", "/v1/billing_portal/configurations/"+c["id"].(string), url.Values{"metadata[made_by]": {"somebody"}})
	}
	for _, p := range r.list("/v1/prices", url.Values{"lookup_keys[]": {"circle.annual"}}) {
		r.stripe("POST", "/v1/prices/"+p["id"].(string), url.Values{"active": {"false"}})
	}
	for _, e := range r.list("/v1/webhook_endpoints", all()) {
		r.stripe("DELETE", "/v1/webhook_endpoints/"+e["id"].(string), nil)
	}
	opt := billing.SetupOptions{WebhookURL: fmt.Sprintf("https://club.test/%d", first)}
	r.stripe("POST", "/v1/webhook_endpoints", url.Values{"url": {opt.WebhookURL + "/less"}, "api_version": {"2023-10-16"}, "enabled_events[0]": {"invoice.paid"}})
	prices, portals, endpoints := r.made("/v1/prices", url.Values{"limit": {"100"}, "active": {"true"}}), r.made("/v1/billing_portal/configurations", all()), r.made("/v1/webhook_endpoints", all())
	return func() error {
			less := opt
			less.WebhookURL += "/less"
			if err := r.billing.Setup(r.t.Context(), spec, less, io.Discard); err != nil {
				return err
			}
			return r.billing.Setup(r.t.Context(), spec, opt, io.Discard)
		}, func() string {
			return fmt.Sprintf("%d products, %d prices, %d portals, %d endpoints", r.made("/v1/products", all())-first, r.made("/v1/prices", url.Values{"limit": {"100"}, "active": {"true"}})-prices,
				r.made("/v1/billing_portal/configurations", all())-portals, r.made("/v1/webhook_endpoints", all())-endpoints)
		}
}

func all() url.Values { return url.Values{"limit": {"100"}} }

func (r *rig) list(path string, form url.Values) (found []map[string]any) {
	r.t.Helper()
	some, _ := r.stripe("GET", path, form)["data"].([]any)
	for _, one := range some {
		if object, ok := one.(map[string]any); ok {
			found = append(found, object)
		}
	}
	return found
}
