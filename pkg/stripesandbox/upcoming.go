package stripesandbox

import (
	"strings"
	"time"
)

// upcomingInvoice answers what the next invoice of a subscription would be, as
// it is or after a change that subscription_… describes. It is worked out by
// making the change and the invoice in a rehearsal, so that the amounts are
// those of the real ones. A change that is invoiced at once shows that invoice.
func upcomingInvoice(c *call) (object, *apiError) {
	sub, e := c.upcomingSubscription()
	if e != nil {
		return nil, e
	}
	dry, rehearsed := c.rehearse(sub)
	dry.in = upcomingChange(c.in)
	prices, e := dry.newPrices(rehearsed)
	if e != nil {
		return nil, e
	}
	if dry.in.str("coupon") != "" {
		discount, e := dry.discountFor(dry.in)
		if e != nil {
			return nil, e
		}
		dry.in["discount"] = nullable(discount)
	}
	delete(rehearsed, "schedule") // a preview is of the subscription alone
	if e := dry.amendable(rehearsed); e != nil {
		return nil, e
	}
	if dry.in.str("proration_behavior") == "" && len(prices) > 0 {
		dry.in["proration_behavior"] = "create_prorations"
	}
	if dry.takeOver(rehearsed, nil, prices) {
		return asUpcoming(dry.billFor(rehearsed), c.in, c.unix()), nil
	}
	end, due := rehearsed.num("current_period_end"), rehearsed.num("cancel_at")
	if ended(rehearsed) || rehearsed.str("status") == "paused" || (due > 0 && due <= end) {
		e := invalid("", "No upcoming invoices for customer: '"+sub.str("customer")+"'")
		e.status, e.code = 404, "invoice_upcoming_none"
		return nil, e
	}
	dry.frozen = time.Unix(end, 0).UTC()
	if rehearsed.str("status") == "trialing" {
		rehearsed["billing_cycle_anchor"] = end
	}
	return asUpcoming(dry.renewal(rehearsed, end), c.in, end), nil
}

// upcomingSubscription is the one that is named, or the customer's only one.
func (c *call) upcomingSubscription() (object, *apiError) {
	if id := c.in.str("subscription"); id != "" {
		return c.find("subscription", id, "subscription")
	}
	if c.in.str("customer") == "" {
		return nil, required("customer")
	}
	if _, e := c.findLive("customer", c.in.str("customer"), "customer"); e != nil {
		return nil, e
	}
	if all := c.subscriptionsOf(c.in.str("customer")); len(all) > 0 {
		return all[0], nil
	}
	e := invalid("", "No upcoming invoices for customer: '"+c.in.str("customer")+"'")
	e.status, e.code = 404, "invoice_upcoming_none"
	return nil, e
}

// upcomingChange gives the parameters of an update that those of a preview
// stand for.
func upcomingChange(in object) object {
	change := object{}
	for key, value := range in {
		if name, ok := strings.CutPrefix(key, "subscription_"); ok {
			change[name] = clone(value)
		}
	}
	change.copyFrom(in, "coupon")
	return change
}

// asUpcoming makes a preview of an invoice: it has no id and was never sent.
func asUpcoming(inv, in object, at int64) object {
	shown := inv.public()
	for _, key := range []string{"id", "number", "hosted_invoice_url", "invoice_pdf", "payment_intent", "charge", "effective_at"} {
		if shown.has(key) {
			shown[key] = nil
		}
	}
	delete(shown, "id")
	shown["status"], shown["billing_reason"], shown["paid"], shown["attempted"] = "draft", "upcoming", false, false
	shown["created"], shown["period_end"], shown["next_payment_attempt"] = at, at, at+3600
	shown["amount_paid"], shown["amount_remaining"] = int64(0), inv.num("amount_due")
	shown["status_transitions"] = object{"finalized_at": nil, "marked_uncollectible_at": nil, "paid_at": nil, "voided_at": nil}
	shown.sub("lines")["url"] = "/v1/invoices/upcoming/lines"
	if in.has("subscription_proration_date") {
		shown["subscription_proration_date"] = in.num("subscription_proration_date")
	}
	return shown
}
