package stripesandbox

import (
	"maps"

	"github.com/stripe/stripe-go/v76"
)

func subscriptionRoutes() []route {
	return []route{
		{"POST", "/v1/subscriptions", stripe.SubscriptionParams{}, createSubscription},
		{"GET", "/v1/subscriptions", stripe.SubscriptionListParams{}, listSubscriptions},
		{"GET", "/v1/subscriptions/{id}", stripe.SubscriptionParams{}, retrieve("subscription")},
		{"POST", "/v1/subscriptions/{id}", stripe.SubscriptionParams{}, updateSubscription},
		{"DELETE", "/v1/subscriptions/{id}", stripe.SubscriptionCancelParams{}, cancelSubscription},
		{"POST", "/v1/subscriptions/{id}/resume", stripe.SubscriptionResumeParams{}, resumeSubscription},
	}
}

// ended reports whether a subscription is in a state that it never leaves.
func ended(sub object) bool {
	return sub.str("status") == "canceled" || sub.str("status") == "incomplete_expired"
}

func listSubscriptions(c *call) (object, *apiError) {
	want, price := c.in.str("status"), c.in.str("price")
	delete(c.in, "status")
	delete(c.in, "price")
	return c.page("subscription", func(o object) bool {
		status := o.str("status")
		switch want {
		case "all":
		case "":
			if status == "canceled" {
				return false
			}
		case "ended":
			if !ended(o) {
				return false
			}
		default:
			if status != want {
				return false
			}
		}
		for _, item := range o.rows("items") {
			if price == "" || item.sub("price").id() == price {
				return inRange(o, c.in, "current_period_end") && inRange(o, c.in, "current_period_start")
			}
		}
		return false
	}, "customer", "collection_method")
}

// order is what a new subscription is made of.
type order struct {
	customer, method  object
	items             []any
	fields            object // taken over as they are: metadata, description, …
	trialEnd          int64
	start             int64 // before now when backdated
	anchor            int64 // 0 for the start
	behavior          string
	discount          object
	atCheckout        bool
	collectionMethod  string
	cancelAtPeriodEnd bool
}

func createSubscription(c *call) (object, *apiError) {
	if c.in.str("customer") == "" {
		return nil, required("customer")
	}
	customer, e := c.findLive("customer", c.in.str("customer"), "customer")
	if e != nil {
		return nil, e
	}
	items, e := c.itemsOf(c.in.rows("items"), "items")
	if e != nil {
		return nil, e
	}
	method, e := c.methodOf(c.in.str("default_payment_method"), customer.id(), "default_payment_method")
	if e != nil {
		return nil, e
	}
	discount, e := c.discountFor(c.in)
	if e != nil {
		return nil, e
	}
	o := order{customer: customer, method: method, items: items, discount: discount, fields: object{"metadata": object{}}}
	o.behavior, o.collectionMethod = c.in.str("payment_behavior"), c.in.str("collection_method")
	o.cancelAtPeriodEnd = c.in.flag("cancel_at_period_end")
	o.fields.copyFrom(c.in, "description", "payment_settings", "trial_settings", "cancel_at", "days_until_due")
	o.fields.mergeMetadata(c.in)
	if e := c.moments(&o); e != nil {
		return nil, e
	}
	return c.startSubscription(o)
}

// moments reads trial, backdating and anchor of a new subscription.
func (c *call) moments(o *order) *apiError {
	now := c.unix()
	o.start = now
	if c.in.has("trial_period_days") {
		o.trialEnd = now + 86400*c.in.num("trial_period_days")
	}
	if end := c.in.num("trial_end"); end != 0 {
		if end <= now {
			return invalid("trial_end", "The trial_end timestamp must be in the future.")
		}
		o.trialEnd = end
	}
	if start := c.in.num("backdate_start_date"); start != 0 {
		if start > now {
			return invalid("backdate_start_date", "The backdate_start_date must be in the past.")
		}
		o.start = start
	}
	if anchor := c.in.num("billing_cycle_anchor"); anchor != 0 {
		if anchor < now {
			return invalid("billing_cycle_anchor", "The billing_cycle_anchor must be in the future.")
		}
		o.anchor = anchor
	}
	return nil
}

