package stripesandbox

import (
	"maps"

	"github.com/stripe/stripe-go/v76"
)

// startSubscription makes a subscription and its first invoice and tries to
// collect it. With error_if_incomplete nothing is made when the card declines.
func (s *Sandbox) startSubscription(o order) (object, *apiError) {
	trialing := o.trialEnd > s.unix()
	if e := s.payable(o, trialing); e != nil {
		return nil, e
	}
	sub := s.newSubscription(o, trialing)
	inv := s.invoiceFor(sub, "subscription_create", s.firstLines(sub, o, trialing))
	switch {
	case trialing:
	case inv.num("amount_due") == 0, o.collectionMethod == "send_invoice":
		sub["status"] = "active"
	}
	sub["_announced"] = true
	s.emit("customer.subscription.created", sub)
	if inv.str("status") != "open" || o.collectionMethod == "send_invoice" || o.behavior == "default_incomplete" {
		return sub, nil
	}
	e := s.collect(inv, attempt{atCheckout: o.atCheckout})
	if o.atCheckout {
		return sub, e
	}
	return sub, nil
}

// payable refuses an order that cannot be paid, where Stripe refuses it too.
func (s *Sandbox) payable(o order, trialing bool) *apiError {
	if trialing || o.collectionMethod == "send_invoice" || o.behavior == "default_incomplete" || o.atCheckout {
		return nil
	}
	due := int64(0)
	for _, item := range o.items {
		due += amountOf(item.(object))
	}
	method := o.method
	if method == nil {
		method = s.state.Objects[o.customer.sub("invoice_settings").str("default_payment_method")]
	}
	if due == 0 {
		return nil
	}
	if method == nil {
		e := invalid("", "This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
		e.code = "resource_missing"
		return e
	}
	if v := judge(method.str("_number"), false, method.flag("_authenticated")); o.behavior == "error_if_incomplete" && !v.ok() {
		return v.error()
	}
	return nil
}

func amountOf(item object) int64 {
	return item.sub("price").num("unit_amount") * item.num("quantity")
}

func recurringOf(sub object) object {
	return sub.rows("items")[0].sub("price").sub("recurring")
}

func (s *Sandbox) newSubscription(o order, trialing bool) object {
	first := o.items[0].(object)
	now := s.unix()
	anchor := o.start
	if o.anchor != 0 {
		anchor = o.anchor
	}
	fields := object{
		"customer": o.customer.id(), "currency": first.sub("price").str("currency"), "status": "incomplete",
		"start_date": o.start, "collection_method": "charge_automatically", "plan": first["plan"], "quantity": first["quantity"],
		"cancellation_details": object{"comment": nil, "feedback": nil, "reason": nil},
		"automatic_tax":        object{"enabled": false, "liability": nil},
		"payment_settings":     object{"payment_method_options": nil, "payment_method_types": nil, "save_default_payment_method": "off"},
		"trial_settings":       object{"end_behavior": object{"missing_payment_method": "create_invoice"}},
		"_open":                []any{},
	}
	if o.method != nil {
		fields["default_payment_method"] = o.method.id()
	}
	if o.collectionMethod != "" {
		fields["collection_method"] = o.collectionMethod
	}
	if o.discount != nil {
		fields["discount"] = o.discount
	}
	maps.Copy(fields, o.fields)
	start, end, _ := periodAround(anchor, first.sub("price").sub("recurring"), now)
	if trialing {
		anchor, start, end = o.trialEnd, now, o.trialEnd
		fields["status"], fields["trial_start"], fields["trial_end"] = "trialing", now, o.trialEnd
	}
	if o.anchor > now {
		start, end = now, o.anchor
	}
	fields["billing_cycle_anchor"], fields["current_period_start"], fields["current_period_end"] = anchor, start, end
	if o.cancelAtPeriodEnd {
		fields["cancel_at_period_end"], fields["cancel_at"], fields["canceled_at"] = true, end, now
	}
	sub := s.add("sub_", "subscription", stripe.Subscription{}, fields)
	for _, item := range o.items {
		item.(object)["subscription"] = sub.id()
	}
	sub["items"] = object{
		"object": "list", "data": o.items, "has_more": false, "url": "/v1/subscription_items?subscription=" + sub.id(),
	}
	return sub
}

// firstLines are the lines of the first invoice: nothing during a trial, and the
// whole periods since a backdated start on top of the current one.
func (s *Sandbox) firstLines(sub object, o order, trialing bool) []object {
	var lines []object
	start, end := sub.num("current_period_start"), sub.num("current_period_end")
	for _, item := range sub.rows("items") {
		if trialing {
			line := s.line(sub, item, 0, start, end)
			line["description"] = "Trial period for " + s.productName(item.sub("price"))
			lines = append(lines, line)
			continue
		}
		amount := amountOf(item)
		if o.anchor > s.unix() {
			full := step(s.now(), recurringOf(sub), 1).Unix() - s.unix()
			amount = amount * (end - start) / full
		}
		if o.start < start {
			_, _, periods := periodAround(o.start, recurringOf(sub), start)
			line := s.line(sub, item, amount*int64(periods), o.start, start)
			line["proration"], line["description"] = true, "Time since the backdated start"
			lines = append(lines, line)
		}
		lines = append(lines, s.line(sub, item, amount, start, end))
	}
	return lines
}
