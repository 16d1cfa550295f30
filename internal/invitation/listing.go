package invitation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Listed is an invitation as whoever made it, or an administrator, sees it.
type Listed struct {
	Offer

	State    State      `gorm:"-"`
	MailedAt *time.Time // when its letter last went out
}

// Position is where a page of invitations ended. The zero Position is the
// start.
type Position struct {
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

const largestPage = 100

// Offers lists invitations, the latest first: all of them to an
// administrator, with cohortID those to that cohort; to a coach those she made
// for a cohort she leads. One statement for an administrator, two for a coach.
// Fault: fault.ErrNotFound.
func (i *Invitation) Offers(ctx context.Context, who account.Actor, cohortID uuid.UUID, after Position, limit int) (page []Listed, more bool, err error) {
	if limit <= 0 || limit > largestPage {
		limit = largestPage
	}
	maker := uuid.Nil
	if !who.Has(account.Admin) {
		leads, err := i.cohort.Leads(ctx, who.ID, cohortID)
		if err != nil {
			return nil, false, err
		}
		if no := mayInvite(who, Invite{CohortID: cohortID}, leads); no != nil {
			return nil, false, no
		}
		maker = who.ID
	}
	page, err = i.store.list(ctx, maker, cohortID, after, limit+1)
	if err != nil {
		return nil, false, err
	}
	now := i.clock.Now()
	for n := range page {
		page[n].State = page[n].StateAt(now)
	}
	if len(page) > limit {
		return page[:limit], true, nil
	}
	return page, false, nil
}

// Link gives the link of an open invitation, to hand on. One to an address
// has none to show: it would prove that address. Fault: fault.ErrNotFound,
// also when it is over.
func (i *Invitation) Link(ctx context.Context, who account.Actor, id uuid.UUID) (string, error) {
	o, ok, err := i.store.byID(ctx, id)
	if err != nil {
		return "", err
	}
	if ok {
		ok, err = i.sees(ctx, who, o)
	}
	if err != nil {
		return "", err
	}
	if !ok || o.Email != nil || o.StateAt(i.clock.Now()) != Open {
		return "", fault.ErrNotFound
	}
	return i.link(id), nil
}

// sees asks maySee.
func (i *Invitation) sees(ctx context.Context, who account.Actor, o Offer) (bool, error) {
	cohortID := uuid.Nil
	if o.CohortID != nil {
		cohortID = *o.CohortID
	}
	leads, err := i.cohort.Leads(ctx, who.ID, cohortID)
	return maySee(who, o, leads), err
}

// Revoke withdraws an invitation at once; what was accepted stays. One that
// is over stays as it is. Fault: fault.ErrNotFound.
func (i *Invitation) Revoke(ctx context.Context, who account.Actor, id uuid.UUID) error {
	return i.change(ctx, who, id, func(ctx context.Context, o Offer) error {
		now := i.clock.Now()
		if o.StateAt(now) != Open {
			return nil
		}
		if err := i.store.revoke(ctx, id, now); err != nil {
			return err
		}
		return i.recordOn(ctx, who.ID, "invitation.revoke", o)
	})
}

// Resend promises the letter of an invitation once more, with the same link
// and the same end, an hour after the one before at the earliest. Faults:
// fault.ErrNotFound, ErrNoAddress, ErrClosed, ErrSoon.
func (i *Invitation) Resend(ctx context.Context, who account.Actor, id uuid.UUID) error {
	return i.change(ctx, who, id, func(ctx context.Context, o Offer) error {
		switch {
		case o.Email == nil:
			return ErrNoAddress
		case o.StateAt(i.clock.Now()) != Open:
			return ErrClosed
		}
		last, err := i.store.lastLetter(ctx, id)
		if err != nil {
			return err
		}
		if wait := last.Add(pause).Sub(i.clock.Now()); wait > 0 {
			return ErrSoon.After(wait)
		}
		if err := i.recordOn(ctx, who.ID, "invitation.resend", o); err != nil {
			return err
		}
		return i.post(ctx, o)
	})
}

// change runs fn with an invitation locked that is there for her.
func (i *Invitation) change(ctx context.Context, who account.Actor, id uuid.UUID, fn func(context.Context, Offer) error) error {
	return i.db.InTx(ctx, func(ctx context.Context) error {
		o, ok, err := i.store.lock(ctx, id)
		if err != nil {
			return err
		}
		if ok {
			ok, err = i.sees(ctx, who, o)
		}
		if err != nil {
			return err
		}
		if !ok {
			return fault.ErrNotFound
		}
		return fn(ctx, o)
	})
}
