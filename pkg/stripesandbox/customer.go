package stripesandbox

import (
	"strings"

	"github.com/stripe/stripe-go/v76"
)

func customerRoutes() []route {
	return []route{
		{"POST", "/v1/customers", stripe.CustomerParams{}, createCustomer},
		{"GET", "/v1/customers", stripe.CustomerListParams{}, listing("customer", "email")},
		{"GET", "/v1/customers/{id}", stripe.CustomerParams{}, retrieve("customer")},
		{"POST", "/v1/customers/{id}", stripe.CustomerParams{}, updateCustomer},
		{"DELETE", "/v1/customers/{id}", stripe.CustomerParams{}, deleteCustomer},
		{"GET", "/v1/customers/{id}/payment_methods", stripe.CustomerListPaymentMethodsParams{}, listCustomerMethods},
	}
}

func customerFields() []string {
	return []string{
		"address", "balance", "description", "email", "invoice_prefix", "name", "next_invoice_sequence", "phone",
		"preferred_locales", "shipping", "tax_exempt",
	}
}

func createCustomer(c *call) (object, *apiError) {
	if email := c.in.str("email"); email != "" && !strings.Contains(email, "@") {
		e := invalid("email", "Invalid email address: "+email)
		e.code = "email_invalid"
		return nil, e
	}
	discount, e := c.discountFor(c.in)
	if e != nil {
		return nil, e
	}
	if _, e := c.methodOf(c.in.str("payment_method"), "", "payment_method"); e != nil {
		return nil, e
	}
	return c.newCustomer(c.in, discount)
}

// newCustomer stores a customer; a payment method is attached but not made the
// default unless invoice_settings says so.
func (s *Sandbox) newCustomer(in, discount object) (object, *apiError) {
	fields := object{
		"balance": int64(0), "metadata": object{}, "tax_exempt": "none", "next_invoice_sequence": int64(1),
		"invoice_prefix":   newID("")[:8],
		"invoice_settings": object{"custom_fields": nil, "default_payment_method": nil, "footer": nil, "rendering_options": nil},
	}
	if discount != nil {
		fields["discount"] = discount
	}
	fields.copyFrom(in, customerFields()...)
	fields.mergeMetadata(in)
	customer := s.add("cus_", "customer", stripe.Customer{}, fields)
	s.emit("customer.created", customer)
	return customer, s.applyMethods(customer, in)
}

// applyMethods attaches payment_method and sets the default for invoices.
func (s *Sandbox) applyMethods(customer, in object) *apiError {
	if token := in.str("payment_method"); token != "" {
		if _, e := s.attach(token, customer); e != nil {
			return e
		}
	}
	settings := in.sub("invoice_settings")
	if settings == nil {
		return nil
	}
	if token := settings.str("default_payment_method"); token != "" {
		method, e := s.methodOf(token, customer.id(), "invoice_settings[default_payment_method]")
		if e != nil {
			return e
		}
		settings["default_payment_method"] = method.id()
	}
	s.change(customer, "customer.updated", func() {
		customer.sub("invoice_settings").copyFrom(settings, "custom_fields", "default_payment_method", "footer")
	})
	return nil
}

func updateCustomer(c *call) (object, *apiError) {
	customer, e := c.findLive("customer", c.id, "id")
	if e != nil {
		return nil, e
	}
	discount, e := c.discountFor(c.in)
	if e != nil {
		return nil, e
	}
	if e := c.applyMethods(customer, c.in); e != nil {
		return nil, e
	}
	c.change(customer, "customer.updated", func() {
		customer.copyFrom(c.in, customerFields()...)
		customer.mergeMetadata(c.in)
		if c.in.has("coupon") {
			customer["discount"] = nullable(discount)
		}
	})
	return customer, nil
}

// deleteCustomer cancels the customer's subscriptions first, as Stripe does.
func deleteCustomer(c *call) (object, *apiError) {
	customer, e := c.findLive("customer", c.id, "id")
	if e != nil {
		return nil, e
	}
	for _, sub := range c.subscriptionsOf(customer.id()) {
		c.endSubscription(sub, "cancellation_requested")
	}
	c.emit("customer.deleted", customer)
	return c.remove(customer), nil
}

func (s *Sandbox) subscriptionsOf(customer string) []object {
	return s.all("subscription", func(o object) bool { return o.str("customer") == customer && !ended(o) })
}

// nullable turns an absent object into a JSON null.
func nullable(o object) any {
	if o == nil {
		return nil
	}
	return o
}
