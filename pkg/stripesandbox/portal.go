package stripesandbox

import (
	"maps"

	"github.com/stripe/stripe-go/v76"
)

func portalRoutes() []route {
	const configurations = "/v1/billing_portal/configurations"
	return []route{
		{"POST", configurations, stripe.BillingPortalConfigurationParams{}, createPortalConfiguration},
		{"GET", configurations, stripe.BillingPortalConfigurationListParams{}, listing("billing_portal.configuration", "active", "is_default")},
		{"GET", configurations + "/{id}", stripe.BillingPortalConfigurationParams{}, retrieve("billing_portal.configuration")},
		{"POST", configurations + "/{id}", stripe.BillingPortalConfigurationParams{}, updatePortalConfiguration},
		{"POST", "/v1/billing_portal/sessions", stripe.BillingPortalSessionParams{}, createPortalSession},
	}
}

func createPortalConfiguration(c *call) (object, *apiError) {
	if c.in.sub("features") == nil {
		return nil, required("features")
	}
	return c.newPortalConfiguration(c.in, false), nil
}

func (s *Sandbox) newPortalConfiguration(in object, isDefault bool) object {
	features := object{
		"customer_update":       object{"allowed_updates": []any{}, "enabled": false},
		"invoice_history":       object{"enabled": false},
		"payment_method_update": object{"enabled": false},
		"subscription_cancel": object{
			"cancellation_reason": object{"enabled": false, "options": []any{}}, "enabled": false, "mode": "at_period_end", "proration_behavior": "none",
		},
		"subscription_pause":  object{"enabled": false},
		"subscription_update": object{"default_allowed_updates": []any{}, "enabled": false, "proration_behavior": "none", "products": []any{}},
	}
	fields := object{
		"active": true, "is_default": isDefault, "updated": s.unix(), "features": features, "login_page": object{"enabled": false, "url": nil},
		"business_profile": object{"headline": nil, "privacy_policy_url": nil, "terms_of_service_url": nil},
	}
	configuration := s.add("bpc_", "billing_portal.configuration", stripe.BillingPortalConfiguration{}, fields)
	configurePortal(configuration, in)
	return configuration
}

func configurePortal(configuration, in object) {
	configuration.copyFrom(in, "active", "default_return_url")
	configuration.mergeMetadata(in)
	maps.Copy(configuration.sub("business_profile"), in.sub("business_profile"))
	for name, feature := range in.sub("features") {
		settings, known := feature.(object)
		if known && configuration.sub("features").sub(name) != nil {
			maps.Copy(configuration.sub("features").sub(name), settings)
		}
	}
}

func updatePortalConfiguration(c *call) (object, *apiError) {
	configuration, e := c.find("billing_portal.configuration", c.id, "configuration")
	if e != nil {
		return nil, e
	}
	configurePortal(configuration, c.in)
	configuration["updated"] = c.unix()
	c.emit("billing_portal.configuration.updated", configuration)
	return configuration, nil
}

// createPortalSession uses the default configuration when none is named, and
// makes one that allows everything when there is none.
func createPortalSession(c *call) (object, *apiError) {
	if c.in.str("customer") == "" {
		return nil, required("customer")
	}
	if _, e := c.findLive("customer", c.in.str("customer"), "customer"); e != nil {
		return nil, e
	}
	id := c.in.str("configuration")
	if id == "" {
		id = c.defaultPortal().id()
	}
	configuration, e := c.find("billing_portal.configuration", id, "configuration")
	if e != nil {
		return nil, e
	}
	fields := object{"configuration": id, "return_url": configuration["default_return_url"]}
	fields.copyFrom(c.in, "customer", "return_url", "locale")
	session := c.add("bps_", "billing_portal.session", stripe.BillingPortalSession{}, fields)
	session["url"] = c.pageURL("/portal/" + session.id())
	c.emit("billing_portal.session.created", session)
	return session, nil
}

func (s *Sandbox) defaultPortal() object {
	for _, configuration := range s.all("billing_portal.configuration", nil) {
		if configuration.flag("is_default") {
			return configuration
		}
	}
	on := object{"enabled": true}
	return s.newPortalConfiguration(object{"features": object{
		"subscription_cancel": on, "payment_method_update": on, "invoice_history": on,
	}}, true)
}
