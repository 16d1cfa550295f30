package stripesandbox

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stripe/stripe-go/v76"
)

func invoiceRoutes() []route {
	return []route{
		{"GET", "/v1/invoices", stripe.InvoiceListParams{}, listing("invoice", "customer", "subscription", "status", "collection_method")},
		{"GET", "/v1/invoices/upcoming", stripe.InvoiceUpcomingParams{}, upcomingInvoice},
		{"GET", "/v1/invoices/{id}", stripe.InvoiceParams{}, retrieve("invoice")},
		{"POST", "/v1/invoices/{id}", stripe.InvoiceParams{}, updateInvoice},
		{"GET", "/v1/invoices/{id}/lines", stripe.InvoiceListLinesParams{}, listLines},
		{"POST", "/v1/invoices/{id}/pay", stripe.InvoicePayParams{}, payInvoice},
		{"POST", "/v1/invoices/{id}/void", stripe.InvoiceVoidInvoiceParams{}, voidInvoice},
	}
}

// line is one invoice line for a subscription item.
func (s *Sandbox) line(sub, item object, amount, start, end int64) object {
	line := blank(stripe.InvoiceLineItem{})
	maps.Copy(line, (object{
		"id": newID("il_"), "object": "line_item", "amount": amount, "amount_excluding_tax": amount, "currency": sub.str("currency"),
		"description": fmt.Sprintf("%d × %s", item.num("quantity"), s.productName(item.sub("price"))), "discountable": true,
		"livemode": false, "metadata": clone(sub["metadata"]), "period": object{"start": start, "end": end},
		"plan": item["plan"], "price": item.sub("price").public(), "quantity": item.num("quantity"),
		"subscription": sub.id(), "subscription_item": item.id(), "type": "subscription",
		"proration_details": object{"credited_items": nil},
	}))
	return line
}

func (s *Sandbox) productName(price object) string {
	if product := s.state.Objects[price.str("product")]; product.str("name") != "" {
		return product.str("name")
	}
	return price.str("product")
}

// invoiceFor makes and finalises an invoice of a subscription. An invoice with
// nothing due is paid at once.
func (s *Sandbox) invoiceFor(sub object, reason string, lines []object) object {
	customer := s.state.Objects[sub.str("customer")]
	inv := s.draft(sub, customer, reason)
	subtotal, discountable := int64(0), int64(0)
	data := []any{}
	for _, line := range lines {
		line["invoice"] = inv.id()
		subtotal += line.num("amount")
		if line.flag("discountable") {
			discountable += line.num("amount")
		}
		data = append(data, line)
	}
	inv["lines"] = object{"object": "list", "data": data, "has_more": false, "url": "/v1/invoices/" + inv.id() + "/lines"}
	total := subtotal - s.discountInvoice(inv, sub, discountable)
	due := s.useBalance(inv, customer, total)
	maps.Copy(inv, (object{
		"subtotal": subtotal, "subtotal_excluding_tax": subtotal, "total": total, "total_excluding_tax": total,
		"amount_due": due, "amount_paid": int64(0), "amount_remaining": due, "amount_shipping": int64(0),
		"pre_payment_credit_notes_amount": int64(0), "post_payment_credit_notes_amount": int64(0),
	}))
	sub["latest_invoice"] = inv.id()
	s.emit("invoice.created", inv)
	s.finalise(inv, customer)
	return inv
}

func (s *Sandbox) draft(sub, customer object, reason string) object {
	return s.add("in_", "invoice", stripe.Invoice{}, object{
		"status": "draft", "customer": customer.id(), "customer_email": customer["email"], "customer_name": customer["name"],
		"customer_address": customer["address"], "customer_phone": customer["phone"], "customer_tax_exempt": "none",
		"subscription": sub.id(), "currency": sub.str("currency"), "billing_reason": reason,
		"collection_method": sub.str("collection_method"), "auto_advance": true, "attempt_count": int64(0),
		"account_country": "US", "account_name": "Stripe sandbox", "metadata": object{},
		"period_start": sub.num("current_period_start"), "period_end": sub.num("current_period_end"),
		"subscription_details": object{"metadata": clone(sub["metadata"])},
		"automatic_tax":        object{"enabled": false, "status": nil, "liability": nil},
		"status_transitions": object{
			"finalized_at": nil, "marked_uncollectible_at": nil, "paid_at": nil, "voided_at": nil,
		},
		"payment_settings": object{"default_mandate": nil, "payment_method_options": nil, "payment_method_types": nil},
		"issuer":           object{"type": "self"},
	})
}

// discountInvoice returns what the subscription's discount takes off.
func (s *Sandbox) discountInvoice(inv, sub object, subtotal int64) int64 {
	discount := sub.sub("discount")
	if discount == nil {
		discount = s.state.Objects[sub.str("customer")].sub("discount")
	}
	if discount == nil || subtotal <= 0 {
		return 0
	}
	if end, limited := discount["end"].(int64); limited && s.unix() >= end {
		return 0
	}
	off := discountOn(discount, subtotal)
	inv["discount"] = clone(discount)
	inv["total_discount_amounts"] = []any{object{"amount": off, "discount": discount.id()}}
	if discount.sub("coupon").str("duration") == "once" {
		sub["discount"] = nil
		s.state.Objects[sub.str("customer")]["discount"] = nil
	}
	return off
}

