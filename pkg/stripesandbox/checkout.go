package stripesandbox

import (
	"maps"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
)

func checkoutRoutes() []route {
	return []route{
		{"POST", "/v1/checkout/sessions", stripe.CheckoutSessionParams{}, createSession},
		{"GET", "/v1/checkout/sessions", stripe.CheckoutSessionListParams{}, listSessions},
		{"GET", "/v1/checkout/sessions/{id}", stripe.CheckoutSessionParams{}, retrieve("checkout.session")},
		{"GET", "/v1/checkout/sessions/{id}/line_items", stripe.CheckoutSessionListLineItemsParams{}, listSessionLines},
		{"POST", "/v1/checkout/sessions/{id}/expire", stripe.CheckoutSessionExpireParams{}, expireSession},
	}
}

func createSession(c *call) (object, *apiError) {
	mode := c.in.str("mode")
	switch mode {
	case "subscription", "payment", "setup":
	case "":
		return nil, required("mode")
	default:
		return nil, invalid("mode", "Invalid mode: must be one of payment, setup, or subscription")
	}
	if c.in.str("success_url") == "" && c.in.str("ui_mode") != "embedded" {
		return nil, required("success_url")
	}
	if e := c.checkBuyer(); e != nil {
		return nil, e
	}
	expires, e := c.sessionExpiry()
	if e != nil {
		return nil, e
	}
	trialEnd, e := c.sessionTrial()
	if e != nil {
		return nil, e
	}
	lines, e := c.sessionLines(mode)
	if e != nil {
		return nil, e
	}
	if e := c.checkCoupon(); e != nil {
		return nil, e
	}
	return c.newSession(mode, expires, trialEnd, lines), nil
}

func (c *call) checkBuyer() *apiError {
	if id := c.in.str("customer"); id != "" {
		if c.in.has("customer_email") {
			return invalid("customer_email", "You may only specify one of these parameters: customer, customer_email.")
		}
		_, e := c.findLive("customer", id, "customer")
		return e
	}
	if email := c.in.str("customer_email"); email != "" && !strings.Contains(email, "@") {
		return invalid("customer_email", "Invalid email address: "+email)
	}
	return nil
}

func (c *call) sessionExpiry() (int64, *apiError) {
	if !c.in.has("expires_at") {
		return c.now().Add(24 * time.Hour).Unix(), nil
	}
	at := c.in.num("expires_at")
	// The caller does not live in simulated time: what counts is how far ahead
	// it looks from its own clock.
	wall := c.wall().Unix()
	// A minute of grace, because the caller computed the time before the call.
	if at < wall+29*60 || at > wall+86460 {
		return 0, invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	}
	return c.unix() + at - wall, nil
}

func (c *call) sessionTrial() (int64, *apiError) {
	data := c.in.sub("subscription_data")
	switch {
	case data.has("trial_period_days") && data.num("trial_period_days") < 1:
		return 0, invalid("subscription_data[trial_period_days]", "The minimum number of trial period days is 1.")
	case data.has("trial_end") && data.num("trial_end") < c.unix()+48*3600:
		return 0, invalid("subscription_data[trial_end]", "The `trial_end` date has to be at least 2 days in the future.")
	}
	return data.num("trial_end"), nil
}

func (c *call) sessionLines(mode string) ([]any, *apiError) {
	rows := c.in.rows("line_items")
	if len(rows) == 0 && mode != "setup" {
		return nil, required("line_items")
	}
	lines := []any{}
	for _, row := range rows {
		price, e := c.priceOf(row, "line_items")
		if e != nil {
			return nil, e
		}
		if recurring := price.sub("recurring") != nil; recurring && mode == "payment" {
			return nil, invalid("line_items[0][price]", "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.")
		} else if !recurring && mode == "subscription" {
			return nil, invalid("line_items[0][price]", "You must provide at least one recurring price in `subscription` mode when using prices.")
		}
		quantity := max(1, row.num("quantity"))
		amount := price.num("unit_amount") * quantity
		line := blank(stripe.LineItem{})
		maps.Copy(line, (object{
			"id": newID("li_"), "object": "item", "amount_discount": int64(0), "amount_subtotal": amount, "amount_tax": int64(0),
			"amount_total": amount, "currency": price.str("currency"), "description": c.productName(price),
			"price": price.public(), "quantity": quantity,
		}))
		lines = append(lines, line)
	}
	return lines, nil
}

