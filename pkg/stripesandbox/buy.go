package stripesandbox

import (
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// purchase is what a buyer enters on a checkout page.
type purchase struct {
	Card  string `json:"card"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	// Authenticate answers the bank's question: true proves, false fails, and
	// nil has not been asked yet.
	Authenticate *bool `json:"authenticate,omitempty"`
}

// buy completes an open checkout session. A decline leaves it open.
func (s *Sandbox) buy(session object, p purchase) *apiError {
	if e := open(session); e != nil {
		return e
	}
	number := cardNumber(p.Card)
	due := session.num("amount_total")
	needsCard := due > 0 || session.str("mode") == "setup" || session.str("payment_method_collection") != "if_required"
	if needsCard {
		if !knownCard(number) && !debits(session, number) {
			return unknownCard("card")
		}
		if e := s.askBank(session, number, p); e != nil {
			return e
		}
	}
	customer, e := s.buyer(session, p)
	if e != nil {
		return e
	}
	var method object
	if needsCard {
		method = s.newPayment(session, number, p.Name)
		method["_authenticated"] = p.Authenticate != nil && *p.Authenticate
		s.own(method, customer)
	}
	if e := s.fulfil(session, customer, method); e != nil {
		return e
	}
	session["status"], session["url"] = "complete", nil
	session["customer_details"] = detailsOf(customer)
	s.emit("checkout.session.completed", session)
	return nil
}

// askBank judges the card before anything is made, and keeps a failed payment
// intent when the bank says no.
func (s *Sandbox) askBank(session object, number string, p purchase) *apiError {
	v := judge(number, true, p.Authenticate != nil && *p.Authenticate)
	if v.ok() {
		return nil
	}
	if v.needsAuth && p.Authenticate == nil {
		e := v.error()
		e.message = "This card requires authentication: repeat the call with \"authenticate\": true or false."
		return e
	}
	if v.needsAuth {
		v = verdict{code: "payment_intent_authentication_failure", message: "We are unable to authenticate your payment method. Please choose a different payment method and try again."}
	}
	if session.num("amount_total") == 0 {
		return v.error()
	}
	intent := s.intent(object{
		"amount": session.num("amount_total"), "currency": session.str("currency"), "customer": session["customer"],
	})
	return s.chargeFails(intent, s.newMethod(number, p.Name), v)
}

// buyer is the session's customer, made when there is none.
func (s *Sandbox) buyer(session object, p purchase) (object, *apiError) {
	if id := session.str("customer"); id != "" {
		return s.findLive("customer", id, "customer")
	}
	email := session.str("customer_email")
	if email == "" {
		email = strings.TrimSpace(p.Email)
	}
	if email == "" {
		email = "buyer@example.test"
	}
	in := object{"email": email}
	if p.Name != "" {
		in["name"] = p.Name
	}
	customer, e := s.newCustomer(in, nil)
	if e == nil {
		session["customer"] = customer.id()
	}
	return customer, e
}

// fulfil makes what was bought.
func (s *Sandbox) fulfil(session, customer, method object) *apiError {
	switch session.str("mode") {
	case "subscription":
		return s.fulfilSubscription(session, customer, method)
	case "setup":
		setup := s.add("seti_", "setup_intent", stripe.SetupIntent{}, object{
			"status": "succeeded", "customer": customer.id(), "payment_method": method.id(), "usage": "off_session",
			"payment_method_types": texts("card"),
		})
		session["setup_intent"], session["payment_status"] = setup.id(), "no_payment_required"
		s.emit("setup_intent.succeeded", setup)
		return nil
	}
	if session.num("amount_total") == 0 {
		return nil
	}
	fields := object{"amount": session.num("amount_total"), "currency": session.str("currency"), "customer": customer.id()}
	data, _ := session["_intent_data"].(object)
	fields.copyFrom(data, "description", "receipt_email", "statement_descriptor")
	fields.mergeMetadata(data)
	intent := s.intent(fields)
	if debits(session, method.str("_number")) {
		s.beginDebit(session, intent, method)
		return nil
	}
	if _, e := s.charge(intent, method, attempt{atCheckout: true}); e != nil {
		return e
	}
	session["payment_intent"], session["payment_status"] = intent.id(), "paid"
	return nil
}

func (s *Sandbox) fulfilSubscription(session, customer, method object) *apiError {
	data := session.sub("_subscription_data")
	o := order{customer: customer, method: method, start: s.unix(), atCheckout: true, fields: object{"metadata": object{}}}
	o.fields.copyFrom(data, "description", "trial_settings")
	o.fields.mergeMetadata(data)
	o.trialEnd = data.num("trial_end")
	if days := data.num("trial_period_days"); days > 0 {
		o.trialEnd = s.unix() + 86400*days
	}
	for _, line := range session.rows("_line_items") {
		o.items = append(o.items, s.newItem(object{"quantity": line["quantity"]}, line.sub("price")))
	}
	for _, d := range session.rows("_discounts") {
		discount, e := s.discountFor(d)
		if e != nil {
			return e
		}
		o.discount = discount
	}
	sub, e := s.startSubscription(o)
	if e != nil {
		return e
	}
	session["subscription"], session["invoice"] = sub.id(), sub["latest_invoice"]
	if session.num("amount_total") > 0 && !debited(method) {
		session["payment_status"] = "paid"
	}
	return nil
}

// successURL is where the buyer goes after paying.
func successURL(session object) string {
	return strings.ReplaceAll(session.str("success_url"), "{CHECKOUT_SESSION_ID}", session.id())
}
