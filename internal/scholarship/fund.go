package scholarship

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// FundState says whether a fund takes and gives.
type FundState string

// The states of a fund.
const (
	Open   FundState = "open"
	Closed FundState = "closed"
)

// Fund is money for scholarships.
type Fund struct {
	ID           uuid.UUID
	Name         string
	Description  string
	Currency     string
	BalanceMinor int64
	State        FundState
	CreatedAt    time.Time
}

// EntryKind is what moved a balance.
type EntryKind string

// The kinds of entries; an award and a withdrawal take away.
const (
	Donation   EntryKind = "donation"
	Forward    EntryKind = "pay_it_forward"
	Deposit    EntryKind = "deposit" // by hand: money that came another way
	Return     EntryKind = "return"  // what an award left over
	AwardEntry EntryKind = "award"
	Withdrawal EntryKind = "withdrawal" // by hand
)

// Entry is one movement of a fund. None is ever changed.
type Entry struct {
	ID          uuid.UUID
	FundID      uuid.UUID
	Kind        EntryKind
	AmountMinor int64 // negative: out of the fund
	PurchaseID  *uuid.UUID
	AwardID     *uuid.UUID
	MadeBy      *uuid.UUID
	Note        string
	CreatedAt   time.Time
}

// TableName says where gorm finds it.
func (Entry) TableName() string { return "fund_entries" }

// Numbers are a fund and what became of its money.
type Numbers struct {
	Fund

	GivenMinor     int64 // donations, top-ups and deposits
	WithdrawnMinor int64
	AwardedMinor   int64 // reserved for awards, ever
	ReturnedMinor  int64 // of that, given back
	UsedMinor      int64 // of that, for days that have passed
	Awards         int64
	Running        int64 // awards that run or are going to
	Converted      int64 // awards whose holder pays herself since
}

// NewFund is how a fund ought to be.
type NewFund struct {
	Name, Description string
	Currency          string // fixed for good
	State             FundState
}

// OpenFund makes a fund without money. It is recorded. For admins (the zero
// Actor is an operator).
func (s *Scholarship) OpenFund(ctx context.Context, by account.Actor, n NewFund) (Fund, error) {
	f := Fund{
		ID: pg.NewID(), Name: strings.TrimSpace(n.Name), Description: strings.TrimSpace(n.Description), Currency: n.Currency, State: Open,
		CreatedAt: s.clock.Now(),
	}
	if f.Name == "" {
		return f, fault.InvalidField("/name", "required", "A fund has a name.")
	}
	return f, s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.insertFund(ctx, f); err != nil {
			return err
		}
		return s.record(ctx, by, "fund.open", "fund", f.ID, uuid.Nil, map[string]string{"currency": f.Currency})
	})
}

// ChangeFund gives a fund other words, or closes or opens it; what it has stays.
// It is recorded. For admins. Fault: fault.ErrNotFound.
func (s *Scholarship) ChangeFund(ctx context.Context, by account.Actor, id uuid.UUID, n NewFund) (f Fund, err error) {
	n.Name, n.Description = strings.TrimSpace(n.Name), strings.TrimSpace(n.Description)
	if n.Name == "" {
		return f, fault.InvalidField("/name", "required", "A fund has a name.")
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		var found bool
		if f, found, err = s.store.changeFund(ctx, id, n); err == nil && !found {
			err = fault.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.record(ctx, by, "fund.change", "fund", id, uuid.Nil, map[string]string{"state": string(n.State)})
	})
	return f, err
}

// Funds gives the open funds, by name. One statement.
func (s *Scholarship) Funds(ctx context.Context) ([]Fund, error) { return s.store.openFunds(ctx) }

// Accounts gives all funds with what became of their money, by name. For admins
// (the edge has asked). One statement.
func (s *Scholarship) Accounts(ctx context.Context) ([]Numbers, error) {
	return s.store.numbers(ctx, s.clock.Now())
}

