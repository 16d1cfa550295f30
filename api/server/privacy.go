package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// buildPrivacy comes last: it knows how every domain forgets.
func (a *App) buildPrivacy(mailer *mail.Mailer) (err error) {
	a.Privacy, err = privacy.New(a.DB, a.Clock, a.Queue, a.Audit, privacy.Config{
		Files: a.Files, Mailer: mailer, Domains: a.Forgetful(), Log: a.log, FrontendURL: a.Config.FrontendURL, MayLeave: a.mayLeave,
		Settle: requestDeadline + 5*time.Second,
	})
	return err
}

// Forgetful are the domains that forget somebody in their own way.
func (a *App) Forgetful() privacy.Domains {
	return privacy.Domains{Account: a.Account, Billing: a.Billing, Cohort: a.Cohort, Forum: a.Forum}
}

// mayLeave keeps those who run the community from leaving it alone.
func (a *App) mayLeave(ctx context.Context, userID uuid.UUID) error {
	u, err := a.Account.Me(ctx, account.Actor{ID: userID})
	if err != nil && !errors.Is(err, account.ErrUnauthenticated) { // who may not sign in runs nothing
		return err
	}
	if slices.Contains(u.Roles, account.Admin) {
		return privacy.ErrAdminStays
	}
	return nil
}
