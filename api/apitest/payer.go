package apitest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Payer is a member who has paid for a month, which we know from Stripe.
func (h *House) Payer(t testing.TB) uuid.UUID {
	t.Helper()
	ctx, id := t.Context(), h.Stranger(t)
	open, _, err := h.App.Billing.StartCheckout(ctx, account.Actor{ID: id, Verified: true}, billing.Choice{Plan: "circle", Price: "monthly"})
	if err != nil {
		t.Fatal(err)
	}
	h.Control(t, "/_sandbox/sessions/"+open.URL[strings.LastIndexByte(open.URL, '/')+1:]+"/pay", `{"card":"4242424242424242"}`)
	customer, err := h.App.Billing.Customer(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.App.Billing.SyncCustomer(ctx, customer, "test", time.Time{}); err != nil {
		t.Fatal(err)
	}
	return id
}

// refunded names in a request to pay back the invoice that she paid.
func (h *House) refunded(t testing.TB, op middleware.Operation, member uuid.UUID, c *Call) {
	t.Helper()
	if op.ID != "refundInvoice" {
		return
	}
	all, err := h.App.Billing.MoneyBack(t.Context(), member)
	if err != nil {
		t.Fatal(err)
	}
	if body, ok := c.Body.(map[string]any); ok && len(all.Paid) > 0 {
		body["invoice_id"] = all.Paid[0].ID.String()
	}
}

// Charges are Stripe's ids of what was taken from a member, the newest first.
func (h *House) Charges(t testing.TB, member uuid.UUID) (ids []string) {
	t.Helper()
	customer, err := h.App.Billing.Customer(t.Context(), member)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.Stripe+"/v1/charges?customer="+customer, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_sandbox")
	res, err := h.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Data {
		ids = append(ids, c.ID)
	}
	return ids
}

// flag is one about a price that nobody sells.
func (h *House) flag(t testing.TB) uuid.UUID {
	t.Helper()
	id := pg.NewID()
	_, err := h.App.DB.Pool().Exec(t.Context(), `INSERT INTO billing_flags (id, kind, subject, detail, raised_at) VALUES ($1, 'catalogue_drift', $2, 'A test.', now())`,
		id, "price_"+id.String())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
