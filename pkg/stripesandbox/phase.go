package stripesandbox

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// setCurrentPhase notes which phase of a schedule now is in; none is null.
func setCurrentPhase(schedule object, now int64) {
	schedule["current_phase"] = nil
	for _, phase := range schedule.rows("phases") {
		if phase.num("start_date") <= now && now < phase.num("end_date") {
			schedule["current_phase"] = object{"start_date": phase["start_date"], "end_date": phase["end_date"]}
		}
	}
}

// phaseEnd is when the schedule of a subscription leaves its phase, or 0.
func (s *Sandbox) phaseEnd(o object) int64 {
	if o.str("object") != "subscription" || ended(o) {
		return 0
	}
	return s.state.Objects[o.str("schedule")].sub("current_phase").num("end_date")
}

// nextPhase moves a subscription into the phase that is due, or lets go of it
// behind the last, and reports whether it did either.
func (s *Sandbox) nextPhase(sub object, now int64) bool {
	if end := s.phaseEnd(sub); end == 0 || end > now {
		return false
	}
	schedule := s.state.Objects[sub.str("schedule")]
	s.change(schedule, "subscription_schedule.updated", func() { setCurrentPhase(schedule, now) })
	start := schedule.sub("current_phase").num("start_date")
	for _, phase := range schedule.rows("phases") {
		if start != 0 && phase.num("start_date") == start {
			s.enterPhase(sub, phase)
			return true
		}
	}
	if schedule.str("end_behavior") == "cancel" {
		s.endSubscription(sub, "cancellation_requested")
		return true
	}
	s.release(schedule, sub)
	return true
}

// enterPhase gives a subscription the items of a phase. Another interval
// begins a new period at once.
func (s *Sandbox) enterPhase(sub, phase object) {
	rows := phase.rows("items")
	items := make([]any, 0, len(rows))
	old := sub.rows("items")
	for i, row := range rows {
		price := s.state.Objects[row.str("price")]
		item := s.newItem(object{"quantity": row.num("quantity")}, price)
		if i < len(old) {
			item["id"], item["created"] = old[i].id(), old[i]["created"]
		}
		item["subscription"] = sub.id()
		items = append(items, item)
	}
	was, wasEvery := sub.clone().rows("items"), recurringOf(sub)
	before := sub.clone()
	sub.sub("items")["data"] = items
	first := sub.rows("items")[0]
	sub["plan"], sub["quantity"] = first["plan"], first["quantity"]
	every := recurringOf(sub)
	moved := every.str("interval") != wasEvery.str("interval") || every.num("interval_count") != wasEvery.num("interval_count")
	c := &call{Sandbox: s, in: object{}}
	if phase.str("proration_behavior") != "none" && sub.str("status") != "trialing" {
		c.prorate(sub, was, moved)
	}
	if moved || phase.str("billing_cycle_anchor") == "phase_start" {
		sub["billing_cycle_anchor"], sub["current_period_end"] = s.unix(), s.unix() // the period begins next
	}
	s.emitUpdate("customer.subscription.updated", sub, before)
}

// release lets a subscription go on as it is without its schedule.
func (s *Sandbox) release(schedule, sub object) {
	schedule["status"], schedule["released_at"], schedule["current_phase"] = "released", s.unix(), nil
	schedule["released_subscription"], schedule["subscription"] = sub.id(), nil
	s.emit("subscription_schedule.released", schedule)
	s.change(sub, "customer.subscription.updated", func() { sub["schedule"] = nil })
}

// endSchedule cancels the schedule of a subscription that has ended.
func (s *Sandbox) endSchedule(sub object) {
	schedule := s.state.Objects[sub.str("schedule")]
	if schedule == nil {
		return
	}
	schedule["status"], schedule["canceled_at"], schedule["current_phase"] = "canceled", s.unix(), nil
	s.emit("subscription_schedule.canceled", schedule)
}
