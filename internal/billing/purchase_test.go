package billing_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

const (
	accountGood  = "000123456789"
	accountEmpty = "000111111116"
)

// till counts what was taken of each purchase.
type till struct {
	mu     sync.Mutex
	taken  map[uuid.UUID]int
	refuse error
}

func (r *rig) till() *till {
	c := &till{taken: map[uuid.UUID]int{}}
	r.billing.OnPaid(billing.ForDonation, func(_ context.Context, p billing.Purchase) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.refuse != nil {
			return c.refuse
		}
		c.taken[p.ID]++
		return nil
	})
	return c
}

func (c *till) times(id uuid.UUID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken[id]
}

func (c *till) refuses(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = err
}

func donation(subject uuid.UUID, minor int64) billing.Order {
	return billing.Order{Purpose: billing.ForDonation, SubjectID: subject, Title: "A donation", AmountMinor: minor, Currency: "usd"}
}

func (r *rig) buy(who account.Actor, o billing.Order) (billing.Purchase, bool) {
	r.t.Helper()
	p, fresh, err := r.billing.Buy(r.t.Context(), who, o)
	if err != nil {
		r.t.Fatal(err)
	}
	return p, fresh
}

func (r *rig) paySession(p billing.Purchase, with string) {
	r.t.Helper()
	r.control("POST", "sessions/"+*p.StripeSessionID+"/pay", `{"card":"`+with+`"}`)
}

