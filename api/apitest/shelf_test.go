package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

type shelf struct {
	ID          uuid.UUID
	Slug, State string
	Etag        string
	SeatsTaken  int `json:"seats_taken"`
	Members     int
	Prices      []struct {
		Key, State    string
		Amount        struct{ Minor int }
		IntervalCount int  `json:"interval_count"`
		AtStripe      bool `json:"at_stripe"`
		Members       int
	}
}

// An administrator makes a plan with seats, raises its price and archives it;
// who has it keeps it at her price.
func TestAPlanFromItsFirstDayToItsLast(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria, other := h.Person(t, "maria of the lab"), h.Person(t, "who comes late")
	do := func(who apitest.Someone, method, path, ifMatch string, body any, status int) apitest.Answer {
		t.Helper()
		c := apitest.Call{Method: method, Path: path, Token: who.Token, Body: body, Header: map[string]string{}}
		if ifMatch != "" {
			c.Header["If-Match"] = ifMatch
		}
		return h.Do(t, c).Must(t, status)
	}
	var lab shelf
	plan := map[string]any{"slug": "lab", "name": "Lab", "group": "coaching", "seats": 1}
	do(w.Admin, http.MethodPost, "/v1/admin/plans", "", plan, http.StatusCreated).Into(t, &lab)
	if code := do(w.Admin, http.MethodPost, "/v1/admin/plans", "", plan, http.StatusConflict).Code(); code != "plan-exists" {
		t.Errorf("a second of the name: %s", code)
	}
	path := "/v1/admin/plans/" + lab.ID.String()
	price := map[string]any{"key": "quarterly", "interval": "quarter", "amount": map[string]any{"minor": 13500, "currency": "usd"}}
	do(w.Admin, http.MethodPost, path+"/prices", "", price, http.StatusCreated)
	h.Settle(t)
	order := map[string]string{"plan": "lab", "price": "quarterly"}
	var c checkout
	do(maria, http.MethodPost, "/v1/membership/checkout", "", order, http.StatusCreated).Into(t, &c)
	if code := do(other, http.MethodPost, "/v1/membership/checkout", "", order, http.StatusConflict).Code(); code != "sold-out" {
		t.Errorf("the one seat is held: %s", code)
	}
	if a := do(other, http.MethodGet, "/v1/plans", "", nil, http.StatusOK); !strings.Contains(string(a.Body), `"sold_out":true`) {
		t.Errorf("%s", a.Body)
	}
	h.Control(t, "/_sandbox/sessions/"+last(c.URL)+"/pay", `{"card":"4242424242424242"}`)
	h.Settle(t)

	price["amount"] = map[string]any{"minor": 14505, "currency": "kwd"}
	if a := do(w.Admin, http.MethodPost, path+"/prices", "", price, http.StatusUnprocessableEntity); a.Code() != "amount-invalid" {
		t.Errorf("%s", a.Body)
	}
	price["amount"] = map[string]any{"minor": 15000, "currency": "usd"}
	do(w.Admin, http.MethodPost, path+"/prices", "", price, http.StatusCreated)
	h.Settle(t)
	do(w.Admin, http.MethodPatch, path, "", map[string]any{"state": "archived"}, http.StatusPreconditionRequired)
	do(w.Admin, http.MethodPatch, path, `"l0"`, map[string]any{"state": "archived"}, http.StatusPreconditionFailed)
	lab = shelf{}
	do(w.Admin, http.MethodPatch, path, "*", map[string]any{"state": "archived"}, http.StatusOK).Into(t, &lab)
	if len(lab.Prices) != 2 || lab.State != "archived" || lab.Members != 1 || lab.SeatsTaken != 1 {
		t.Fatalf("%+v", lab)
	}
	if now, old := lab.Prices[0], lab.Prices[1]; now.State != "public" || now.Amount.Minor != 15000 || !now.AtStripe || now.Members != 0 ||
		old.State != "archived" || old.Amount.Minor != 13500 || old.IntervalCount != 3 || old.Members != 1 {
		t.Errorf("%+v", lab.Prices)
	}
	do(w.Admin, http.MethodDelete, path+"/prices/quarterly", "", nil, http.StatusOK)
	do(w.Admin, http.MethodDelete, path+"/prices/quarterly", "", nil, http.StatusNotFound)
	h.Control(t, "/_sandbox/clock/advance", `{"days":95}`)
	h.Settle(t)
	if m := membershipOf(t, h, maria); m.Access.Level != "full" {
		t.Errorf("who had it: %+v", m)
	}
	if n := count(t, h, `SELECT sum(amount_paid_minor) FROM invoices WHERE user_id = $1`, maria.ID); n != 2*13500 {
		t.Errorf("she paid %d", n)
	}
	do(w.A, http.MethodGet, "/v1/admin/plans", "", nil, http.StatusForbidden)
	var all struct{ Items []shelf }
	do(w.Admin, http.MethodGet, "/v1/admin/plans", "", nil, http.StatusOK).Into(t, &all)
	if len(all.Items) != 2 || all.Items[0].Slug != "lab" || all.Items[1].Slug != "circle" {
		t.Errorf("%+v", all)
	}
}
