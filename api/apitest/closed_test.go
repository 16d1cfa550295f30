package apitest_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

// leaves has somebody erased, at once.
func leaves(t *testing.T, h *apitest.House, who uuid.UUID) {
	t.Helper()
	now := clock.NewManual(h.App.Clock.Now())
	p := apart(t, h, now, privacy.Config{})
	e, err := p.PlanErasure(t.Context(), account.Actor{ID: who}, privacy.Remove)
	if err != nil {
		t.Fatal(err)
	}
	now.Advance(7*day + time.Second)
	if err := p.Erase(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
}

// signsUpAgain takes the code of the letter that is not there yet.
func signsUpAgain(t *testing.T, h *apitest.House, email string) uuid.UUID {
	t.Helper()
	h.Settle(t)
	seen := map[string]bool{}
	for _, m := range h.Mail.Messages(email) {
		seen[m.ID] = true
	}
	var started struct{ Signup string }
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/signup", Body: map[string]string{"email": email, "password": apitest.Password, "display_name": "Maria"},
	}).Must(t, http.StatusAccepted).Into(t, &started)
	m, err := h.Mail.Wait(t.Context(), email, func(m mailsink.Message) bool { return !seen[m.ID] && strings.Contains(m.Subject, "is your code") })
	if err != nil {
		t.Fatal(err)
	}
	var session struct{ Member struct{ ID uuid.UUID } }
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/verify", Body: map[string]string{"signup": started.Signup, "code": m.Subject[:6]},
	}).Must(t, http.StatusOK).Into(t, &session)
	return session.Member.ID
}

func closes(t *testing.T, h *apitest.House, who uuid.UUID, closes admin.Closes, end *time.Time) {
	t.Helper()
	if _, err := h.App.Admin.Suspend(t.Context(), account.Actor{}, who, admin.NewSuspension{Closes: closes, Reason: "pressed others", Told: "Please stop.", EndsAt: end}); err != nil {
		t.Fatal(err)
	}
}

