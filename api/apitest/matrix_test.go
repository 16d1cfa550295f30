package apitest_test

import (
	"fmt"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
)

// Every operation, asked by everybody, about things of cohort A. What each is
// answered follows from x-access alone, so that an operation without an entry
// fails and one that forgets a check is found.
func TestAuthorizationMatrix(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	cells := 0
	for _, op := range h.App.Contract.Operations {
		for _, who := range w.Everybody() {
			cells++
			t.Run(fmt.Sprintf("%s as %s", op.ID, who.Role), func(t *testing.T) {
				t.Parallel()
				if op.ID == "openStream" || op.Raw {
					return // a stream has no end, a webhook no caller
				}
				a := h.Do(t, w.Fresh(t, op, who))
				if got, want := verdict(a), expected(op.Access, who); got != want {
					t.Errorf("%s, want %s (%d %s)", got, want, a.Status, a.Body)
				}
			})
		}
	}
	if cells < 250 {
		t.Errorf("only %d cells", cells)
	}
}

func verdict(a apitest.Answer) string {
	switch code := a.Code(); {
	case a.Status >= 500:
		return "broken"
	case code == "unauthenticated":
		return "must sign in"
	case code == "email-unverified":
		return "must confirm"
	case code == "admin-only":
		return "must be admin"
	case code == "membership-required":
		return "must pay"
	case code == "not-found":
		return "not there"
	}
	return "in"
}

func expected(access middleware.Access, who apitest.Someone) string {
	switch {
	case access.Who == middleware.Anyone:
		return "in"
	case who.Role == "nobody":
		return "must sign in"
	case access.Who == middleware.SignedIn:
		return "in"
	case who.Role == "unverified":
		return "must confirm"
	case access.Who == middleware.Admin && who.Role != "admin":
		return "must be admin"
	case access.Membership == "active" && !who.Paying:
		return "must pay"
	case access.Relation == "inviter":
		if who.Role == "admin" || who.Role == "coach of A" {
			return "in"
		}
		return "not there"
	case access.Relation == "community":
		if who.Paying || who.Staff() {
			return "in"
		}
		return "not there"
	case access.Relation != "" && !who.InCohortA:
		return "not there"
	}
	return "in"
}
