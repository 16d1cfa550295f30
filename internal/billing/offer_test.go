package billing_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// offer makes an offer for the circle and lets Stripe hear of it.
func (r *rig) offer(o billing.Offer) billing.Offered {
	r.t.Helper()
	if o.EndsAt.IsZero() {
		o.EndsAt = r.box.Now().Add(30 * 24 * time.Hour)
	}
	made, err := r.billing.MakeOffer(r.t.Context(), account.Actor{}, "circle", o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.settle()
	return made
}

func (r *rig) takeUp(who account.Actor, offer string) (billing.Checkout, error) {
	c, _, err := r.billing.StartCheckout(r.t.Context(), who, billing.Choice{Plan: "circle", Price: "monthly", Offer: offer})
	return c, err
}

// PMPro#3458: with a coupon of 100 % nothing was due, and nothing was completed.
func TestInvariant12ACouponOfAHundredPercentCompletes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.offer(billing.Offer{Slug: "friend", PercentOff: 100, Duration: billing.Forever})
	who := r.user()
	c, err := r.takeUp(who, "friend")
	if err != nil {
		t.Fatal(err)
	}
	r.control("POST", "sessions/"+last(c.URL)+"/pay", `{}`) // without a card
	r.settle()
	r.stands(who, c, billing.CheckoutActive)
	r.level(who, membership.Full)
	if n := r.mrr(who); n != 0 {
		t.Errorf("the ledger has %d", n)
	}
}

func TestAnOfferIsTakenOffForAsLongAsItSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		offer billing.Offer
		paid  [3]int64 // the latest last
		mrr   int
	}{
		"an amount, once":           {billing.Offer{Slug: "a", AmountOffMinor: 1000, Currency: "usd", Duration: billing.Once}, [3]int64{3900, 4900, 4900}, 58800},
		"half, for two months":      {billing.Offer{Slug: "b", PercentOff: 50, Duration: billing.Repeating, Months: 2}, [3]int64{2450, 2450, 4900}, 58800},
		"a fifth of it, for always": {billing.Offer{Slug: "c", PercentOff: 20, Duration: billing.Forever}, [3]int64{3920, 3920, 3920}, 47040},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.offer(c.offer)
			who := r.user()
			open, err := r.takeUp(who, c.offer.Slug)
			if err != nil {
				t.Fatal(err)
			}
			r.pay(open, goodCard)
			for range 2 {
				r.control("POST", "clock/advance", `{"months":1}`)
				r.settle()
			}
			all, err := r.billing.Invoices(t.Context(), who)
			if err != nil || len(all) != 3 {
				t.Fatalf("%d invoices, %v", len(all), err)
			}
			if got := [3]int64{all[2].PaidMinor, all[1].PaidMinor, all[0].PaidMinor}; got != c.paid || r.mrr(who) != c.mrr {
				t.Errorf("paid is %v, the ledger has %d", got, r.mrr(who))
			}
		})
	}
}

func TestAnOfferHasItsEndAndItsLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one := int64(1)
	made := r.offer(billing.Offer{Slug: "spring", PriceKey: "monthly", PercentOff: 20, Duration: billing.Once, MaxRedemptions: &one})
	first, second := r.user(), r.user()
	c, err := r.takeUp(first, "spring")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.takeUp(first, "spring"); err != nil || again.URL != c.URL {
		t.Errorf("her open checkout: %v", err)
	}
	if without, err := r.takeUp(first, ""); err != nil || without.URL == c.URL {
		t.Errorf("without it, it is the same checkout: %v", err)
	}
	if c, err = r.takeUp(first, "spring"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.takeUp(second, "spring"); !errors.Is(err, billing.ErrOfferGone) {
		t.Errorf("a second: %v", err)
	}
	if _, err := r.billing.OfferAt(t.Context(), "spring"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("it is still shown: %v", err)
	}
	r.pay(c, goodCard)
	r.settle()
	r.send(http.MethodDelete, "/v1/subscriptions/"+r.subscription(r.customer(first.ID)), nil, "")
	r.settle()
	if _, err := r.takeUp(first, "spring"); !errors.Is(err, billing.ErrOfferGone) {
		t.Errorf("she comes back for it: %v", err)
	}
	all, err := r.billing.Offers(t.Context())
	if err != nil || len(all) != 1 || all[0].Taken != 1 || all[0].Open(r.box.Now()) {
		t.Errorf("%+v, %v", all, err)
	}

	r.offer(billing.Offer{Slug: "summer", PercentOff: 20, Duration: billing.Once})
	if _, _, err := r.billing.StartCheckout(t.Context(), second, billing.Choice{Plan: "circle", Price: "annual", Offer: "spring"}); !errors.Is(err, billing.ErrOfferUnknown) {
		t.Errorf("for another price: %v", err)
	}
	r.box.Advance(31 * 24 * time.Hour)
	if _, err := r.takeUp(second, "summer"); !errors.Is(err, billing.ErrOfferUnknown) {
		t.Errorf("after its end: %v", err)
	}
	if err := r.billing.CloseOffer(t.Context(), account.Actor{}, made.ID); err != nil || r.acts["offer.close"] != 1 || r.acts["offer.make"] != 2 {
		t.Errorf("%v, %v", err, r.acts)
	}
}

