package stripesandbox

import (
	"maps"
	"slices"
	"time"
)

const (
	sampleAct      = `{"action":"cancel_at_period_end"}`
	sampleRenew    = `{"card":"4000000000000341"}`
	sampleDiscount = `{"percent":20}`
	sampleExpiry   = `{"automatic":true}`
	sampleClose    = `{"status":"void"}`
	sampleSchedule = `{"action":"release"}`
	sampleOnSale   = `{"active":false}`
)

// steerControls do to objects what a person does to them in Stripe's dashboard.
func steerControls() []control {
	return []control{
		{"POST", "/_sandbox/subscriptions/{id}/act", "Does one of these to a subscription: cancel (at once), cancel_at_period_end, keep, pause_collection, resume_collection, end_trial, resume (one that is paused because its trial ended without a card).", sampleAct, (*Sandbox).controlSubscription},
		{"POST", "/_sandbox/subscriptions/{id}/renew", "Moves the clock to where the period or trial of a subscription ends. With a card, that one is charged.", sampleRenew, (*Sandbox).controlRenew},
		{"POST", "/_sandbox/schedules/{id}/act", "Lets the subscription go on without its schedule (release), or ends both (cancel).", sampleSchedule, (*Sandbox).controlSchedule},
		{"POST", "/_sandbox/customers/{id}/detach", "Takes every card from a customer.", "", (*Sandbox).controlDetach},
		{"POST", "/_sandbox/customers/{id}/expiry", "Lets the default card expire with this month or, automatic, be renewed by its network for three years.", sampleExpiry, (*Sandbox).controlExpiry},
		{"POST", "/_sandbox/customers/{id}/discount", "Takes so many percent off every later invoice of a customer; 0 ends that.", sampleDiscount, (*Sandbox).controlDiscount},
		{"POST", "/_sandbox/customers/{id}/delete", "Deletes a customer and cancels her subscriptions.", "", (*Sandbox).controlDeleteCustomer},
		{"POST", "/_sandbox/invoices/{id}/close", "Gives up an open invoice: void or uncollectible.", sampleClose, (*Sandbox).controlClose},
		{"POST", "/_sandbox/catalogue/{id}/sell", "Puts a product or a price on sale (active), or takes it off.", sampleOnSale, (*Sandbox).controlSell},
		{"POST", "/_sandbox/catalogue/{id}/delete", "Deletes a price that no subscription has, or a product without prices.", "", (*Sandbox).controlDelete},
	}
}

// steer reads the body into in and does something under the lock, as a call
// about the object in the path.
func (s *Sandbox) steer(c *controlCall, in any, sample string, do func(*call) (object, error)) (any, error) {
	if err := c.read(in, sample); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = c.r.Host
	s.settle()
	return do(&call{Sandbox: s, id: c.id, in: object{}})
}

// done is the answer of a call that left an object, or its refusal.
func done(o object, e *apiError) (object, error) {
	if e != nil {
		return nil, e
	}
	return object{"status": "ok", "id": o.id()}, nil
}

// subscriptionActs are what controlSubscription can do.
func subscriptionActs() map[string]func(*call) (object, *apiError) {
	update := func(fields object) func(*call) (object, *apiError) {
		return func(c *call) (object, *apiError) {
			maps.Copy(c.in, fields)
			return updateSubscription(c)
		}
	}
	return map[string]func(*call) (object, *apiError){
		"cancel": cancelSubscription, "resume": resumeSubscription,
		"cancel_at_period_end": update(object{"cancel_at_period_end": true}), "keep": update(object{"cancel_at_period_end": false}),
		"pause_collection":  update(object{"pause_collection": object{"behavior": "void", "resumes_at": nil}}),
		"resume_collection": update(object{"pause_collection": nil}),
		"end_trial":         update(object{"trial_end": "now"}),
	}
}

func (s *Sandbox) controlSubscription(c *controlCall) (any, error) {
	var in struct {
		Action string `json:"action"`
	}
	return s.steer(c, &in, sampleAct, func(k *call) (object, error) {
		act := subscriptionActs()[in.Action]
		if act == nil {
			return nil, badInput("\"action\" must be one of %v, for instance %s", slices.Sorted(maps.Keys(subscriptionActs())), sampleAct)
		}
		return done(act(k))
	})
}

func (s *Sandbox) controlRenew(c *controlCall) (any, error) {
	var in struct {
		Card string `json:"card"`
	}
	return s.steer(c, &in, sampleRenew, func(k *call) (object, error) {
		sub, e := k.find("subscription", k.id, "id")
		if e != nil {
			return nil, e
		}
		left := sub.num("current_period_end") - k.unix()
		if ended(sub) || left <= 0 {
			return nil, badInput("This subscription is %s and does not renew.", sub.str("status"))
		}
		if in.Card != "" {
			if _, e := k.replaceCard(k.state.Objects[sub.str("customer")], in.Card, ""); e != nil {
				return nil, e
			}
		}
		k.advance(time.Duration(left) * time.Second)
		return object{"status": sub.str("status"), "subscription": sub.id(), "now": k.now().Format(time.RFC3339)}, nil
	})
}

func (s *Sandbox) controlSchedule(c *controlCall) (any, error) {
	var in struct {
		Action string `json:"action"`
	}
	return s.steer(c, &in, sampleSchedule, func(k *call) (object, error) {
		switch in.Action {
		case "release":
			return done(releaseSchedule(k))
		case "cancel":
			return done(cancelSchedule(k))
		}
		return nil, badInput("\"action\" must be release or cancel, for instance %s", sampleSchedule)
	})
}

