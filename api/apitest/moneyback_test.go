package apitest_test

import (
	"net/http"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// An administrator pays back in part, then sees a dispute come and what she can
// do about it; over HTTP, and nobody else learns of it.
func TestMoneyBackOverHTTP(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	member := h.Payer(t)
	do := func(who apitest.Someone, method, path string, body any) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body, Header: map[string]string{"Idempotency-Key": "one"}})
	}
	var back struct {
		Paid []struct {
			ID       string
			Refunded struct{ Minor int }
		}
		Refunds []struct {
			Status, Note string
			EndedAccess  bool `json:"ended_access"`
		}
		Disputes []struct {
			ID, Status string
			MemberID   string `json:"member_id"`
			DueBy      string `json:"due_by"`
		}
		CreditNotes []struct{} `json:"credit_notes"`
	}
	path := "/v1/admin/members/" + member.String()
	do(w.Admin, http.MethodGet, path+"/money-back", nil).Must(t, http.StatusOK).Into(t, &back)
	order := map[string]any{"invoice_id": back.Paid[0].ID, "amount_minor": 900, "reason": "requested_by_customer", "access": "keep", "note": "A week."}
	var first, again struct{ ID, State string }
	do(w.Admin, http.MethodPost, path+"/refunds", order).Must(t, http.StatusCreated).Into(t, &first)
	do(w.Admin, http.MethodPost, path+"/refunds", order).Must(t, http.StatusCreated).Into(t, &again) // its answer is kept
	if first != again || first.State != "done" {
		t.Errorf("%+v, then %+v", first, again)
	}
	order["access"] = "end"
	a := do(h.Person(t, "another admin", account.Admin), http.MethodPost, path+"/refunds", order).Must(t, http.StatusUnprocessableEntity)
	if code := a.Code(); code != "invalid" && code != "refund-keeps-access" {
		t.Errorf("%s", a.Body)
	}
	charges := h.Charges(t, member)
	h.Control(t, "/_sandbox/charges/"+charges[0]+"/dispute", `{"status":"warning_needs_response"}`)
	h.Settle(t)
	var open struct {
		Items []struct {
			ID       string
			MemberID string `json:"member_id"`
		}
	}
	do(w.Admin, http.MethodGet, "/v1/admin/billing/disputes", nil).Must(t, http.StatusOK).Into(t, &open)
	do(w.Admin, http.MethodGet, path+"/money-back", nil).Must(t, http.StatusOK).Into(t, &back)
	if len(open.Items) != 1 || open.Items[0].MemberID != member.String() || len(back.Disputes) != 1 || back.Disputes[0].DueBy == "" ||
		len(back.Refunds) != 1 || back.Refunds[0].Note != "A week." || back.Paid[0].Refunded.Minor != 900 {
		t.Errorf("%+v, %+v", open, back)
	}
	for _, who := range []apitest.Someone{w.A, w.Coach, w.Moderator} {
		for _, path := range []string{path + "/money-back", "/v1/admin/billing/disputes"} {
			if code := do(who, http.MethodGet, path, nil).Must(t, http.StatusForbidden).Code(); code != "admin-only" {
				t.Errorf("%s reads %s: %s", who.Role, path, code)
			}
		}
	}
}
