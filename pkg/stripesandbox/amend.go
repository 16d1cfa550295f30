package stripesandbox

import "time"

func updateSubscription(c *call) (object, *apiError) {
	sub, e := c.find("subscription", c.id, "id")
	if e != nil {
		return nil, e
	}
	if ended(sub) {
		for key := range c.in {
			if key != "metadata" && key != "cancellation_details" && key != "expand" {
				return nil, invalid(key, "A canceled subscription can only update its cancellation_details and metadata.")
			}
		}
	}
	method, e := c.methodOf(c.in.str("default_payment_method"), sub.str("customer"), "default_payment_method")
	if e != nil {
		return nil, e
	}
	if c.in.has("coupon") {
		discount, e := c.discountFor(c.in)
		if e != nil {
			return nil, e
		}
		c.in["discount"] = nullable(discount)
	}
	prices, e := c.newPrices(sub)
	if e != nil {
		return nil, e
	}
	if end, given := c.in["trial_end"]; given && end != "now" && c.in.num("trial_end") <= c.unix() {
		return nil, invalid("trial_end", "The trial_end timestamp must be in the future.")
	}
	before := sub.clone()
	if method != nil {
		sub["default_payment_method"] = method.id()
	} else if c.in.has("default_payment_method") {
		sub["default_payment_method"] = nil
	}
	sub.copyFrom(c.in, "description", "pause_collection", "payment_settings", "trial_settings", "discount", "days_until_due")
	sub.mergeMetadata(c.in)
	if details := c.in.sub("cancellation_details"); details != nil {
		sub.sub("cancellation_details").copyFrom(details, "comment", "feedback")
	}
	c.scheduleEnd(sub)
	bill := c.swapPrices(sub, prices)
	c.moveTrial(sub)
	c.emitUpdate("customer.subscription.updated", sub, before)
	if bill {
		c.billNow(sub)
	}
	return sub, nil
}

func (o object) clone() object { return clone(o).(object) }

// scheduleEnd sets or lifts the end of a subscription.
func (c *call) scheduleEnd(sub object) {
	details := sub.sub("cancellation_details")
	set := func(atPeriodEnd bool, at int64) {
		sub["cancel_at_period_end"], sub["cancel_at"], sub["canceled_at"] = atPeriodEnd, at, c.unix()
		details["reason"] = "cancellation_requested"
	}
	lift := func() {
		sub["cancel_at_period_end"], sub["cancel_at"], sub["canceled_at"] = false, nil, nil
		details["reason"], details["comment"], details["feedback"] = nil, nil, nil
	}
	if c.in.has("cancel_at") {
		if at := c.in.num("cancel_at"); at != 0 {
			set(false, at)
		} else {
			lift()
		}
	}
	if c.in.has("cancel_at_period_end") && c.in.flag("cancel_at_period_end") != sub.flag("cancel_at_period_end") {
		if c.in.flag("cancel_at_period_end") {
			set(true, sub.num("current_period_end"))
		} else {
			lift()
		}
	}
}

// newPrices checks the items of an update and returns the new row for each item
// id; the id "" adds one.
func (c *call) newPrices(sub object) (map[string]object, *apiError) {
	rows := map[string]object{}
	for _, row := range c.in.rows("items") {
		item := itemByID(sub, row.str("id"))
		if row.str("id") != "" && item == nil {
			return nil, missing("subscription_item", row.str("id"), "items[0][id]")
		}
		if item != nil && row.str("price") == "" && row.sub("price_data") == nil {
			row["price"] = item.sub("price").id()
		}
		price, e := c.priceOf(row, "items")
		if e != nil {
			return nil, e
		}
		if price.sub("recurring") == nil || price.str("currency") != sub.str("currency") {
			return nil, invalid("items[0][price]", "The price must be recurring and in the subscription's currency.")
		}
		rows[row.str("id")] = object{"price": price, "row": row}
	}
	return rows, nil
}

func itemByID(sub object, id string) object {
	for _, item := range sub.rows("items") {
		if item.id() == id {
			return item
		}
	}
	return nil
}

