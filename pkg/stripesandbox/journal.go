package stripesandbox

import (
	"net/url"
	"slices"
	"time"
)

// Entry is one line of the journal: an API call, or a movement of money.
type Entry struct {
	Sequence int64     `json:"sequence"`
	At       time.Time `json:"at"`   // simulated time
	Kind     string    `json:"kind"` // "call", "charge" or "refund"

	// Set for calls.
	RequestID      string     `json:"request_id,omitempty"`
	Method         string     `json:"method,omitempty"`
	Path           string     `json:"path,omitempty"`
	IdempotencyKey string     `json:"idempotency_key,omitempty"`
	Form           url.Values `json:"form,omitempty"`
	Status         int        `json:"status,omitempty"`
	Replayed       bool       `json:"replayed,omitempty"`
	Fault          string     `json:"fault,omitempty"`

	// Set for charges and refunds. Amount is in minor units; Outcome is
	// "succeeded" or "failed", and money moved only in the first case.
	ID           string `json:"id,omitempty"`
	Customer     string `json:"customer,omitempty"`
	Invoice      string `json:"invoice,omitempty"`
	Subscription string `json:"subscription,omitempty"`
	Amount       int64  `json:"amount,omitempty"`
	Currency     string `json:"currency,omitempty"`
	Outcome      string `json:"outcome,omitempty"`
	DeclineCode  string `json:"decline_code,omitempty"`
}

// Journal returns every API call and every movement of money since the state
// began, oldest first. Nothing is removed from it while the sandbox lives; a state
// file keeps the newest 2000 entries.
func (s *Sandbox) Journal() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.Journal)
}

func (s *Sandbox) record(e Entry) {
	s.state.Sequence++
	e.Sequence, e.At = s.state.Sequence, s.now()
	s.state.Journal = append(s.state.Journal, e)
}
