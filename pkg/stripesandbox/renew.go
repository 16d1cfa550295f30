package stripesandbox

import (
	"container/heap"
	"time"
)

// Advance moves simulated time forward by d and does everything that becomes due
// on the way, in order of time and at its own moment. A negative d does nothing.
func (s *Sandbox) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(d)
}

func (s *Sandbox) advance(d time.Duration) {
	target := s.now().Add(d)
	s.runUntil(target.Unix())
	s.state.Offset += d
	s.pruneKeys()
	s.touch()
}

// settle does what became due since the last second.
func (s *Sandbox) settle() {
	now := s.unix()
	if now == s.settled {
		return
	}
	s.settled = now
	if s.runUntil(now) {
		s.touch()
	}
}

// appointment is a subscription, session, refund or dispute that has something
// due at a time.
type appointment struct {
	at    int64
	order int
	id    string
}

type agenda []appointment

// Len counts the appointments, for container/heap.
func (a *agenda) Len() int { return len(*a) }

// Swap exchanges two appointments, for container/heap.
func (a *agenda) Swap(i, j int) { (*a)[i], (*a)[j] = (*a)[j], (*a)[i] }

// Less tells which of two appointments is earlier, for container/heap.
func (a *agenda) Less(i, j int) bool {
	one, other := (*a)[i], (*a)[j]
	return one.at < other.at || (one.at == other.at && one.order < other.order)
}

// Push adds an appointment; it is called by container/heap only.
func (a *agenda) Push(x any) { *a = append(*a, x.(appointment)) }

// Pop takes the last appointment; it is called by container/heap only.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func (s *Sandbox) runUntil(target int64) (worked bool) {
	var due agenda
	for _, kind := range []string{"subscription", "checkout.session", "refund", "dispute"} {
		for _, o := range s.all(kind, nil) {
			if at := dueAt(s, o); at > 0 && at <= target {
				due = append(due, appointment{at, len(due), o.id()})
			}
		}
	}
	heap.Init(&due)
	defer func() { s.frozen = time.Time{} }()
	for due.Len() > 0 {
		next := heap.Pop(&due).(appointment)
		s.frozen = time.Unix(next.at, 0).UTC()
		o := s.state.Objects[next.id]
		s.attend(o)
		worked = true
		if at := dueAt(s, o); at > 0 && at <= target {
			heap.Push(&due, appointment{max(at, next.at), next.order, next.id})
		}
	}
	return worked
}

