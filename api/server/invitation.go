package server

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
)

func (a *App) buildInvitation(mailer *mail.Mailer) (err error) {
	a.Invitation, err = invitation.New(a.DB, a.Clock, a.Queue, mailer,
		invitation.Parts{Account: a.Account, Membership: a.Membership, Cohort: a.Cohort, Audit: a.Audit},
		invitation.Config{Secret: a.Config.Derive("invitation"), Previous: a.Config.DerivePrevious("invitation"), FrontendURL: a.Config.FrontendURL})
	return err
}

// inviter lets the account domain, which is of a lower tier, tell invitations
// that somebody has joined.
type inviter struct{ app *App }

// Joined redeems the invitation that a sign-up came with.
func (i inviter) Joined(ctx context.Context, userID, invitationID uuid.UUID) error {
	return i.app.Invitation.Joined(ctx, userID, invitationID)
}

// doorkeeper lets the account domain, which is of a lower tier, ask to whom the
// community is closed.
type doorkeeper struct{ app *App }

// Closed says whether the community is closed to somebody, and until when.
func (d doorkeeper) Closed(ctx context.Context, userID uuid.UUID) (bool, *time.Time, error) {
	return d.app.Admin.Closed(ctx, userID)
}

// KeepClosed closes it to who has made a new account.
func (d doorkeeper) KeepClosed(ctx context.Context, userID uuid.UUID, until *time.Time) error {
	return d.app.Admin.KeepClosed(ctx, userID, until)
}

// trials lets the account domain, which is of a lower tier, ask who has had her
// trial.
type trials struct{ app *App }

// HadTrial says whether somebody has had it.
func (t trials) HadTrial(ctx context.Context, userID uuid.UUID) (bool, error) {
	return t.app.Membership.HadTrial(ctx, userID)
}

// SpendTrial remembers that she has.
func (t trials) SpendTrial(ctx context.Context, userID uuid.UUID, at time.Time) error {
	return t.app.Membership.SpendTrial(ctx, userID, at)
}
