package stripesandbox

import (
	"maps"

	"github.com/stripe/stripe-go/v76"
)

func refundRoutes() []route {
	return []route{
		{"POST", "/v1/refunds", stripe.RefundParams{}, createRefund},
		{"GET", "/v1/refunds", stripe.RefundListParams{}, listing("refund", "charge", "payment_intent")},
		{"GET", "/v1/refunds/{id}", stripe.RefundParams{}, retrieve("refund")},
		{"POST", "/v1/refunds/{id}", stripe.RefundParams{}, updateRefund},
	}
}

// refundDays is how long a slow refund takes, and after how many one fails.
const refundDays = 3

func createRefund(c *call) (object, *apiError) {
	id := c.in.str("charge")
	if intent := c.in.str("payment_intent"); intent != "" {
		pi, e := c.find("payment_intent", intent, "payment_intent")
		if e != nil {
			return nil, e
		}
		id = pi.str("latest_charge")
	}
	if id == "" {
		return nil, required("charge")
	}
	ch, e := c.find("charge", id, "charge")
	if e != nil {
		return nil, e
	}
	amount := refundable(ch)
	if c.in.has("amount") {
		amount = c.in.num("amount")
	}
	if e := c.mayRefund(ch, amount); e != nil {
		return nil, e
	}
	return c.refund(ch, amount, c.in), nil
}

func refundable(ch object) int64 { return ch.num("amount_captured") - ch.num("amount_refunded") }

// mayRefund is Stripe's no to a refund, or nil.
func (s *Sandbox) mayRefund(ch object, amount int64) *apiError {
	left := refundable(ch)
	dispute := s.disputeOf(ch)
	switch {
	case ch.str("status") != "succeeded":
		return invalid("charge", "This charge was not successful and cannot be refunded.")
	case left == 0:
		e := invalid("charge", "Charge "+ch.id()+" has already been refunded.")
		e.code = "charge_already_refunded"
		return e
	case dispute != nil && !dispute.flag("is_charge_refundable"):
		e := invalid("charge", "Charge "+ch.id()+" has been charged back; cannot issue a refund.")
		e.code = "charge_disputed"
		return e
	case amount < 1 || amount > left:
		return invalid("amount", "Refund amount ("+money(amount, ch.str("currency"))+") is greater than unrefunded amount on charge ("+money(left, ch.str("currency"))+")")
	}
	return nil
}

func (s *Sandbox) refund(ch object, amount int64, in object) object {
	fields := object{
		"amount": amount, "charge": ch.id(), "currency": ch.str("currency"), "payment_intent": ch["payment_intent"], "status": "succeeded",
	}
	switch ch.str("_number") {
	case cardRefundSlow:
		maps.Copy(fields, object{"status": "pending", "_settles_at": s.unix() + refundDays*86400, "_outcome": "succeeded"})
	case cardRefundFails:
		maps.Copy(fields, object{"_settles_at": s.unix() + refundDays*86400, "_outcome": "failed"})
	}
	fields.copyFrom(in, "reason")
	fields.mergeMetadata(in)
	re := s.add("re_", "refund", stripe.Refund{}, fields)
	before := ch.clone()
	ch["amount_refunded"] = ch.num("amount_refunded") + amount
	ch["refunded"] = ch.num("amount_refunded") == ch.num("amount")
	s.recordMoney("refund", re.id(), ch, amount, "")
	s.emitUpdate("charge.refunded", ch, before)
	return re
}

// settleRefund ends the waiting of a refund. One that fails has not been paid:
// the charge counts it no more.
func (s *Sandbox) settleRefund(re object, outcome string) {
	delete(re, "_settles_at")
	s.change(re, "charge.refund.updated", func() {
		re["status"] = outcome
		if outcome != "failed" {
			return
		}
		re["failure_reason"] = "expired_or_canceled_card"
		ch := s.state.Objects[re.str("charge")]
		ch["amount_refunded"] = ch.num("amount_refunded") - re.num("amount")
		ch["refunded"] = false
		s.recordMoney("refund", re.id(), ch, re.num("amount"), "expired_or_canceled_card")
	})
}

func updateRefund(c *call) (object, *apiError) {
	re, e := c.find("refund", c.id, "refund")
	if e != nil {
		return nil, e
	}
	c.change(re, "charge.refund.updated", func() { re.mergeMetadata(c.in) })
	return re, nil
}

const (
	sampleRefund = `{"amount":500}`
	sampleSettle = `{"status":"failed"}`
)

// controlRefund pays a charge back, as a person in Stripe's dashboard would.
func (s *Sandbox) controlRefund(c *controlCall) (any, error) {
	var in struct {
		Amount int64 `json:"amount"`
	}
	if err := c.read(&in, sampleRefund); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	ch, e := s.find("charge", c.id, "id")
	if e != nil {
		return nil, e
	}
	if in.Amount == 0 {
		in.Amount = refundable(ch)
	}
	if e := s.mayRefund(ch, in.Amount); e != nil {
		return nil, e
	}
	re := s.refund(ch, in.Amount, object{"reason": "requested_by_customer"})
	return object{"status": re.str("status"), "refund": re.id(), "charge": ch.id()}, nil
}

// controlSettleRefund ends the waiting of a refund at once, or lets one fail
// that looked done.
func (s *Sandbox) controlSettleRefund(c *controlCall) (any, error) {
	in := struct {
		Status string `json:"status"`
	}{"failed"}
	if err := c.read(&in, sampleSettle); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	re, e := s.find("refund", c.id, "id")
	if e != nil {
		return nil, e
	}
	switch {
	case in.Status != "failed" && in.Status != "succeeded":
		return nil, badInput("\"status\" must be failed or succeeded, for instance %s", sampleSettle)
	case re.str("status") == "failed", re.str("status") == in.Status:
		return nil, badInput("This refund is %s already.", re.str("status"))
	}
	s.settleRefund(re, in.Status)
	return object{"status": in.Status, "refund": re.id(), "charge": re.str("charge")}, nil
}
