package stripesandbox

import (
	"maps"
	"time"

	"github.com/stripe/stripe-go/v76"
)

func scheduleRoutes() []route {
	const path = "/v1/subscription_schedules"
	return []route{
		{"POST", path, stripe.SubscriptionScheduleParams{}, createSchedule},
		{"GET", path, stripe.SubscriptionScheduleListParams{}, listing("subscription_schedule", "customer")},
		{"GET", path + "/{id}", stripe.SubscriptionScheduleParams{}, retrieve("subscription_schedule")},
		{"POST", path + "/{id}", stripe.SubscriptionScheduleParams{}, updateSchedule},
		{"POST", path + "/{id}/release", stripe.SubscriptionScheduleReleaseParams{}, releaseSchedule},
		{"POST", path + "/{id}/cancel", stripe.SubscriptionScheduleCancelParams{}, cancelSchedule},
	}
}

// createSchedule puts a running subscription under a schedule whose only phase
// is the current period. The sandbox starts no subscription by a schedule.
func createSchedule(c *call) (object, *apiError) {
	id := c.in.str("from_subscription")
	if id == "" {
		return nil, invalid("from_subscription", "The sandbox makes schedules of running subscriptions only: pass from_subscription.")
	}
	for key := range c.in {
		if key != "from_subscription" && key != "expand" && key != "metadata" {
			return nil, invalid(key, "You cannot set `"+key+"` if `from_subscription` is set.")
		}
	}
	sub, e := c.find("subscription", id, "from_subscription")
	if e != nil {
		return nil, e
	}
	switch {
	case ended(sub):
		return nil, invalid("from_subscription", "You cannot migrate a subscription that is already canceled.")
	case sub.str("schedule") != "":
		return nil, invalid("from_subscription", "You cannot migrate a subscription that is already attached to a schedule: `"+sub.str("schedule")+"`.")
	}
	phase := c.newPhase(sub, sub.num("current_period_start"), sub.num("current_period_end"))
	phase["items"] = phaseItems(sub.rows("items"))
	fields := object{
		"customer": sub["customer"], "subscription": id, "status": "active", "end_behavior": "release", "phases": []any{phase},
		"default_settings": object{
			"application_fee_percent": nil, "automatic_tax": object{"enabled": false, "liability": nil}, "billing_cycle_anchor": "automatic",
			"billing_thresholds": nil, "collection_method": "charge_automatically", "default_payment_method": nil, "description": nil,
			"invoice_settings": object{"days_until_due": nil, "issuer": object{"type": "self"}}, "on_behalf_of": nil, "transfer_data": nil,
		},
	}
	fields.mergeMetadata(c.in)
	schedule := c.add("sub_sched_", "subscription_schedule", stripe.SubscriptionSchedule{}, fields)
	setCurrentPhase(schedule, c.unix())
	c.emit("subscription_schedule.created", schedule)
	c.change(sub, "customer.subscription.updated", func() { sub["schedule"] = schedule.id() })
	return schedule, nil
}

func (s *Sandbox) newPhase(sub object, start, end int64) object {
	phase := blank(stripe.SubscriptionSchedulePhase{})
	maps.Copy(phase, (object{
		"start_date": start, "end_date": end, "currency": sub.str("currency"), "proration_behavior": "create_prorations",
	}))
	return phase
}

func phaseItems(items []object) []any {
	rows := make([]any, len(items))
	for i, item := range items {
		row := blank(stripe.SubscriptionSchedulePhaseItem{})
		row["price"], row["plan"], row["quantity"] = item.sub("price").id(), item.sub("price").id(), item.num("quantity")
		rows[i] = row
	}
	return rows
}

// updateSchedule replaces the phases that are not over.
func updateSchedule(c *call) (object, *apiError) {
	schedule, sub, e := c.liveSchedule("update")
	if e != nil {
		return nil, e
	}
	phases := schedule.list("phases")
	if c.in.has("phases") {
		if phases, e = c.readPhases(schedule, sub); e != nil {
			return nil, e
		}
	}
	c.change(schedule, "subscription_schedule.updated", func() {
		schedule.copyFrom(c.in, "end_behavior")
		schedule.mergeMetadata(c.in)
		schedule["phases"] = phases
		setCurrentPhase(schedule, c.unix())
	})
	return schedule, nil
}

func (c *call) readPhases(schedule, sub object) ([]any, *apiError) {
	start := schedule.sub("current_phase").num("start_date")
	var phases []any
	for i, row := range c.in.rows("phases") {
		if given := row.num("start_date"); given != 0 && given != start || i == 0 && given == 0 {
			return nil, invalid("phases["+itoa(i)+"][start_date]", "You can not modify the start date of the current phase, and a phase starts where the one before ends.")
		}
		items, e := c.itemsOf(row.rows("items"), "phases["+itoa(i)+"][items]")
		if i == 0 && e != nil && e.code == "" { // a price that is not sold any more goes on
			items, e = asItems(sub), nil
		}
		if e != nil {
			return nil, e
		}
		end := row.num("end_date")
		first, _ := items[0].(object)
		if n := row.num("iterations"); n > 0 {
			end = step(time.Unix(start, 0).UTC(), first.sub("price").sub("recurring"), int(n)).Unix()
		}
		if end <= start || (i == 0 && end <= c.unix()) {
			return nil, invalid("phases["+itoa(i)+"][end_date]", "The end date of a phase must be after its start, and in the future: pass end_date or iterations.")
		}
		phase := c.newPhase(sub, start, end)
		phase["items"] = phaseItems(objects(items))
		phase.copyFrom(row, "proration_behavior", "billing_cycle_anchor", "description")
		phase.mergeMetadata(row)
		phases, start = append(phases, phase), end
	}
	if len(phases) == 0 {
		return nil, required("phases")
	}
	return phases, nil
}

func asItems(sub object) []any {
	items := []any{}
	for _, item := range sub.rows("items") {
		items = append(items, item.clone())
	}
	return items
}

func objects(list []any) []object {
	rows := make([]object, len(list))
	for i, v := range list {
		rows[i], _ = v.(object)
	}
	return rows
}

// liveSchedule is the schedule of a call, while it manages a subscription.
func (c *call) liveSchedule(verb string) (schedule, sub object, e *apiError) {
	if schedule, e = c.find("subscription_schedule", c.id, "schedule"); e != nil {
		return nil, nil, e
	}
	if status := schedule.str("status"); status != "active" {
		return nil, nil, invalid("", "You cannot "+verb+" a subscription schedule that is currently in the `"+status+"` status.")
	}
	return schedule, c.state.Objects[schedule.str("subscription")], nil
}

func releaseSchedule(c *call) (object, *apiError) {
	schedule, sub, e := c.liveSchedule("release")
	if e != nil {
		return nil, e
	}
	c.release(schedule, sub)
	return schedule, nil
}

func cancelSchedule(c *call) (object, *apiError) {
	schedule, sub, e := c.liveSchedule("cancel")
	if e != nil {
		return nil, e
	}
	c.endSubscription(sub, "cancellation_requested") // which ends the schedule
	return schedule, nil
}
