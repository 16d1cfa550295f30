package apitest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

func TestSheMayGoAndMayStay(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := w.A
	call := func(method string, body any) apitest.Answer {
		return h.Do(t, apitest.Call{Method: method, Path: "/v1/me/erasure", Token: maria.Token, Body: body})
	}
	told := func(t *testing.T, subject string) {
		t.Helper()
		_, err := h.Mail.Wait(t.Context(), maria.Email, func(m mailsink.Message) bool { return strings.HasPrefix(m.Subject, subject) })
		if err != nil {
			t.Errorf("no mail says %q: %v", subject, err)
		}
	}
	var planned struct {
		Posts, Subscription string
		PlannedAt           time.Time `json:"planned_at"`
		DueAt               time.Time `json:"due_at"`
	}
	call(http.MethodGet, nil).Must(t, http.StatusNotFound)

	t.Run("it is planned for seven days later, and she is told", func(t *testing.T) {
		call(http.MethodPost, map[string]string{"posts": "remove"}).Must(t, http.StatusAccepted).Into(t, &planned)
		if planned.Posts != "remove" || planned.Subscription != "none" || planned.DueAt.Sub(planned.PlannedAt) != 7*24*time.Hour {
			t.Errorf("%+v", planned)
		}
		told(t, "Your account will be erased in seven days")
	})
	t.Run("planning it twice is refused with a way out", func(t *testing.T) {
		if a := call(http.MethodPost, map[string]string{"posts": "pseudonymise"}); a.Status != http.StatusConflict || a.Code() != "erasure-planned" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
	t.Run("meanwhile she can sign in, look and take it back", func(t *testing.T) {
		maria.Token = h.LogIn(t, maria.Email)
		call(http.MethodGet, nil).Must(t, http.StatusOK)
		call(http.MethodDelete, nil).Must(t, http.StatusNoContent)
		call(http.MethodGet, nil).Must(t, http.StatusNotFound)
		call(http.MethodDelete, nil).Must(t, http.StatusNotFound)
		told(t, "Your account will not be erased after all")
	})
	t.Run("what was taken back never happens", func(t *testing.T) {
		p := apart(t, h, clock.NewManual(time.Now().AddDate(0, 0, 30)), privacy.Config{})
		if err := p.EraseDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.Settle(t)
		call(http.MethodGet, nil).Must(t, http.StatusNotFound) // and not 401
	})
	t.Run("the last administrator stays", func(t *testing.T) {
		if _, err := h.App.DB.Pool().Exec(t.Context(), `DELETE FROM user_roles WHERE user_id = $1`, w.Able.ID); err != nil {
			t.Fatal(err)
		}
		a := h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/me/erasure", Token: w.Admin.Token, Body: map[string]string{"posts": "remove"}})
		if a.Status != http.StatusConflict || a.Code() != "last-admin" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}

func TestThreadsStayReadableWhenSheIsGone(t *testing.T) {
	t.Parallel()
	for posts, left := range map[privacy.Posts]string{privacy.Pseudonymise: "Something to say.", privacy.Remove: ""} {
		t.Run(string(posts), func(t *testing.T) {
			t.Parallel()
			h := apitest.New(t)
			w := h.World(t)
			friend := h.Person(t, "friend")
			h.Grant(t, &friend)
			h.Enrol(t, friend, w.CohortA)
			topic := h.Topic(t, w.A, w.SpaceA, "My first week")
			h.Reply(t, friend, topic)
			now := clock.NewManual(time.Now())
			p := apart(t, h, now, privacy.Config{})
			planned, err := p.PlanErasure(t.Context(), w.A.Actor(), posts)
			if err != nil {
				t.Fatal(err)
			}
			now.Advance(8 * 24 * time.Hour)
			if err := p.Erase(t.Context(), planned.ID); err != nil {
				t.Fatal(err)
			}
			var page struct {
				Items []struct {
					Body, State string
					Number      int
					Author      struct {
						DisplayName string `json:"display_name"`
					}
				}
			}
			h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/topics/" + topic.String() + "/posts", Token: friend.Token}).Must(t, http.StatusOK).Into(t, &page)
			if len(page.Items) != 2 || page.Items[0].Body != left || page.Items[0].Author.DisplayName != "A former member" || page.Items[1].Body != "An answer." {
				t.Errorf("%+v", page.Items)
			}
		})
	}
}