// Move puts money into a fund by hand, or takes it out with a negative amount.
// It is recorded. For admins (the zero Actor is an operator). Faults: invalid
// values, fault.ErrNotFound, ErrShort, ErrFundClosed.
func (s *Scholarship) Move(ctx context.Context, by account.Actor, fundID uuid.UUID, amountMinor int64, note string) (e Entry, err error) {
	note = strings.TrimSpace(note)
	kind := Deposit
	switch {
	case amountMinor == 0:
		return e, fault.InvalidField("/amount_minor", "range", "Something has to move.")
	case note == "":
		return e, fault.InvalidField("/note", "required", "Say where it comes from, or where it goes.")
	case amountMinor < 0:
		kind = Withdrawal
	}
	e = Entry{FundID: fundID, Kind: kind, AmountMinor: amountMinor, MadeBy: maker(by), Note: note}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if e, err = s.enter(ctx, e); err != nil {
			return err
		}
		return s.record(ctx, by, "fund."+string(kind), "fund", fundID, uuid.Nil, map[string]string{"amount_minor": strconv.FormatInt(amountMinor, 10)})
	})
	return e, err
}

// enter is the one way in which a balance moves: balance and entry together.
// Money that comes in is always taken, also by a fund that was closed meanwhile.
func (s *Scholarship) enter(ctx context.Context, e Entry) (Entry, error) {
	e.ID, e.CreatedAt = pg.NewID(), s.clock.Now()
	moved, err := s.store.moveBalance(ctx, e.FundID, e.AmountMinor)
	if err != nil {
		return e, err
	}
	if !moved {
		return e, s.whyNot(ctx, e.FundID)
	}
	return e, s.store.insertEntry(ctx, e)
}

// whyNot says why a balance did not move.
func (s *Scholarship) whyNot(ctx context.Context, fundID uuid.UUID) error {
	f, found, err := s.store.fund(ctx, fundID)
	switch {
	case err != nil:
		return err
	case !found:
		return fault.ErrNotFound
	case f.State == Closed:
		return ErrFundClosed
	}
	return ErrShort
}

// EntryPosition is where a page of entries ended. The zero one is the start.
type EntryPosition struct {
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

const largestPage = 100

// Entries lists what moved a fund, the latest first. For admins. Two statements.
// Fault: fault.ErrNotFound.
func (s *Scholarship) Entries(ctx context.Context, fundID uuid.UUID, after EntryPosition, limit int) (page []Entry, more bool, err error) {
	if limit <= 0 || limit > largestPage {
		limit = largestPage
	}
	_, found, err := s.store.fund(ctx, fundID)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	if err != nil {
		return nil, false, err
	}
	page, err = s.store.entries(ctx, fundID, after, limit+1)
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// Donate gives the address where a member gives money to a fund; one that is open
// for the same amount is answered again. Faults: fault.ErrNotFound,
// ErrFundClosed, billing.ErrPaymentsUnavailable.
func (s *Scholarship) Donate(ctx context.Context, who account.Actor, fundID uuid.UUID, amountMinor int64, forward bool) (billing.Purchase, error) {
	f, found, err := s.store.fund(ctx, fundID)
	switch {
	case err != nil:
		return billing.Purchase{}, err
	case !found:
		return billing.Purchase{}, fault.ErrNotFound
	case f.State == Closed:
		return billing.Purchase{}, ErrFundClosed
	}
	o := billing.Order{
		Purpose: billing.ForDonation, SubjectID: fundID, Title: "A donation to " + f.Name, AmountMinor: amountMinor, Currency: f.Currency,
	}
	if forward {
		o.Purpose, o.Title = billing.ForForward, "Pay it forward: "+f.Name
	}
	p, _, err := s.billing.Buy(ctx, who, o)
	return p, err
}

// receive takes the money of a donation, in the transaction of its purchase.
func (s *Scholarship) receive(ctx context.Context, p billing.Purchase) error {
	kind := Donation
	if p.Purpose == billing.ForForward {
		kind = Forward
	}
	e, err := s.enter(ctx, Entry{FundID: p.SubjectID, Kind: kind, AmountMinor: p.AmountMinor, PurchaseID: &p.ID})
	if err != nil {
		return fmt.Errorf("receive a donation: %w", err)
	}
	return s.queue.Enqueue(ctx, thanksMail{EntryID: e.ID, UserID: p.UserID})
}
