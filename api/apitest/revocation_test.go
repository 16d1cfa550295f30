//nolint:paralleltest // databases that are cloned beside it would hold back the events that close streams
package apitest_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
)

// What the house promises to whoever takes something from somebody.
const (
	heeded = time.Second     // a request that begins later than this is refused
	closed = 5 * time.Second // by then her streams have ended
)

// town is a community behind two replicas.
type town struct {
	apitest.World
	houses [2]*apitest.House
}

// loss is a way to lose what one had. She asks for path all the while.
type loss struct {
	who     func(t *testing.T, w town) apitest.Someone
	path    func(w town) string
	act     func(t *testing.T, w town, at *apitest.House, who apitest.Someone)
	refused []int
}

func losses() map[string]loss {
	topics := func(w town) string { return "/v1/spaces/" + w.SpaceA.String() + "/topics" }
	me := func(town) string { return "/v1/me" }
	gone := []int{http.StatusUnauthorized}
	return map[string]loss{
		"her account is suspended": {member, me, suspends(admin.Everything), gone},
		"the community is closed":  {member, topics, suspends(admin.Community), []int{http.StatusPaymentRequired, http.StatusNotFound}},
		"a coach loses her role":   {coach, topics, losesRole, []int{http.StatusNotFound}},
		"an admin loses her role":  {secondAdmin, func(town) string { return "/v1/admin/audit" }, losesRole, []int{http.StatusForbidden}},
		"she signs out everywhere": {member, me, signsOut, gone},
		"she ends this session":    {member, me, endsDevice, gone},
		"she changes her password": {member, me, changesPassword, gone},
		"her password is set anew": {member, topics, resetsPassword, gone},
	}
}

// Two processes, one database. About fifty requests a second come in while it
// happens.
func TestWhatIsLostIsLostOnEveryReplica(t *testing.T) {
	h := apitest.New(t)
	w := town{h.World(t), [2]*apitest.House{h, h.Replica(t)}}
	if _, err := h.App.Forum.CreateSpace(t.Context(), forum.NewSpace{Kind: forum.Staff, Slug: "staff", Title: "Staff"}); err != nil {
		t.Fatal(err)
	}
	var others []*listener
	for _, house := range w.houses {
		others = append(others, listens(t, house, w.B.Token))
	}
	n := 0
	for name, l := range losses() {
		n++
		t.Run(name, func(t *testing.T) { l.happens(t, w, w.houses[n%2]) })
	}
	for i, house := range w.houses {
		house.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/spaces/" + w.SpaceB.String() + "/topics", Token: w.B.Token}).Must(t, http.StatusOK)
		if others[i].over() {
			t.Error("somebody else's stream has ended too")
		}
	}
}

func (l loss) happens(t *testing.T, w town, at *apitest.House) {
	t.Helper()
	who := l.who(t, w)
	var streams []*listener
	var askers []*asker
	for _, house := range w.houses {
		streams = append(streams, listens(t, house, who.Token))
		askers = append(askers, asks(t, house, apitest.Call{Method: http.MethodGet, Path: l.path(w), Token: who.Token}))
	}
	for _, a := range askers {
		a.waits(t, "answers that let her in", func(q question) bool { return q.status == http.StatusOK })
	}
	l.act(t, w, at, who)
	acted := time.Now()
	for n, s := range streams {
		if took := s.ended(t).Sub(acted); took > closed {
			t.Errorf("her stream at replica %d ends after %v", n+1, took)
		}
	}
	for n, a := range askers {
		late := func(q question) bool { return q.at.After(acted.Add(heeded)) }
		a.waits(t, "answers to what she asked afterwards", late)
		for _, q := range a.stop() {
			if late(q) && !slices.Contains(l.refused, q.status) {
				t.Errorf("replica %d answers %d to what she asks %v afterwards", n+1, q.status, q.at.Sub(acted))
			}
		}
	}
}

func member(t *testing.T, w town) apitest.Someone {
	t.Helper()
	who := w.houses[0].Person(t, "member")
	w.houses[0].Grant(t, &who)
	w.houses[0].Enrol(t, who, w.CohortA)
	return who
}

func coach(t *testing.T, w town) apitest.Someone {
	t.Helper()
	who := w.houses[0].Person(t, "coach", account.Coach)
	if err := w.houses[0].App.Cohort.AddCoach(t.Context(), w.CohortA, who.ID); err != nil {
		t.Fatal(err)
	}
	return who
}

func secondAdmin(t *testing.T, w town) apitest.Someone {
	t.Helper()
	return w.houses[0].Person(t, "second admin", account.Admin)
}

func suspends(closes admin.Closes) func(*testing.T, town, *apitest.House, apitest.Someone) {
	return func(t *testing.T, w town, at *apitest.House, who apitest.Someone) {
		t.Helper()
		at.Do(t, apitest.Call{
			Method: http.MethodPost, Path: "/v1/admin/members/" + who.ID.String() + "/suspension", Token: w.Admin.Token,
			Body: map[string]string{"closes": string(closes), "reason": "a test"},
		}).Must(t, http.StatusCreated)
	}
}

func losesRole(t *testing.T, w town, at *apitest.House, who apitest.Someone) {
	t.Helper()
	path := "/v1/admin/members/" + who.ID.String() + "/roles"
	var held struct{ Items []struct{ ID uuid.UUID } }
	at.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: w.Admin.Token}).Must(t, http.StatusOK).Into(t, &held)
	for _, g := range held.Items {
		at.Do(t, apitest.Call{Method: http.MethodDelete, Path: path + "/" + g.ID.String(), Token: w.Admin.Token}).Must(t, http.StatusNoContent)
	}
}

func signsOut(t *testing.T, _ town, at *apitest.House, who apitest.Someone) {
	t.Helper()
	at.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/me/sessions", Token: at.LogIn(t, who.Email)}).Must(t, http.StatusNoContent)
}

func endsDevice(t *testing.T, _ town, at *apitest.House, who apitest.Someone) {
	t.Helper()
	was, err := at.App.Account.Authenticate(t.Context(), who.Token)
	if err != nil {
		t.Fatal(err)
	}
	at.Do(t, apitest.Call{Method: http.MethodDelete, Path: "/v1/me/sessions/" + was.SessionID.String(), Token: at.LogIn(t, who.Email)}).
		Must(t, http.StatusNoContent)
}

// changesPassword is done on another device, which stays signed in.
func changesPassword(t *testing.T, _ town, at *apitest.House, who apitest.Someone) {
	t.Helper()
	other := at.LogIn(t, who.Email)
	at.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/step-up", Token: other, Body: map[string]string{"password": apitest.Password}}).
		Must(t, http.StatusNoContent)
	at.Do(t, apitest.Call{Method: http.MethodPut, Path: "/v1/me/password", Token: other, Body: map[string]string{
		"current_password": apitest.Password, "password": "room for one more yes",
	}}).
		Must(t, http.StatusNoContent)
	at.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: other}).Must(t, http.StatusOK)
}

// resetsPassword is done by whoever reads her mail.
func resetsPassword(t *testing.T, _ town, at *apitest.House, who apitest.Someone) {
	t.Helper()
	at.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/password/forgot", Body: map[string]string{"email": who.Email}}).Must(t, http.StatusAccepted)
	at.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/password/reset",
		Body: map[string]string{"token": at.Token(t, who.Email, "new password"), "password": "room for one more yes"},
	}).Must(t, http.StatusNoContent)
}
