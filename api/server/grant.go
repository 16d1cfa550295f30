package server

import (
	"github.com/womens-tech-conservatory/conservatory/internal/gift"
	"github.com/womens-tech-conservatory/conservatory/internal/grant"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/scholarship"
	"github.com/womens-tech-conservatory/conservatory/internal/sponsor"
)

// buildGiving makes the domains of what members have without paying for it
// every month.
func (a *App) buildGiving(mailer *mail.Mailer) (err error) {
	a.Grant, err = grant.New(a.DB, a.Clock, a.Queue, mailer, grant.Parts{Account: a.Account, Membership: a.Membership, Audit: a.Audit}, a.Config.FrontendURL)
	if err != nil {
		return err
	}
	a.Gifts, err = gift.New(a.DB, a.Clock, a.Queue, mailer,
		gift.Parts{Account: a.Account, Membership: a.Membership, Billing: a.Billing, Audit: a.Audit},
		gift.Config{Secret: a.Config.Derive("gift"), Previous: a.Config.DerivePrevious("gift"), FrontendURL: a.Config.FrontendURL})
	if err != nil {
		return err
	}
	a.Scholarship, err = scholarship.New(a.DB, a.Clock, a.Queue, mailer,
		scholarship.Parts{Account: a.Account, Membership: a.Membership, Billing: a.Billing, Audit: a.Audit}, a.Config.FrontendURL)
	if err != nil {
		return err
	}
	a.Sponsors, err = sponsor.New(a.DB, a.Clock, a.Queue, mailer,
		sponsor.Parts{Account: a.Account, Membership: a.Membership, Audit: a.Audit},
		sponsor.Config{Secret: a.Config.Derive("sponsor"), Previous: a.Config.DerivePrevious("sponsor"), FrontendURL: a.Config.FrontendURL})
	return err
}
