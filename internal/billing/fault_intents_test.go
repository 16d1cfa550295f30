package billing_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

const (
	sessions      = "/v1/checkout/sessions"
	subscriptions = "/v1/subscriptions"
	customers     = "/v1/customers"
)

func intents() []intent {
	return slices.Concat(joining(), changing(), replanning(), paying(), offering(), watching(), comparing(), settingUp())
}

// arrives is join without webhooks.
func (r *rig) arrives() account.Actor {
	r.t.Helper()
	who := r.user()
	r.pay(r.checkout(who, "monthly"), goodCard)
	r.look(who)
	return who
}

func (r *rig) look(who account.Actor) {
	r.t.Helper()
	if err := r.billing.SyncCustomer(r.t.Context(), r.customer(who.ID), "test", time.Time{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) charges(who account.Actor) int {
	r.t.Helper()
	return r.made("/v1/charges", url.Values{"customer": {r.customer(who.ID)}})
}

func (r *rig) there(who account.Actor) map[string]any {
	r.t.Helper()
	return r.stripe(http.MethodGet, subscriptions+"/"+r.line(who).StripeID, nil)
}

func joining() []intent {
	return []intent{
		{"she begins to pay", []call{
			{"findCustomer Customers.List", "GET", customers},
			{"createCustomer Customers.New", "POST", customers},
			{"subscriptionPage Subscriptions.List", "GET", subscriptions},
			{"createSession CheckoutSessions.New", "POST", sessions},
		}, "1 customers, 1 open", func(r *rig) (func() error, func() string) {
			who := r.user()
			return func() error {
					_, _, err := r.billing.StartCheckout(r.t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"})
					return err
				}, func() string {
					return fmt.Sprintf("%d customers, %d open", r.made(customers, url.Values{"email": {who.ID.String() + "@x.test"}}), r.openSessions(who))
				}
		}},
		{"she chooses another price", []call{
			{"session CheckoutSessions.Get", "GET", sessions + "/{id}"}, {"expireSession CheckoutSessions.Expire", "POST", sessions + "/{id}/expire"},
		}, "1 open", func(r *rig) (func() error, func() string) {
			who := r.user()
			r.checkout(who, "monthly")
			return func() error {
				_, _, err := r.billing.StartCheckout(r.t.Context(), who, billing.Choice{Plan: "circle", Price: "annual"})
				return err
			}, func() string { return fmt.Sprintf("%d open", r.openSessions(who)) }
		}},
		{
			"her address changes",
			[]call{{"tellEmail Customers.Update", "POST", customers + "/{id}"}},
			"true",
			func(r *rig) (func() error, func() string) {
				who := r.arrives()
				address := "new-" + who.ID.String() + "@x.test"
				if _, err := r.db.Pool().Exec(r.t.Context(), `UPDATE users SET email = $2, email_key = $2 WHERE id = $1`, who.ID, address); err != nil {
					r.t.Fatal(err)
				}
				return func() error { return r.billing.TellEmail(r.t.Context(), who.ID) }, func() string {
					return strconv.FormatBool(r.stripe("GET", customers+"/"+r.customer(who.ID), nil)["email"] == address)
				}
			},
		},
		{"she is forgotten", []call{
			{"forgetCustomer Customers.Update", "POST", customers + "/{id}"}, {"forgetCustomer Customers.Del", "DELETE", customers + "/{id}"},
		}, "true, 1 charges", func(r *rig) (func() error, func() string) {
			who := r.arrives()
			customer := r.customer(who.ID)
			r.leave(who.ID)
			return func() error { return r.billing.Forget(r.t.Context(), who.ID) }, func() string {
				return fmt.Sprintf("%v, %d charges", r.stripe("GET", customers+"/"+customer, nil)["deleted"], r.made("/v1/charges", url.Values{"customer": {customer}}))
			}
		}},
	}
}

func changing() []intent {
	return []intent{
		{
			"she ends it with the period",
			[]call{{"update Subscriptions.Update", "POST", subscriptions + "/{id}"}},
			"true, kept 1",
			func(r *rig) (func() error, func() string) {
				who := r.arrives()
				return func() error { return r.billing.Cancel(r.t.Context(), who, billing.Cancellation{Reason: "unused"}) }, func() string {
					return fmt.Sprintf("%v, kept %d", r.there(who)["cancel_at_period_end"], r.number(`SELECT count(*) FROM cancellations WHERE user_id = $1`, who.ID))
				}
			},
		},
		{
			"an administrator ends it at once",
			[]call{{"end Subscriptions.Cancel", "DELETE", subscriptions + "/{id}"}},
			"canceled none",
			func(r *rig) (func() error, func() string) {
				admin, who := r.staff(), r.arrives()
				id := r.line(who).StripeID
				return func() error {
						err := r.billing.End(r.t.Context(), admin, who.ID, true, "mistake")
						if err != nil && r.access(who).Level == membership.NoAccess {
							return nil // it was done the first time
						}
						return err
					}, func() string {
						return fmt.Sprintf("%v %v", r.stripe("GET", subscriptions+"/"+id, nil)["status"], r.access(who).Level)
					}
			},
		},
	}
}

func replanning() []intent {
	return []intent{
		{"she goes to a dearer price", []call{
			{"preview Invoices.Upcoming", "GET", "/v1/invoices/upcoming"},
			{"subscription Subscriptions.Get", "GET", subscriptions + "/{id}"},
			{"swapNow Subscriptions.Update", "POST", subscriptions + "/{id}"},
		}, "annual, 2 charges", func(r *rig) (func() error, func() string) {
			who := r.arrives()
			change := r.change(who, "circle", "annual")
			return change, func() string {
				r.look(who)
				return fmt.Sprintf("%s, %d charges", r.line(who).PriceKey, r.charges(who))
			}
		}},
		{"she goes to a cheaper price", []call{
			{"newSchedule SubscriptionSchedules.New", "POST", "/v1/subscription_schedules"},
			{"swapLater SubscriptionSchedules.Update", "POST", "/v1/subscription_schedules/{id}"},
		}, "next small, 1 charges", func(r *rig) (func() error, func() string) {
			r.small()
			who := r.arrives()
			change := r.change(who, "small", "small")
			return change,
				func() string {
					r.look(who)
					return fmt.Sprintf("next %s, %d charges", r.line(who).NextPriceKey, r.charges(who))
				}
		}},
		{
			"she stays where she is",
			[]call{{"release SubscriptionSchedules.Release", "POST", "/v1/subscription_schedules/{id}/release"}},
			"true",
			func(r *rig) (func() error, func() string) {
				r.small()
				who := r.arrives()
				if err := r.billing.ChangePlan(r.t.Context(), who, r.quote(who, "small", "small").ID); err != nil {
					r.t.Fatal(err)
				}
				return func() error { return r.billing.KeepPlan(r.t.Context(), who) },
					func() string { return strconv.FormatBool(r.there(who)["schedule"] == nil && r.line(who).NextAt == nil) }
			},
		},
	}
}

// change goes to another price by the same quote, until that is over.
func (r *rig) change(who account.Actor, plan, price string) func() error {
	var q *billing.Quote
	return func() error {
		if q == nil || q.ExpiresAt.Before(r.box.Now()) {
			fresh, err := r.billing.Quote(r.t.Context(), who, billing.PlanChange{Plan: plan, Price: price})
			if err != nil {
				return err
			}
			q = &fresh
		}
		return r.billing.ChangePlan(r.t.Context(), who, q.ID)
	}
}

// small is a cheaper plan than the circle.
func (r *rig) small() {
	r.t.Helper()
	r.setup(append(plans(4900), membership.PlanSpec{
		Slug: "small", Name: "Small", Description: "Less of it.", Position: 2,
		Prices: []membership.PriceSpec{{Key: "small", Interval: "month", AmountMinor: 1900, Currency: "usd"}},
	}), billing.SetupOptions{})
}

func paying() []intent {
	return []intent{
		{"her invoice goes back", []call{
			{"charges Charges.List", "GET", "/v1/charges"},
			{"creditNotes CreditNotes.List", "GET", "/v1/credit_notes"},
			{"invoices Invoices.List", "GET", "/v1/invoices"},
			{"refund Refunds.New", "POST", "/v1/refunds"},
			{"refundsOf Refunds.List", "GET", "/v1/refunds"},
		}, "1 refunds, cash 0, none", func(r *rig) (func() error, func() string) {
			admin, who := r.staff(), r.arrives()
			n := billing.NewRefund{InvoiceID: r.paidInvoice(who), EndsAccess: true, ClientKey: "k"}
			return func() error { _, err := r.refund(admin, who, n); return err }, func() string {
				r.look(who)
				return fmt.Sprintf("%d refunds, cash %d, %s", r.refundsThere(who), r.cash(who), r.access(who).Level)
			}
		}},
		{"she gives once", []call{
			{"createPayment CheckoutSessions.New", "POST", sessions}, {"payment CheckoutSessions.Get", "GET", sessions + "/{id}"},
		}, "1 paid, 0 open, 1 charges", func(r *rig) (func() error, func() string) {
			r.till()
			who, o := r.user(), donation(uuid.New(), 2500)
			var bought *billing.Purchase
			return func() error {
					if bought == nil {
						p, _, err := r.billing.Buy(r.t.Context(), who, o)
						if err != nil {
							return err
						}
						r.paySession(p, goodCard)
						bought = &p
					}
					_, err := r.billing.Purchase(r.t.Context(), who, bought.ID)
					return err
				}, func() string {
					return fmt.Sprintf("%d paid, %d open, %d charges", r.number(`SELECT count(*) FROM purchases WHERE user_id = $1 AND state = 'paid'`, who.ID),
						r.openSessions(who), r.charges(who))
				}
		}},
	}
}

func offering() []intent {
	return []intent{
		{
			"her gift goes back",
			[]call{{"payBack Refunds.New", "POST", "/v1/refunds"}},
			"true, 1 refunds",
			func(r *rig) (func() error, func() string) {
				r.till()
				who := r.user()
				p, _ := r.buy(who, donation(uuid.New(), 2500))
				r.paySession(p, goodCard)
				r.purchase(who, p.ID)
				return func() error {
						if err := r.billing.PayBack(r.t.Context(), billing.ForDonation, p.SubjectID); err != nil {
							return err
						}
						r.box.Advance(2 * time.Hour)
						return r.billing.Tidy(r.t.Context())
					}, func() string {
						got := r.purchase(who, p.ID)
						return fmt.Sprintf("%v, %d refunds", got.RefundedAt != nil, r.made("/v1/refunds", url.Values{"payment_intent": {*got.StripePaymentIntentID}}))
					}
			},
		},
		{
			"an offer is made",
			[]call{{"createCoupon Coupons.New", "POST", "/v1/coupons"}},
			"1 coupons",
			func(r *rig) (func() error, func() string) {
				before := r.made("/v1/coupons", nil)
				o, err := r.billing.MakeOffer(r.t.Context(), account.Actor{}, "circle", billing.Offer{
					Slug: fmt.Sprintf("offer-%d", before), PercentOff: 50, Duration: billing.Forever, EndsAt: r.box.Now().Add(30 * 24 * time.Hour),
				})
				if err != nil {
					r.t.Fatal(err)
				}
				return func() error { return r.billing.PublishOffer(r.t.Context(), o.ID) },
					func() string { return fmt.Sprintf("%d coupons", r.made("/v1/coupons", nil)-before) }
			},
		},
	}
}
