package stripesandbox_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// paid is a subscription that a card has paid, with its first charge.
func (r *rig) paid(card string) (*stripe.Subscription, *stripe.Charge) {
	r.t.Helper()
	sub := r.member(r.price(700, "month").ID, card)
	return sub, r.charge(sub.LatestInvoice.Charge.ID)
}

func (r *rig) charge(id string) *stripe.Charge {
	r.t.Helper()
	params := &stripe.ChargeParams{}
	params.AddExpand("refunds")
	return must[*stripe.Charge](r.t)(r.stripe.Charges.Get(id, params))
}

func (r *rig) ok(path, body string) map[string]any {
	r.t.Helper()
	status, out := r.control("POST", path, body)
	if status != 200 {
		r.t.Fatalf("%s: %d %v", path, status, out)
	}
	return out
}

func TestARefundMayTakeDaysAndMayFail(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	_, slow := r.paid("4000000000007726")
	pending := must[*stripe.Refund](t)(r.stripe.Refunds.New(&stripe.RefundParams{Charge: new(slow.ID), Amount: stripe.Int64(300)}))
	if pending.Status != "pending" || r.charge(slow.ID).AmountRefunded != 300 {
		t.Fatalf("%s", pending.Status)
	}
	_, gone := r.paid("4000000000005126")
	failing := must[*stripe.Refund](t)(r.stripe.Refunds.New(&stripe.RefundParams{Charge: new(gone.ID)}))
	if failing.Status != "succeeded" || !r.charge(gone.ID).Refunded {
		t.Fatalf("%s", failing.Status)
	}
	r.box.Advance(4 * 24 * time.Hour)
	if again := must[*stripe.Refund](t)(r.stripe.Refunds.Get(pending.ID, nil)); again.Status != "succeeded" {
		t.Errorf("%s", again.Status)
	}
	if again := must[*stripe.Refund](t)(r.stripe.Refunds.Get(failing.ID, nil)); again.Status != "failed" || again.FailureReason == "" {
		t.Errorf("%s, %s", again.Status, again.FailureReason)
	}
	if ch := r.charge(gone.ID); ch.Refunded || ch.AmountRefunded != 0 || len(ch.Refunds.Data) != 1 {
		t.Errorf("after it failed the charge says %d", ch.AmountRefunded)
	}
	r.idle()
	if n := r.events("charge.refund.updated"); n != 2 {
		t.Errorf("%d updates", n)
	}
}

func TestADisputeTakesItsSteps(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	_, ch := r.paid("4242424242424242")
	step := func(status string) { r.ok("charges/"+ch.ID+"/dispute", `{"status":"`+status+`"}`) }
	disputes := func() *stripe.Dispute {
		it := r.stripe.Disputes.List(&stripe.DisputeListParams{Charge: new(ch.ID)})
		if !it.Next() {
			t.Fatal("no dispute")
		}
		return it.Dispute()
	}
	moved := func() (sum int64) {
		for _, b := range disputes().BalanceTransactions {
			sum += b.Amount
		}
		return sum
	}
	step("warning_needs_response")
	if d := disputes(); moved() != 0 || !d.IsChargeRefundable || d.EvidenceDetails.DueBy <= d.Created {
		t.Errorf("an inquiry: %+v", d)
	}
	step("needs_response")
	if _, err := r.stripe.Refunds.New(&stripe.RefundParams{Charge: new(ch.ID)}); stripeError(t, err).Code != "charge_disputed" {
		t.Errorf("%v", err)
	}
	if moved() != -700 {
		t.Errorf("withdrawn: %d", moved())
	}
	if code, _ := r.control("POST", "charges/"+ch.ID+"/dispute", `{"status":"warning_closed"}`); code != 400 {
		t.Errorf("back to an inquiry answered %d", code)
	}
	step("under_review")
	step("won")
	if d := disputes(); moved() != 0 || d.Status != "won" || !d.EvidenceDetails.HasEvidence {
		t.Errorf("won: %d, %+v", moved(), d)
	}
	r.idle()
	inOrder(t, r.inbox.types(), "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated",
		"charge.dispute.updated", "charge.dispute.funds_reinstated", "charge.dispute.closed")
}