func TestManyAtOnceTakeUpNoMoreThanThereAre(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	three := int64(3)
	r.offer(billing.Offer{Slug: "few", PercentOff: 20, Duration: billing.Once, MaxRedemptions: &three})
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 40 {
		who := r.user()
		wg.Go(func() {
			_, err := r.takeUp(who, "few")
			for errors.Is(err, billing.ErrPaymentsUnavailable) {
				_, err = r.takeUp(who, "few")
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken++
			} else if !errors.Is(err, billing.ErrOfferGone) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if taken != 3 {
		t.Errorf("%d took it up", taken)
	}
}

func TestWhatCannotBeOffered(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	soon, never := r.box.Now().Add(time.Hour), r.box.Now().Add(800*24*time.Hour)
	for name, o := range map[string]billing.Offer{
		"nothing":                   {Duration: billing.Once, EndsAt: soon},
		"both":                      {PercentOff: 10, AmountOffMinor: 100, Currency: "usd", Duration: billing.Once, EndsAt: soon},
		"half a dinar's thousandth": {AmountOffMinor: 1005, Currency: "kwd", Duration: billing.Once, EndsAt: soon},
		"months of once":            {PercentOff: 10, Duration: billing.Once, Months: 3, EndsAt: soon},
		"repeating without months":  {PercentOff: 10, Duration: billing.Repeating, EndsAt: soon},
		"for years":                 {PercentOff: 10, Duration: billing.Once, EndsAt: never},
	} {
		o.Slug = "offer"
		if _, err := r.billing.MakeOffer(t.Context(), account.Actor{}, "circle", o); !errors.Is(err, billing.ErrOfferTerms) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.billing.MakeOffer(t.Context(), account.Actor{}, "square", billing.Offer{Slug: "x", PercentOff: 10, Duration: billing.Once, EndsAt: soon}); !errors.Is(err, membership.ErrPriceUnknown) {
		t.Errorf("for a plan that is none: %v", err)
	}
}

func TestADiscountForWhoIsHereAlready(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.offer(billing.Offer{Slug: "thanks", PercentOff: 50, Duration: billing.Forever})
	who := r.join(goodCard)
	r.fail("commit_then_drop", http.MethodPost, "/v1/subscriptions/", "-1")
	if err := r.billing.GiveDiscount(t.Context(), account.Actor{}, who.ID, "thanks"); !errors.Is(err, billing.ErrPaymentsUnavailable) {
		t.Errorf("every answer is lost: %v", err)
	}
	r.control(http.MethodDelete, "faults", "")
	if err := r.billing.GiveDiscount(t.Context(), account.Actor{}, who.ID, "thanks"); err != nil {
		t.Fatal(err)
	}
	if r.mrr(who) != 29400 || r.acts["discount.give"] != 1 || r.number(`SELECT count(*) FROM discounts WHERE given_at IS NOT NULL`) != 1 {
		t.Errorf("the ledger has %d, audited is %v", r.mrr(who), r.acts)
	}
	r.control("POST", "clock/advance", `{"months":1}`)
	r.settle()
	all, err := r.billing.Invoices(t.Context(), who)
	if err != nil || len(all) != 2 || all[0].PaidMinor != 2450 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := r.billing.GiveDiscount(t.Context(), account.Actor{}, r.user().ID, "thanks"); !errors.Is(err, billing.ErrNoSubscription) {
		t.Errorf("who has none: %v", err)
	}
	if err := r.billing.GiveDiscount(t.Context(), account.Actor{}, who.ID, "nothing"); !errors.Is(err, billing.ErrOfferUnknown) {
		t.Errorf("an offer that never was: %v", err)
	}
}
