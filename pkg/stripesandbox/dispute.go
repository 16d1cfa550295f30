package stripesandbox

import (
	"github.com/stripe/stripe-go/v76"
)

const sampleDispute = `{"status":"needs_response"}`

// controlDispute opens a dispute about a charge, or closes it as won or lost. The
// money is withdrawn when the dispute opens and comes back when it is won.
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
	switch in.Status {
	case "needs_response":
		if dispute != nil || ch.str("status") != "succeeded" {
			return nil, badInput("This charge is disputed already or never succeeded. Close a dispute with {\"status\":\"won\"} or {\"status\":\"lost\"}.")
		}
		dispute = s.openDispute(ch)
	case "won", "lost":
		if dispute == nil || dispute.str("status") != "needs_response" {
			return nil, badInput("There is no open dispute about this charge. Open one with %s", sampleDispute)
		}
		s.closeDispute(dispute, in.Status)
	default:
		return nil, badInput("\"status\" must be needs_response, won or lost, for instance %s", sampleDispute)
	}
	return object{"status": dispute.str("status"), "dispute": dispute.id(), "charge": ch.id()}, nil
}

func (s *Sandbox) disputeOf(ch object) object {
	for _, dispute := range s.all("dispute", func(o object) bool { return o.str("charge") == ch.id() }) {
		return dispute
	}
	return nil
}

func (s *Sandbox) openDispute(ch object) object {
	dispute := s.add("du_", "dispute", stripe.Dispute{}, object{
		"amount": ch.num("amount"), "currency": ch.str("currency"), "charge": ch.id(), "payment_intent": ch["payment_intent"],
		"reason": "fraudulent", "status": "needs_response", "is_charge_refundable": false,
		"evidence_details": object{"due_by": s.unix() + 7*86400, "has_evidence": false, "past_due": false, "submission_count": int64(0)},
	})
	ch["disputed"] = true
	s.emit("charge.dispute.created", dispute)
	s.emit("charge.dispute.funds_withdrawn", dispute)
	return dispute
}

func (s *Sandbox) closeDispute(dispute object, status string) {
	dispute["status"] = status
	if status == "won" {
		s.emit("charge.dispute.funds_reinstated", dispute)
	}
	s.emit("charge.dispute.closed", dispute)
}