// dueAt returns the next moment at which something happens to o by itself, or 0.
func dueAt(s *Sandbox, o object) int64 {
	switch o.str("object") {
	case "checkout.session":
		if o.str("status") == "open" {
			return o.num("expires_at")
		}
		return o.num("_debit_at")
	case "refund":
		return o.num("_settles_at")
	case "dispute":
		return answerBy(o)
	}
	var moments []int64
	if intent := s.underway(o); intent != nil {
		moments = append(moments, intent.num("_settles_at"))
	}
	switch o.str("status") {
	case "incomplete":
		if len(moments) == 0 {
			moments = append(moments, o.num("created")+23*3600)
		}
	case "trialing":
		moments = append(moments, o.num("trial_end"), o.num("cancel_at"))
		if !o.flag("_noticed") {
			moments = append(moments, o.num("trial_end")-3*86400)
		}
	case "active", "past_due", "unpaid":
		moments = append(moments, o.num("current_period_end"), o.num("cancel_at"), o.sub("pause_collection").num("resumes_at"))
		for _, inv := range s.openInvoices(o) {
			moments = append(moments, inv.num("next_payment_attempt"))
		}
	}
	moments = append(moments, s.phaseEnd(o))
	first := int64(0)
	for _, at := range moments {
		if at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

// attend does the one thing that is due for o now.
func (s *Sandbox) attend(o object) {
	now := s.unix()
	switch o.str("object") {
	case "checkout.session":
		if o.str("status") == "open" {
			s.expireSession(o)
		} else {
			s.endDebit(o)
		}
		return
	case "refund":
		s.settleRefund(o, o.str("_outcome"))
		return
	case "dispute":
		s.setDispute(o, unanswered(o))
		return
	}
	if intent := s.underway(o); intent != nil && intent.num("_settles_at") <= now {
		s.endTransfer(intent)
		return
	}
	if o.str("status") == "incomplete" {
		for _, inv := range s.openInvoices(o) {
			s.void(inv)
		}
		return
	}
	resumes := o.sub("pause_collection").num("resumes_at")
	switch {
	case o.num("cancel_at") > 0 && o.num("cancel_at") <= now:
		s.endSubscription(o, "cancellation_requested")
	case resumes > 0 && resumes <= now:
		s.change(o, "customer.subscription.updated", func() { o["pause_collection"] = nil })
	case s.nextPhase(o, now):
	case s.retryOpen(o, now):
	case o.str("status") == "trialing" && o.num("trial_end") <= now:
		s.endTrial(o, o.num("trial_end"))
	case o.str("status") == "trialing":
		o["_noticed"] = true
		s.emit("customer.subscription.trial_will_end", o)
	default:
		s.beginPeriod(o, o.num("current_period_end"))
	}
}

// retryOpen tries again the first open invoice that is due for it.
func (s *Sandbox) retryOpen(sub object, now int64) bool {
	for _, inv := range s.openInvoices(sub) {
		if at := inv.num("next_payment_attempt"); at > 0 && at <= now {
			_ = s.collect(inv, attempt{automatic: true})
			return true
		}
	}
	return false
}

// beginPeriod rolls a subscription into the period that starts at start, and
// invoices and charges it. A decline leaves it past due.
func (s *Sandbox) beginPeriod(sub object, start int64) {
	before := sub.clone()
	inv := s.renewal(sub, start)
	s.emitUpdate("customer.subscription.updated", sub, before)
	if inv.str("status") != "open" || inv.str("collection_method") == "send_invoice" {
		return
	}
	if pause := sub.sub("pause_collection"); pause != nil {
		s.putAside(inv, pause.str("behavior"))
		return
	}
	_ = s.collect(inv, attempt{automatic: true})
}

// renewal rolls a subscription into the period that starts at start, and gives
// the invoice of it.
func (s *Sandbox) renewal(sub object, start int64) object {
	_, end, _ := periodAround(sub.num("billing_cycle_anchor"), recurringOf(sub), start)
	sub["current_period_start"], sub["current_period_end"] = start, end
	if sub.flag("cancel_at_period_end") {
		sub["cancel_at"] = end
	}
	lines := takePending(sub)
	for _, item := range sub.rows("items") {
		lines = append(lines, s.line(sub, item, amountOf(item), start, end))
	}
	return s.invoiceFor(sub, "subscription_cycle", lines)
}

// putAside handles the invoice of a subscription whose collection is paused.
func (s *Sandbox) putAside(inv object, behavior string) {
	inv["auto_advance"], inv["next_payment_attempt"] = false, nil
	switch behavior {
	case "void":
		s.void(inv)
	case "mark_uncollectible":
		s.writeOff(inv)
	default:
		inv["status"] = "draft"
		s.closeInvoice(inv)
	}
}

// writeOff stops asking for the money of an invoice.
func (s *Sandbox) writeOff(inv object) {
	inv["status"], inv["next_payment_attempt"], inv["auto_advance"] = "uncollectible", nil, false
	inv.sub("status_transitions")["marked_uncollectible_at"] = s.unix()
	s.closeInvoice(inv)
	s.emit("invoice.marked_uncollectible", inv)
}

// endTrial starts the first paid period, or does what trial_settings says when
// there is no card.
func (s *Sandbox) endTrial(sub object, at int64) {
	if s.defaultMethod(object{"customer": sub["customer"], "subscription": sub.id()}) == nil {
		switch sub.sub("trial_settings").sub("end_behavior").str("missing_payment_method") {
		case "cancel":
			s.endSubscription(sub, "payment_failed")
			return
		case "pause":
			sub["status"] = "paused"
			s.emit("customer.subscription.paused", sub)
			return
		}
	}
	s.change(sub, "customer.subscription.updated", func() {
		sub["status"], sub["billing_cycle_anchor"] = "active", at
	})
	s.beginPeriod(sub, at)
}