func TestADisputeThatNobodyAnswersIsLost(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	r.paid("4000000000000259")
	r.paid("4000000000001976")
	r.box.Advance(10 * 24 * time.Hour)
	var got []string
	for it := r.stripe.Disputes.List(nil); it.Next(); {
		got = append(got, string(it.Dispute().Status))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"lost", "warning_closed"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCreditNotes(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	sub, ch := r.paid("4242424242424242")
	note := func(p *stripe.CreditNoteParams) (*stripe.CreditNote, error) {
		p.Invoice = new(sub.LatestInvoice.ID)
		return r.stripe.CreditNotes.New(p)
	}
	back := must[*stripe.CreditNote](t)(note(&stripe.CreditNoteParams{Amount: stripe.Int64(200), RefundAmount: stripe.Int64(200), Reason: new("order_change")}))
	if back.Type != "post_payment" || back.Refund == nil || r.charge(ch.ID).AmountRefunded != 200 {
		t.Errorf("%+v", back)
	}
	must[*stripe.CreditNote](t)(note(&stripe.CreditNoteParams{Amount: stripe.Int64(100), CreditAmount: stripe.Int64(100)}))
	if c := must[*stripe.Customer](t)(r.stripe.Customers.Get(sub.Customer.ID, nil)); c.Balance != -100 {
		t.Errorf("the balance is %d", c.Balance)
	}
	if _, err := note(&stripe.CreditNoteParams{Amount: stripe.Int64(500), CreditAmount: stripe.Int64(500)}); stripeError(t, err).Param != "amount" {
		t.Errorf("more than it was: %v", err)
	}
	if _, err := r.stripe.CreditNotes.VoidCreditNote(back.ID, nil); err == nil {
		t.Error("what was paid out was taken back")
	}

	open := must[*stripe.Subscription](t)(r.subscribe(r.cardholder("pm_card_visa").ID, r.price(900, "month").ID, func(p *stripe.SubscriptionParams) {
		p.PaymentBehavior = new("default_incomplete")
	})).LatestInvoice.ID
	off := must[*stripe.CreditNote](t)(r.stripe.CreditNotes.New(&stripe.CreditNoteParams{Invoice: new(open), Amount: stripe.Int64(400)}))
	remaining := func() int64 { return must[*stripe.Invoice](t)(r.stripe.Invoices.Get(open, nil)).AmountRemaining }
	if off.Type != "pre_payment" || remaining() != 500 {
		t.Errorf("%s, %d", off.Type, remaining())
	}
	if void := must[*stripe.CreditNote](t)(r.stripe.CreditNotes.VoidCreditNote(off.ID, nil)); void.Status != "void" || void.VoidedAt == 0 || remaining() != 900 {
		t.Errorf("%s, %d", void.Status, remaining())
	}
	r.idle()
	inOrder(t, r.inbox.types(), "credit_note.created", "credit_note.created", "credit_note.created", "credit_note.voided")
}

func TestThePersonAtTheControlsPlaysMoneyBack(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	sub, ch := r.paid("4242424242424242")
	part := r.ok("charges/"+ch.ID+"/refund", `{"amount":100}`)
	r.ok("refunds/"+part["refund"].(string)+"/settle", `{"status":"failed"}`)
	r.ok("charges/"+ch.ID+"/refund", "")
	r.ok("charges/"+ch.ID+"/warning", "")
	r.ok("objects/"+sub.LatestInvoice.ID+"/emit", `{"type":"invoice.finalization_failed"}`)
	if got := r.charge(ch.ID); !got.Refunded {
		t.Errorf("%d of %d", got.AmountRefunded, got.Amount)
	}
	_, other := r.paid("4242424242424242")
	note := r.ok("invoices/"+other.Invoice.ID+"/credit", `{"amount":50}`)
	if code, _ := r.control("POST", "credit_notes/"+note["credit_note"].(string)+"/void", ""); code == 200 {
		t.Error("a note about a paid invoice was voided")
	}
	r.idle()
	inOrder(t, r.inbox.types(), "charge.refunded", "charge.refund.updated", "charge.refunded", "radar.early_fraud_warning.created",
		"invoice.finalization_failed", "credit_note.created")
}
