package admin

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

func TestWhoMaySuspendWhom(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	her, past, future := uuid.New(), now, now.Add(time.Second)
	as := func(roles ...account.Role) account.Actor { return account.Actor{ID: uuid.New(), Roles: roles} }
	scoped := account.Actor{ID: uuid.New(), Scoped: []account.Scoped{{Role: account.Moderator, Scope: account.Scope{SpaceID: uuid.New()}}}}
	good := NewSuspension{Closes: Community, Reason: "abuse"}
	for name, c := range map[string]struct {
		by   account.Actor
		n    NewSuspension
		want error
	}{
		"an admin":                       {as(account.Admin), good, nil},
		"an admin, for a time":           {as(account.Admin), NewSuspension{Closes: Everything, Reason: "abuse", EndsAt: &future}, nil},
		"an operator":                    {account.Actor{}, good, nil},
		"a moderator":                    {as(account.Moderator), good, fault.ErrNotAllowed},
		"a coach":                        {as(account.Coach), good, fault.ErrNotAllowed},
		"a moderator of one space":       {scoped, good, fault.ErrNotAllowed},
		"a member":                       {as(), good, fault.ErrNotAllowed},
		"herself":                        {account.Actor{ID: her, Roles: []account.Role{account.Admin}}, good, ErrYourself},
		"an admin, without a reason":     {as(account.Admin), NewSuspension{Closes: Community}, fault.ErrInvalid},
		"an admin, closing nothing":      {as(account.Admin), NewSuspension{Reason: "abuse"}, fault.ErrInvalid},
		"an admin, until a moment ago":   {as(account.Admin), NewSuspension{Closes: Community, Reason: "abuse", EndsAt: &past}, fault.ErrInvalid},
		"an admin, closing it all twice": {as(account.Admin), NewSuspension{Closes: "both", Reason: "abuse"}, fault.ErrInvalid},
	} {
		if err := maySuspend(c.by, her, c.n, now); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
