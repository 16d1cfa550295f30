package stripesandbox

import (
	"maps"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

func disputeRoutes() []route {
	return []route{
		{"GET", "/v1/disputes", stripe.DisputeListParams{}, listing("dispute", "charge", "payment_intent")},
		{"GET", "/v1/disputes/{id}", stripe.DisputeParams{}, retrieve("dispute")},
		{"GET", "/v1/radar/early_fraud_warnings", stripe.RadarEarlyFraudWarningListParams{}, listing("radar.early_fraud_warning", "charge", "payment_intent")},
		{"GET", "/v1/radar/early_fraud_warnings/{id}", stripe.RadarEarlyFraudWarningParams{}, retrieve("radar.early_fraud_warning")},
	}
}

// disputeSteps says what may follow what. An inquiry (warning_…) takes no money;
// it ends, or becomes a dispute.
func disputeSteps() map[string][]string {
	return map[string][]string{
		"":                       {"needs_response", "warning_needs_response"},
		"warning_needs_response": {"warning_under_review", "warning_closed", "needs_response"},
		"warning_under_review":   {"warning_closed", "needs_response"},
		"needs_response":         {"under_review", "won", "lost"},
		"under_review":           {"won", "lost"},
	}
}

const (
	sampleDispute = `{"status":"needs_response"}`
	answerDays    = 9 // until evidence must be there
	disputeFee    = 1500
)

// controlDispute opens a dispute or an inquiry about a charge, or takes the one
// there is a step on.
func (s *Sandbox) controlDispute(c *controlCall) (any, error) {
	in := struct {
		Status string `json:"status"`
	}{"needs_response"}
	if err := c.read(&in, sampleDispute); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	ch, e := s.find("charge", c.id, "id")
	if e != nil {
		return nil, e
	}
	dispute := s.disputeOf(ch)
	next := disputeSteps()[dispute.str("status")]
	switch {
	case ch.str("status") != "succeeded":
		return nil, badInput("This charge never succeeded, so nobody can dispute it.")
	case len(next) == 0:
		return nil, badInput("The dispute about this charge is %s, and stays so.", dispute.str("status"))
	case !slices.Contains(next, in.Status):
		return nil, badInput("\"status\" can be %s now, for instance {\"status\":\"%s\"}", strings.Join(next, " or "), next[0])
	case dispute == nil:
		dispute = s.openDispute(ch, in.Status)
	default:
		s.setDispute(dispute, in.Status)
	}
	return object{"status": dispute.str("status"), "dispute": dispute.id(), "charge": ch.id()}, nil
}

func (s *Sandbox) disputeOf(ch object) object {
	for _, dispute := range s.all("dispute", func(o object) bool { return o.str("charge") == ch.id() }) {
		return dispute
	}
	return nil
}

func (s *Sandbox) openDispute(ch object, status string) object {
	dispute := s.add("du_", "dispute", stripe.Dispute{}, object{
		"amount": ch.num("amount_captured") - ch.num("amount_refunded"), "currency": ch.str("currency"), "charge": ch.id(),
		"payment_intent": ch["payment_intent"], "reason": "fraudulent", "status": status, "balance_transactions": []any{},
		"is_charge_refundable": status == "warning_needs_response", "evidence": blank(stripe.DisputeEvidence{}),
		"evidence_details": object{"due_by": s.unix() + answerDays*86400, "has_evidence": false, "past_due": false, "submission_count": int64(0)},
	})
	ch["disputed"] = true
	s.emit("charge.dispute.created", dispute)
	if status == "needs_response" {
		s.moveFunds(dispute, "charge.dispute.funds_withdrawn", -dispute.num("amount"), disputeFee)
	}
	return dispute
}

// setDispute takes a dispute a step on, with the money that moves with it.
func (s *Sandbox) setDispute(dispute object, status string) {
	before := dispute.clone()
	dispute["status"] = status
	details := dispute.sub("evidence_details")
	switch status {
	case "under_review", "warning_under_review":
		details["has_evidence"], details["submission_count"] = true, details.num("submission_count")+1
	case "needs_response":
		dispute["is_charge_refundable"] = false
		s.moveFunds(dispute, "charge.dispute.funds_withdrawn", -dispute.num("amount"), disputeFee)
	case "won":
		s.moveFunds(dispute, "charge.dispute.funds_reinstated", dispute.num("amount"), 0)
	}
	if len(disputeSteps()[status]) == 0 {
		s.emit("charge.dispute.closed", dispute)
		return
	}
	s.emitUpdate("charge.dispute.updated", dispute, before)
}

// moveFunds takes the disputed amount from the balance, or gives it back.
func (s *Sandbox) moveFunds(dispute object, kind string, amount, fee int64) {
	category := "dispute"
	if amount > 0 {
		category = "dispute_reversal"
	}
	movement := blank(stripe.BalanceTransaction{})
	maps.Copy(movement, object{
		"id": newID("txn_"), "object": "balance_transaction", "amount": amount, "fee": fee, "net": amount - fee, "type": "adjustment",
		"currency": dispute.str("currency"), "created": s.unix(), "available_on": s.unix(), "status": "available",
		"reporting_category": category, "source": dispute.id(), "description": "Chargeback for " + dispute.str("charge"),
	})
	dispute["balance_transactions"] = append(dispute.list("balance_transactions"), movement)
	s.emit(kind, dispute)
}

// answerBy is when a dispute that nobody answers is decided, or 0.
func answerBy(dispute object) int64 {
	if unanswered(dispute) == "" {
		return 0
	}
	return dispute.sub("evidence_details").num("due_by")
}

// unanswered is what becomes of a dispute that nobody answers in time.
func unanswered(dispute object) string {
	switch dispute.str("status") {
	case "needs_response":
		return "lost"
	case "warning_needs_response":
		return "warning_closed"
	}
	return ""
}

// controlWarning lets the card network suspect fraud in a charge.
func (s *Sandbox) controlWarning(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	ch, e := s.find("charge", c.id, "id")
	if e != nil {
		return nil, e
	}
	warning := s.add("issfr_", "radar.early_fraud_warning", stripe.RadarEarlyFraudWarning{}, object{
		"actionable": !ch.flag("disputed") && !ch.flag("refunded"), "charge": ch.id(), "payment_intent": ch["payment_intent"],
		"fraud_type": "unauthorized_use_of_card",
	})
	s.emit("radar.early_fraud_warning.created", warning)
	return object{"status": "created", "warning": warning.id(), "charge": ch.id()}, nil
}
