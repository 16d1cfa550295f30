package stripesandbox

// debited reports whether a payment method is a bank account.
func debited(method object) bool {
	return method.str("type") == "us_bank_account" || method.str("type") == "sepa_debit"
}

// beginTransfer sends the money of an invoice on its way.
func (s *Sandbox) beginTransfer(intent, method object, a attempt) {
	intent["status"], intent["payment_method"] = "processing", method.id()
	intent["payment_method_types"] = texts(method.str("type"))
	intent["_settles_at"], intent["_automatic"] = s.unix()+debitTakes, a.automatic
	s.emit("payment_intent.processing", intent)
}

// underway gives the intent of a subscription whose money is on its way, or nil.
func (s *Sandbox) underway(sub object) object {
	for _, inv := range s.openInvoices(sub) {
		if intent := s.state.Objects[inv.str("payment_intent")]; intent.num("_settles_at") > 0 {
			return intent
		}
	}
	return nil
}

// endTransfer is the bank's answer about the money of an invoice.
func (s *Sandbox) endTransfer(intent object) {
	intent["_settles_at"] = int64(0)
	method, inv := s.state.Objects[intent.str("payment_method")], s.state.Objects[intent.str("invoice")]
	kind, status := "checkout.session.async_payment_succeeded", "paid"
	switch method.str("_number") {
	case accountUSEmpty, accountEUEmpty:
		kind, status = "checkout.session.async_payment_failed", "unpaid"
		e := s.chargeFails(intent, method, verdict{
			code: "payment_intent_payment_attempt_failed", decline: "insufficient_funds", message: "The payment failed: the account has insufficient funds.",
		})
		s.collectionFailed(inv, e, intent.flag("_automatic"))
	default:
		inv["charge"] = s.chargeSucceeds(intent, method).id()
		s.markPaid(inv)
	}
	for _, session := range s.all("checkout.session", func(o object) bool {
		return o.str("invoice") == inv.id() && o.str("payment_status") == "unpaid"
	}) {
		session["payment_status"] = status
		s.emit(kind, session)
	}
}