func bans(t *testing.T, h *apitest.House, who uuid.UUID) []membership.Ban {
	t.Helper()
	all, err := h.App.Membership.Bans(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLeavingOpensNothingThatWasClosed(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	end := h.App.Clock.Now().Add(30 * day).UTC().Truncate(time.Second)
	for name, again := range map[string]func(t *testing.T, email string) uuid.UUID{
		"by signing up": func(t *testing.T, email string) uuid.UUID { t.Helper(); return signsUpAgain(t, h, email) },
		"through a provider": func(t *testing.T, email string) uuid.UUID {
			t.Helper()
			u, err := h.App.Account.Join(t.Context(), email, "Maria")
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		},
		"by an invitation": func(t *testing.T, email string) uuid.UUID {
			t.Helper()
			n, err := h.App.Account.Prepare(t.Context(), account.NewSignup{Email: email, Password: apitest.Password, DisplayName: "Maria"})
			if err != nil {
				t.Fatal(err)
			}
			s, err := h.App.Account.Admit(t.Context(), n, account.Proof{Way: account.ByInvitation})
			if err != nil {
				t.Fatal(err)
			}
			return s.User.ID
		},
	} {
		t.Run("who comes back "+name+" is where she was", func(t *testing.T) {
			maria := h.Person(t, "maria")
			closes(t, h, maria.ID, admin.Community, &end)
			leaves(t, h, maria.ID)
			anew := again(t, maria.Email)
			got := bans(t, h, anew)
			if len(got) != 1 || got[0].EndsAt == nil || !got[0].EndsAt.Equal(end) || got[0].Reason != admin.ErasedWhileClosed {
				t.Fatalf("%+v", got)
			}
			if n := count(t, h, `SELECT count(*) FROM audit_log WHERE action = 'community.suspend' AND target_id = $1 AND actor_id IS NULL`, anew.String()); n != 1 {
				t.Errorf("%d entries", n)
			}
			if err := h.App.Admin.Restore(t.Context(), account.Actor{}, anew); err != nil || len(bans(t, h, anew)) != 0 {
				t.Errorf("she cannot be let in again: %v", err)
			}
			leaves(t, h, anew)
			if third := again(t, maria.Email); len(bans(t, h, third)) != 0 {
				t.Error("and then she leaves, and it is closed again")
			}
		})
	}

	t.Run("one without an end has none afterwards, and neither has a closed account", func(t *testing.T) {
		for _, what := range []admin.Closes{admin.Community, admin.Everything} {
			maria := h.Person(t, "maria")
			closes(t, h, maria.ID, what, nil)
			leaves(t, h, maria.ID)
			u, err := h.App.Account.Join(t.Context(), maria.Email, "Maria")
			if got := bans(t, h, u.ID); err != nil || len(got) != 1 || got[0].EndsAt != nil {
				t.Errorf("%s: %+v, %v", what, got, err)
			}
		}
	})

	t.Run("nobody else is kept out, and nothing of her address is kept", func(t *testing.T) {
		maria := h.Person(t, "maria")
		leaves(t, h, maria.ID)
		u, err := h.App.Account.Join(t.Context(), maria.Email, "Maria")
		if got := bans(t, h, u.ID); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if n := count(t, h, `SELECT count(*) FROM closed_addresses WHERE length(hash) <> 43`); n != 0 {
			t.Errorf("%d are no hashes", n)
		}
	})
}

func TestARoleAndAClosedCommunityExcludeEachOther(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	ctx := t.Context()

	t.Run("to whom it is closed gets none before she is let in again", func(t *testing.T) {
		who, coach := h.Stranger(t), account.NewGrant{Role: account.Coach}
		closes(t, h, who, admin.Community, nil)
		if _, _, err := h.App.Account.GrantRole(ctx, account.Actor{}, who, coach); err == nil || err.Error() != account.ErrCommunityClosed.Code {
			t.Errorf("%v", err)
		}
		if err := h.App.Admin.Restore(ctx, account.Actor{}, who); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.App.Account.GrantRole(ctx, account.Actor{}, who, coach); err != nil {
			t.Errorf("%v", err)
		}
	})

	t.Run("also when both happen at once", func(t *testing.T) {
		for round := range 60 {
			who := h.Stranger(t)
			var race sync.WaitGroup
			var grant, closed error
			race.Go(func() {
				_, _, grant = h.App.Account.GrantRole(ctx, account.Actor{}, who, account.NewGrant{Role: account.Moderator})
			})
			race.Go(func() {
				_, closed = h.App.Admin.Suspend(ctx, account.Actor{}, who, admin.NewSuspension{Closes: admin.Community, Reason: "pressed others"})
			})
			race.Wait()
			roles, err := h.App.Account.RolesOf(ctx, who)
			if err != nil {
				t.Fatal(err)
			}
			if (grant == nil) == (closed == nil) || len(roles)+len(bans(t, h, who)) != 1 {
				t.Fatalf("round %d: a role (%v) and a closed community (%v)", round, grant, closed)
			}
		}
	})
}

// For who holds a role the mailbox of yesterday is not enough to take the place
// of her second factor; everybody else gets her account back without what the
// thief has added.
func TestTheWayBackLeavesTheFactorsOfARole(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	member := h.Person(t, "maria")
	h.AddFactor(t, &member)
	for name, c := range map[string]struct {
		who  apitest.Someone
		left int
	}{"of who holds a role": {h.Person(t, "ada", account.Admin), 1}, "of a member": {member, 0}} {
		t.Run(name, func(t *testing.T) {
			his := "his." + uuid.NewString()[:8] + "@example.org"
			do := func(path, token string, body any, status int) {
				t.Helper()
				h.Do(t, apitest.Call{Method: http.MethodPost, Path: path, Token: token, Body: body}).Must(t, status)
			}
			do("/v1/me/email", c.who.Token, map[string]string{"email": his}, http.StatusAccepted)
			undo, confirm := h.Token(t, c.who.Email, "being changed"), h.Token(t, his, "confirm your new")
			do("/v1/auth/email/confirm", "", map[string]string{"token": confirm}, http.StatusNoContent)
			do("/v1/auth/email/undo", "", map[string]string{"token": undo}, http.StatusNoContent)
			if n := count(t, h, `SELECT count(*) FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL`, c.who.ID); n != c.left {
				t.Errorf("%d second factors are left, want %d", n, c.left)
			}
		})
	}
}
