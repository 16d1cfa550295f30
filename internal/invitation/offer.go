package invitation

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Offer is an invitation as it was made.
type Offer struct {
	ID         uuid.UUID
	CreatedBy  *uuid.UUID // nil: an operator
	Email      *string    // nil: whoever has the link
	EmailKey   *string
	Plan       string // slug of the plan that checkout begins with; "" for none
	AccessDays int64  // given without payment, from the day it is accepted
	CohortID   *uuid.UUID
	Uses       int64
	Used       int64
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  *time.Time
}

// TableName says where gorm finds it.
func (Offer) TableName() string { return "invitations" }

// Invite is what an invitation is made of.
type Invite struct {
	Email      string // "" makes an open link
	Plan       string
	AccessDays int
	CohortID   uuid.UUID
	Uses       int // 0: 1; more only for an open link
	Days       int // until it expires; 0: 7
}

// Invite makes an invitation, and promises the mail where it has an address.
// Known and unknown addresses are treated alike. A coach may make twenty a
// day. Faults: invalid values, fault.ErrNotFound (not her cohort),
// fault.ErrNotAllowed (access is not a coach's to give), cohort.ErrClosed,
// ErrMany.
func (i *Invitation) Invite(ctx context.Context, who account.Actor, in Invite) (Offer, error) {
	leads, err := i.cohort.Leads(ctx, who.ID, in.CohortID)
	if err != nil {
		return Offer{}, err
	}
	if no := mayInvite(who, in, leads); no != nil {
		return Offer{}, no
	}
	o, err := i.offer(ctx, in)
	if err != nil {
		return Offer{}, err
	}
	o.CreatedBy = &who.ID
	err = i.db.InTx(ctx, func(ctx context.Context) error {
		if !who.Has(account.Admin) {
			if err := i.bounded(ctx, who.ID); err != nil {
				return err
			}
		}
		return i.keep(ctx, who.ID, o, true)
	})
	return o, err
}

// InviteByHand makes an invitation for an operator and gives its link, also
// where it has an address; then the letter goes out only if mailed.
func (i *Invitation) InviteByHand(ctx context.Context, in Invite, mailed bool) (Offer, string, error) {
	o, err := i.offer(ctx, in)
	if err != nil {
		return Offer{}, "", err
	}
	err = i.db.InTx(ctx, func(ctx context.Context) error { return i.keep(ctx, uuid.Nil, o, mailed) })
	return o, i.link(o.ID), err
}

// bounded counts the invitations a coach has made today, one request at a
// time.
func (i *Invitation) bounded(ctx context.Context, who uuid.UUID) error {
	now := i.clock.Now()
	made, first, err := i.store.madeSince(ctx, who, now.Add(-24*time.Hour))
	if err != nil || made < perDay {
		return err
	}
	return ErrMany.After(first.Add(24 * time.Hour).Sub(now))
}

func (i *Invitation) keep(ctx context.Context, by uuid.UUID, o Offer, mailed bool) error {
	if err := i.store.insert(ctx, o); err != nil {
		return err
	}
	if err := i.record(ctx, by, "invitation.make", o.ID, o.detail()); err != nil || o.Email == nil || !mailed {
		return err
	}
	return i.post(ctx, o)
}

// post promises the letter.
func (i *Invitation) post(ctx context.Context, o Offer) error {
	id := pg.NewID()
	if err := i.store.insertLetter(ctx, id, o.ID, i.clock.Now()); err != nil {
		return err
	}
	return i.queue.Enqueue(ctx, invitationMail{LetterID: id})
}

func (i *Invitation) record(ctx context.Context, by uuid.UUID, action string, id uuid.UUID, detail map[string]string) error {
	return i.entry(ctx, audit.Entry{ActorID: by, Action: action, TargetKind: "invitation", TargetID: id.String(), Detail: detail})
}

// recordOn notes what was done to an invitation that is there, which may be
// somebody else's.
func (i *Invitation) recordOn(ctx context.Context, by uuid.UUID, action string, o Offer) error {
	e := audit.Entry{ActorID: by, Action: action, TargetKind: "invitation", TargetID: o.ID.String()}
	if o.CreatedBy != nil && *o.CreatedBy != by {
		e.SubjectID = *o.CreatedBy
	}
	return i.entry(ctx, e)
}

func (i *Invitation) entry(ctx context.Context, e audit.Entry) error {
	if err := i.log.Record(ctx, e); err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// detail is what the audit log says of it: no address.
func (o Offer) detail() map[string]string {
	d := map[string]string{"uses": strconv.FormatInt(o.Uses, 10), "expires_at": o.ExpiresAt.UTC().Format(time.RFC3339)}
	if o.Email == nil {
		d["link"] = "open"
	}
	if o.Plan != "" {
		d["plan"] = o.Plan
	}
	if o.AccessDays > 0 {
		d["access_days"] = strconv.FormatInt(o.AccessDays, 10)
	}
	if o.CohortID != nil {
		d["cohort"] = o.CohortID.String()
	}
	return d
}

// offer checks what an invitation is made of.
func (i *Invitation) offer(ctx context.Context, in Invite) (Offer, error) {
	now := i.clock.Now()
	o := Offer{
		ID: pg.NewID(), Plan: in.Plan, AccessDays: int64(in.AccessDays), Uses: int64(max(in.Uses, 1)),
		CreatedAt: now, ExpiresAt: now.AddDate(0, 0, usualDays),
	}
	if in.Days != 0 {
		o.ExpiresAt = now.AddDate(0, 0, in.Days)
	}
	switch {
	case in.Days < 0 || in.Days > longestDays:
		return o, fault.InvalidField("/expires_in_days", "range", "An invitation is good for 1 to 90 days.")
	case in.AccessDays < 0 || in.AccessDays > longestGift:
		return o, fault.InvalidField("/access_days", "range", "Access is given for 0 to 366 days.")
	case in.Uses < 0 || in.Uses > mostUses || in.Email != "" && in.Uses > 1:
		return o, fault.InvalidField("/uses", "range", "A link works for 1 to 1000 people, an invitation to an address for one.")
	}
	if in.Email != "" {
		key, err := account.EmailKey(in.Email)
		if err != nil {
			return o, err
		}
		o.Email, o.EmailKey = &in.Email, &key
	}
	if in.CohortID != uuid.Nil {
		o.CohortID = &in.CohortID
	}
	return o, i.exists(ctx, o)
}

// exists wants a plan that is on sale and a cohort that takes people.
func (i *Invitation) exists(ctx context.Context, o Offer) error {
	if o.Plan != "" {
		name, err := i.planName(ctx, o.Plan)
		if err != nil {
			return err
		}
		if name == "" {
			return fault.InvalidField("/plan", "plan-unknown", "No plan on offer has this slug.")
		}
	}
	if o.CohortID == nil {
		return nil
	}
	run, err := i.cohort.ByID(ctx, uuid.Nil, *o.CohortID)
	switch {
	case fault.From(err) != nil:
		return fault.InvalidField("/cohort_id", "cohort-unknown", "There is no such cohort.")
	case err == nil && run.State != cohort.Open:
		return cohort.ErrClosed
	}
	return err
}

// planName is the name of a plan on offer; "" when there is none.
func (i *Invitation) planName(ctx context.Context, slug string) (string, error) {
	plans, err := i.membership.Plans(ctx)
	for _, p := range plans {
		if p.Slug == slug {
			return p.Name, err
		}
	}
	return "", err
}
