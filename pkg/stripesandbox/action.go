package stripesandbox

import (
	"context"
	"errors"
	"time"
)

const (
	sampleCard    = `{"card":"4242424242424242"}`
	sampleAdvance = `{"days":31}`
	sampleIdle    = `{"seconds":10}`
)

func moneyControls() []control {
	return []control{
		{"POST", "/_sandbox/charges/{id}/refund", "Pays a charge back, all that is left of it without an amount.", sampleRefund, (*Sandbox).controlRefund},
		{"POST", "/_sandbox/refunds/{id}/settle", "Lets a refund succeed that is pending, or fail, even after it succeeded.", sampleSettle, (*Sandbox).controlSettleRefund},
		{"POST", "/_sandbox/charges/{id}/dispute", "Opens a dispute about a charge (needs_response) or an inquiry (warning_needs_response), or takes it on: under_review, won, lost, warning_under_review, warning_closed.", sampleDispute, (*Sandbox).controlDispute},
		{"POST", "/_sandbox/charges/{id}/warning", "Lets the card network suspect fraud in a charge.", "", (*Sandbox).controlWarning},
		{"POST", "/_sandbox/invoices/{id}/credit", "Writes a credit note: off an open invoice, or back to the card of a paid one.", sampleCredit, (*Sandbox).controlCredit},
		{"POST", "/_sandbox/credit_notes/{id}/void", "Takes back a credit note of an open invoice.", "", (*Sandbox).controlVoidCredit},
		{"POST", "/_sandbox/objects/{id}/emit", "Tells of an object what nothing here brings about by itself: any type of event, with the object as it is.", sampleEmit, (*Sandbox).controlEmit},
		{"POST", "/_sandbox/emit", "The same, with the object in the body.", sampleTell, (*Sandbox).controlEmit},
	}
}

func actionControls() []control {
	return []control{
		{"GET", "/_sandbox/state", "Counts, subscriptions and the simulated time.", "", (*Sandbox).controlState},
		{"POST", "/_sandbox/sessions/{id}/pay", "Pays an open checkout session. For a card that asks for authentication add \"authenticate\": true or false. 402 is a decline.", sampleCard, (*Sandbox).controlPaySession},
		{"POST", "/_sandbox/sessions/{id}/debit", "Ends the wait for the money of a bank account, which else takes three days.", "", (*Sandbox).controlDebit},
		{"POST", "/_sandbox/sessions/{id}/expire", "Expires an open checkout session.", "", (*Sandbox).controlExpire},
		{"POST", "/_sandbox/clock/advance", "Moves simulated time forward by seconds, days, months, or to a moment (RFC 3339).", sampleAdvance, (*Sandbox).controlAdvance},
		{"POST", "/_sandbox/customers/{id}/card", "Replaces the default card, also of the customer's subscriptions. Any test card is taken; 4000000000000341 makes renewals fail.", sampleCard, (*Sandbox).controlCard},
		{"POST", "/_sandbox/invoices/{id}/pay", "Pays an open invoice with the default card, or with a card given.", sampleCard, (*Sandbox).controlPayInvoice},
		{"POST", "/_sandbox/events/{id}/redeliver", "Sends an event again.", "", (*Sandbox).controlRedeliver},
		{"GET", "/_sandbox/journal", "Every API call and every movement of money.", "", (*Sandbox).controlJournal},
		{"POST", "/_sandbox/idle", "Waits up to so many seconds until every delivery is done.", sampleIdle, (*Sandbox).controlIdle},
	}
}

func (s *Sandbox) controlState(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	subscriptions := map[string]int{}
	for _, sub := range s.all("subscription", nil) {
		subscriptions[sub.str("status")]++
	}
	counts := map[string]int{}
	for kind, ids := range s.state.Order {
		counts[kind] = len(ids)
	}
	deliveries := map[string]int{}
	for _, d := range s.state.Deliveries {
		deliveries[d.State]++
	}
	return map[string]any{
		"now": s.now().Format(time.RFC3339), "offset_seconds": int64(s.state.Offset / time.Second), "api_version": apiVersion,
		"objects": counts, "subscriptions": subscriptions, "deliveries": deliveries, "faults": len(s.state.Faults),
		"webhook_url": s.cfg.WebhookURL, "base_url": s.cfg.BaseURL,
	}, nil
}

func (s *Sandbox) controlPaySession(c *controlCall) (any, error) {
	var p purchase
	if err := c.read(&p, sampleCard); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = c.r.Host
	s.settle()
	session, e := s.find("checkout.session", c.id, "id")
	if e != nil {
		return nil, e
	}
	defer s.touch()
	if e := s.buy(session, p); e != nil {
		return nil, e
	}
	return object{
		"status": "complete", "session": session.id(), "customer": session["customer"], "subscription": session["subscription"],
		"payment_status": session["payment_status"], "redirect_url": successURL(session),
	}, nil
}

