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
	if e := c.amendable(sub); e != nil {
		return nil, e
	}
	if c.in.str("payment_behavior") == "error_if_incomplete" {
		if e := c.wouldBePaid(sub, method, prices); e != nil {
			return nil, e
		}
	}
	_ = c.amend(sub, method, prices)
	return sub, nil
}

// amendable checks the moments of an update, and that no schedule stands in
// its way.
func (c *call) amendable(sub object) *apiError {
	if end, given := c.in["trial_end"]; given && end != "now" && c.in.num("trial_end") <= c.unix() {
		return invalid("trial_end", "The trial_end timestamp must be in the future.")
	}
	if schedule := sub.str("schedule"); schedule != "" && (c.in.has("cancel_at") || c.in.has("cancel_at_period_end")) {
		return invalid("", "The subscription is managed by the subscription schedule `"+schedule+
			"`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.")
	}
	at := c.in.num("proration_date")
	if at != 0 && (at < sub.num("current_period_start") || at > sub.num("current_period_end")) {
		return invalid("proration_date", "Invalid timestamp: must be within the current period of the subscription.")
	}
	return nil
}

// wouldBePaid tries an update out, and tells why the card would not pay for it.
func (c *call) wouldBePaid(sub, method object, prices map[string]object) *apiError {
	dry, rehearsed := c.rehearse(sub)
	return dry.amend(rehearsed, method, prices)
}

// amend changes a subscription, invoices what became due, and tries to collect
// it. The error is the decline; the change stands all the same.
func (c *call) amend(sub, method object, prices map[string]object) *apiError {
	bill := c.takeOver(sub, method, prices)
	if !bill {
		return nil
	}
	inv := c.billFor(sub)
	if inv.str("status") != "open" || inv.str("collection_method") == "send_invoice" {
		return nil
	}
	return c.collect(inv, attempt{automatic: true})
}

// takeOver changes a subscription and reports whether an invoice is due at once.
func (c *call) takeOver(sub, method object, prices map[string]object) (bill bool) {
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
	bill = c.swapPrices(sub, prices)
	c.moveTrial(sub)
	c.emitUpdate("customer.subscription.updated", sub, before)
	return bill
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

func itemByID(sub object, id string) object { return byID(sub.rows("items"), id) }

func byID(rows []object, id string) object {
	for _, item := range rows {
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
	was := sub.clone().rows("items")
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
		c.prorate(sub, was, moved)
	}
	if moved && sub.str("status") != "trialing" {
		sub["billing_cycle_anchor"], sub["current_period_start"] = c.unix(), c.unix()
		sub["current_period_end"] = step(c.now(), now, 1).Unix()
		sub["_whole"] = true
		return true
	}
	return behavior == "always_invoice" && sub.str("status") != "trialing"
}

// prorate notes a credit for the unused time of each item that changed and,
// within the same period, a charge for what is left at its new price. What a
// discount takes off is in the amounts.
func (c *call) prorate(sub object, was []object, moved bool) {
	start, end, at := sub.num("current_period_start"), sub.num("current_period_end"), c.unix()
	if c.in.num("proration_date") != 0 {
		at = c.in.num("proration_date")
	}
	left, whole := end-at, end-start
	if whole <= 0 || left <= 0 {
		return
	}
	note := func(item object, amount int64, text string) {
		line := c.line(sub, item, amount, at, end)
		line["proration"], line["type"], line["discountable"] = true, "invoiceitem", false
		line["description"] = text + " " + c.productName(item.sub("price")) + " after " + time.Unix(at, 0).UTC().Format("02 Jan 2006")
		line["invoice_item"] = newID("ii_")
		pending, _ := sub["_pending"].([]any)
		sub["_pending"] = append(pending, line)
	}
	part := func(item object) int64 {
		return share(amountOf(item)-c.itemDiscount(sub, was, item), left, whole)
	}
	for _, old := range was {
		if kept := itemByID(sub, old.id()); moved || kept == nil || amountOf(kept) != amountOf(old) || kept.sub("price").id() != old.sub("price").id() {
			note(old, -part(old), "Unused time on")
		}
	}
	for _, item := range sub.rows("items") {
		old := byID(was, item.id())
		if !moved && (old == nil || amountOf(item) != amountOf(old) || item.sub("price").id() != old.sub("price").id()) {
			note(item, part(item), "Remaining time on")
		}
	}
}

// share is the part of an amount that falls into left of whole seconds.
func share(amount, left, whole int64) int64 {
	return (2*amount*left + whole) / (2 * whole)
}

// itemDiscount is what the subscription's discount takes off one item: of an
// amount, its part among all items.
func (c *call) itemDiscount(sub object, was []object, item object) int64 {
	discount := sub.sub("discount")
	if discount == nil {
		discount = c.state.Objects[sub.str("customer")].sub("discount")
	}
	if discount == nil {
		return 0
	}
	if end, limited := discount["end"].(int64); limited && c.unix() >= end {
		return 0
	}
	if discount.sub("coupon")["percent_off"] != nil {
		return discountOn(discount, amountOf(item))
	}
	total := int64(0)
	for _, row := range was {
		total += amountOf(row)
	}
	if total == 0 {
		return 0
	}
	return min(amountOf(item), discountOn(discount, total)*amountOf(item)/total)
}

// billFor invoices what a change made due: prorations, and a whole period when a
// new one began.
func (c *call) billFor(sub object) object {
	lines := takePending(sub)
	if sub.flag("_whole") {
		for _, item := range sub.rows("items") {
			lines = append(lines, c.line(sub, item, amountOf(item), sub.num("current_period_start"), sub.num("current_period_end")))
		}
	}
	delete(sub, "_whole")
	return c.invoiceFor(sub, "subscription_update", lines)
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
	if sub.str("status") != "trialing" {
		sub["trial_start"], sub["current_period_start"] = c.unix(), c.unix()
	}
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

func subscriptionAmount(sub object) int64 {
	sum := int64(0)
	for _, item := range sub.rows("items") {
		sum += amountOf(item)
	}
	return sum
}
