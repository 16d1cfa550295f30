package apitest

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
)

// unknownCustomer makes a customer at Stripe that is nobody's.
func (h *House) unknownCustomer(t testing.TB) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.Stripe+"/v1/customers", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_sandbox")
	resp, err := h.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	var made struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.ID == "" {
		t.Fatalf("no customer was made: %v", err)
	}
	return made.ID
}

// payment puts in place of the example what Stripe knows, or what was quoted.
func (h *House) payment(t testing.TB, op middleware.Operation, member uuid.UUID, who Someone, c *Call) {
	t.Helper()
	if op.ID == "movePlan" && slices.Contains(who.roles, account.Admin) {
		q, err := h.App.Billing.QuoteMove(t.Context(), member, billing.PlanChange{Plan: "circle", Price: "annual"})
		if err != nil {
			t.Fatal(err)
		}
		c.Body = map[string]any{"quote": q.ID.String(), "reason": "asked_by_member"}
	}
	if op.ID == "mergeCustomer" {
		c.Body = map[string]any{"customer": h.unknownCustomer(t), "reason": "other"}
	}
}
