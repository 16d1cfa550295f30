package server

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/signin"
)

func (a *App) buildSignin(mailer *mail.Mailer) (err error) {
	a.Signin, err = signin.New(a.DB, a.Clock, a.Queue, mailer, a.Account, signin.Config{
		Secret: a.Config.Derive("signin"), Previous: a.Config.DerivePrevious("signin"), FrontendURL: a.Config.FrontendURL, Auditor: auditor{a.Audit}, Biller: a.Billing, Rescuer: rescuer{a},
	})
	return err
}

// rescuer lets signing in, which is of a lower tier, tell other domains that
// somebody has taken her account back.
type rescuer struct{ app *App }

// TakenBack takes off what opens the account without her mailbox, and calls
// off its erasure. Second factors that she had before stay: they are hers. Of
// who holds a role all stay, also those that have taken the place of an older
// one: the mailbox alone would be enough to become an administrator. If they
// are a thief's, another administrator suspends her or takes the role.
func (r rescuer) TakenBack(ctx context.Context, userID uuid.UUID, since time.Time) error {
	roles, err := r.app.Account.RolesOf(ctx, userID)
	if err != nil {
		return err
	}
	if len(roles) == 0 {
		if err := r.app.Factor.ForgetSince(ctx, userID, since); err != nil {
			return err
		}
	}
	if err := r.app.Identity.UnlinkAll(ctx, userID); err != nil {
		return err
	}
	_, err = r.app.Privacy.CallOff(ctx, userID)
	return err
}
