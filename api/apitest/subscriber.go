package apitest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/pause"
)

// Subscribe has somebody pay for the monthly plan with a card that pays.
func (h *House) Subscribe(t testing.TB, s Someone) {
	t.Helper()
	open, _, err := h.App.Billing.StartCheckout(t.Context(), s.Actor(), billing.Choice{Plan: "circle", Price: "monthly"})
	if err != nil {
		t.Fatal(err)
	}
	h.Control(t, "/_sandbox/sessions/"+open.URL[strings.LastIndexByte(open.URL, '/')+1:]+"/pay", `{"card":"4242424242424242"}`)
	h.Settle(t)
}

// asSubscriber tells the operations that are about a running subscription.
func asSubscriber(op middleware.Operation) bool {
	return slices.Contains([]string{"quoteChange", "changePlan", "keepPlan", "pauseMembership", "returnFromPause"}, op.ID)
}

// subscribed has the caller pay first where a request is about what she pays
// for, and puts in place of the example what is hers.
func (w World) subscribed(t testing.TB, op middleware.Operation, who Someone, c *Call) {
	t.Helper()
	if !asSubscriber(op) || who.Token == "" || who.Role == w.Unverified.Role {
		return
	}
	w.h.Subscribe(t, who)
	if op.ID == "pauseMembership" {
		today := w.h.App.Clock.Now()
		c.Body = map[string]any{"from": today.AddDate(0, 0, 3).Format(time.DateOnly), "until": today.AddDate(0, 2, 0).Format(time.DateOnly)}
	}
	if op.ID == "returnFromPause" {
		w.h.Pause(t, who)
	}
	if op.ID == "changePlan" {
		c.Body = map[string]any{"quote": w.h.Quote(t, who).String()}
	}
}

// Pause has a member rest from now on, for two months.
func (h *House) Pause(t testing.TB, s Someone) {
	t.Helper()
	if err := h.App.Pause.Take(t.Context(), s.Actor(), pause.Wish{Until: h.App.Clock.Now().AddDate(0, 2, 0)}); err != nil {
		t.Fatal(err)
	}
	h.Settle(t)
}

// Quote asks what the annual price would cost a member, and gives the id.
func (h *House) Quote(t testing.TB, s Someone) uuid.UUID {
	t.Helper()
	q, err := h.App.Billing.Quote(t.Context(), s.Actor(), billing.PlanChange{Plan: "circle", Price: "annual"})
	if err != nil {
		t.Fatal(err)
	}
	return q.ID
}