// useBalance settles the customer's balance with an invoice and returns what is
// left to pay. A negative balance is credit; a negative total becomes credit.
func (s *Sandbox) useBalance(inv, customer object, total int64) int64 {
	balance := customer.num("balance")
	due := max(0, total+balance)
	rest := min(0, total+balance)
	inv["starting_balance"], inv["ending_balance"] = balance, rest
	if rest != balance {
		s.change(customer, "customer.updated", func() { customer["balance"] = rest })
	}
	return due
}

func (s *Sandbox) finalise(inv, customer object) {
	sequence := customer.num("next_invoice_sequence")
	customer["next_invoice_sequence"] = sequence + 1
	inv["number"] = fmt.Sprintf("%s-%04d", customer.str("invoice_prefix"), sequence)
	inv["hosted_invoice_url"] = s.pageURL("/invoice/" + inv.id())
	inv["invoice_pdf"] = s.pageURL("/invoice/" + inv.id() + "?pdf")
	inv["status"], inv["effective_at"] = "open", s.unix()
	inv.sub("status_transitions")["finalized_at"] = s.unix()
	if inv.num("amount_due") > 0 {
		inv["payment_intent"] = s.newIntent(inv).id()
	}
	s.emit("invoice.finalized", inv)
	if inv.num("amount_due") == 0 {
		s.markPaid(inv)
		return
	}
	if sub := s.state.Objects[inv.str("subscription")]; sub != nil {
		sub["_open"] = append(sub.list("_open"), inv.id())
		if inv.str("collection_method") == "send_invoice" {
			inv["due_date"] = s.unix() + 86400*max(1, sub.num("days_until_due"))
		}
	}
}

// markPaid closes an invoice and brings its subscription back into order.
func (s *Sandbox) markPaid(inv object) {
	inv["status"], inv["paid"], inv["attempted"], inv["auto_advance"] = "paid", true, true, false
	inv["amount_paid"], inv["amount_remaining"] = inv.num("amount_due"), int64(0)
	inv["next_payment_attempt"] = nil
	inv.sub("status_transitions")["paid_at"] = s.unix()
	s.emit("invoice.paid", inv)
	s.emit("invoice.payment_succeeded", inv)
	s.closeInvoice(inv)
}

// closeInvoice makes the subscription active when it was the last open invoice.
func (s *Sandbox) closeInvoice(inv object) {
	sub := s.state.Objects[inv.str("subscription")]
	if sub == nil {
		return
	}
	sub["_open"] = slices.DeleteFunc(sub.list("_open"), func(id any) bool { return id == inv.id() })
	switch sub.str("status") {
	case "incomplete", "past_due", "unpaid":
		// Before customer.subscription.created there is nothing to update.
		if sub.flag("_announced") && len(sub.list("_open")) == 0 && inv.str("status") != "void" {
			s.change(sub, "customer.subscription.updated", func() { sub["status"] = "active" })
		}
	}
}

func (s *Sandbox) openInvoices(sub object) []object {
	var open []object
	for _, id := range sub.list("_open") {
		if inv := s.state.Objects[id.(string)]; inv != nil {
			open = append(open, inv)
		}
	}
	return open
}

func updateInvoice(c *call) (object, *apiError) {
	inv, e := c.find("invoice", c.id, "invoice")
	if e != nil {
		return nil, e
	}
	c.change(inv, "invoice.updated", func() {
		inv.copyFrom(c.in, "description", "default_payment_method", "auto_advance", "footer")
		inv.mergeMetadata(c.in)
	})
	return inv, nil
}

func listLines(c *call) (object, *apiError) {
	inv, e := c.find("invoice", c.id, "invoice")
	if e != nil {
		return nil, e
	}
	return c.cut(inv.rows("lines"))
}

func voidInvoice(c *call) (object, *apiError) {
	inv, e := c.find("invoice", c.id, "invoice")
	if e != nil {
		return nil, e
	}
	if inv.str("status") != "open" {
		return nil, invalid("", "You can only pass in open invoices. This invoice isn't open.")
	}
	c.void(inv)
	return inv, nil
}

func (s *Sandbox) void(inv object) {
	inv["status"], inv["next_payment_attempt"], inv["auto_advance"] = "void", nil, false
	inv.sub("status_transitions")["voided_at"] = s.unix()
	s.closeInvoice(inv)
	s.emit("invoice.voided", inv)
	sub := s.state.Objects[inv.str("subscription")]
	if sub.str("status") == "incomplete" {
		s.change(sub, "customer.subscription.updated", func() { sub["status"] = "incomplete_expired" })
	}
}
