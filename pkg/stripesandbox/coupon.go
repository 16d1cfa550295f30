package stripesandbox

import (
	"github.com/stripe/stripe-go/v76"
)

func couponRoutes() []route {
	return []route{
		{"POST", "/v1/coupons", stripe.CouponParams{}, createCoupon},
		{"GET", "/v1/coupons", stripe.CouponListParams{}, listing("coupon")},
		{"GET", "/v1/coupons/{id}", stripe.CouponParams{}, retrieve("coupon")},
		{"DELETE", "/v1/coupons/{id}", stripe.CouponParams{}, deleteCoupon},
	}
}

func createCoupon(c *call) (object, *apiError) {
	if !c.in.has("percent_off") && !c.in.has("amount_off") {
		return nil, invalid("percent_off", "You must pass either percent_off or amount_off.")
	}
	if c.in.has("amount_off") && c.in.str("currency") == "" {
		return nil, required("currency")
	}
	if id := c.in.str("id"); id != "" && c.state.Objects[id] != nil {
		e := invalid("id", "Coupon already exists.")
		e.code = "resource_already_exists"
		return nil, e
	}
	fields := object{"duration": "once", "times_redeemed": int64(0), "valid": true}
	fields.copyFrom(c.in, "amount_off", "currency", "duration", "duration_in_months", "max_redemptions", "name", "percent_off", "redeem_by")
	fields.mergeMetadata(c.in)
	if fields.str("duration") == "repeating" && fields.num("duration_in_months") < 1 {
		return nil, required("duration_in_months")
	}
	coupon := c.add("", "coupon", stripe.Coupon{}, fields)
	if id := c.in.str("id"); id != "" {
		c.rename(coupon, id)
	}
	c.emit("coupon.created", coupon)
	return coupon, nil
}

func deleteCoupon(c *call) (object, *apiError) {
	coupon, e := c.findLive("coupon", c.id, "coupon")
	if e != nil {
		return nil, e
	}
	c.emit("coupon.deleted", coupon)
	return c.remove(coupon), nil
}

// discountFor makes the discount of the coupon that a call names, or nil.
func (s *Sandbox) discountFor(in object) (object, *apiError) {
	id := in.str("coupon")
	if id == "" {
		return nil, nil
	}
	coupon, e := s.findLive("coupon", id, "coupon")
	if e != nil {
		return nil, e
	}
	var end any
	start := s.now()
	if coupon.str("duration") == "repeating" {
		end = addMonths(start, int(coupon.num("duration_in_months"))).Unix()
	}
	coupon["times_redeemed"] = coupon.num("times_redeemed") + 1
	return object{
		"id": newID("di_"), "object": "discount", "coupon": coupon.public(), "start": start.Unix(), "end": end,
		"checkout_session": nil, "customer": nil, "invoice": nil, "invoice_item": nil, "promotion_code": nil, "subscription": nil,
	}, nil
}

// discountOn returns how much of an amount a discount takes off.
func discountOn(discount object, amount int64) int64 {
	coupon := discount.sub("coupon")
	switch percent := coupon["percent_off"].(type) {
	case float64:
		return int64(float64(amount)*percent/100 + 0.5)
	case int64:
		return amount * percent / 100
	}
	return min(amount, coupon.num("amount_off"))
}
