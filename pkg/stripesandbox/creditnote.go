package stripesandbox

import (
	"fmt"
	"maps"

	"github.com/stripe/stripe-go/v76"
)

func creditNoteRoutes() []route {
	return []route{
		{"POST", "/v1/credit_notes", stripe.CreditNoteParams{}, createCreditNote},
		{"GET", "/v1/credit_notes", stripe.CreditNoteListParams{}, listing("credit_note", "customer", "invoice")},
		{"GET", "/v1/credit_notes/{id}", stripe.CreditNoteParams{}, retrieve("credit_note")},
		{"POST", "/v1/credit_notes/{id}/void", stripe.CreditNoteVoidCreditNoteParams{}, voidCreditNote},
	}
}

// createCreditNote takes an amount off an invoice: off what is still to be paid
// of an open one, and of a paid one to the card, to the customer's balance or
// outside of Stripe.
func createCreditNote(c *call) (object, *apiError) {
	inv, e := c.find("invoice", c.in.str("invoice"), "invoice")
	if e != nil {
		return nil, e
	}
	amount, e := c.creditAmount(inv)
	if e != nil {
		return nil, e
	}
	switch inv.str("status") {
	case "open":
		return c.creditOpen(inv, amount)
	case "paid":
		return c.creditPaid(inv, amount)
	}
	return nil, invalid("invoice", "Credit notes can only be issued for open or paid invoices; this one is "+inv.str("status")+".")
}

func (c *call) creditAmount(inv object) (int64, *apiError) {
	amount := c.in.num("amount")
	for _, line := range c.in.rows("lines") {
		amount += line.num("amount")
		if line.str("type") == "custom_line_item" {
			amount += line.num("unit_amount") * max(1, line.num("quantity"))
		}
	}
	left := inv.num("total") - inv.num("pre_payment_credit_notes_amount") - inv.num("post_payment_credit_notes_amount")
	switch {
	case amount < 1:
		return 0, invalid("amount", "You must pass either amount or lines with a positive amount.")
	case amount > left:
		return 0, invalid("amount", "The sum of credit amount, refund amount and out of band amount ("+money(amount, inv.str("currency"))+
			") exceeds the amount that can be credited ("+money(left, inv.str("currency"))+").")
	}
	return amount, nil
}

func (c *call) creditOpen(inv object, amount int64) (object, *apiError) {
	if amount > inv.num("amount_remaining") {
		return nil, invalid("amount", "The amount exceeds what remains to be paid.")
	}
	note := c.newCreditNote(inv, amount, "pre_payment", nil)
	inv["pre_payment_credit_notes_amount"] = inv.num("pre_payment_credit_notes_amount") + amount
	inv["amount_due"], inv["amount_remaining"] = inv.num("amount_due")-amount, inv.num("amount_remaining")-amount
	if intent := c.state.Objects[inv.str("payment_intent")]; intent != nil {
		intent["amount"] = inv["amount_due"]
	}
	c.emit("credit_note.created", note)
	if inv.num("amount_remaining") == 0 {
		c.markPaid(inv)
	}
	return note, nil
}

func (c *call) creditPaid(inv object, amount int64) (object, *apiError) {
	back, credit, outside := c.in.num("refund_amount"), c.in.num("credit_amount"), c.in.num("out_of_band_amount")
	refund := c.state.Objects[c.in.str("refund")]
	if refund != nil {
		back = refund.num("amount")
	}
	if back+credit+outside != amount {
		return nil, invalid("", "The sum of credit_amount, refund_amount and out_of_band_amount must equal the credit note's total.")
	}
	if back > 0 && refund == nil {
		ch, e := c.find("charge", inv.str("charge"), "refund_amount")
		if e == nil {
			e = c.mayRefund(ch, back)
		}
		if e != nil {
			return nil, e
		}
		refund = c.refund(ch, back, object{})
	}
	if customer := c.state.Objects[inv.str("customer")]; credit > 0 && customer != nil {
		c.change(customer, "customer.updated", func() { customer["balance"] = customer.num("balance") - credit })
	}
	note := c.newCreditNote(inv, amount, "post_payment", refund)
	note["out_of_band_amount"] = outside
	inv["post_payment_credit_notes_amount"] = inv.num("post_payment_credit_notes_amount") + amount
	c.emit("credit_note.created", note)
	return note, nil
}