// swapPrices applies new prices. It notes prorations for the next invoice and
// reports whether an invoice is due at once: a new interval starts a new period.
func (c *call) swapPrices(sub object, prices map[string]object) (bill bool) {
	if len(prices) == 0 {
		return false
	}
	oldInterval := recurringOf(sub)
	oldAmount := subscriptionAmount(sub)
	items := []any{}
	for _, item := range sub.rows("items") {
		if change, ok := prices[item.id()]; ok {
			if change.sub("row").flag("deleted") && len(sub.rows("items")) > 1 {
				continue
			}
			item["price"], item["plan"] = change.sub("price").public(), planOf(change.sub("price"))
			item.copyFrom(change.sub("row"), "quantity")
			item.mergeMetadata(change.sub("row"))
		}
		items = append(items, item)
	}
	if added, ok := prices[""]; ok {
		item := c.newItem(added.sub("row"), added.sub("price"))
		item["subscription"] = sub.id()
		items = append(items, item)
	}
	sub.sub("items")["data"] = items
	sub["plan"], sub["quantity"] = items[0].(object)["plan"], items[0].(object)["quantity"]
	now := recurringOf(sub)
	moved := now.str("interval") != oldInterval.str("interval") || now.num("interval_count") != oldInterval.num("interval_count")
	behavior := c.in.str("proration_behavior")
	if behavior != "none" && sub.str("status") != "trialing" {
		c.prorate(sub, oldAmount, moved)
	}
	if moved && sub.str("status") != "trialing" {
		sub["billing_cycle_anchor"], sub["current_period_start"] = c.unix(), c.unix()
		sub["current_period_end"] = step(c.now(), now, 1).Unix()
		sub["_whole"] = true
		return true
	}
	return behavior == "always_invoice" && sub.str("status") != "trialing"
}

func subscriptionAmount(sub object) int64 {
	sum := int64(0)
	for _, item := range sub.rows("items") {
		sum += amountOf(item)
	}
	return sum
}

// prorate notes a credit for the unused time at the old price and, within the
// same period, a charge for it at the new price.
func (c *call) prorate(sub object, oldAmount int64, moved bool) {
	start, end := sub.num("current_period_start"), sub.num("current_period_end")
	left, whole := end-c.unix(), end-start
	if whole <= 0 || left <= 0 {
		return
	}
	item := sub.rows("items")[0]
	note := func(amount int64, text string) {
		line := c.line(sub, item, amount, c.unix(), end)
		line["proration"], line["type"], line["description"] = true, "invoiceitem", text
		line["invoice_item"] = newID("ii_")
		pending, _ := sub["_pending"].([]any)
		sub["_pending"] = append(pending, line)
	}
	date := time.Unix(c.unix(), 0).UTC().Format("02 Jan 2006")
	note(-oldAmount*left/whole, "Unused time after "+date)
	if !moved {
		note(subscriptionAmount(sub)*left/whole, "Remaining time after "+date)
	}
}

// billNow invoices what a change made due: prorations, and a whole period when a
// new one began.
func (c *call) billNow(sub object) {
	lines := takePending(sub)
	if sub.flag("_whole") {
		for _, item := range sub.rows("items") {
			lines = append(lines, c.line(sub, item, amountOf(item), sub.num("current_period_start"), sub.num("current_period_end")))
		}
	}
	delete(sub, "_whole")
	inv := c.invoiceFor(sub, "subscription_update", lines)
	if inv.str("status") == "open" {
		_ = c.collect(inv, attempt{automatic: true})
	}
}

func takePending(sub object) []object {
	lines := sub.rows("_pending")
	delete(sub, "_pending")
	return lines
}

// moveTrial sets a new end of the trial, or ends it now.
func (c *call) moveTrial(sub object) {
	end, given := c.in["trial_end"]
	switch {
	case !given, end == "now" && sub.str("status") != "trialing":
		return
	case end == "now":
		sub["trial_end"] = c.unix()
		c.endTrial(sub, c.unix())
		return
	}
	at := c.in.num("trial_end")
	sub["trial_end"], sub["status"] = at, "trialing"
	if sub["trial_start"] == nil {
		sub["trial_start"] = c.unix()
	}
	sub["billing_cycle_anchor"], sub["current_period_end"] = at, at
	if sub.flag("cancel_at_period_end") {
		sub["cancel_at"] = at
	}
	delete(sub, "_noticed")
}