func (c *call) checkCoupon() *apiError {
	for _, d := range c.in.rows("discounts") {
		if code := d.str("promotion_code"); code != "" {
			return missing("promotion code", code, "discounts[0][promotion_code]")
		}
		if _, e := c.findLive("coupon", d.str("coupon"), "discounts[0][coupon]"); e != nil {
			return e
		}
	}
	return nil
}

func (c *call) newSession(mode string, expires, trialEnd int64, lines []any) object {
	subtotal := int64(0)
	currency := c.in.str("currency")
	for _, l := range lines {
		subtotal += l.(object).num("amount_total")
		currency = l.(object).str("currency")
	}
	off := int64(0)
	for _, d := range c.in.rows("discounts") {
		off = discountOn(object{"coupon": c.state.Objects[d.str("coupon")]}, subtotal)
	}
	data := c.in.sub("subscription_data")
	due := subtotal - off
	if trialEnd > 0 || data.num("trial_period_days") > 0 {
		subtotal, off, due = 0, 0, 0
	}
	fields := object{
		"status": "open", "payment_status": "unpaid", "mode": mode, "expires_at": expires, "ui_mode": "hosted",
		"amount_subtotal": subtotal, "amount_total": due, "currency": currency, "payment_method_types": texts("card"),
		"payment_method_collection": "always", "metadata": object{}, "customer_creation": nil,
		"automatic_tax": object{"enabled": false, "liability": nil, "status": nil},
		"total_details": object{"amount_discount": off, "amount_shipping": int64(0), "amount_tax": int64(0)},
		"custom_text":   object{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"_line_items":   lines, "_subscription_data": data, "_discounts": c.in["discounts"], "_intent_data": c.in["payment_intent_data"],
	}
	if due == 0 && mode != "setup" {
		fields["payment_status"] = "no_payment_required"
	}
	fields.copyFrom(c.in, "success_url", "cancel_url", "return_url", "customer", "customer_email", "client_reference_id", "locale",
		"allow_promotion_codes", "billing_address_collection", "payment_method_collection", "customer_creation", "submit_type", "ui_mode", "consent_collection")
	fields.mergeMetadata(c.in)
	if customer := c.state.Objects[c.in.str("customer")]; customer != nil {
		fields["customer_details"] = detailsOf(customer)
	}
	session := c.add("cs_test_", "checkout.session", stripe.CheckoutSession{}, fields)
	session["url"] = c.pageURL("/pay/" + session.id())
	return session
}

func detailsOf(customer object) object {
	return object{
		"address": customer["address"], "email": customer["email"], "name": customer["name"], "phone": customer["phone"],
		"tax_exempt": "none", "tax_ids": []any{},
	}
}

func listSessions(c *call) (object, *apiError) {
	details := c.in.sub("customer_details")
	return c.page("checkout.session", func(o object) bool {
		return details.str("email") == "" || o.sub("customer_details").str("email") == details.str("email")
	}, "customer", "payment_intent", "subscription", "status")
}

func listSessionLines(c *call) (object, *apiError) {
	session, e := c.find("checkout.session", c.id, "session")
	if e != nil {
		return nil, e
	}
	return c.cut(session.rows("_line_items"))
}

func expireSession(c *call) (object, *apiError) {
	session, e := c.find("checkout.session", c.id, "session")
	if e != nil {
		return nil, e
	}
	if e := open(session); e != nil {
		return nil, e
	}
	c.expireSession(session)
	return session, nil
}

// open refuses a session that is not open any more.
func open(session object) *apiError {
	if status := session.str("status"); status != "open" {
		return invalid("", "Only Checkout Sessions with a status in [\"open\"] can be used here. This Checkout Session has a status of `"+status+"`.")
	}
	return nil
}

func (s *Sandbox) expireSession(session object) {
	session["status"], session["url"] = "expired", nil
	s.emit("checkout.session.expired", session)
}
