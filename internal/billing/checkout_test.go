package billing_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func (r *rig) openSessions(who account.Actor) int {
	r.t.Helper()
	return r.made("/v1/checkout/sessions", url.Values{"customer": {r.customer(who.ID)}, "status": {"open"}})
}

func TestAnOpenCheckoutIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	first, fresh, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"})
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	again, fresh, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"})
	if err != nil || fresh {
		t.Fatal(fresh, err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	if life := first.ExpiresAt.Sub(r.box.Now()); life < 22*time.Hour || life > 24*time.Hour {
		t.Errorf("it is open for %v", life)
	}
}

func TestAnotherPriceClosesTheOpenCheckout(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	monthly := r.checkout(who, "monthly")
	annual := r.checkout(who, "annual")
	if annual.URL == monthly.URL || r.openSessions(who) != 1 {
		t.Errorf("%d sessions are open", r.openSessions(who))
	}
}

func TestAnOldCheckoutIsReplaced(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	old := r.checkout(who, "monthly")
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE checkouts SET expires_at = $1`, r.box.Now().Add(5*time.Minute)); err != nil {
		t.Fatal(err)
	}
	fresh := r.checkout(who, "monthly")
	if fresh.URL == old.URL || r.openSessions(who) != 1 {
		t.Errorf("%s after %s, %d open", fresh.URL, old.URL, r.openSessions(who))
	}
}

// pay-rails/pay#1027: of two requests at once one paid for a customer of nobody.
func TestInvariant03OneCustomerPerMember(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	var wg sync.WaitGroup
	urls := make([]string, 10)
	for i := range urls {
		wg.Go(func() {
			c, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"})
			if err != nil {
				t.Error(err)
			}
			urls[i] = c.URL
		})
	}
	wg.Wait()
	for _, u := range urls {
		if u != urls[0] {
			t.Errorf("%s is not %s", u, urls[0])
		}
	}
	if c, s := r.made("/v1/customers", nil), r.made("/v1/checkout/sessions", nil); c != 1 || s != 1 {
		t.Errorf("%d customers, %d sessions", c, s)
	}
}

func TestALostAnswerMakesNothingTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, path, count string }{
		{"of one call for a customer", "/v1/customers", "1"},
		{"of every try for a customer", "/v1/customers", "-1"},
		{"of one call for a session", "/v1/checkout/sessions", "1"},
		{"of every try for a session", "/v1/checkout/sessions", "-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newIdleRig(t)
			who := r.user()
			r.fail("commit_then_drop", http.MethodPost, c.path, c.count)
			_, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"})
			if c.count == "1" && err != nil {
				t.Fatalf("one lost answer is not a failure: %v", err)
			}
			if c.count == "-1" && !errors.Is(err, billing.ErrPaymentsUnavailable) {
				t.Fatalf("all answers lost: %v", err)
			}
			r.control(http.MethodDelete, "faults", "")
			r.checkout(who, "monthly")
			if c, s := r.made("/v1/customers", nil), r.made("/v1/checkout/sessions", nil); c != 1 || s != 1 {
				t.Errorf("%d customers, %d sessions", c, s)
			}
		})
	}
}

func TestACachedFailureIsNotForEver(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/customers", "/v1/checkout/sessions"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := newIdleRig(t)
			who := r.user()
			r.fail("500", http.MethodPost, path, "1")
			_, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"})
			if err != nil && !errors.Is(err, billing.ErrPaymentsUnavailable) {
				t.Errorf("got %v", err)
			}
			r.checkout(who, "monthly")
			if c := r.made("/v1/customers", nil); c != 1 || r.openSessions(who) != 1 {
				t.Errorf("%d customers, %d open sessions", c, r.openSessions(who))
			}
		})
	}
}

func TestACrashBetweenAnswerAndRecordIsResumed(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	first := r.checkout(who, "monthly")
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE checkouts SET state = 'creating', stripe_session_id = NULL, url = ''`); err != nil {
		t.Fatal(err)
	}
	if _, err := r.db.Pool().Exec(t.Context(), `DELETE FROM stripe_customers`); err != nil {
		t.Fatal(err)
	}
	again := r.checkout(who, "monthly")
	if again.URL != first.URL {
		t.Errorf("%s is not %s", again.URL, first.URL)
	}
	if c, s := r.made("/v1/customers", nil), r.made("/v1/checkout/sessions", nil); c != 1 || s != 1 {
		t.Errorf("%d customers, %d sessions", c, s)
	}
}

func TestACustomerIsFoundAfterStripeForgotTheKey(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	r.checkout(who, "monthly")
	if _, err := r.db.Pool().Exec(t.Context(), `DELETE FROM stripe_customers`); err != nil {
		t.Fatal(err)
	}
	r.box.Advance(25 * time.Hour)
	r.checkout(who, "monthly")
	if c := r.made("/v1/customers", nil); c != 1 {
		t.Errorf("%d customers", c)
	}
}

