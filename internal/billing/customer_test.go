package billing_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// I3, pay#1027: a member checked out on a second customer. What she paid under
// it is hers once somebody has looked.
func TestWhatWasPaidUnderASecondCustomerIsCountedForHer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.user(), r.user()
	second := r.stranger()
	r.stripe("POST", "/v1/subscriptions", url.Values{"customer": {second}, "items[0][price]": {r.price()}})
	r.settle()
	if a := r.access(who); a.Level != membership.NoAccess {
		t.Fatalf("it counted before anybody looked: %+v", a)
	}
	merge := func(who account.Actor, customer string) error {
		return r.billing.MergeCustomer(t.Context(), admin, who.ID, customer, "paid_twice")
	}
	if err := merge(who, "cus_nobody"); !errors.Is(err, billing.ErrCustomerUnknown) {
		t.Errorf("an unknown one: %v", err)
	}
	if err := merge(account.Actor{ID: pg.NewID()}, second); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("for nobody: %v", err)
	}
	for range 2 { // it may be repeated
		if err := merge(who, second); err != nil {
			t.Fatal(err)
		}
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("%+v", a)
	}
	if got := r.customer(who.ID); got != second {
		t.Errorf("she pays with %s", got)
	}
	other := r.join(goodCard)
	if err := merge(other, second); !errors.Is(err, billing.ErrCustomerTaken) {
		t.Errorf("another member's: %v", err)
	}
	third := r.stranger()
	r.stripe("POST", "/v1/subscriptions", url.Values{"customer": {third}, "items[0][price]": {r.price()}})
	if err := merge(other, third); !errors.Is(err, billing.ErrTwoLive) {
		t.Errorf("something runs under both: %v", err)
	}
	if got := r.acts["billing.merge"]; got != 1 {
		t.Errorf("audited: %v", r.acts)
	}
}

func TestAFormerCustomerStaysHers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.user(), r.join(goodCard)
	first, empty := r.customer(who.ID), r.stranger()
	if err := r.billing.MergeCustomer(t.Context(), admin, who.ID, empty, "made_by_hand"); err != nil {
		t.Fatal(err)
	}
	if got := r.customer(who.ID); got != first {
		t.Errorf("the one that pays is not current any more: %s", got)
	}
	if err := r.billing.Forget(t.Context(), who.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{first, empty} {
		if deleted, _ := r.stripe("GET", "/v1/customers/"+id, nil)["deleted"].(bool); !deleted {
			t.Errorf("%s was not forgotten", id)
		}
	}
}

func TestAnAdminEndsWhatAMemberPaysFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, later, now := r.user(), r.join(goodCard), r.join(goodCard)
	if err := r.billing.End(t.Context(), admin, later.ID, false, "asked_by_member"); err != nil {
		t.Fatal(err)
	}
	if a := r.access(later); a.Level != membership.Full || a.Notice != membership.EndsSoon {
		t.Errorf("with the period: %+v", a)
	}
	if err := r.billing.End(t.Context(), admin, now.ID, true, "mistake"); err != nil {
		t.Fatal(err)
	}
	if a := r.access(now); a.Level != membership.NoAccess {
		t.Errorf("at once: %+v", a)
	}
	if err := r.billing.End(t.Context(), admin, now.ID, true, "mistake"); !errors.Is(err, billing.ErrNoSubscription) {
		t.Errorf("twice: %v", err)
	}
}
