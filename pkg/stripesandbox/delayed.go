package stripesandbox

import (
	"maps"

	"github.com/stripe/stripe-go/v76"
)

// Bank accounts, as in Stripe's documentation. The money of one arrives, or does
// not, days after the buyer has left.
const (
	accountUS      = "000123456789"
	accountUSEmpty = "000111111116"
	accountEU      = "DE89370400440532013000"
	accountEUEmpty = "DE62370400440532013001"
)

const debitTakes = 3 * 86400

// accountType is the payment method that a bank account is debited by, and its
// only currency; empty for what is no account.
func accountType(number string) (kind, currency string) {
	switch number {
	case accountUS, accountUSEmpty:
		return "us_bank_account", "usd"
	case accountEU, accountEUEmpty:
		return "sepa_debit", "eur"
	}
	return "", ""
}

// debits reports whether a session can be paid from a bank account.
func debits(session object, number string) bool {
	kind, currency := accountType(number)
	return kind != "" && currency == session.str("currency") && session.str("mode") != "setup" && session.num("amount_total") > 0
}

// newAccount stores a bank account as a payment method.
func (s *Sandbox) newAccount(number, name string) object {
	kind, _ := accountType(number)
	var holder any
	if name != "" {
		holder = name
	}
	details := object{"last4": number[len(number)-4:], "fingerprint": "fp_" + number[len(number)-8:]}
	if kind == "sepa_debit" {
		maps.Copy(details, object{"bank_code": number[4:12], "branch_code": "", "country": number[:2]})
	} else {
		maps.Copy(details, object{"account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK", "routing_number": "110000000"})
	}
	method := s.add("pm_", "payment_method", stripe.PaymentMethod{}, object{
		"type": kind, "_number": number, kind: details,
		"billing_details": object{"address": object{}, "email": nil, "name": holder, "phone": nil},
	})
	maps.DeleteFunc(method, func(key string, v any) bool { return v == nil && key != "customer" })
	return method
}

// newPayment stores what a session is paid with.
func (s *Sandbox) newPayment(session object, number, name string) object {
	if debits(session, number) {
		return s.newAccount(number, name)
	}
	return s.newMethod(number, name)
}

// beginDebit completes a session whose money is on its way.
func (s *Sandbox) beginDebit(session, intent, method object) {
	intent["status"], intent["payment_method"] = "processing", method.id()
	intent["payment_method_types"] = texts(method.str("type"))
	session["payment_intent"], session["payment_status"] = intent.id(), "unpaid"
	session["_debit_at"] = s.unix() + debitTakes
	s.emit("payment_intent.processing", intent)
}

// endDebit says whether the money of a session has come.
func (s *Sandbox) endDebit(session object) {
	session["_debit_at"] = int64(0)
	intent := s.state.Objects[session.str("payment_intent")]
	method := s.state.Objects[intent.str("payment_method")]
	switch method.str("_number") {
	case accountUSEmpty, accountEUEmpty:
		_ = s.chargeFails(intent, method, verdict{code: "payment_intent_payment_attempt_failed", decline: "insufficient_funds", message: "The payment failed: the account has insufficient funds."})
		s.emit("checkout.session.async_payment_failed", session)
	default:
		s.chargeSucceeds(intent, method)
		session["payment_status"] = "paid"
		s.emit("checkout.session.async_payment_succeeded", session)
	}
}

func (s *Sandbox) controlDebit(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, e := s.find("checkout.session", c.id, "id")
	if e != nil {
		return nil, e
	}
	if intent := s.underway(s.state.Objects[session.str("subscription")]); intent != nil {
		s.endTransfer(intent)
		return object{"status": "ok", "session": session.id(), "payment_status": session["payment_status"]}, nil
	}
	if session.num("_debit_at") == 0 {
		return nil, badInput("No money is on its way: pay an open session with the account %s (usd) or %s (eur) first.", accountUS, accountEU)
	}
	s.endDebit(session)
	return object{"status": "ok", "session": session.id(), "payment_status": session["payment_status"]}, nil
}

// methodDetails is what a charge shows of its payment method.
func methodDetails(method object) object {
	kind := method.str("type")
	return object{"type": kind, kind: clone(method[kind])}
}
