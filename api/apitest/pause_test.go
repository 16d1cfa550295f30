package apitest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// Life comes in between: she pauses, reads on, keeps her place, and comes back
// earlier; over HTTP, as a frontend does it.
func TestAPauseOverHTTP(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := h.Person(t, "maria who rests")
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	in := func(days int) string { return h.App.Clock.Now().AddDate(0, 0, days).Format(time.DateOnly) }
	why := "My mother needs me."
	if code := do(maria, http.MethodPut, "/v1/membership/pause", map[string]string{"until": in(40)}, http.StatusConflict).Code(); code != "no-subscription" {
		t.Errorf("nothing to pause: %s", code)
	}
	pays(t, h, maria, "4242424242424242")
	h.Enrol(t, maria, w.CohortA)
	topic := h.Topic(t, maria, w.SpaceA, "I will be away for a while")

	var own struct {
		Access        struct{ Level, Reason, Notice string }
		Subscriptions []struct {
			Status           string
			CurrentPeriodEnd time.Time `json:"current_period_end"`
		}
		Pause *struct {
			From, Until time.Time
			Reason      string
			BillsAt     time.Time `json:"bills_at"`
		}
	}
	look := func() {
		t.Helper()
		own.Subscriptions, own.Pause, own.Access.Notice = nil, nil, ""
		do(maria, http.MethodGet, "/v1/membership", nil, http.StatusOK).Into(t, &own)
	}
	look()
	paid := own.Subscriptions[0].CurrentPeriodEnd
	a := do(maria, http.MethodPut, "/v1/membership/pause", map[string]string{"until": in(3)}, http.StatusUnprocessableEntity)
	if !strings.Contains(string(a.Body), `"/until"`) {
		t.Errorf("%s", a.Body)
	}
	do(maria, http.MethodPut, "/v1/membership/pause", map[string]string{"until": in(40), "reason": why}, http.StatusOK)
	h.Settle(t)
	look()
	if own.Access.Level != "read_only" || own.Access.Reason != "paused" || own.Access.Notice != "" || own.Subscriptions[0].Status != "active" {
		t.Errorf("%+v", own)
	}
	if own.Pause == nil || own.Pause.Reason != why || !own.Pause.BillsAt.Equal(paid.Add(own.Pause.Until.Sub(own.Pause.From))) {
		t.Errorf("%+v, paid until %s", own.Pause, paid)
	}
	posts := "/v1/topics/" + topic.String() + "/posts"
	do(maria, http.MethodGet, posts, nil, http.StatusOK)
	if a := h.Do(t, apitest.Call{Method: http.MethodPost, Path: posts, Token: maria.Token, Body: map[string]string{"body": "Hello again."}}); a.Status < 400 {
		t.Errorf("she writes: %d", a.Status)
	}
	for _, path := range []string{"/v1/admin/members/" + maria.ID.String(), "/v1/members/" + maria.ID.String()} {
		for _, who := range []apitest.Someone{w.Coach, w.Admin, w.A} {
			if a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: who.Token}); strings.Contains(string(a.Body), "mother") {
				t.Errorf("%s tells %s why: %s", path, who.Role, a.Body)
			}
		}
	}

	do(maria, http.MethodDelete, "/v1/membership/pause", nil, http.StatusOK)
	h.Settle(t)
	look()
	if own.Access.Level != "full" || own.Access.Reason != "subscription" || own.Pause != nil || own.Subscriptions[0].Status != "active" {
		t.Errorf("back: %+v", own)
	}
	if over := own.Subscriptions[0].CurrentPeriodEnd.Sub(paid); over < 0 || over > time.Minute {
		t.Errorf("the days that were left are not given back: %s", over)
	}
	h.Reply(t, maria, topic)
}
