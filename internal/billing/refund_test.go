package billing_test

import (
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// staff is an administrator.
func (r *rig) staff() account.Actor {
	r.t.Helper()
	who := r.user()
	who.Roles = []account.Role{account.Admin}
	return who
}

// paid is the newest invoice that a member has paid.
func (r *rig) paidInvoice(who account.Actor) uuid.UUID {
	r.t.Helper()
	all, err := r.billing.MoneyBack(r.t.Context(), who.ID)
	if err != nil || len(all.Paid) == 0 {
		r.t.Fatalf("%+v, %v", all, err)
	}
	return all.Paid[0].ID
}

func (r *rig) refund(by, who account.Actor, n billing.NewRefund) (billing.RefundOrder, error) {
	r.t.Helper()
	n.Reason = "requested_by_customer"
	if n.InvoiceID == uuid.Nil {
		n.InvoiceID = r.paidInvoice(who)
	}
	order, _, err := r.billing.Refund(r.t.Context(), by, who.ID, n)
	return order, err
}

func (r *rig) refundsThere(who account.Actor) int {
	r.t.Helper()
	return r.made("/v1/refunds", url.Values{"charge": {r.charged(who)}})
}

func TestAPartGoesBackAndHerMembershipStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.staff(), r.join(goodCard)
	order, err := r.refund(admin, who, billing.NewRefund{AmountMinor: 900, Note: "A week without the forum."})
	if err != nil || order.State != "done" || order.AmountMinor != 900 || order.Currency != "usd" {
		t.Fatalf("%+v, %v", order, err)
	}
	if a := r.access(who); a.Level != membership.Full || r.cash(who) != 4000 || r.mrr(who) != 58800 {
		t.Errorf("at once, without a webhook: %+v, cash %d", a, r.cash(who))
	}
	_, err = r.refund(admin, who, billing.NewRefund{AmountMinor: 1000, EndsAccess: true})
	if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != "/access" {
		t.Errorf("a part ends nothing: %v", err)
	}
	_, err = r.refund(admin, who, billing.NewRefund{AmountMinor: 4001})
	if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != "/amount_minor" {
		t.Errorf("more than is left: %v", err)
	}
	_, err = r.refund(admin, who, billing.NewRefund{InvoiceID: uuid.New()})
	if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != "/invoice_id" {
		t.Errorf("an invoice of nobody: %v", err)
	}
	// The rest completes the return of her last invoice, so it may end her membership.
	if order, err = r.refund(admin, who, billing.NewRefund{EndsAccess: true}); err != nil || order.AmountMinor != 4000 {
		t.Fatalf("%+v, %v", order, err)
	}
	if a := r.access(who); a.Level != membership.NoAccess || r.cash(who) != 0 || r.mrr(who) != 0 {
		t.Errorf("%+v, cash %d", a, r.cash(who))
	}
	if _, err := r.refund(admin, who, billing.NewRefund{}); !errors.Is(err, billing.ErrNothingToRefund) {
		t.Errorf("once more: %v", err)
	}
	r.settle()
	if r.refundsThere(who) != 2 || r.acts["membership.refund"] != 2 {
		t.Errorf("%d refunds, audited %v", r.refundsThere(who), r.acts)
	}
	all, err := r.billing.MoneyBack(t.Context(), who.ID)
	if err != nil || len(all.Refunds) != 2 || !all.Refunds[0].EndedAccess || all.Refunds[1].Note == "" || all.Paid[0].RefundedMinor != 4900 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAnOlderInvoiceEndsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.staff(), r.join(goodCard)
	first := r.paidInvoice(who)
	r.box.Advance(32 * 24 * time.Hour)
	r.settle()
	if _, err := r.refund(admin, who, billing.NewRefund{InvoiceID: first, EndsAccess: true}); fault.From(err) == nil || len(fault.From(err).Fields) != 1 {
		t.Errorf("%v", err)
	}
	if _, err := r.refund(admin, who, billing.NewRefund{InvoiceID: first}); err != nil {
		t.Error(err)
	}
	if a := r.access(who); a.Level != membership.Full || r.cash(who) != 4900 {
		t.Errorf("%+v, cash %d", a, r.cash(who))
	}
}

