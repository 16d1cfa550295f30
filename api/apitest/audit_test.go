package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

func TestAuditLog(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	admin, maria := h.Person(t, "admin", account.Admin), h.Person(t, "maria", account.Coach)
	type page struct {
		Items []struct {
			Action, By string
			Sentence   string
			ActorID    string `json:"actor_id"`
			TargetID   string `json:"target_id"`
			Detail     map[string]string
		}
		NextCursor string `json:"next_cursor"`
	}
	get := func(t *testing.T, token, path string) (p page) {
		t.Helper()
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: token}).Must(t, http.StatusOK).Into(t, &p)
		return p
	}

	t.Run("an administrator finds what one person did", func(t *testing.T) {
		h.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/me/sessions?keep=current", Token: maria.Token}).Must(t, http.StatusNoContent)
		p := get(t, admin.Token, "/v1/admin/audit?action=session.revoke-all&actor_id="+maria.ID.String())
		if len(p.Items) != 1 || p.Items[0].TargetID != maria.ID.String() || p.Items[0].Detail["reason"] != account.EndedElsewhere {
			t.Errorf("%+v", p)
		}
	})

	t.Run("she sees the entries about herself and no others", func(t *testing.T) {
		p := get(t, maria.Token, "/v1/me/audit")
		seen := map[string]string{}
		for _, e := range p.Items {
			seen[e.Action] = e.By
			if !strings.HasSuffix(e.Sentence, ".") || strings.Contains(e.Sentence, "no words") {
				t.Errorf("%s is told as %q", e.Action, e.Sentence)
			}
			if e.ActorID != "" || e.TargetID != "" {
				t.Errorf("%+v names somebody", e)
			}
		}
		if len(p.Items) != 6 || seen["session.begin"] != "myself" || seen["factor.add"] != "myself" || seen["account.create"] != "system" || seen["role.grant"] != "system" || seen["session.revoke-all"] != "myself" {
			t.Errorf("%+v", p.Items)
		}
	})

	t.Run("a cursor belongs to its filter and person", func(t *testing.T) {
		first := get(t, admin.Token, "/v1/admin/audit?limit=1")
		second := get(t, admin.Token, "/v1/admin/audit?limit=1&cursor="+first.NextCursor)
		if first.NextCursor == "" || len(second.Items) != 1 {
			t.Fatalf("%+v, then %+v", first, second)
		}
		for _, path := range []string{"/v1/admin/audit?limit=1&action=role.grant&cursor=", "/v1/me/audit?limit=1&cursor="} {
			a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: path + first.NextCursor, Token: admin.Token})
			if a.Status != http.StatusBadRequest || a.Code() != "cursor-invalid" || strings.Contains(string(a.Body), first.NextCursor) {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	})

	t.Run("it is exported as a file, and that is in it the next time", func(t *testing.T) {
		export := func(query string) apitest.Answer {
			return h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/admin/audit/export" + query, Token: admin.Token}).Must(t, http.StatusOK)
		}
		a := export("?action=role.grant&target_id=" + maria.ID.String())
		lines := strings.Split(strings.TrimSpace(string(a.Body)), "\r\n")
		if len(lines) != 2 || !strings.Contains(lines[1], "role.grant,user,"+maria.ID.String()) || a.Header.Get("Content-Type") != "text/csv; charset=utf-8" ||
			!strings.HasPrefix(a.Header.Get("Content-Disposition"), `attachment; filename="audit-20`) {
			t.Errorf("%v\n%s", a.Header, a.Body)
		}
		again := string(export("?action=audit.export").Body)
		if !strings.Contains(again, admin.ID.String()+",admin,audit.export,audit,log,") || !strings.Contains(again, maria.ID.String()) {
			t.Error(again)
		}
	})

	t.Run("an export asks for a fresh proof, as does a look at what somebody sees", func(t *testing.T) {
		if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE sessions SET proved_at = proved_at - interval '11 minutes' WHERE user_id = $1`, admin.ID); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/v1/admin/audit/export", "/v1/admin/members/" + maria.ID.String() + "/view"} {
			if a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: admin.Token}); a.Status != http.StatusUnauthorized || a.Code() != "step-up-required" {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	})
}