func (c *call) newCreditNote(inv object, amount int64, kind string, refund object) object {
	n := len(c.all("credit_note", func(o object) bool { return o.str("invoice") == inv.id() })) + 1
	fields := object{
		"amount": amount, "subtotal": amount, "subtotal_excluding_tax": amount, "total": amount, "total_excluding_tax": amount,
		"amount_shipping": int64(0), "discount_amount": int64(0), "currency": inv.str("currency"), "customer": inv["customer"],
		"invoice": inv.id(), "number": fmt.Sprintf("%s-CN-%02d", inv.str("number"), n), "status": "issued", "type": kind,
		"effective_at": c.unix(), "pdf": c.pageURL("/invoice/" + inv.id() + "?pdf"),
	}
	if refund != nil {
		fields["refund"] = refund.id()
	}
	fields.copyFrom(c.in, "reason", "memo")
	fields.mergeMetadata(c.in)
	note := c.add("cn_", "credit_note", stripe.CreditNote{}, fields)
	line := blank(stripe.CreditNoteLineItem{})
	maps.Copy(line, object{"id": newID("cnli_"), "object": "credit_note_line_item", "amount": amount, "livemode": false, "quantity": int64(1), "type": "custom_line_item"})
	note["lines"] = listOf("/v1/credit_notes/"+note.id()+"/lines", []object{line}, false)
	return note
}

// voidCreditNote takes back the note about an open invoice: it is to be paid in
// full again. What was paid out cannot be taken back with it.
func voidCreditNote(c *call) (object, *apiError) {
	note, e := c.find("credit_note", c.id, "id")
	if e != nil {
		return nil, e
	}
	inv := c.state.Objects[note.str("invoice")]
	switch {
	case note.str("status") == "void":
		return nil, invalid("", "This credit note is already void.")
	case note.str("type") != "pre_payment" || inv.str("status") != "open":
		return nil, invalid("", "You can only void a credit note of an open invoice.")
	}
	amount := note.num("amount")
	note["status"], note["voided_at"] = "void", c.unix()
	inv["pre_payment_credit_notes_amount"] = inv.num("pre_payment_credit_notes_amount") - amount
	inv["amount_due"], inv["amount_remaining"] = inv.num("amount_due")+amount, inv.num("amount_remaining")+amount
	if intent := c.state.Objects[inv.str("payment_intent")]; intent != nil {
		intent["amount"] = inv["amount_due"]
	}
	c.emit("credit_note.voided", note)
	return note, nil
}

const sampleCredit = `{"amount":500}`

// controlCredit writes a credit note as a person in Stripe's dashboard would: off
// an open invoice, or back to the card of a paid one.
func (s *Sandbox) controlCredit(c *controlCall) (any, error) {
	var in struct {
		Amount int64 `json:"amount"`
	}
	if err := c.read(&in, sampleCredit); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = c.r.Host
	s.settle()
	fields := object{"invoice": c.id, "amount": in.Amount, "reason": "order_change"}
	if s.state.Objects[c.id].str("status") == "paid" {
		fields["refund_amount"] = in.Amount
	}
	note, e := createCreditNote(&call{Sandbox: s, in: fields})
	if e != nil {
		return nil, e
	}
	return object{"status": note.str("status"), "credit_note": note.id(), "invoice": c.id}, nil
}

// controlVoidCredit takes a credit note back.
func (s *Sandbox) controlVoidCredit(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	note, e := voidCreditNote(&call{Sandbox: s, id: c.id, in: object{}})
	if e != nil {
		return nil, e
	}
	return object{"status": "void", "credit_note": note.id()}, nil
}