// itemsOf reads subscription items and checks that their prices fit together.
func (s *Sandbox) itemsOf(rows []object, param string) ([]any, *apiError) {
	if len(rows) == 0 {
		return nil, required(param)
	}
	var items []any
	var first object
	for _, row := range rows {
		price, e := s.priceOf(row, param)
		if e != nil {
			return nil, e
		}
		if price.sub("recurring") == nil {
			return nil, invalid(param, "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.")
		}
		if first == nil {
			first = price
		}
		if price.str("currency") != first.str("currency") ||
			price.sub("recurring").str("interval") != first.sub("recurring").str("interval") {
			return nil, invalid(param, "All prices on a subscription must have the same currency and `recurring.interval`.")
		}
		items = append(items, s.newItem(row, price))
	}
	return items, nil
}

func (s *Sandbox) newItem(row, price object) object {
	quantity := int64(1)
	if row.has("quantity") {
		quantity = row.num("quantity")
	}
	item := blank(stripe.SubscriptionItem{})
	maps.Copy(item, (object{
		"id": newID("si_"), "object": "subscription_item", "created": s.unix(), "price": price.public(), "quantity": quantity,
	}))
	item["plan"] = planOf(price)
	item.mergeMetadata(row)
	return item
}

// planOf is the older view of a recurring price, still sent in this version.
func planOf(price object) object {
	recurring := price.sub("recurring")
	plan := blank(stripe.Plan{})
	plan.copyFrom(price, "id", "active", "created", "currency", "livemode", "metadata", "nickname", "product", "billing_scheme")
	plan.copyFrom(recurring, "interval", "interval_count", "usage_type", "trial_period_days")
	plan["object"], plan["amount"], plan["amount_decimal"] = "plan", price["unit_amount"], price["unit_amount_decimal"]
	return plan
}

// priceOf finds the price of an item, or makes one from price_data.
func (s *Sandbox) priceOf(row object, param string) (object, *apiError) {
	if data := row.sub("price_data"); data != nil {
		if product := data.sub("product_data"); product != nil {
			data["product"] = s.newProduct(product).id()
		}
		if _, e := s.findLive("product", data.str("product"), param+"[price_data][product]"); e != nil {
			return nil, e
		}
		return s.newPrice(data)
	}
	if row.str("price") == "" {
		return nil, required(param + "[0][price]")
	}
	price, e := s.find("price", row.str("price"), param+"[0][price]")
	if e == nil && !price.flag("active") {
		e = invalid(param+"[0][price]", "The price specified is inactive. This field only accepts active prices.")
	}
	return price, e
}

func cancelSubscription(c *call) (object, *apiError) {
	sub, e := c.find("subscription", c.id, "id")
	if e != nil {
		return nil, e
	}
	if ended(sub) {
		return nil, missing("subscription", c.id, "id")
	}
	if details := c.in.sub("cancellation_details"); details != nil {
		sub.sub("cancellation_details").copyFrom(details, "comment", "feedback")
	}
	c.endSubscription(sub, "cancellation_requested")
	return sub, nil
}

// endSubscription cancels at once. Open invoices stay open but are not tried again.
func (s *Sandbox) endSubscription(sub object, reason string) {
	for _, inv := range s.openInvoices(sub) {
		inv["next_payment_attempt"], inv["auto_advance"] = nil, false
	}
	sub["status"] = "canceled"
	if sub["canceled_at"] == nil {
		sub["canceled_at"] = s.unix()
	}
	sub["ended_at"] = s.unix()
	if details := sub.sub("cancellation_details"); details["reason"] == nil {
		details["reason"] = reason
	}
	s.emit("customer.subscription.deleted", sub)
	s.endSchedule(sub)
}

func resumeSubscription(c *call) (object, *apiError) {
	sub, e := c.find("subscription", c.id, "id")
	if e != nil {
		return nil, e
	}
	if sub.str("status") != "paused" {
		return nil, invalid("", "You can only resume a subscription that is paused.")
	}
	sub["billing_cycle_anchor"] = c.unix()
	sub["status"] = "active"
	c.emit("customer.subscription.resumed", sub)
	c.beginPeriod(sub, c.unix())
	return sub, nil
}