func TestTheSameKeyIsTheSameRefund(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.staff(), r.join(goodCard)
	n := billing.NewRefund{AmountMinor: 500, ClientKey: "from the button", InvoiceID: r.paidInvoice(who)}
	first, err := r.refund(admin, who, n)
	if err != nil {
		t.Fatal(err)
	}
	r.box.Advance(50 * time.Hour) // Stripe has forgotten its own key by then
	again, err := r.refund(admin, who, n)
	if err != nil || again.ID != first.ID {
		t.Errorf("%+v, %v", again, err)
	}
	n.ClientKey = "another"
	if other, err := r.refund(admin, who, n); err != nil || other.ID == first.ID {
		t.Errorf("%+v, %v", other, err)
	}
	if r.refundsThere(who) != 2 || r.cash(who) != 3900 {
		t.Errorf("%d, cash %d", r.refundsThere(who), r.cash(who))
	}
}

func TestTwentyWhoPayBackAtOnceAreOneRefund(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.staff(), r.join(goodCard)
	n := billing.NewRefund{InvoiceID: r.paidInvoice(who), AmountMinor: 3000, Reason: "duplicate", ClientKey: "one click"}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, _, err := r.billing.Refund(t.Context(), admin, who.ID, n)
			if err != nil && fault.From(err) == nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	r.settle()
	if r.refundsThere(who) != 1 || r.cash(who) != 1900 || r.acts["membership.refund"] != 1 {
		t.Errorf("%d, cash %d, audited %v", r.refundsThere(who), r.cash(who), r.acts)
	}
}

// An answer is lost, Stripe fails for good under one key, and is away: whatever
// happens, there is one refund in the end.
func TestARefundThatIsCutOffIsCompletedOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"commit_then_drop", "500", "503"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newIdleRig(t) // nobody works the job
			admin, who := r.staff(), r.user()
			r.hold()
			r.pay(r.checkout(who, "monthly"), goodCard)
			if err := r.billing.SyncCustomer(t.Context(), r.customer(who.ID), "test", time.Time{}); err != nil {
				t.Fatal(err)
			}
			n := billing.NewRefund{InvoiceID: r.paidInvoice(who), EndsAccess: true, ClientKey: "k"}
			r.fail(kind, "POST", "/v1/refunds", "9")
			if _, err := r.refund(admin, who, n); !errors.Is(err, billing.ErrPaymentsUnavailable) && err != nil {
				t.Fatal(err)
			}
			r.control("DELETE", "faults", "")
			r.box.Advance(26 * time.Hour) // a key that failed for good fails for a day
			if _, err := r.billing.ReconcileUnsettled(t.Context()); err != nil {
				t.Fatal(err)
			}
			order, err := r.refund(admin, who, n)
			if err != nil || order.State != "done" {
				t.Errorf("%+v, %v", order, err)
			}
			if a := r.access(who); r.refundsThere(who) != 1 || r.cash(who) != 0 || a.Level != membership.NoAccess {
				t.Errorf("%d, cash %d, %+v", r.refundsThere(who), r.cash(who), a)
			}
		})
	}
}

func TestWhatABankHasTakenIsNotPaidBackToo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.staff(), r.join(goodCard)
	r.hold()
	r.control("POST", "charges/"+r.charged(who)+"/dispute", `{"status":"needs_response"}`)
	if _, err := r.refund(admin, who, billing.NewRefund{}); !errors.Is(err, billing.ErrNothingToRefund) {
		t.Errorf("%v", err)
	}
	if r.refundsThere(who) != 0 || r.number(`SELECT count(*) FROM refund_orders`) != 0 {
		t.Error("it was asked for")
	}
	open, err := r.billing.OpenDisputes(t.Context())
	if err != nil || len(open) != 1 || open[0].UserID != who.ID || open[0].DueBy == nil || open[0].InvoiceID == nil {
		t.Errorf("%+v, %v", open, err)
	}
}

func TestWhenStripeCannotBeAskedNothingIsOrdered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin, who := r.staff(), r.join(goodCard)
	r.fail("503", "GET", "/v1/charges", "3")
	if _, err := r.refund(admin, who, billing.NewRefund{}); !errors.Is(err, billing.ErrPaymentsUnavailable) {
		t.Errorf("%v", err)
	}
	if r.number(`SELECT count(*) FROM refund_orders`) != 0 {
		t.Error("it is ordered")
	}
	if _, err := r.refund(who, who, billing.NewRefund{}); !errors.Is(err, fault.ErrNotAllowed) {
		t.Errorf("she pays herself back: %v", err)
	}
	if _, err := r.billing.MoneyBack(t.Context(), uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}
