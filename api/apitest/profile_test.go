package apitest_test

import (
	"net/http"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

func TestAProfileIsSeenAsItsOwnerSays(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	do := func(who apitest.Someone, method, path string, body any) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body})
	}
	member := "/v1/members/" + w.A.ID.String()

	etag := do(w.A, http.MethodPatch, "/v1/me/profile", map[string]any{
		"headline": "Logistics of six", "story": "I ran **everything**.", "years_away": 12, "visibility": map[string]string{"story": "my_cohorts", "headline": "my_cohorts"},
	}).Must(t, http.StatusOK).Header.Get("ETag")
	if again := do(w.A, http.MethodGet, "/v1/me/profile", nil).Must(t, http.StatusOK); again.Header.Get("ETag") != etag {
		t.Errorf("%s and then %s", etag, again.Header.Get("ETag"))
	}
	stale := h.Do(t, apitest.Call{
		Method: http.MethodPatch, Path: "/v1/me/profile", Token: w.A.Token, Body: map[string]any{"listed": true}, Header: map[string]string{"If-Match": `"s1"`},
	})
	if stale.Status != http.StatusPreconditionFailed {
		t.Errorf("%d %s", stale.Status, stale.Body)
	}

	var seen struct {
		Headline  string
		StoryHTML string `json:"story_html"`
		YearsAway *int   `json:"years_away"`
	}
	do(w.Coach, http.MethodGet, member, nil).Must(t, http.StatusOK).Into(t, &seen)
	if seen.StoryHTML != "<p>I ran <strong>everything</strong>.</p>\n" || seen.Headline == "" || seen.YearsAway != nil {
		t.Errorf("her coach sees %+v", seen)
	}
	var list struct{ Items []struct{ Headline string } }
	do(w.B, http.MethodGet, "/v1/members?q=member", nil).Must(t, http.StatusOK).Into(t, &list)
	if len(list.Items) != 2 || list.Items[0].Headline != "" {
		t.Errorf("a member of another cohort sees %+v", list)
	}
	do(w.B, http.MethodGet, "/v1/members?q=logistics", nil).Must(t, http.StatusOK).Into(t, &list)
	if len(list.Items) != 0 {
		t.Errorf("and finds her by what is hidden: %+v", list)
	}
	if a := do(w.A, http.MethodPatch, "/v1/me/profile", map[string]any{"links": []string{"https://ok.example", "http://plain.example"}}); a.Code() != "invalid" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestABlockedMemberIsNotThere(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	call := func(who apitest.Someone, method, path string) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token})
	}
	block := "/v1/me/blocks/" + w.B.ID.String()
	call(w.A, http.MethodPut, block).Must(t, http.StatusNoContent)
	call(w.A, http.MethodGet, "/v1/members/"+w.B.ID.String()).Must(t, http.StatusNotFound)
	call(w.B, http.MethodGet, "/v1/members/"+w.A.ID.String()).Must(t, http.StatusNotFound)
	call(w.B, http.MethodPut, "/v1/me/blocks/"+w.A.ID.String()).Must(t, http.StatusNotFound)
	var list struct {
		Items []struct {
			Member struct {
				Name string `json:"display_name"`
			}
		}
	}
	call(w.A, http.MethodGet, "/v1/me/blocks").Must(t, http.StatusOK).Into(t, &list)
	if len(list.Items) != 1 || list.Items[0].Member.Name != "member of B" {
		t.Errorf("%+v", list)
	}
	unseen := h.Topic(t, w.Able, w.SpaceA, "Of somebody with a role")
	call(w.A, http.MethodPut, "/v1/me/blocks/"+w.Able.ID.String()).Must(t, http.StatusNoContent)
	call(w.A, http.MethodGet, "/v1/topics/"+unseen.String()).Must(t, http.StatusNotFound)
	call(w.Able, http.MethodGet, "/v1/topics/"+unseen.String()).Must(t, http.StatusOK)
	call(w.A, http.MethodDelete, block).Must(t, http.StatusNoContent)
	call(w.A, http.MethodDelete, block).Must(t, http.StatusNotFound)
	call(w.B, http.MethodGet, "/v1/members/"+w.A.ID.String()).Must(t, http.StatusOK)
}
