package stripesandbox

// retryDays are the days after the first failure on which a renewal is tried again.
func retryDays() []int64 { return []int64{3, 5, 7} }

// collect tries to get an open invoice paid and moves its subscription along.
func (s *Sandbox) collect(inv object, a attempt) *apiError {
	method := a.method
	if method == nil {
		method = s.defaultMethod(inv)
	}
	intent := s.state.Objects[inv.str("payment_intent")]
	inv["attempted"] = true
	inv["attempt_count"] = inv.num("attempt_count") + 1
	if debited(method) {
		inv["next_payment_attempt"] = nil
		s.beginTransfer(intent, method, a)
		return nil
	}
	ch, e := s.charge(intent, method, a)
	if e == nil {
		inv["charge"] = ch.id()
		s.markPaid(inv)
		return nil
	}
	if e.charge != "" {
		inv["charge"] = e.charge
	}
	s.collectionFailed(inv, e, a.automatic)
	return e
}

func (s *Sandbox) collectionFailed(inv object, e *apiError, automatic bool) {
	sub := s.state.Objects[inv.str("subscription")]
	last := automatic && s.scheduleRetry(inv, sub)
	if e.code == "authentication_required" {
		s.emit("invoice.payment_action_required", inv)
	}
	s.emit("invoice.payment_failed", inv)
	if sub == nil {
		return
	}
	switch sub.str("status") {
	case "active", "trialing":
		s.change(sub, "customer.subscription.updated", func() { sub["status"] = "past_due" })
	}
	if last && !ended(sub) {
		s.endSubscription(sub, "payment_failed")
	}
}

// scheduleRetry sets the next attempt and reports whether there is none left.
func (s *Sandbox) scheduleRetry(inv, sub object) (last bool) {
	if sub.str("status") == "incomplete" {
		return false
	}
	if !inv.has("_failed_at") {
		inv["_failed_at"] = s.unix()
	}
	tries := inv.num("_tries")
	inv["_tries"] = tries + 1
	if tries >= int64(len(retryDays())) {
		inv["next_payment_attempt"] = nil
		return true
	}
	inv["next_payment_attempt"] = inv.num("_failed_at") + 86400*retryDays()[tries]
	return false
}

func payInvoice(c *call) (object, *apiError) {
	inv, e := c.find("invoice", c.id, "invoice")
	if e != nil {
		return nil, e
	}
	method, e := c.methodOf(c.in.str("payment_method"), inv.str("customer"), "payment_method")
	if e != nil {
		return nil, e
	}
	if c.in.flag("paid_out_of_band") && inv.str("status") == "open" {
		inv["paid_out_of_band"] = true
		c.markPaid(inv)
		return inv, nil
	}
	return inv, c.pay(inv, attempt{method: method})
}

// pay collects an open invoice on demand.
func (s *Sandbox) pay(inv object, a attempt) *apiError {
	switch inv.str("status") {
	case "open":
		return s.collect(inv, a)
	case "paid":
		e := invalid("", "Invoice is already paid")
		e.code = "invoice_already_paid"
		return e
	}
	return invalid("", "Invoice is "+inv.str("status")+" and cannot be paid.")
}
