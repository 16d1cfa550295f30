package apitest_test

import (
	"encoding/csv"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// The story over HTTP, every answer held against the contract.
func TestTheStory(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := joins(t, h, "maria@example.org")
	pays(t, h, maria, "4000000000000341")
	h.Enrol(t, maria, w.CohortA)

	topic := h.Topic(t, maria, w.SpaceA, "My first week")
	h.Reply(t, w.A, topic)
	if got := unread(t, h, maria); got != 1 {
		t.Errorf("%d unread, want 1", got)
	}
	for _, id := range []uuid.UUID{topic, uuid.New()} {
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/topics/" + id.String(), Token: w.B.Token}).Must(t, http.StatusNotFound)
	}
	learns(t, h, w, maria)
	renews(t, h, maria)
	isReported(t, h, w, maria)
}

func joins(t *testing.T, h *apitest.House, email string) apitest.Someone {
	t.Helper()
	var started struct{ Signup string }
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/signup",
		Body: map[string]string{"email": email, "password": apitest.Password, "display_name": "Maria"},
	}).Must(t, http.StatusAccepted).Into(t, &started)
	m, err := h.Mail.Wait(t.Context(), email, nil)
	if err != nil {
		t.Fatal(err)
	}
	var session struct {
		AccessToken string `json:"access_token"`
		Member      struct {
			ID uuid.UUID `json:"id"`
		} `json:"member"`
	}
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/verify",
		Body: map[string]string{"signup": started.Signup, "code": regexp.MustCompile(`\b\d{6}\b`).FindString(m.Text)},
	}).Must(t, http.StatusOK).Into(t, &session)
	return apitest.Someone{Role: "maria", ID: session.Member.ID, Email: email, Token: session.AccessToken}
}

type standing struct {
	Access struct {
		Level  string `json:"level"`
		Reason string `json:"reason"`
		Notice string `json:"notice"`
		PayURL string `json:"pay_url"`
	} `json:"access"`
}

func membershipOf(t *testing.T, h *apitest.House, s apitest.Someone) standing {
	t.Helper()
	var m standing
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/membership", Token: s.Token}).Must(t, http.StatusOK).Into(t, &m)
	return m
}

func pays(t *testing.T, h *apitest.House, s apitest.Someone, card string) {
	t.Helper()
	start := apitest.Call{Method: http.MethodPost, Path: "/v1/membership/checkout", Token: s.Token, Body: map[string]string{"plan": "circle", "price": "monthly"}}
	var first, again struct {
		URL string `json:"checkout_url"`
	}
	h.Do(t, start).Must(t, http.StatusCreated).Into(t, &first)
	h.Do(t, start).Must(t, http.StatusOK).Into(t, &again)
	if first.URL != again.URL {
		t.Errorf("a second checkout is open: %s and %s", first.URL, again.URL)
	}
	h.Control(t, "/_sandbox/sessions/"+last(first.URL)+"/pay", `{"card":"`+card+`"}`)
	h.Settle(t)
	if m := membershipOf(t, h, s); m.Access.Level != "full" || m.Access.Reason != "subscription" {
		t.Fatalf("paid, and has %+v", m)
	}
	if code := h.Do(t, start).Must(t, http.StatusConflict).Code(); code != "subscription-live" {
		t.Errorf("paying twice is refused as %s", code)
	}
}

func last(url string) string { return url[strings.LastIndex(url, "/")+1:] }

func unread(t *testing.T, h *apitest.House, s apitest.Someone) int {
	t.Helper()
	var u struct {
		Posts int `json:"posts_count"`
	}
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/unread", Token: s.Token}).Must(t, http.StatusOK).Into(t, &u)
	return u.Posts
}

func learns(t *testing.T, h *apitest.House, w apitest.World, s apitest.Someone) {
	t.Helper()
	complete := func(item uuid.UUID) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/me/outline/items/" + item.String() + "/completion", Token: s.Token})
	}
	complete(w.Lesson).Must(t, http.StatusOK)
	if code := complete(w.Next).Must(t, http.StatusConflict).Code(); code != "item-locked" {
		t.Errorf("a locked item is refused as %s", code)
	}
	var o struct {
		Met   int    `json:"mandatory_met"`
		Opens string `json:"next_opens_at"`
	}
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/outline", Token: s.Token}).Must(t, http.StatusOK).Into(t, &o)
	if o.Met != 1 || o.Opens == "" {
		t.Errorf("the outline says %+v", o)
	}
}

// renews lets a month pass: the renewal fails, she stays in with a notice,
// then she pays the open invoice.
func renews(t *testing.T, h *apitest.House, s apitest.Someone) {
	t.Helper()
	h.Control(t, "/_sandbox/clock/advance", `{"days":32}`)
	h.Settle(t)
	m := membershipOf(t, h, s)
	if m.Access.Level != "full" || m.Access.Notice != "payment_failed" || m.Access.PayURL == "" {
		t.Fatalf("after a failed renewal: %+v", m)
	}
	h.Control(t, "/_sandbox/invoices/"+last(m.Access.PayURL)+"/pay", `{"card":"4242424242424242"}`)
	h.Settle(t)
	if m := membershipOf(t, h, s); m.Access.Notice != "" || m.Access.Level != "full" {
		t.Errorf("after payment: %+v", m)
	}
}

func isReported(t *testing.T, h *apitest.House, w apitest.World, s apitest.Someone) {
	t.Helper()
	today := h.App.Clock.Now().Format("2006-01-02")
	period := "?from=" + today + "&to=" + today
	var r struct {
		Currencies []struct {
			MRR     struct{ New, End int } `json:"mrr"`
			Members struct{ New, End int } `json:"members"`
		} `json:"currencies"`
	}
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/admin/reports/membership" + period, Token: w.Admin.Token}).Must(t, http.StatusOK).Into(t, &r)
	if len(r.Currencies) != 1 || r.Currencies[0].MRR.New != 4900 || r.Currencies[0].MRR.End != 4900 || r.Currencies[0].Members.New != 1 {
		t.Errorf("the report says %+v", r)
	}
	a := h.Do(t, apitest.Call{
		Method: http.MethodGet, Path: "/v1/admin/reports/membership" + period, Token: w.Admin.Token,
		Header: map[string]string{"Accept": "text/csv"},
	}).Must(t, http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(rows, func(row []string) bool { return slices.Contains(row, s.Email) && slices.Contains(row, "4900") }) {
		t.Errorf("the CSV does not list her: %v", rows)
	}
}
