package apitest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// Whoever looks into a taken account finds when somebody came and went. The people
// of the world have signed in with a password.
func TestEverySessionIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	opens := []string{"verifyEmail", "signInWithCode", "signInWithPasskey", "finishSignIn", "joinByInvitation"}
	for _, op := range h.App.Contract.Operations {
		if slices.Contains(opens, op.ID) {
			h.Do(t, w.Example(t, op)).Must(t, http.StatusOK)
		}
	}

	t.Run("however it began", func(t *testing.T) {
		rows, err := h.App.DB.Pool().Query(t.Context(), `SELECT s.way || ' ' || bool_and(a.actor_id = s.user_id AND a.target_id = s.user_id::text) FROM sessions s
LEFT JOIN audit_log a ON a.action = 'session.begin' AND a.detail = jsonb_build_object('session', s.id, 'way', s.way) GROUP BY s.way ORDER BY s.way`)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if want := []string{"code true", "invitation true", "oidc true", "passkey true", "password true"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v", got, err)
		}
	})

	t.Run("and that she has signed out", func(t *testing.T) {
		maria := h.Person(t, "maria")
		h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/logout", Token: maria.Token, Body: map[string]string{}}).Must(t, http.StatusNoContent)
		var n int
		err := h.App.DB.Pool().QueryRow(t.Context(), `SELECT count(*) FROM audit_log a JOIN sessions s ON a.detail ->> 'session' = s.id::text
WHERE a.action = 'session.end' AND a.actor_id = $1 AND s.user_id = $1 AND a.detail ->> 'reason' = 'logout'`, maria.ID).Scan(&n)
		if err != nil || n != 1 {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

// A line for each failed sign-in: nobody is in it, and tries on one account
// can be told from those on another.
//
//nolint:paralleltest // it listens to the log of the process
func TestFailedSignInsLeaveALine(t *testing.T) {
	log, listening := apitest.Listen(t)
	h := apitest.New(t, listening)
	maria := h.Person(t, "maria")
	type line struct{ Msg, Way, Code, Tried, Network string }
	after := func(path string, body any) line {
		t.Helper()
		before := len(log.String())
		h.Do(t, apitest.Call{Method: http.MethodPost, Path: path, Body: body})
		var found []line
		for text := range strings.SplitSeq(log.String()[before:], "\n") {
			var l line
			if json.Unmarshal([]byte(text), &l) == nil && l.Msg == "a sign-in failed" {
				found = append(found, l)
			}
		}
		if len(found) != 1 {
			t.Fatalf("%s %v leaves %+v", path, body, found)
		}
		return found[0]
	}
	password := func(email string) line {
		t.Helper()
		return after("/v1/auth/login", map[string]string{"email": email, "password": "not the right one"})
	}
	hers := password(maria.Email)
	if hers.Way != account.ByPassword || hers.Code != "credentials-wrong" || hers.Tried == "" || hers.Network == "" || hers.Tried == h.App.Account.LimitKey(maria.Email) {
		t.Errorf("%+v", hers)
	}
	if same := password(strings.Replace(maria.Email, "@", "+two@", 1)); same != hers {
		t.Errorf("%+v, and for another spelling %+v", hers, same)
	}
	if nobodys := password("nobody@example.org"); nobodys.Tried == hers.Tried || nobodys.Code != hers.Code {
		t.Errorf("%+v, and for an unknown address %+v", hers, nobodys)
	}
	if code := after("/v1/auth/code/sign-in", map[string]string{"email": maria.Email, "code": "000000"}); code.Way != account.ByCode || code.Tried != hers.Tried {
		t.Errorf("%+v", code)
	}
	if link := after("/v1/auth/code/sign-in", map[string]string{"token": "nonsense-of-twenty-letters"}); link.Tried != "" || link.Code != "code-wrong" {
		t.Errorf("%+v", link)
	}
	if strings.Contains(log.String(), maria.Email) {
		t.Error("the log has her address")
	}
}

// A moderator's act on her post is about her, and names neither of them to the
// other.
func TestSheSeesWhatWasDoneToHerPosts(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	topic := h.Topic(t, w.A, w.SpaceA, "A title")
	post := h.Reply(t, w.Able, topic)
	h.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/posts/" + post.String(), Token: w.Coach.Token}).Must(t, http.StatusNoContent)
	h.Do(t, apitest.Call{
		Method: http.MethodPatch, Path: "/v1/topics/" + topic.String(), Token: w.Coach.Token, Header: map[string]string{"If-Match": "*"}, Body: map[string]string{"title": "Another"},
	}).Must(t, http.StatusOK)
	entry := func(token, path, action string) string {
		t.Helper()
		var page struct{ Items []map[string]any }
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: token}).Must(t, http.StatusOK).Into(t, &page)
		for _, e := range page.Items {
			if e["action"] == action {
				text, err := json.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
		}
		t.Fatalf("no %s in %s", action, path)
		return ""
	}
	for _, c := range []struct {
		whose          apitest.Someone
		action, theirs string
	}{{w.Able, "post.delete", "A post of yours"}, {w.A, "topic.rename", "A topic of yours"}} {
		mine := entry(c.whose.Token, "/v1/me/audit", c.action)
		if !strings.Contains(mine, c.theirs) || !strings.Contains(mine, `"by":"staff"`) || strings.Contains(mine, w.Coach.ID.String()) {
			t.Error(mine)
		}
		if acted := entry(w.Coach.Token, "/v1/me/audit", c.action); strings.Contains(acted, c.whose.ID.String()) {
			t.Error(acted)
		}
		if all := entry(w.Admin.Token, "/v1/admin/audit?about="+c.whose.ID.String(), c.action); !strings.Contains(all, `"subject_id":"`+c.whose.ID.String()) {
			t.Error(all)
		}
	}
}
