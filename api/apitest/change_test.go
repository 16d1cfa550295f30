package apitest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// She asks what a year would cost, pays exactly that, and plans to go back to
// months; over HTTP, as a frontend does it.
func TestAnotherPlan(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.World(t)
	maria, other := h.Person(t, "maria of the year"), h.Person(t, "another")
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	annual := map[string]string{"plan": "circle", "price": "annual"}
	if code := do(maria, http.MethodPost, "/v1/membership/quotes", annual, http.StatusConflict).Code(); code != "no-subscription" {
		t.Errorf("nothing to change: %s", code)
	}
	pays(t, h, maria, "4242424242424242")
	pays(t, h, other, "4242424242424242")

	var q struct {
		ID     uuid.UUID
		Effect string
		Due    struct {
			Minor    int64
			Currency string
		}
		Next   struct{ Minor int64 }
		NextAt time.Time `json:"next_at"`
	}
	do(maria, http.MethodPost, "/v1/membership/quotes", annual, http.StatusCreated).Into(t, &q)
	if q.Effect != "now" || q.Due.Minor <= 44000 || q.Due.Minor > 49000 || q.Due.Currency != "usd" || q.Next.Minor != 49000 {
		t.Errorf("%+v", q)
	}
	use := map[string]string{"quote": q.ID.String()}
	do(other, http.MethodPost, "/v1/membership/change", use, http.StatusNotFound)
	var own struct {
		Subscriptions []struct {
			Price string
			Next  *struct {
				Plan, Price string
				At          time.Time
			}
			CurrentPeriodEnd time.Time `json:"current_period_end"`
		}
	}
	do(maria, http.MethodPost, "/v1/membership/change", use, http.StatusOK).Into(t, &own)
	if own.Subscriptions[0].Price != "annual" || own.Subscriptions[0].Next != nil {
		t.Errorf("%+v", own)
	}
	var bills struct {
		Items []struct{ Paid struct{ Minor int64 } }
	}
	do(maria, http.MethodGet, "/v1/membership/invoices", nil, http.StatusOK).Into(t, &bills)
	if len(bills.Items) != 2 || bills.Items[0].Paid.Minor != q.Due.Minor {
		t.Errorf("quoted %d, and the invoices are %+v", q.Due.Minor, bills)
	}

	do(maria, http.MethodPost, "/v1/membership/quotes", map[string]string{"plan": "circle", "price": "monthly"}, http.StatusCreated).Into(t, &q)
	if q.Effect != "period_end" || q.Due.Minor != 0 {
		t.Errorf("%+v", q)
	}
	own.Subscriptions = nil
	do(maria, http.MethodPost, "/v1/membership/change", map[string]string{"quote": q.ID.String()}, http.StatusOK).Into(t, &own)
	if next := own.Subscriptions[0].Next; next == nil || next.Plan != "circle" || next.Price != "monthly" || !next.At.Equal(own.Subscriptions[0].CurrentPeriodEnd) {
		t.Errorf("%+v", own.Subscriptions[0])
	}
	own.Subscriptions = nil
	do(maria, http.MethodDelete, "/v1/membership/change", nil, http.StatusOK).Into(t, &own)
	if own.Subscriptions[0].Next != nil || own.Subscriptions[0].Price != "annual" {
		t.Errorf("%+v", own.Subscriptions[0])
	}
	var acts struct{ Items []struct{ Action string } }
	do(maria, http.MethodGet, "/v1/me/audit", nil, http.StatusOK).Into(t, &acts)
	if len(acts.Items) < 3 || acts.Items[0].Action != "membership.change-undo" || acts.Items[1].Action != "membership.change-later" || acts.Items[2].Action != "membership.change" {
		t.Errorf("%+v", acts)
	}
}