func (s *Sandbox) controlDetach(c *controlCall) (any, error) {
	return s.steer(c, &struct{}{}, "{}", func(k *call) (object, error) {
		customer, e := k.findLive("customer", k.id, "id")
		if e != nil {
			return nil, e
		}
		for _, method := range k.all("payment_method", func(o object) bool { return o.str("customer") == customer.id() }) {
			k.id = method.id()
			if _, e := detachMethod(k); e != nil {
				return nil, e
			}
		}
		return done(customer, nil)
	})
}

// cardOf is the card that the next charge of a customer would try, or nil.
func (s *Sandbox) cardOf(customer object) object {
	for _, sub := range s.subscriptionsOf(customer.id()) {
		if method := s.defaultMethod(object{"customer": customer.id(), "subscription": sub.id()}); method != nil {
			return method
		}
	}
	return s.defaultMethod(object{"customer": customer.id()})
}

func (s *Sandbox) controlExpiry(c *controlCall) (any, error) {
	var in struct {
		Automatic bool `json:"automatic"`
	}
	return s.steer(c, &in, sampleExpiry, func(k *call) (object, error) {
		customer, e := k.findLive("customer", k.id, "id")
		if e != nil {
			return nil, e
		}
		method := k.cardOf(customer)
		if method.sub("card") == nil {
			return nil, badInput("This customer has no card.")
		}
		kind, ends := "payment_method.updated", k.now()
		if in.Automatic {
			kind, ends = "payment_method.automatically_updated", addMonths(ends, 36)
		}
		k.change(method, kind, func() {
			method.sub("card")["exp_month"], method.sub("card")["exp_year"] = int64(ends.Month()), int64(ends.Year())
		})
		return done(method, nil)
	})
}

func (s *Sandbox) controlDiscount(c *controlCall) (any, error) {
	in := struct {
		Percent int64 `json:"percent"`
	}{20}
	return s.steer(c, &in, sampleDiscount, func(k *call) (object, error) {
		customer, e := k.findLive("customer", k.id, "id")
		if e != nil {
			return nil, e
		}
		if in.Percent < 0 || in.Percent > 100 {
			return nil, badInput("\"percent\" must be between 0 and 100, for instance %s", sampleDiscount)
		}
		had := customer.sub("discount")
		if in.Percent == 0 {
			if had == nil {
				return nil, badInput("This customer has no discount.")
			}
			customer["discount"] = nil
			k.emit("customer.discount.deleted", had)
			return done(customer, nil)
		}
		k.in = object{"percent_off": in.Percent, "duration": "forever"}
		coupon, e := createCoupon(k)
		if e != nil {
			return nil, e
		}
		discount, e := k.discountFor(object{"coupon": coupon.id()})
		if e != nil {
			return nil, e
		}
		discount["customer"] = customer.id()
		customer["discount"] = discount
		if had == nil {
			k.emit("customer.discount.created", discount)
		} else {
			k.emitUpdate("customer.discount.updated", discount, had)
		}
		return done(customer, nil)
	})
}

func (s *Sandbox) controlDeleteCustomer(c *controlCall) (any, error) {
	return s.steer(c, &struct{}{}, "{}", func(k *call) (object, error) { return done(deleteCustomer(k)) })
}

func (s *Sandbox) controlClose(c *controlCall) (any, error) {
	in := struct {
		Status string `json:"status"`
	}{"void"}
	return s.steer(c, &in, sampleClose, func(k *call) (object, error) {
		inv, e := k.find("invoice", k.id, "id")
		if e != nil {
			return nil, e
		}
		switch {
		case inv.str("status") != "open":
			return nil, badInput("This invoice is %s and not open.", inv.str("status"))
		case in.Status == "void":
			k.void(inv)
		case in.Status == "uncollectible":
			k.writeOff(inv)
		default:
			return nil, badInput("\"status\" must be void or uncollectible, for instance %s", sampleClose)
		}
		return object{"status": inv.str("status"), "invoice": inv.id()}, nil
	})
}

func (s *Sandbox) controlSell(c *controlCall) (any, error) {
	var in struct {
		Active bool `json:"active"`
	}
	return s.steer(c, &in, sampleOnSale, func(k *call) (object, error) {
		k.in["active"] = in.Active
		if _, e := k.findLive("price", k.id, "id"); e == nil {
			return done(updatePrice(k))
		}
		return done(updateProduct(k))
	})
}

// controlDelete deletes what the API can delete, and a price, which only a
// person at Stripe's dashboard can.
func (s *Sandbox) controlDelete(c *controlCall) (any, error) {
	return s.steer(c, &struct{}{}, "{}", func(k *call) (object, error) {
		price, e := k.findLive("price", k.id, "id")
		if e != nil {
			return done(deleteProduct(k))
		}
		sold := func(sub object) bool {
			return slices.ContainsFunc(sub.rows("items"), func(item object) bool { return item.sub("price").id() == price.id() })
		}
		if len(k.all("subscription", sold)) > 0 {
			return nil, badInput("A subscription has this price, so it cannot be deleted.")
		}
		k.emit("price.deleted", price)
		return done(k.remove(price), nil)
	})
}
