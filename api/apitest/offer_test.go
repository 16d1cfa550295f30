package apitest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

type offer struct {
	ID, Slug, Plan, Price string
	PercentOff            int `json:"percent_off"`
	Taken                 int
	Open                  bool
	AtStripe              bool `json:"at_stripe"`
}

// An administrator makes an offer, a visitor looks at it, a member pays less,
// and who was there before is given it too.
func TestAnOfferFromItsLinkToTheInvoice(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	early, maria := h.Paying(t), h.Person(t, "maria of the offer")
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	terms := map[string]any{
		"slug": "spring-again", "plan": "circle", "price": "monthly", "percent_off": 20, "duration": "once", "max_redemptions": 1,
		"ends_at": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339),
	}
	do(maria, http.MethodPost, "/v1/admin/offers", terms, http.StatusForbidden)
	do(w.Admin, http.MethodPost, "/v1/admin/offers", terms, http.StatusCreated)
	if code := do(w.Admin, http.MethodPost, "/v1/admin/offers", terms, http.StatusConflict).Code(); code != "offer-exists" {
		t.Error(code)
	}
	h.Settle(t)
	var shown offer
	do(apitest.Someone{}, http.MethodGet, "/v1/offers/spring-again", nil, http.StatusOK).Into(t, &shown)
	if shown.Plan != "circle" || shown.Price != "monthly" || shown.PercentOff != 20 {
		t.Errorf("%+v", shown)
	}
	order := map[string]string{"plan": "circle", "price": "annual", "offer": "spring-again"}
	if a := do(maria, http.MethodPost, "/v1/membership/checkout", order, http.StatusUnprocessableEntity); a.Code() != "offer-unknown" || !strings.Contains(string(a.Body), `"/offer"`) {
		t.Errorf("%s", a.Body)
	}
	order["price"] = "monthly"
	var c checkout
	do(maria, http.MethodPost, "/v1/membership/checkout", order, http.StatusCreated).Into(t, &c)
	h.Control(t, "/_sandbox/sessions/"+last(c.URL)+"/pay", `{"card":"4242424242424242"}`)
	h.Settle(t)
	if n := count(t, h, `SELECT sum(amount_paid_minor) FROM invoices WHERE user_id = $1`, maria.ID); n != 3920 {
		t.Errorf("she paid %d", n)
	}
	do(apitest.Someone{}, http.MethodGet, "/v1/offers/spring-again", nil, http.StatusNotFound)

	do(w.Admin, http.MethodPost, "/v1/admin/members/"+early.ID.String()+"/discount", map[string]string{"offer": "spring-again"}, http.StatusNoContent)
	h.Control(t, "/_sandbox/clock/advance", `{"days":32}`)
	h.Settle(t)
	if n := count(t, h, `SELECT sum(amount_paid_minor) FROM invoices WHERE user_id = $1`, early.ID); n != 4900+3920 {
		t.Errorf("who was there before paid %d", n)
	}
	var all struct{ Items []offer }
	do(w.Admin, http.MethodGet, "/v1/admin/offers", nil, http.StatusOK).Into(t, &all)
	if len(all.Items) != 1 || all.Items[0].Taken != 1 || all.Items[0].Open || !all.Items[0].AtStripe {
		t.Errorf("%+v", all)
	}
	do(w.Admin, http.MethodDelete, "/v1/admin/offers/"+all.Items[0].ID, nil, http.StatusNoContent)
}