func TestWhoIsBannedCannotPay(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	if _, err := r.membership.Ban(t.Context(), membership.Ban{UserID: who.ID, Reason: "harassment"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"}); !errors.Is(err, billing.ErrBanned) {
		t.Errorf("got %v", err)
	}
	if c := r.made("/v1/customers", nil); c != 0 {
		t.Errorf("%d customers", c)
	}
}

// Five connections are the fewest that a deployer may give.
func TestACrowdThatHasPaidNeedsFewConnections(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.hold()
	crowd := make([]account.Actor, 6)
	for i := range crowd {
		crowd[i] = r.user()
		r.pay(r.checkout(crowd[i], "monthly"), goodCard)
	}
	few, err := pg.Open(t.Context(), pg.Config{URL: r.db.URL(), MaxConns: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(few.Close)
	clock := boxClock{r.box}
	q, err := job.New(few, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := billing.New(few, clock, membership.New(few, clock, outbox.New(few, clock)), q, config(r.url, newReferee(t), r.acts), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for _, who := range crowd {
		wg.Go(func() {
			if _, _, err := b.StartCheckout(ctx, who, billing.Choice{Plan: "circle", Price: "annual"}); !errors.Is(err, billing.ErrSubscriptionLive) || ctx.Err() != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	for _, who := range crowd {
		if a := r.access(who); a.Level != membership.Full {
			t.Errorf("what was learnt from asking is forgotten: %+v", a)
		}
	}
}

func TestStripeDownMeansNoCheckout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, kind, method, path string }{
		{"503 for the customer", "503", http.MethodPost, "/v1/customers"},
		{"503 for the question what runs", "503", http.MethodGet, "/v1/subscriptions"},
		{"429 for the question what runs", "429", http.MethodGet, "/v1/subscriptions"},
		{"a broken answer to the question what runs", "malformed_json", http.MethodGet, "/v1/subscriptions"},
		{"503 for the session", "503", http.MethodPost, "/v1/checkout/sessions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newIdleRig(t)
			who := r.user()
			r.fail(c.kind, c.method, c.path, "-1")
			_, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly"})
			f := fault.From(err)
			if f == nil || f.Code != "payments-unavailable" || f.Kind != fault.Unavailable || f.Retry != 30*time.Second {
				t.Fatalf("got %v", err)
			}
			if n := r.made("/v1/checkout/sessions", nil); n != 0 {
				t.Errorf("%d sessions were made", n)
			}
		})
	}
}

// TryGhost/Ghost#28508: members paid twice, mostly without realising.
func TestInvariant04OneLiveSubscriptionPerMember(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	r.mailbox.mu.Lock()
	r.mailbox.hold = true
	r.mailbox.mu.Unlock()
	r.pay(r.checkout(who, "monthly"), goodCard)
	if _, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "annual"}); !errors.Is(err, billing.ErrSubscriptionLive) {
		t.Fatalf("got %v", err)
	}
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE checkouts SET state = 'expired'`); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.billing.StartCheckout(t.Context(), who, billing.Choice{Plan: "circle", Price: "annual"}); !errors.Is(err, billing.ErrSubscriptionLive) {
		t.Fatalf("got %v", err)
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("what it learnt from asking is forgotten: %+v", a)
	}
}

// woocommerce-gateway-stripe#1158, commonly#877: the id of a customer of the other mode stopped every checkout.
func TestInvariant14AMissingCustomerIsReplaced(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	_, err := r.db.Pool().Exec(t.Context(), `INSERT INTO stripe_customers (user_id, stripe_id, created_at) VALUES ($1, 'cus_of_another_mode', now())`, who.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.checkout(who, "monthly")
	if c := r.customer(who.ID); c == "cus_of_another_mode" {
		t.Error("the customer that does not exist is still bound")
	}
}

func TestWhatIsNotOnSaleCannotBeBought(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	if _, _, err := r.billing.StartCheckout(t.Context(), r.user(), billing.Choice{Plan: "circle", Price: "weekly"}); !errors.Is(err, membership.ErrPriceUnknown) {
		t.Errorf("got %v", err)
	}
	if _, err := r.billing.Customer(t.Context(), r.user().ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a customer of somebody who never paid: %v", err)
	}
}

func TestNothingIsAskedInsideATransaction(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	who := r.user()
	err := r.db.InTx(t.Context(), func(ctx context.Context) error {
		_, _, err := r.billing.StartCheckout(ctx, who, billing.Choice{Plan: "circle", Price: "monthly"})
		return err
	})
	if err == nil || r.made("/v1/customers", nil) != 0 {
		t.Errorf("it went through: %v", err)
	}
}