func (s *Sandbox) controlExpire(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, e := s.find("checkout.session", c.id, "id")
	if e != nil {
		return nil, e
	}
	if e := open(session); e != nil {
		return nil, e
	}
	s.expireSession(session)
	return object{"status": "expired", "session": session.id()}, nil
}

func (s *Sandbox) controlAdvance(c *controlCall) (any, error) {
	var in struct {
		Seconds int64  `json:"seconds"`
		Days    int64  `json:"days"`
		Months  int    `json:"months"`
		To      string `json:"to"`
	}
	if err := c.read(&in, sampleAdvance); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = c.r.Host
	now := s.now()
	target := addMonths(now, in.Months).Add(time.Duration(in.Seconds)*time.Second + time.Duration(in.Days)*24*time.Hour)
	if in.To != "" {
		to, err := time.Parse(time.RFC3339, in.To)
		if err != nil {
			return nil, badInput("\"to\" must be RFC 3339, such as %q.", now.Add(24*time.Hour).Format(time.RFC3339))
		}
		target = to
	}
	switch d := target.Sub(now); {
	case d <= 0:
		return nil, badInput("The clock only moves forward and it is %s now. Send %s, {\"seconds\":3600} or a later \"to\".", now.Format(time.RFC3339), sampleAdvance)
	case d > 50*366*24*time.Hour:
		return nil, badInput("Advance at most 50 years in one go.")
	default:
		s.advance(d)
	}
	return object{"status": "ok", "now": s.now().Format(time.RFC3339)}, nil
}

func (s *Sandbox) controlCard(c *controlCall) (any, error) {
	var p purchase
	if err := c.read(&p, sampleCard); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	customer, e := s.findLive("customer", c.id, "id")
	if e != nil {
		return nil, e
	}
	method, e := s.replaceCard(customer, p.Card, p.Name)
	if e != nil {
		return nil, badInput("%s", e.message)
	}
	return object{"status": "ok", "customer": customer.id(), "payment_method": method.id()}, nil
}

func (s *Sandbox) controlPayInvoice(c *controlCall) (any, error) {
	var p purchase
	if err := c.read(&p, sampleCard); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = c.r.Host
	s.settle()
	inv, e := s.find("invoice", c.id, "id")
	if e != nil {
		return nil, e
	}
	defer s.touch()
	if e := s.payOnPage(inv, p); e != nil {
		return nil, e
	}
	sub := s.state.Objects[inv.str("subscription")]
	return object{"status": inv.str("status"), "invoice": inv.id(), "subscription": sub.id(), "subscription_status": sub.str("status")}, nil
}

// payOnPage pays an open invoice with the card given, or else the default one.
func (s *Sandbox) payOnPage(inv object, p purchase) *apiError {
	a := attempt{authenticated: p.Authenticate != nil && *p.Authenticate}
	if p.Card != "" {
		number := cardNumber(p.Card)
		if !knownCard(number) {
			return unknownCard("card")
		}
		customer, e := s.findLive("customer", inv.str("customer"), "customer")
		if e != nil {
			return e
		}
		a.method = s.newMethod(number, p.Name)
		s.own(a.method, customer)
	}
	return s.pay(inv, a)
}

func (s *Sandbox) controlRedeliver(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	event, e := s.find("event", c.id, "id")
	if e != nil {
		return nil, e
	}
	n := s.queue(event)
	if n == 0 {
		return nil, badInput("No endpoint wants this event: set a webhook url or create a webhook endpoint first.")
	}
	return object{"status": "queued", "endpoints": int64(n)}, nil
}

func (s *Sandbox) controlJournal(*controlCall) (any, error) {
	return map[string]any{"entries": s.Journal()}, nil
}

func (s *Sandbox) controlIdle(c *controlCall) (any, error) {
	in := struct {
		Seconds float64 `json:"seconds"`
	}{10}
	if err := c.read(&in, sampleIdle); err != nil {
		return nil, err
	}
	if in.Seconds <= 0 || in.Seconds > 120 {
		return nil, badInput("\"seconds\" must be between 0 and 120, for instance %s", sampleIdle)
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), time.Duration(in.Seconds*float64(time.Second)))
	defer cancel()
	if err := s.WaitIdle(ctx); errors.Is(err, context.DeadlineExceeded) {
		return object{"status": "busy", "idle": false}, nil
	} else if err != nil {
		return nil, badInput("%v", err)
	}
	return object{"status": "idle", "idle": true}, nil
}
