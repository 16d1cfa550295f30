package stripesandbox

import (
	"net/http"
	"slices"
	"strings"
)

// shown is how many rows of each kind the dashboard lists.
const shown = 25

// dashboardView is what the dashboard shows: objects as they are on the wire.
type dashboardView struct {
	Now           int64
	WebhookURL    string
	Paused        bool
	Customers     []object
	Subscriptions []object
	Sessions      []object
	Invoices      []object
	Charges       []object
	Refunds       []object
	Disputes      []object
	Notes         []object
	Events        []object
	Deliveries    []delivery
	Bad           string
}

func (s *Sandbox) dashboard(_ *http.Request, _ string) screen {
	latest := func(kind string) []object {
		rows := s.all(kind, func(o object) bool { return !o.flag("deleted") })
		slices.Reverse(rows)
		return rows[:min(len(rows), shown)]
	}
	deliveries := s.deliveryList()
	return s.render(http.StatusOK, "dashboard.html", dashboardView{
		Now: s.unix(), WebhookURL: s.cfg.WebhookURL, Paused: s.state.Knobs.Paused, Bad: cardFailsLater,
		Customers: latest("customer"), Subscriptions: latest("subscription"), Sessions: latest("checkout.session"),
		Invoices: latest("invoice"), Charges: latest("charge"), Refunds: latest("refund"), Disputes: latest("dispute"), Notes: latest("credit_note"),
		Events: latest("event"), Deliveries: deliveries[:min(len(deliveries), shown)],
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
