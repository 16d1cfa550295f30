package server

import (
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// buildPrivacy comes last: it knows how every domain forgets.
func (a *App) buildPrivacy(mailer *mail.Mailer) (err error) {
	a.Privacy, err = privacy.New(a.DB, a.Clock, a.Queue, a.Audit, privacy.Config{
		Files: a.Files, Mailer: mailer, Domains: a.Forgetful(), Log: a.log, FrontendURL: a.Config.FrontendURL, MayLeave: a.Account.SpareLastAdmin,
		Settle: uploadDeadline + 5*time.Second,
	})
	return err
}

// Forgetful are the domains that forget somebody in their own way.
func (a *App) Forgetful() privacy.Domains {
	return privacy.Domains{Account: a.Account, Billing: a.Billing, Cohort: a.Cohort, Forum: a.Forum}
}
