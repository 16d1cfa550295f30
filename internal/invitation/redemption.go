package invitation

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Terms are what an invitation offers to whoever holds its link. They speak
// of nobody.
type Terms struct {
	Plan       string // "" when it names none, or one that is not on offer any more
	PlanName   string
	AccessDays int64
	Cohort     *cohort.Listing // nil when it names none, or one that is not to be seen
	ExpiresAt  time.Time
	NeedsEmail bool // whoever has no account signs up with an address of her own
}

// Look says what an invitation offers. It changes nothing. Fault: ErrOver.
func (i *Invitation) Look(ctx context.Context, token string) (Terms, error) {
	o, err := i.usable(ctx, token)
	if err != nil {
		return Terms{}, err
	}
	return i.terms(ctx, o)
}

// usable gives the invitation of a token as long as it is open.
func (i *Invitation) usable(ctx context.Context, token string) (Offer, error) {
	o, ok, err := i.store.byID(ctx, i.open(token))
	if err == nil && (!ok || o.StateAt(i.clock.Now()) != Open) {
		err = ErrOver
	}
	return o, err
}

func (i *Invitation) terms(ctx context.Context, o Offer) (Terms, error) {
	t := Terms{AccessDays: o.AccessDays, ExpiresAt: o.ExpiresAt, NeedsEmail: o.Email == nil}
	if o.Plan != "" {
		name, err := i.planName(ctx, o.Plan)
		if err != nil {
			return t, err
		}
		if name != "" {
			t.Plan, t.PlanName = o.Plan, name
		}
	}
	if o.CohortID == nil {
		return t, nil
	}
	run, err := i.cohort.ByID(ctx, uuid.Nil, *o.CohortID)
	if errors.Is(err, fault.ErrNotFound) {
		return t, nil
	}
	t.Cohort = &run
	return t, err
}

// Newcomer is what somebody without an account gives to accept.
type Newcomer struct {
	Token, DisplayName, Password string
	Email                        string // for an open link, and only there
}

// Joining is how far a newcomer has come: she is in, or her address is still
// to be confirmed, as after account.SignUp.
type Joining struct {
	Session *account.Session // nil: confirm first
	Attempt string           // for account.Verify
}

// Join makes the account of the address that was invited, redeems the
// invitation and starts her first session, all or nothing: that she has the
// link proves the address. With an open link nothing is proved, so it promises
// the mail of a sign-up, known address or not, and gives no session; the
// invitation is redeemed when that sign-up is confirmed. Faults: ErrOver,
// ErrSignIn, invalid values, those of a seat (see Accept), account.ErrBusy.
func (i *Invitation) Join(ctx context.Context, n Newcomer) (Joining, error) {
	o, err := i.usable(ctx, n.Token)
	switch {
	case err != nil:
		return Joining{}, err
	case o.Email == nil && n.Email == "":
		return Joining{}, fault.InvalidField("/email", "required", "This invitation is a link without an address. Say which is yours.")
	case o.Email == nil:
		attempt, err := i.account.SignUp(ctx, account.NewSignup{
			Email: n.Email, Password: n.Password, DisplayName: n.DisplayName, InvitationID: o.ID,
		})
		return Joining{Attempt: attempt}, err
	case n.Email != "":
		return Joining{}, fault.InvalidField("/email", "not-here", "This invitation is for the address that it was sent to. Leave the email out.")
	}
	s, err := i.join(ctx, o, n)
	return Joining{Session: &s}, err
}

func (i *Invitation) join(ctx context.Context, o Offer, n Newcomer) (account.Session, error) {
	her, err := i.account.Prepare(ctx, account.NewSignup{Email: *o.Email, Password: n.Password, DisplayName: n.DisplayName})
	if err != nil {
		return account.Session{}, err
	}
	return i.admit(ctx, o, her)
}

// admit redeems an invitation and makes the account of its address, or neither.
func (i *Invitation) admit(ctx context.Context, o Offer, her account.Newcomer) (s account.Session, err error) {
	err = i.db.InTx(ctx, func(ctx context.Context) error {
		if s, err = i.account.Admit(ctx, her, account.Proof{Way: account.ByInvitation}); err != nil {
			return err
		}
		_, err = i.redeem(ctx, o.ID, s.User.ID)
		return err
	})
	if errors.Is(err, account.ErrEmailTaken) {
		err = ErrSignIn
	}
	return s, err
}

// Outcome is what an invitation has given.
type Outcome struct {
	AccessUntil time.Time // zero: it gave no access
	Plan        string    // where checkout may begin
	CohortID    uuid.UUID
	SeatTaken   bool // else the seat is taken like anybody's, once her access is full
}

// Accept redeems an invitation for somebody who is signed in, once, all or
// nothing. Faults: ErrOver, also when it is for another address or she has
// accepted it before; cohort.ErrFull, cohort.ErrClosed and cohort.ErrOther,
// after which the invitation is as it was.
func (i *Invitation) Accept(ctx context.Context, who account.Actor, token string) (Outcome, error) {
	return i.redeem(ctx, i.open(token), who.ID)
}

func (i *Invitation) redeem(ctx context.Context, id, userID uuid.UUID) (out Outcome, err error) {
	err = i.db.InTx(ctx, func(ctx context.Context) error {
		o, ok, err := i.store.use(ctx, id, userID, i.clock.Now())
		if err != nil {
			return err
		}
		if !ok {
			return ErrOver
		}
		out, err = i.give(ctx, o, userID)
		return err
	})
	return out, err
}

// give hands over what an invitation offers, in the transaction in which it
// was used.
func (i *Invitation) give(ctx context.Context, o Offer, userID uuid.UUID) (Outcome, error) {
	out := Outcome{Plan: o.Plan}
	if o.AccessDays > 0 {
		ends := i.clock.Now().AddDate(0, 0, int(o.AccessDays))
		_, err := i.membership.Grant(ctx, membership.Grant{
			UserID: userID, Kind: "comp", EndsAt: &ends, Reason: "invitation " + o.ID.String(), GrantedBy: o.CreatedBy,
		})
		if err != nil {
			return out, err
		}
		out.AccessUntil = ends
	}
	if o.CohortID != nil {
		out.CohortID = *o.CohortID
		taken, err := i.seat(ctx, *o.CohortID, userID)
		if err != nil {
			return out, err
		}
		out.SeatTaken = taken
	}
	if err := i.record(ctx, userID, "invitation.accept", o.ID, out.detail()); err != nil {
		return out, err
	}
	return out, i.queue.Enqueue(ctx, welcomeMail{InvitationID: o.ID, UserID: userID})
}

// seat takes her seat if her access is full by now.
func (i *Invitation) seat(ctx context.Context, cohortID, userID uuid.UUID) (bool, error) {
	access, err := i.membership.Access(ctx, userID)
	if err != nil || access.Level != membership.Full {
		return false, err
	}
	_, _, err = i.cohort.Enrol(ctx, account.Actor{ID: userID}, cohortID)
	return err == nil, err
}

func (o Outcome) detail() map[string]string {
	d := map[string]string{"seat": strconv.FormatBool(o.SeatTaken)}
	if !o.AccessUntil.IsZero() {
		d["access_until"] = o.AccessUntil.UTC().Format(time.RFC3339)
	}
	return d
}

// Joined promises to redeem the invitation that a sign-up came with, in the
// transaction in which her address was confirmed. It is a job, because her
// account comes to be even when the invitation is over by then.
func (i *Invitation) Joined(ctx context.Context, userID, invitationID uuid.UUID) error {
	return i.queue.Enqueue(ctx, redemption{InvitationID: invitationID, UserID: userID})
}
