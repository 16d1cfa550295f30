package stripesandbox

import (
	"maps"

	"github.com/stripe/stripe-go/v76"
)

func methodRoutes() []route {
	return []route{
		{"POST", "/v1/payment_methods", stripe.PaymentMethodParams{}, createMethod},
		{"GET", "/v1/payment_methods", stripe.PaymentMethodListParams{}, listing("payment_method", "customer", "type")},
		{"GET", "/v1/payment_methods/{id}", stripe.PaymentMethodParams{}, retrieve("payment_method")},
		{"POST", "/v1/payment_methods/{id}", stripe.PaymentMethodParams{}, updateMethod},
		{"POST", "/v1/payment_methods/{id}/attach", stripe.PaymentMethodAttachParams{}, attachMethod},
		{"POST", "/v1/payment_methods/{id}/detach", stripe.PaymentMethodDetachParams{}, detachMethod},
	}
}

func createMethod(c *call) (object, *apiError) {
	if c.in.str("type") != "card" {
		return nil, invalid("type", "The sandbox knows payment methods of type card only.")
	}
	card := c.in.sub("card")
	given := card.str("number")
	if given == "" {
		given = card.str("token")
	}
	number := cardNumber(given)
	if !knownCard(number) {
		return nil, unknownCard("card[number]")
	}
	method := c.newMethod(number, c.in.sub("billing_details").str("name"))
	method.mergeMetadata(c.in)
	method.sub("billing_details").copyFrom(c.in.sub("billing_details"), "name", "email", "phone", "address")
	method.sub("card").copyFrom(card, "exp_month", "exp_year")
	return method, nil
}

// newMethod stores a card; number must be a known one.
func (s *Sandbox) newMethod(number, name string) object {
	var holder any
	if name != "" {
		holder = name
	}
	method := s.add("pm_", "payment_method", stripe.PaymentMethod{}, object{
		"type": "card", "_number": number,
		"billing_details": object{"address": object{}, "email": nil, "name": holder, "phone": nil},
		"card": object{
			"brand": brandOf(number), "last4": number[len(number)-4:], "country": "US", "funding": "credit",
			"exp_month": int64(12), "exp_year": int64(s.now().Year() + 5), "fingerprint": "fp_" + number[len(number)-8:],
			"checks":               object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
			"wallet":               nil,
			"display_brand":        brandOf(number),
			"three_d_secure_usage": object{"supported": true},
		},
	})
	// Only the section of its own type is present in a payment method.
	maps.DeleteFunc(method, func(key string, v any) bool { return v == nil && key != "customer" })
	return method
}

func updateMethod(c *call) (object, *apiError) {
	method, e := c.find("payment_method", c.id, "payment_method")
	if e != nil {
		return nil, e
	}
	c.change(method, "payment_method.updated", func() {
		method.mergeMetadata(c.in)
		method.sub("billing_details").copyFrom(c.in.sub("billing_details"), "name", "email", "phone", "address")
		method.sub("card").copyFrom(c.in.sub("card"), "exp_month", "exp_year")
	})
	return method, nil
}

func attachMethod(c *call) (object, *apiError) {
	if c.in.str("customer") == "" {
		return nil, required("customer")
	}
	customer, e := c.findLive("customer", c.in.str("customer"), "customer")
	if e != nil {
		return nil, e
	}
	return c.attach(c.id, customer)
}

func detachMethod(c *call) (object, *apiError) {
	method, e := c.find("payment_method", c.id, "payment_method")
	if e != nil {
		return nil, e
	}
	owner := c.state.Objects[method.str("customer")]
	if owner == nil {
		return nil, invalid("payment_method", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	if settings := owner.sub("invoice_settings"); settings.str("default_payment_method") == method.id() {
		c.change(owner, "customer.updated", func() { settings["default_payment_method"] = nil })
	}
	c.change(method, "payment_method.detached", func() { method["customer"] = nil })
	return method, nil
}

// attach gives a payment method, or the card behind a test token, to a customer.
// The card network is asked, so a card that always declines cannot be attached.
func (s *Sandbox) attach(id string, customer object) (object, *apiError) {
	method, e := s.methodOf(id, "", "payment_method")
	if e != nil {
		return nil, e
	}
	switch owner := method.str("customer"); {
	case owner == customer.id():
		return method, nil
	case owner != "":
		return nil, invalid("payment_method", "The payment method you provided has already been attached to a customer.")
	}
	if v := judge(method.str("_number"), true, true); !v.ok() {
		return nil, v.error()
	}
	s.own(method, customer)
	return method, nil
}

func (s *Sandbox) own(method, customer object) {
	method["customer"] = customer.id()
	s.emit("payment_method.attached", method)
}

// methodOf finds a payment method; a test token makes a new one, attached when a
// customer is named. An empty id yields nothing and no error.
func (s *Sandbox) methodOf(id, customer, param string) (object, *apiError) {
	if id == "" {
		return nil, nil
	}
	if isToken(id) {
		number := cardNumber(id)
		if !knownCard(number) {
			return nil, missing("PaymentMethod", id, param)
		}
		method := s.newMethod(number, "")
		if owner := s.state.Objects[customer]; owner != nil {
			s.own(method, owner)
		}
		return method, nil
	}
	method, e := s.find("payment_method", id, param)
	if e != nil {
		return nil, missing("PaymentMethod", id, param)
	}
	if customer != "" && method.str("customer") != customer {
		return nil, invalid(param, "The customer does not have a payment method with the ID "+id+". The payment method must be attached to the customer.")
	}
	return method, nil
}

func listCustomerMethods(c *call) (object, *apiError) {
	if _, e := c.findLive("customer", c.id, "customer"); e != nil {
		return nil, e
	}
	return c.page("payment_method", func(o object) bool { return o.str("customer") == c.id }, "type")
}

// replaceCard gives the customer a new default card, also for her subscriptions.
func (s *Sandbox) replaceCard(customer object, given, name string) (object, *apiError) {
	number := cardNumber(given)
	if !knownCard(number) {
		return nil, unknownCard("card")
	}
	method := s.newMethod(number, name)
	s.own(method, customer)
	s.change(customer, "customer.updated", func() {
		customer.sub("invoice_settings")["default_payment_method"] = method.id()
	})
	for _, sub := range s.subscriptionsOf(customer.id()) {
		s.change(sub, "customer.subscription.updated", func() { sub["default_payment_method"] = method.id() })
	}
	return method, nil
}
