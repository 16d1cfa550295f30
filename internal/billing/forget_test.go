package billing_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// leave shuts her account, as an erasure does before it asks Stripe.
func (r *rig) leave(id any) {
	r.t.Helper()
	if _, err := r.db.Pool().Exec(r.t.Context(), `UPDATE users SET state = 'deleted' WHERE id = $1`, id); err != nil {
		r.t.Fatal(err)
	}
}

// PMPro#2559: members were deleted and their subscriptions went on.
func TestInvariant20WhoIsForgottenPaysNoMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, eve, never := r.join(goodCard), r.join(goodCard), r.user()
	customer := r.customer(ada.ID)
	r.stripe(http.MethodPost, "/v1/customers/"+customer, url.Values{"name": {"Ada Lovelace"}, "phone": {"+1 555 0100"}})
	r.settle()
	r.leave(ada.ID)
	r.fail("503", http.MethodDelete, "/v1/customers/", "3")
	if err := r.billing.Forget(t.Context(), ada.ID); err == nil {
		t.Error("Stripe failed and nobody noticed")
	}
	for range 2 { // the second time there is nothing left to do
		if err := r.billing.Forget(t.Context(), ada.ID); err != nil {
			t.Fatal(err)
		}
	}
	r.settle()

	t.Run("Stripe keeps no more of her than that she was there", func(t *testing.T) {
		if got := r.stripe(http.MethodGet, "/v1/customers/"+customer, nil); got["deleted"] == nil || got["email"] != nil || got["name"] != nil {
			t.Errorf("%v", got)
		}
	})
	t.Run("nothing is charged any more, and the ledger says that she left", func(t *testing.T) {
		if n := r.mrr(ada); n != 0 {
			t.Errorf("MRR %d", n)
		}
		if a := r.access(ada); a.Level != membership.NoAccess {
			t.Errorf("%+v", a)
		}
		if n := r.made("/v1/invoices", url.Values{"customer": {customer}}); n != 1 {
			t.Errorf("%d invoices, want the one she paid", n)
		}
	})
	t.Run("what Stripe says afterwards is kept without her name, and understood", func(t *testing.T) {
		if n := r.number(`SELECT count(*) FROM stripe_events WHERE customer_id = $1 AND type LIKE 'customer.%' AND payload::text ~ 'Ada|\+1 555 0100|@'
			AND received_at >= (SELECT min(received_at) FROM stripe_events WHERE customer_id = $1 AND type = 'customer.subscription.deleted')`, customer); n != 0 {
			t.Errorf("%d events name her", n)
		}
		if n := r.number(`SELECT count(*) FROM stripe_events WHERE state NOT IN ('applied', 'ignored')`); n != 0 {
			t.Errorf("%d events are not settled", n)
		}
	})
	t.Run("the links to her invoices, which show her name, do not come back", func(t *testing.T) {
		links := `SELECT count(*) FROM invoices WHERE hosted_url <> '' AND user_id = $1`
		if err := r.billing.SyncCustomer(t.Context(), customer, "late", time.Time{}); err != nil {
			t.Fatal(err)
		}
		if n := r.number(links, ada.ID); n != 0 {
			t.Errorf("%d links", n)
		}
		if n := r.number(links, eve.ID); n != 1 {
			t.Errorf("%d links of somebody else, want 1", n)
		}
	})
	t.Run("somebody else pays on", func(t *testing.T) {
		if a := r.access(eve); a.Level != membership.Full {
			t.Errorf("%+v", a)
		}
	})
	t.Run("who never paid has nothing to forget", func(t *testing.T) {
		if err := r.billing.Forget(t.Context(), never.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestNobodyPaysForSomebodyWhoIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.user()
	open := r.checkout(ada, "monthly")
	r.leave(ada.ID)
	if err := r.billing.Forget(t.Context(), ada.ID); err != nil {
		t.Fatal(err)
	}
	session := r.stripe(http.MethodGet, "/v1/checkout/sessions/"+open.URL[strings.LastIndexByte(open.URL, '/')+1:], nil)
	if session["status"] != "expired" {
		t.Errorf("the page still takes money: %v", session["status"])
	}
}
