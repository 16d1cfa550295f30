package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// onMember does something to the member of an address, as an operator.
func (p *process) onMember(email string, do func(ctx context.Context, app *server.App, id uuid.UUID) error) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	id, err := app.Account.Find(p.ctx, email)
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("nobody has the address %s", email)
	}
	if err == nil {
		err = do(p.ctx, app, id)
	}
	return plain(err)
}

type adminSuspend struct {
	Email     string `arg:"" help:"Her e-mail address."`
	Reason    string `required:"true" help:"Why, for those who run the community."`
	Told      string `help:"What she is told by mail, beside how to answer."`
	Until     string `help:"When it ends by itself, as 2026-12-24 or 2026-12-24T18:00:00Z; without, when it is lifted." placeholder:"TIME"`
	Community bool   `help:"Close the community only: she still signs in and sees what she pays."`
}

// Help says what happens at once.
func (adminSuspend) Help() string {
	return "Her next request is refused and her open streams end, on every node. She is told by mail."
}

// Run closes her account, or the community.
func (a adminSuspend) Run(p *process) error {
	n := admin.NewSuspension{Closes: admin.Everything, Reason: a.Reason, Told: a.Told}
	what := "Her account"
	if a.Community {
		n.Closes, what = admin.Community, "The community"
	}
	if a.Until != "" {
		end, err := parseMoment(a.Until)
		if err != nil {
			return err
		}
		n.EndsAt = &end
	}
	return p.onMember(a.Email, func(ctx context.Context, app *server.App, id uuid.UUID) error {
		s, err := app.Admin.Suspend(ctx, account.Actor{}, id, n)
		if err != nil {
			return err
		}
		until := "until `conservatory admin restore`"
		if s.EndsAt != nil {
			until = "until " + moment(*s.EndsAt)
		}
		fmt.Fprintf(p.out, "%s is closed to %s %s.\n", what, a.Email, until)
		return nil
	})
}

func parseMoment(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--until wants 2026-12-24 or 2026-12-24T18:00:00Z, not %q", text)
}

type adminRestore struct {
	Email string `arg:"" help:"Her e-mail address."`
}

// Run lets her in again.
func (a adminRestore) Run(p *process) error {
	return p.onMember(a.Email, func(ctx context.Context, app *server.App, id uuid.UUID) error {
		err := app.Admin.Restore(ctx, account.Actor{}, id)
		if errors.Is(err, fault.ErrNotFound) {
			return fmt.Errorf("nothing keeps %s out", a.Email)
		}
		if err == nil {
			fmt.Fprintf(p.out, "%s is let in again, and is told by mail.\n", a.Email)
		}
		return err
	})
}

type adminRevokeRole struct {
	Email string `arg:"" help:"Her e-mail address."`
	Role  string `arg:"" help:"coach, moderator or admin." enum:"coach,moderator,admin"`
}

// Help says what it takes.
func (adminRevokeRole) Help() string {
	return "It takes the role everywhere and in each cohort and space where she holds it. Somebody always remains an administrator."
}

// Run takes the role.
func (a adminRevokeRole) Run(p *process) error {
	return p.onMember(a.Email, func(ctx context.Context, app *server.App, id uuid.UUID) error {
		held, err := app.Account.RolesOf(ctx, id)
		if err != nil {
			return err
		}
		var places []string
		for _, g := range held {
			if g.Role != account.Role(a.Role) {
				continue
			}
			if err := app.Account.TakeRole(ctx, account.Actor{}, id, g.ID); err != nil {
				return err
			}
			places = append(places, place(g.Scope))
		}
		if len(places) == 0 {
			return fmt.Errorf("%s is no %s", a.Email, a.Role)
		}
		fmt.Fprintf(p.out, "%s is no longer %s: %s.\n", a.Email, a.Role, strings.Join(places, ", "))
		return nil
	})
}

func place(s account.Scope) string {
	switch {
	case s.CohortID != uuid.Nil:
		return "in the cohort " + s.CohortID.String()
	case s.SpaceID != uuid.Nil:
		return "in the space " + s.SpaceID.String()
	}
	return "everywhere"
}
