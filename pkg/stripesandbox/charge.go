package stripesandbox

import (
	"maps"

	"github.com/stripe/stripe-go/v76"
)

func paymentRoutes() []route {
	return []route{
		{"GET", "/v1/payment_intents", stripe.PaymentIntentListParams{}, listing("payment_intent", "customer")},
		{"GET", "/v1/payment_intents/{id}", stripe.PaymentIntentParams{}, retrieve("payment_intent")},
		{"GET", "/v1/charges", stripe.ChargeListParams{}, listing("charge", "customer", "payment_intent")},
		{"GET", "/v1/charges/{id}", stripe.ChargeParams{}, retrieve("charge")},
	}
}

// attempt says under which circumstances a payment is collected.
type attempt struct {
	method        object // nil for the default one
	atCheckout    bool
	authenticated bool
	automatic     bool // by the clock: failures count towards the last try
}

// newIntent makes the payment intent of an invoice.
func (s *Sandbox) newIntent(inv object) object {
	return s.intent(object{
		"amount": inv.num("amount_due"), "currency": inv.str("currency"), "customer": inv["customer"], "invoice": inv.id(),
		"description": "Invoice " + inv.str("number"), "setup_future_usage": "off_session",
	})
}

func (s *Sandbox) intent(fields object) object {
	for k, v := range (object{
		"status": "requires_payment_method", "capture_method": "automatic", "confirmation_method": "automatic",
		"amount_received": int64(0), "amount_capturable": int64(0), "payment_method_types": texts("card"),
	}) {
		if !fields.has(k) {
			fields[k] = v
		}
	}
	intent := s.add("pi_", "payment_intent", stripe.PaymentIntent{}, fields)
	intent["client_secret"] = intent.id() + "_secret_" + newID("")[:16]
	s.emit("payment_intent.created", intent)
	return intent
}

// charge tries to take the amount of an intent from a card. The error is the
// decline; intent, charge and journal say so too.
func (s *Sandbox) charge(intent, method object, a attempt) (object, *apiError) {
	v := verdict{
		code: "resource_missing", decline: "", message: "There is no default payment method to charge.",
	}
	if method != nil {
		v = judge(method.str("_number"), a.atCheckout, a.authenticated || (method.flag("_authenticated") && (a.atCheckout || method.str("_number") != cardAlwaysAuth)))
		intent["payment_method"] = method.id()
	}
	if v.ok() {
		return s.chargeSucceeds(intent, method), nil
	}
	return nil, s.chargeFails(intent, method, v)
}

func (s *Sandbox) newCharge(intent, method object, fields object) object {
	amount := intent.num("amount")
	maps.Copy(fields, (object{
		"amount": amount, "amount_refunded": int64(0), "currency": intent.str("currency"), "customer": intent["customer"],
		"invoice": intent["invoice"], "payment_intent": intent.id(), "payment_method": method.id(),
		"description": intent["description"], "billing_details": clone(method["billing_details"]), "metadata": clone(intent["metadata"]),
		"payment_method_details": methodDetails(method), "fraud_details": object{},
		"_number": method["_number"],
	}))
	card := fields.sub("payment_method_details").sub("card")
	delete(card, "display_brand")
	delete(card, "three_d_secure_usage")
	return s.add("ch_", "charge", stripe.Charge{}, fields)
}

func (s *Sandbox) chargeSucceeds(intent, method object) object {
	ch := s.newCharge(intent, method, object{
		"status": "succeeded", "paid": true, "captured": true, "amount_captured": intent.num("amount"),
		"outcome": object{"network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "seller_message": "Payment complete.", "type": "authorized"},
	})
	ch["receipt_url"] = s.pageURL("/")
	intent["status"], intent["amount_received"], intent["latest_charge"] = "succeeded", intent.num("amount"), ch.id()
	intent["last_payment_error"], intent["next_action"] = nil, nil
	s.recordMoney("charge", ch.id(), ch, ch.num("amount"), "")
	s.emit("charge.succeeded", ch)
	s.emit("payment_intent.succeeded", intent)
	switch method.str("_number") {
	case cardDisputed:
		s.openDispute(ch, "needs_response")
	case cardInquiry:
		s.openDispute(ch, "warning_needs_response")
	}
	return ch
}

func (s *Sandbox) chargeFails(intent, method object, v verdict) *apiError {
	e := v.error()
	failed := object{"type": "card_error", "code": v.code, "message": v.message}
	if v.decline != "" {
		failed["decline_code"] = v.decline
	}
	if v.needsAuth {
		intent["status"] = "requires_action"
		intent["next_action"] = object{"type": "use_stripe_sdk"}
		s.emit("payment_intent.requires_action", intent)
		e.intent = intent
		return e
	}
	intent["status"] = "requires_payment_method"
	if method != nil {
		ch := s.newCharge(intent, method, object{
			"status": "failed", "paid": false, "amount_captured": int64(0), "failure_code": v.code, "failure_message": v.message,
			"outcome": object{"network_status": "declined_by_network", "reason": v.decline, "risk_level": "normal", "seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined"},
		})
		intent["latest_charge"], e.charge, failed["charge"] = ch.id(), ch.id(), ch.id()
		failed["payment_method"] = method.public()
		s.recordMoney("charge", ch.id(), ch, ch.num("amount"), v.decline)
		s.emit("charge.failed", ch)
	}
	intent["last_payment_error"], intent["payment_method"] = failed, nil
	s.emit("payment_intent.payment_failed", intent)
	e.intent = intent
	return e
}

func (s *Sandbox) recordMoney(kind, id string, ch object, amount int64, decline string) {
	outcome := "succeeded"
	if decline != "" || ch.str("status") == "failed" { // also for want of a proof, which is no decline
		outcome = "failed"
	}
	s.record(Entry{
		Kind: kind, ID: id, Customer: ch.str("customer"), Invoice: ch.str("invoice"), Amount: amount,
		Subscription: s.state.Objects[ch.str("invoice")].str("subscription"),
		Currency:     ch.str("currency"), Outcome: outcome, DeclineCode: decline,
	})
}

// defaultMethod is the card that Stripe would charge for an invoice.
func (s *Sandbox) defaultMethod(inv object) object {
	customer := s.state.Objects[inv.str("customer")]
	for _, id := range []string{
		inv.str("default_payment_method"),
		s.state.Objects[inv.str("subscription")].str("default_payment_method"),
		customer.sub("invoice_settings").str("default_payment_method"),
	} {
		if method := s.state.Objects[id]; method != nil && method.str("customer") == customer.id() {
			return method
		}
	}
	return nil
}
