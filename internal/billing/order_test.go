package billing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// trialOf is whether the sandbox was asked for a trial in the session of c.
func (r *rig) trialOf(c billing.Checkout) bool {
	r.t.Helper()
	return r.stripe("GET", "/v1/checkout/sessions/"+last(c.URL), nil)["payment_status"] == "no_payment_required"
}

// better-auth#4539, PMPro#1157: a trial for each plan, and one after each
// attempt that came to nothing.
func TestInvariant16TheTrialIsOncePerPerson(t *testing.T) {
	t.Parallel()
	for name, past := range map[string]func(*rig, account.Actor){
		"after a trial of another plan": func(r *rig, who account.Actor) {
			r.pay(r.order(who, "samples", "trial"), goodCard)
			r.settle()
			r.send("DELETE", "/v1/subscriptions/"+r.subscription(r.customer(who.ID)), nil, "")
		},
		"after paying at once": func(r *rig, who account.Actor) {
			r.pay(r.checkout(who, "monthly"), goodCard)
			r.settle()
			r.send("DELETE", "/v1/subscriptions/"+r.subscription(r.customer(who.ID)), nil, "")
		},
		"after a payment that never came": func(r *rig, who account.Actor) {
			r.pay(r.checkout(who, "monthly"), debitFails)
			r.box.Advance(4 * 24 * time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.setup(append(plans(4900), samples()), billing.SetupOptions{})
			who := r.user()
			past(r, who)
			r.settle()
			if r.trialOf(r.checkout(who, "annual")) {
				t.Error("she has a second trial")
			}
			if had, err := r.membership.HadTrial(t.Context(), who.ID); !had || err != nil {
				t.Errorf("it is not remembered: %v", err)
			}
		})
	}
	t.Run("a checkout that was left is none", func(t *testing.T) {
		t.Parallel()
		r := newIdleRig(t)
		who := r.user()
		r.checkout(who, "monthly")
		if !r.trialOf(r.checkout(who, "annual")) {
			t.Error("she has no trial")
		}
	})
}

func TestTheTermsAreKeptWithTheOrder(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	current := func(version string) *billing.Billing {
		cfg := config(r.url, newReferee(t), r.acts)
		cfg.Terms = version
		return r.again(cfg)
	}
	b := current("2026-11")
	for _, said := range []string{"", "2025-01"} {
		if _, _, err := b.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly", Terms: said}); !errors.Is(err, billing.ErrTerms) {
			t.Errorf("%q is taken: %v", said, err)
		}
	}
	if n := r.made("/v1/customers", nil); n != 0 {
		t.Error("Stripe was asked")
	}
	for range 2 {
		if _, _, err := b.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly", Terms: "2026-11"}); err != nil {
			t.Fatal(err)
		}
	}
	b = current("2027-01") // while the checkout is open
	if _, _, err := b.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly", Terms: "2027-01"}); err != nil {
		t.Fatal(err)
	}
	const kept = `SELECT count(*) FROM terms_consents t JOIN checkouts c ON c.id = t.checkout_id AND c.user_id = t.user_id
		WHERE t.user_id = $1 AND t.version IN ('2026-11', '2027-01') AND t.agreed_at >= c.created_at`
	if n := r.number(kept, who.ID); n != 2 || r.openSessions(who) != 1 {
		t.Errorf("%d consents, %d sessions", n, r.openSessions(who))
	}
}

func TestWhoLeftACheckoutIsListed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	left, thinking, changed, paid := r.user(), r.user(), r.user(), r.user()
	r.control("POST", "sessions/"+last(r.checkout(left, "monthly").URL)+"/expire", "{}")
	r.checkout(changed, "monthly")
	r.checkout(changed, "annual") // closes the first
	r.checkout(paid, "annual")
	r.pay(r.checkout(paid, "monthly"), goodCard)
	r.box.Advance(2 * time.Hour)
	r.checkout(thinking, "monthly")
	r.settle()
	var found []billing.Abandoned
	var after billing.Since
	for {
		page, more, err := r.billing.Abandoned(t.Context(), after, 1)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, page...)
		if !more {
			break
		}
		after = billing.Since{At: page[0].CreatedAt, ID: page[0].ID}
	}
	if len(found) != 2 || found[0].UserID != changed.ID || found[0].Price != "annual" || found[0].State != "open" ||
		found[1].UserID != left.ID || found[1].State != "expired" || found[1].AmountMinor != 4900 || found[1].Plan != "circle" {
		t.Errorf("%+v", found)
	}
}

// again is the billing of the same database with another configuration.
func (r *rig) again(cfg billing.Config) *billing.Billing {
	r.t.Helper()
	q, err := job.New(r.db, job.Config{})
	if err != nil {
		r.t.Fatal(err)
	}
	b, err := billing.New(r.db, boxClock{r.box}, r.membership, q, cfg, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func last(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
