package scholarship

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const mostMonths = 24

// Award is months of a member that a fund pays for.
type Award struct {
	ID            uuid.UUID
	FundID        uuid.UUID
	ApplicationID *uuid.UUID
	UserID        uuid.UUID
	GrantID       uuid.UUID
	Months        int64
	ReservedMinor int64 // all of its months
	ReturnedMinor int64 // of that, after an early end
	StartsAt      time.Time
	EndsAt        time.Time
	CreatedAt     time.Time
	EndedAt       *time.Time // early
	EndedBecause  string
}

// left is what is given back when it ends at a moment: the share of the days that
// have not passed, rounded in favour of the days that have.
func (a Award) left(at time.Time) int64 {
	whole, rest := a.EndsAt.Sub(a.StartsAt), a.EndsAt.Sub(at)
	switch {
	case rest <= 0 || whole <= 0:
		return 0
	case rest >= whole:
		return a.ReservedMinor
	}
	seconds, of := int64(rest/time.Second), int64(whole/time.Second)
	// Without a product that could be too large: q·of + r = reserved.
	q, r := a.ReservedMinor/of, a.ReservedMinor%of
	return q*seconds + r*seconds/of
}

// Decision is the answer to an application.
type Decision struct {
	Answer State // Awarded, Waitlisted or NotThisTime
	Told   string
	Note   string // stays among those who decide

	// With Awarded:
	FundID      uuid.UUID
	Plan, Price string // what a month is worth
	Months      int
}

// Decide answers an application, once; one that waits can get its answer later.
// A yes reserves its months in the fund and opens them: now, or where what she has
// is paid until. She is told by mail. It is recorded. For admins (the zero Actor is
// an operator). Faults: invalid values, fault.ErrNotFound, ErrYourself, ErrDecided,
// ErrShort, ErrFundClosed, ErrPriceUnknown, membership.ErrPaysHerself, with
// nothing changed.
func (s *Scholarship) Decide(ctx context.Context, by account.Actor, id uuid.UUID, d Decision) (a Application, err error) {
	d.Told, d.Note = strings.TrimSpace(d.Told), strings.TrimSpace(d.Note)
	a, found, err := s.store.application(ctx, id)
	switch {
	case err != nil:
		return a, err
	case !found:
		return a, fault.ErrNotFound
	case a.UserID == by.ID:
		return a, ErrYourself
	case d.Answer == NotThisTime && d.Told == "":
		return a, fault.InvalidField("/told", "required", "Tell her why, in a sentence you would like to read yourself.")
	}
	now := s.clock.Now()
	a.State, a.DecidedAt, a.DecidedBy, a.Told, a.Note = d.Answer, &now, maker(by), d.Told, d.Note
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if d.Answer == Awarded { // it locks the member first, so two answers take turns
			if _, err := s.award(ctx, by, a, d); err != nil {
				return err
			}
		}
		done, err := s.store.answer(ctx, a)
		if err == nil && !done {
			err = ErrDecided
		}
		if err != nil {
			return err
		}
		if err := s.record(ctx, by, "application.decide", "application", id, a.UserID, map[string]string{"answer": string(d.Answer)}); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, decidedMail{ApplicationID: id, Answer: d.Answer})
	})
	return a, err
}

// award opens months and pays for them, or neither.
func (s *Scholarship) award(ctx context.Context, by account.Actor, a Application, d Decision) (Award, error) {
	if d.Months < 1 || d.Months > mostMonths {
		return Award{}, fault.InvalidField("/months", "range", "A scholarship is of 1 to 24 months.")
	}
	f, found, err := s.store.fund(ctx, d.FundID)
	if err == nil && !found {
		err = fault.InvalidField("/fund_id", "fund-unknown", "There is no such fund.")
	}
	if err != nil {
		return Award{}, err
	}
	month, err := s.month(ctx, d.Plan, d.Price, f.Currency)
	if err != nil {
		return Award{}, err
	}
	made := Award{ID: pg.NewID(), FundID: f.ID, ApplicationID: &a.ID, UserID: a.UserID, Months: int64(d.Months), CreatedAt: s.clock.Now()}
	made.ReservedMinor = month * made.Months
	given, err := s.membership.GrantMonths(ctx, membership.Grant{
		UserID: a.UserID, Kind: membership.Scholarship, Level: membership.Full, Reason: "scholarship " + made.ID.String(), GrantedBy: maker(by),
	}, d.Months)
	if err != nil {
		return Award{}, err
	}
	made.GrantID, made.StartsAt, made.EndsAt = given.ID, given.StartsAt, *given.EndsAt
	if err := s.store.insertAward(ctx, made); err != nil {
		return Award{}, err
	}
	if _, err := s.enter(ctx, Entry{FundID: f.ID, Kind: AwardEntry, AmountMinor: -made.ReservedMinor, AwardID: &made.ID, MadeBy: maker(by)}); err != nil {
		return Award{}, err
	}
	return made, s.record(ctx, by, "fund.award", "fund", f.ID, a.UserID, map[string]string{
		"award": made.ID.String(), "months": strconv.FormatInt(made.Months, 10), "amount_minor": strconv.FormatInt(made.ReservedMinor, 10),
	})
}

// month is what a month of a plan costs in a currency.
func (s *Scholarship) month(ctx context.Context, slug, key, currency string) (int64, error) {
	plans, err := s.membership.Plans(ctx)
	if err != nil {
		return 0, err
	}
	for _, plan := range plans {
		for _, p := range plan.Prices {
			if plan.Slug == slug && p.Key == key && p.Currency == currency && p.Interval == "month" && p.IntervalCount == 1 && p.AmountMinor > 0 {
				return p.AmountMinor, nil
			}
		}
	}
	return 0, ErrPriceUnknown
}

// takeBack gives what is left of an award to its fund, in the transaction in which
// its grant ends early. The member is locked.
func (s *Scholarship) takeBack(ctx context.Context, g membership.Grant) error {
	a, found, err := s.store.awardOf(ctx, g.ID)
	if err != nil || !found {
		return err // a grant that no fund pays for
	}
	left := a.left(*g.RevokedAt)
	if err := s.store.endAward(ctx, a.ID, left, g.RevokedBecause, *g.RevokedAt); err != nil || left == 0 {
		return err
	}
	_, err = s.enter(ctx, Entry{FundID: a.FundID, Kind: Return, AmountMinor: left, AwardID: &a.ID})
	return err
}
