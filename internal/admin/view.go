package admin

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// View is what a member sees of the house, without anything that is in it.
type View struct {
	account.Standing
	Suspension *Suspension // what keeps her out, if anything does
	Roles      []account.Grant
	Access     membership.Access
	Seats      []cohort.Seated
	Spaces     []forum.SpaceView
}

// View looks at what a member sees, for support: where she may what and why,
// nothing she wrote or was written. It is recorded, and she finds it among
// what was done to her account. Seven statements. Fault: fault.ErrNotFound.
func (a *Admin) View(ctx context.Context, by account.Actor, member uuid.UUID) (v View, err error) {
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if v.Standing, err = a.Account.StandingOf(ctx, member); err != nil {
			return err
		}
		if v.Roles, err = a.Account.RolesOf(ctx, member); err != nil {
			return err
		}
		if v.Access, err = a.Membership.Access(ctx, member); err != nil {
			return err
		}
		v.Access.PayURL = "" // opens her invoice, with her address on it
		if v.Standing.Suspension != nil || v.Access.Reason == membership.ByBan {
			if v.Suspension, err = a.suspensionOf(ctx, v.Standing); err != nil {
				return err
			}
		}
		if v.Seats, err = a.Cohort.Seats(ctx, member); err != nil {
			return err
		}
		if v.Spaces, err = a.Forum.Spaces(ctx, account.Actor{ID: member}); err != nil {
			return err
		}
		return a.record(ctx, by, "member.view", member, nil)
	})
	return v, err
}
