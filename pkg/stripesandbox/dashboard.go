package stripesandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// shown is how many rows of each kind the dashboard lists.
const shown = 25

// dashboardView is what the dashboard shows: objects as they are on the wire.
type dashboardView struct {
	Now           int64
	WebhookURL    string
	Paused        bool
	Renewal       string // when the next one is, or empty
	Cards         []offeredCard
	Customers     []object
	Subscriptions []object
	Schedules     []object
	Sessions      []object
	Invoices      []object
	Charges       []object
	Refunds       []object
	Disputes      []object
	Notes         []object
	Catalogue     []object
	Told          []string
	Events        []object
	Deliveries    []delivery
}

// offeredCard is a test card that the dashboard gives to a customer.
type offeredCard struct{ Number, Label, Then string }

func offeredCards() []offeredCard {
	return []offeredCard{
		{cardGood, "Good card", "it is paid"},
		{cardFailsLater, "Make charges fail", "it fails"},
		{cardAlwaysAuth, "Bank asks each time", "the bank asks"},
	}
}

// toldTypes are the events that nothing in the sandbox brings about by itself.
func toldTypes() []string {
	return []string{
		"credit_note.updated", "customer.subscription.pending_update_applied", "customer.subscription.pending_update_expired",
		"invoice.finalization_failed", "invoice.upcoming", "subscription_schedule.aborted",
	}
}

// pressed is a button: a form that posts its fields to a control operation.
type pressed struct {
	Path, Label string
	Fields      map[string]string
}

// press makes a button of a path below /_sandbox/, its label, and the names and
// values of its fields in turn.
func press(path, label string, fields ...string) pressed {
	p := pressed{path, label, map[string]string{}}
	for i := 0; i+1 < len(fields); i += 2 {
		p.Fields[fields[i]] = fields[i+1]
	}
	return p
}

// act is one of subscriptionActs, as a button says it.
type act struct{ Label, Action string }

// actsOn are the acts that a subscription, as it is, can have done to it.
func actsOn(sub object) []act {
	if ended(sub) {
		return nil
	}
	acts := []act{{"Cancel now", "cancel"}}
	switch {
	case sub.str("status") == "paused":
		return append(acts, act{"Resume", "resume"})
	case sub.str("status") == "trialing":
		acts = append(acts, act{"End the trial", "end_trial"})
	}
	switch {
	case sub.flag("cancel_at_period_end"):
		acts = append(acts, act{"Keep", "keep"})
	case sub.str("schedule") == "":
		acts = append(acts, act{"Cancel at the end", "cancel_at_period_end"})
	}
	if sub.sub("pause_collection") != nil {
		return append(acts, act{"Collect again", "resume_collection"})
	}
	return append(acts, act{"Pause collection", "pause_collection"})
}

// nextRenewal is when the first of the subscriptions renews, or empty.
func (s *Sandbox) nextRenewal() string {
	first := int64(0)
	for _, sub := range s.all("subscription", func(o object) bool { return !ended(o) }) {
		if at := sub.num("current_period_end"); at > s.unix() && (first == 0 || at < first) {
			first = at
		}
	}
	if first == 0 {
		return ""
	}
	return time.Unix(first, 0).UTC().Format(time.RFC3339)
}

func (s *Sandbox) dashboard(_ *http.Request, _ string) screen {
	latest := func(kind string) []object {
		rows := s.all(kind, func(o object) bool { return !o.flag("deleted") })
		slices.Reverse(rows)
		return rows[:min(len(rows), shown)]
	}
	deliveries := s.deliveryList()
	return s.render(http.StatusOK, "dashboard.html", dashboardView{
		Now: s.unix(), WebhookURL: s.cfg.WebhookURL, Paused: s.state.Knobs.Paused, Renewal: s.nextRenewal(), Cards: offeredCards(),
		Customers: latest("customer"), Subscriptions: latest("subscription"), Schedules: latest("subscription_schedule"),
		Sessions: latest("checkout.session"), Invoices: latest("invoice"), Charges: latest("charge"), Refunds: latest("refund"),
		Disputes: latest("dispute"), Notes: latest("credit_note"), Catalogue: slices.Concat(latest("product"), latest("price")),
		Told: toldTypes(), Events: latest("event"), Deliveries: deliveries[:min(len(deliveries), shown)],
	})
}

// manualView is one control operation in the manual.
type manualView struct {
	control
	Curl string `json:"curl"`
}

// serveManual describes the control operations, as JSON or for people.
func (s *Sandbox) serveManual(w http.ResponseWriter, r *http.Request) {
	base := "http://" + r.Host
	operations := []manualView{}
	for _, op := range controls() {
		curl := "curl"
		if op.Method != http.MethodGet {
			curl += " -X " + op.Method
		}
		if op.Sample != "" {
			curl += " -H 'Content-Type: application/json' -d '" + op.Sample + "'"
		}
		operations = append(operations, manualView{op, curl + " " + base + strings.ReplaceAll(op.Path, "{id}", "ID")})
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.render(http.StatusOK, "manual.html", map[string]any{"Operations": operations, "Cards": testCards()}).write(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"operations": operations, "cards": testCards()})
}