func (r *rig) purchase(who account.Actor, id uuid.UUID) billing.Purchase {
	r.t.Helper()
	p, err := r.billing.Purchase(r.t.Context(), who, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) holds(yes bool) {
	r.mailbox.mu.Lock()
	defer r.mailbox.mu.Unlock()
	r.mailbox.hold = yes
}

func TestAPurchaseIsPaidOnceHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c, who := r.till(), r.user()
	first, fresh := r.buy(who, donation(uuid.New(), 2500))
	if !fresh || first.State != billing.PurchaseOpen || first.URL == "" || first.ExpiresAt == nil {
		t.Fatalf("%+v", first)
	}
	again, fresh := r.buy(who, donation(first.SubjectID, 2500))
	if fresh || again.ID != first.ID || again.URL != first.URL {
		t.Errorf("the open one is answered again: %+v", again)
	}
	r.holds(true)
	r.paySession(first, goodCard)
	r.settle()
	told := r.mailbox.take()
	r.holds(false)
	for range 3 {
		for n := range told { // backwards, too
			l := told[len(told)-1-n]
			if err := r.billing.Receive(t.Context(), l.payload, l.signature); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.settle()
	p := r.purchase(who, first.ID)
	if p.State != billing.PurchasePaid || p.PaidAt == nil || p.StripePaymentIntentID == nil || p.URL != "" || c.times(p.ID) != 1 {
		t.Errorf("%+v, taken %d times", p, c.times(p.ID))
	}
	intent := r.stripe("GET", "/v1/payment_intents/"+*p.StripePaymentIntentID, nil)
	if meta := intent["metadata"].(map[string]any); meta["purchase_id"] != p.ID.String() || meta["user_id"] != who.ID.String() {
		t.Errorf("the payment says of itself %v", meta)
	}
	if _, err := r.billing.Purchase(t.Context(), r.user(), p.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("it is of somebody else: %v", err)
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'received'`); n != 0 {
		t.Errorf("%d events wait", n)
	}
	second, fresh := r.buy(who, donation(first.SubjectID, 2500))
	if !fresh || second.ID == first.ID {
		t.Error("she gives a second time")
	}
	if all, err := r.billing.Purchases(t.Context(), who); err != nil || len(all) != 2 || all[0].ID != second.ID {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestALostEventOfAPurchaseIsMadeUpFor(t *testing.T) {
	t.Parallel()
	for name, heal := range map[string]func(*rig, account.Actor, billing.Purchase){
		"when she comes back": func(r *rig, who account.Actor, p billing.Purchase) { r.purchase(who, p.ID) },
		"when she wants the same again": func(r *rig, who account.Actor, p billing.Purchase) {
			r.buy(who, donation(p.SubjectID, 2500))
		},
		"within the hour": func(r *rig, _ account.Actor, _ billing.Purchase) {
			r.box.Advance(2 * time.Hour)
			if report, err := r.billing.ReconcileUnsettled(r.t.Context()); err != nil || report.Healed == 0 {
				r.t.Errorf("%+v, %v", report, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newIdleRig(t)
			r.holds(true)
			c, who := r.till(), r.user()
			p, _ := r.buy(who, donation(uuid.New(), 2500))
			r.paySession(p, goodCard)
			if c.times(p.ID) != 0 {
				t.Fatal("nobody has told yet")
			}
			heal(r, who, p)
			if got := r.purchase(who, p.ID); got.State != billing.PurchasePaid || c.times(p.ID) != 1 {
				t.Errorf("%+v, taken %d times", got, c.times(p.ID))
			}
		})
	}
}

func TestMoneyOnItsWayIsNotMoney(t *testing.T) {
	t.Parallel()
	for account, want := range map[string]billing.PurchaseState{accountGood: billing.PurchasePaid, accountEmpty: billing.PurchaseFailed} {
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			c, who := r.till(), r.user()
			p, _ := r.buy(who, donation(uuid.New(), 2500))
			r.paySession(p, account)
			r.settle()
			if got := r.purchase(who, p.ID); got.State != billing.PurchaseProcessing || c.times(p.ID) != 0 {
				t.Fatalf("%+v", got)
			}
			once := donation(p.SubjectID, 2500)
			once.Single = true
			if _, _, err := r.billing.Buy(t.Context(), who, once); !errors.Is(err, billing.ErrPurchased) {
				t.Errorf("paid for twice: %v", err)
			}
			r.box.Advance(73 * time.Hour)
			r.settle()
			taken := 0
			if want == billing.PurchasePaid {
				taken = 1
			}
			if got := r.purchase(who, p.ID); got.State != want || c.times(p.ID) != taken {
				t.Errorf("%+v, taken %d times", got, c.times(p.ID))
			}
		})
	}
}

func TestAnotherAmountClosesTheAddressBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.till()
	who := r.user()
	first, _ := r.buy(who, donation(uuid.New(), 2500))
	second, fresh := r.buy(who, donation(first.SubjectID, 5000))
	if !fresh || second.ID == first.ID {
		t.Fatalf("%+v", second)
	}
	if there := r.stripe("GET", "/v1/checkout/sessions/"+*first.StripeSessionID, nil); there["status"] != "expired" {
		t.Errorf("the first is %v at Stripe", there["status"])
	}
	if got := r.purchase(who, first.ID); got.State != billing.PurchaseExpired || got.URL != "" {
		t.Errorf("%+v", got)
	}
	r.box.Advance(25 * time.Hour)
	r.settle()
	if got := r.purchase(who, second.ID); got.State != billing.PurchaseExpired {
		t.Errorf("its time is over: %+v", got)
	}
}

func TestAPurchaseWhoseAnswerIsLostIsResumed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.till()
	who := r.user()
	o := donation(uuid.New(), 2500)
	r.fail("503", "POST", "/v1/checkout/sessions", "3")
	if _, _, err := r.billing.Buy(t.Context(), who, o); !errors.Is(err, billing.ErrPaymentsUnavailable) {
		t.Fatalf("%v", err)
	}
	r.fail("commit_then_drop", "POST", "/v1/checkout/sessions", "1")
	p, _ := r.buy(who, o)
	if n := r.made("/v1/checkout/sessions", url.Values{}); n != 1 || p.State != billing.PurchaseOpen {
		t.Errorf("%d sessions, %+v", n, p)
	}
	if n := r.made("/v1/customers", url.Values{}); n != 1 || r.number(`SELECT count(*) FROM purchases`) != 1 {
		t.Errorf("%d customers", n)
	}
}

func TestWhoRefusesTheMoneyIsAskedAgain(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.holds(true)
	c, who := r.till(), r.user()
	p, _ := r.buy(who, donation(uuid.New(), 2500))
	r.paySession(p, goodCard)
	c.refuses(errors.New("the drawer is stuck"))
	if _, err := r.billing.Purchase(t.Context(), who, p.ID); err == nil {
		t.Fatal("nobody has taken it")
	}
	if r.number(`SELECT count(*) FROM purchases WHERE state = 'open'`) != 1 {
		t.Error("it counts as paid, and nobody has it")
	}
	c.refuses(nil)
	if got := r.purchase(who, p.ID); got.State != billing.PurchasePaid || c.times(p.ID) != 1 {
		t.Errorf("%+v", got)
	}
}

// Of many that come at once with the news that a purchase is paid, one takes the money.
func TestManyHandsOnePayment(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.holds(true)
	c, who := r.till(), r.user()
	for range 5 {
		p, _ := r.buy(who, donation(uuid.New(), 2500))
		r.paySession(p, goodCard)
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				if _, err := r.billing.Purchase(t.Context(), who, p.ID); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if c.times(p.ID) != 1 {
			t.Fatalf("taken %d times", c.times(p.ID))
		}
	}
	o := donation(uuid.New(), 2500)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := r.billing.Buy(t.Context(), who, o); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := r.number(`SELECT count(*) FROM purchases WHERE subject_id = $1`, o.SubjectID); n != 1 {
		t.Errorf("%d purchases of one wish", n)
	}
}

func TestWhoLeavesCannotPayAnyMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.till()
	who := r.user()
	p, _ := r.buy(who, donation(uuid.New(), 2500))
	if err := r.billing.Forget(t.Context(), who.ID); err != nil {
		t.Fatal(err)
	}
	if there := r.stripe("GET", "/v1/checkout/sessions/"+*p.StripeSessionID, nil); there["status"] != "expired" {
		t.Errorf("it is %v", there["status"])
	}
	if !strings.HasPrefix(p.URL, r.url) {
		t.Errorf("the address is %s", p.URL)
	}
}

func TestWhatWasPaidOnceGoesBackOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.till()
	who := r.user()
	p, _ := r.buy(who, donation(uuid.New(), 2500))
	back := func() {
		t.Helper()
		if err := r.billing.PayBack(t.Context(), billing.ForDonation, p.SubjectID); err != nil {
			t.Fatal(err)
		}
		r.settle()
	}
	back()
	if got := r.purchase(who, p.ID); got.RefundAskedAt != nil {
		t.Errorf("nothing is paid: %+v", got)
	}
	r.paySession(p, goodCard)
	r.settle()
	r.fail("commit_then_drop", "POST", "/v1/refunds", "1")
	back()
	back()
	got := r.purchase(who, p.ID)
	if got.RefundedAt == nil || got.StripeRefundID == "" || got.State != billing.PurchasePaid {
		t.Errorf("%+v", got)
	}
	if n := r.made("/v1/refunds", url.Values{"payment_intent": {*got.StripePaymentIntentID}}); n != 1 {
		t.Errorf("%d refunds", n)
	}
}

func TestAPayBackThatWaitsIsMadeUpFor(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.till()
	who := r.user()
	p, _ := r.buy(who, donation(uuid.New(), 2500))
	r.paySession(p, goodCard)
	r.purchase(who, p.ID)
	if err := r.billing.PayBack(t.Context(), billing.ForDonation, p.SubjectID); err != nil {
		t.Fatal(err)
	}
	r.box.Advance(2 * time.Hour)
	if _, err := r.billing.ReconcileUnsettled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.purchase(who, p.ID); got.RefundedAt == nil {
		t.Errorf("%+v", got)
	}
}
