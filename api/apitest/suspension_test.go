package apitest_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
)

func suspend(t *testing.T, h *apitest.House, w apitest.World, id uuid.UUID, body map[string]any) apitest.Answer {
	t.Helper()
	return h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/admin/members/" + id.String() + "/suspension", Token: w.Admin.Token, Body: body})
}

func TestAClosedAccount(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := h.Person(t, "maria")
	end := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	a := suspend(t, h, w, maria.ID, map[string]any{"closes": "account", "reason": "s3cret reason", "told": "Two members felt pressed.", "ends_at": end}).Must(t, http.StatusCreated)
	var s struct {
		Closes string
		EndsAt time.Time `json:"ends_at"`
	}
	if a.Into(t, &s); s.Closes != "account" || !s.EndsAt.Equal(end) {
		t.Errorf("%+v", s)
	}

	t.Run("she is answered like one who never was", func(t *testing.T) {
		logIn := func(email string) apitest.Answer {
			return h.Do(t, apitest.Call{
				Method: http.MethodPost, Path: "/v1/auth/login", Header: map[string]string{"X-Request-ID": "request-of-a-test"},
				Body: map[string]string{"email": email, "password": apitest.Password},
			})
		}
		known, unknown := logIn(maria.Email), logIn("nobody@example.org")
		if known.Status != http.StatusUnauthorized || !bytes.Equal(known.Body, unknown.Body) {
			t.Errorf("%s, and unknown: %s", known.Body, unknown.Body)
		}
		if a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: maria.Token}); a.Status != http.StatusUnauthorized || a.Code() != "unauthenticated" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})

	t.Run("one letter tells her what she is to know, and others are withheld", func(t *testing.T) {
		h.Role(t, w.A.ID, "coach") // a letter that arrives, so that waiting for it says something
		if err := h.App.Account.Tell(t.Context(), maria.ID, "password-changed"); err != nil {
			t.Fatal(err)
		}
		h.Settle(t)
		letters := h.Mail.Messages(maria.Email)
		if len(letters) != 1 || letters[0].Subject != "Your account is closed to you for now" {
			t.Fatalf("%+v", letters)
		}
		text := strings.Join(strings.Fields(letters[0].Text), " ")
		if !strings.Contains(text, "Two members felt pressed.") || !strings.Contains(text, end.Format("2 January 2006, 15:04")) || strings.Contains(text, "s3cret") {
			t.Error(text)
		}
	})

	t.Run("the log names it without its reason, and so does what she may read", func(t *testing.T) {
		a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/admin/audit?action=account.suspend", Token: w.Admin.Token}).Must(t, http.StatusOK)
		if body := string(a.Body); !strings.Contains(body, maria.ID.String()) || strings.Contains(body, "s3cret") || strings.Contains(body, "felt pressed") {
			t.Error(body)
		}
	})

	t.Run("lifted, she signs in again and is told", func(t *testing.T) {
		lift := apitest.Call{Method: http.MethodDelete, Path: "/v1/admin/members/" + maria.ID.String() + "/suspension", Token: w.Admin.Token}
		h.Do(t, lift).Must(t, http.StatusNoContent)
		h.Do(t, lift).Must(t, http.StatusNotFound)
		h.LogIn(t, maria.Email)
		h.Settle(t)
		if letters := h.Mail.Messages(maria.Email); len(letters) != 2 || letters[0].Subject != "You are in again" {
			t.Errorf("%+v", letters)
		}
	})
}

func TestAClosedCommunity(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	suspend(t, h, w, w.A.ID, map[string]any{"closes": "community", "reason": "s3cret reason"}).Must(t, http.StatusCreated)
	get := func(path string) int {
		return h.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: w.A.Token}).Status
	}
	if me, topics := get("/v1/me"), get("/v1/spaces/"+w.SpaceA.String()+"/topics"); me != http.StatusOK || topics != http.StatusNotFound {
		t.Errorf("her account %d, the space %d", me, topics)
	}
	if m := membershipOf(t, h, w.A); m.Access.Level != "none" || m.Access.Reason != "banned" {
		t.Errorf("%+v", m)
	}
	h.Settle(t)
	letters := h.Mail.Messages(w.A.Email)
	if len(letters) != 1 || letters[0].Subject != "The community is closed to you for now" || strings.Contains(letters[0].Text, "s3cret") {
		t.Errorf("%+v", letters)
	}

	t.Run("the community alone is not closed to who has a role, and nobody lets herself in", func(t *testing.T) {
		second := h.Person(t, "second", account.Coach)
		if a := suspend(t, h, w, second.ID, map[string]any{"closes": "community", "reason": "more"}); a.Status != http.StatusConflict || a.Code() != "has-role" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		lift := h.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/admin/members/" + w.Admin.ID.String() + "/suspension", Token: w.Admin.Token})
		if lift.Status != http.StatusConflict || lift.Code() != "yourself" {
			t.Errorf("%d %s", lift.Status, lift.Body)
		}
	})

	t.Run("another measure takes its place", func(t *testing.T) {
		suspend(t, h, w, w.A.ID, map[string]any{"closes": "account", "reason": "more"}).Must(t, http.StatusCreated)
		suspend(t, h, w, w.A.ID, map[string]any{"closes": "community", "reason": "less"}).Must(t, http.StatusCreated)
		w.A.Token = h.LogIn(t, w.A.Email)
		h.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/admin/members/" + w.A.ID.String() + "/suspension", Token: w.Admin.Token}).Must(t, http.StatusNoContent)
		if topics := get("/v1/spaces/" + w.SpaceA.String() + "/topics"); topics != http.StatusOK {
			t.Errorf("let in again: %d", topics)
		}
	})
}

func TestWhatAMemberSees(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	h.Topic(t, w.A, w.SpaceA, "c4nary")
	type view struct {
		State      string
		Sessions   int
		Access     struct{ Level, Reason string }
		Seats      []struct{ Cohort string }
		Spaces     []struct{ May []string }
		Suspension *struct{ Closes, Reason string }
		Roles      []struct{ Role string }
	}
	look := func(id uuid.UUID) (v view) {
		t.Helper()
		a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/admin/members/" + id.String() + "/view", Token: w.Admin.Token}).Must(t, http.StatusOK)
		if strings.Contains(string(a.Body), "c4nary") {
			t.Errorf("it shows what she wrote: %s", a.Body)
		}
		a.Into(t, &v)
		return v
	}
	v := look(w.A.ID)
	if v.State != "active" || v.Sessions != 1 || v.Access.Reason != "grant" || len(v.Seats) != 1 || v.Seats[0].Cohort != "A" ||
		len(v.Spaces) != 1 || strings.Join(v.Spaces[0].May, " ") != "read reply create" || v.Suspension != nil || len(v.Roles) != 0 {
		t.Errorf("%+v", v)
	}
	if v := look(w.Coach.ID); len(v.Roles) != 1 || v.Roles[0].Role != "coach" || strings.Join(v.Spaces[0].May, " ") != "read reply create lead" {
		t.Errorf("%+v", v)
	}
	a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me/audit", Token: w.A.Token}).Must(t, http.StatusOK)
	if !strings.Contains(string(a.Body), "member.view") {
		t.Errorf("she does not learn of it: %s", a.Body)
	}
	for closes, spaces := range map[admin.Closes]int{admin.Community: 0, admin.Everything: 0} {
		h.Suspend(t, w.A.ID, closes)
		if v := look(w.A.ID); v.Suspension == nil || v.Suspension.Closes != string(closes) || len(v.Spaces) != spaces {
			t.Errorf("%+v", v)
		}
	}
}
