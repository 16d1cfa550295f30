package main

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
)

type adminInvite struct {
	Email   string `arg:"" optional:"" help:"The address that is invited; without, the link works for whoever has it."`
	Plan    string `help:"Slug of the plan that checkout begins with."`
	Access  int    `help:"Days of full access without payment."`
	Cohort  string `help:"Id of a cohort with a seat for her."`
	Expires int    `help:"Days until the invitation ends." default:"7"`
	Uses    int    `help:"How many people may accept a link without an address." default:"1"`
	Mail    bool   `help:"Send the letter too."`
}

// Run makes the invitation.
func (a adminInvite) Run(p *process) error {
	var room uuid.UUID
	if a.Cohort != "" {
		var err error
		if room, err = uuid.Parse(a.Cohort); err != nil {
			return fmt.Errorf("--cohort wants the id of a cohort, as GET /v1/cohorts shows it: %w", err)
		}
	}
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	o, link, err := app.Invitation.InviteByHand(p.ctx, invitation.Invite{
		Email: a.Email, Plan: a.Plan, AccessDays: a.Access, CohortID: room, Uses: a.Uses, Days: a.Expires,
	}, a.Mail)
	if err != nil {
		return plain(err)
	}
	fmt.Fprintf(p.out, "%s\n\nGood until %s", link, o.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC"))
	if o.Email == nil {
		fmt.Fprintf(p.out, ", for %d of those who have the link.\n", o.Uses)
		return nil
	}
	fmt.Fprintln(p.out, ", once. Give it to nobody but the reader of that address: it proves that the address is hers.")
	return nil
}
