package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// ErrPurchased is that what she wants to pay for is paid, or the money is on its way.
var ErrPurchased = &fault.Error{Kind: fault.Conflict, Code: "purchased", Detail: "This is paid, or your payment is on its way. See GET /v1/membership/purchases."}

// Purpose is what a one-time payment is for.
type Purpose string

// The purposes.
const (
	ForGift       Purpose = "gift"
	ForDonation   Purpose = "donation"
	ForForward    Purpose = "pay_it_forward" // a donation of whoever was given something
	ForMembership Purpose = "membership"
)

// PurchaseState is how far a one-time payment has come.
type PurchaseState string

// The states. Money that is on its way for days (a debit of a bank account) is
// processing, and nothing is given for it yet.
const (
	PurchaseCreating   PurchaseState = "creating" // Stripe was not asked yet, or its answer was lost
	PurchaseOpen       PurchaseState = "open"
	PurchaseProcessing PurchaseState = "processing"
	PurchasePaid       PurchaseState = "paid"
	PurchaseFailed     PurchaseState = "failed"
	PurchaseExpired    PurchaseState = "expired"
)

// reachedFrom says from where a purchase gets into a state that Stripe tells.
// Nothing leads away from paid, and money that comes late is money.
func reachedFrom(s PurchaseState) []PurchaseState {
	return map[PurchaseState][]PurchaseState{
		PurchaseProcessing: {PurchaseCreating, PurchaseOpen, PurchaseExpired},
		PurchasePaid:       {PurchaseCreating, PurchaseOpen, PurchaseProcessing, PurchaseFailed, PurchaseExpired},
		PurchaseFailed:     {PurchaseCreating, PurchaseOpen, PurchaseProcessing},
		PurchaseExpired:    {PurchaseCreating, PurchaseOpen},
	}[s]
}

// Purchase is a one-time payment of a member.
type Purchase struct {
	ID                    uuid.UUID
	UserID                uuid.UUID
	Purpose               Purpose
	SubjectID             uuid.UUID
	Title                 string // as it stands on Stripe's page
	AmountMinor           int64
	Currency              string
	State                 PurchaseState
	StripeSessionID       *string
	StripePaymentIntentID *string
	URL                   string
	ExpiresAt             *time.Time
	CreatedAt             time.Time
	UpdatedAt             time.Time
	PaidAt                *time.Time

	RefundAskedAt  *time.Time // all of it is to go back
	RefundedAt     *time.Time
	StripeRefundID string
	RefundFailure  string
}

// Order is what a member wants to pay for once.
type Order struct {
	Purpose     Purpose
	SubjectID   uuid.UUID
	Title       string
	AmountMinor int64
	Currency    string
	Single      bool // the subject is paid for once, by anybody
}

func (o Order) same(p Purchase) bool {
	return o.AmountMinor == p.AmountMinor && o.Currency == p.Currency && o.Title == p.Title
}

// OnPaid says what becomes of the money of a purpose. It runs once for each
// purchase, in the transaction in which the purchase becomes paid: what it
// refuses is not taken over and tried again. It is called before anything runs.
func (b *Billing) OnPaid(purpose Purpose, take func(context.Context, Purchase) error) {
	b.paid[purpose] = take
}

// Buy gives a member the address where she pays once. A purchase of the same
// for the same that is open is answered again, with fresh false; one of another
// amount is closed first. Faults: ErrPurchased, ErrPaymentsUnavailable.
func (b *Billing) Buy(ctx context.Context, actor account.Actor, o Order) (p Purchase, fresh bool, err error) {
	release, err := b.queueUp(ctx)
	if err != nil {
		return Purchase{}, false, err
	}
	defer release()
	err = b.db.Serial(ctx, "billing:user:"+actor.ID.String(), func(ctx context.Context) error {
		p, fresh, err = b.buy(ctx, actor.ID, o)
		return err
	})
	return p, fresh, err
}

// buy runs with the member's lock held, and no transaction.
func (b *Billing) buy(ctx context.Context, userID uuid.UUID, o Order) (Purchase, bool, error) {
	row, found, err := b.store.openPurchase(ctx, userID, o.Purpose, o.SubjectID)
	if err == nil && found {
		row, err = b.current(ctx, row, o)
	}
	if err != nil {
		return Purchase{}, false, err
	}
	if found && row.State == PurchaseOpen {
		return row, false, nil
	}
	if o.Single {
		taken, err := b.store.purchased(ctx, o.Purpose, o.SubjectID)
		if err != nil {
			return Purchase{}, false, err
		}
		if taken {
			return Purchase{}, false, ErrPurchased
		}
	}
	if !found || row.State != PurchaseCreating {
		if row, err = b.recordPurchase(ctx, userID, o); err != nil {
			return Purchase{}, false, err
		}
	}
	row, err = b.openPurchase(ctx, row)
	return row, err == nil, err
}

// current brings an open purchase up to date, and closes it when it is not what
// she wants now or its time is nearly over.
func (b *Billing) current(ctx context.Context, row Purchase, o Order) (Purchase, error) {
	now := b.clock.Now()
	if row.StripeSessionID == nil {
		if o.same(row) && row.CreatedAt.After(now.Add(-resumeWithin)) {
			return row, nil // the same is asked again
		}
		return b.movePurchase(ctx, row, payment{State: PurchaseExpired}, nothing)
	}
	if !o.same(row) || row.ExpiresAt == nil || row.ExpiresAt.Before(now.Add(worthOpening)) {
		if _, err := b.stripe.expireSession(ctx, *row.StripeSessionID); err != nil {
			return row, err
		}
	}
	return b.look(ctx, row, *row.StripeSessionID, nothing)
}

func (b *Billing) recordPurchase(ctx context.Context, userID uuid.UUID, o Order) (Purchase, error) {
	now := b.clock.Now()
	row := Purchase{
		ID: pg.NewID(), UserID: userID, Purpose: o.Purpose, SubjectID: o.SubjectID, Title: o.Title, AmountMinor: o.AmountMinor,
		Currency: o.Currency, State: PurchaseCreating, CreatedAt: now, UpdatedAt: now,
	}
	return row, b.store.insertPurchase(ctx, row)
}

// openPurchase asks Stripe for the session of a recorded purchase. When the
// answer never comes, the record stays and the same is asked again next time.
func (b *Billing) openPurchase(ctx context.Context, row Purchase) (Purchase, error) {
	customer, err := b.ensureCustomer(ctx, row.UserID, "")
	if err != nil {
		return row, err
	}
	made, err := b.stripe.createPayment(ctx, row, customer, b.cfg.PurchaseURL)
	if errors.Is(err, errCustomerGone) {
		if customer, err = b.ensureCustomer(ctx, row.UserID, customer); err == nil {
			made, err = b.stripe.createPayment(ctx, row, customer, b.cfg.PurchaseURL)
		}
	}
	if err != nil {
		if failedForGood(err) {
			// The same key would get the same answer for a day.
			_, closed := b.movePurchase(ctx, row, payment{State: PurchaseExpired}, nothing)
			err = errors.Join(err, closed)
		}
		return row, err
	}
	if made.Status != checkoutOpen {
		return b.look(ctx, row, made.ID, nothing)
	}
	row, _, err = b.store.purchaseOpened(ctx, row.ID, made, b.clock.Now())
	return row, err
}

// Purchases gives the newest hundred of a member, the newest first. One
// statement.
func (b *Billing) Purchases(ctx context.Context, actor account.Actor) ([]Purchase, error) {
	return b.store.purchases(ctx, actor.ID, listedInvoices)
}

// Purchase gives one of a member's own, as it stands at Stripe now: she has come
// back from paying, and the event is on its way or lost. Faults:
// fault.ErrNotFound, ErrPaymentsUnavailable.
func (b *Billing) Purchase(ctx context.Context, actor account.Actor, id uuid.UUID) (Purchase, error) {
	row, found, err := b.store.purchase(ctx, id, actor.ID)
	switch {
	case err != nil:
		return Purchase{}, err
	case !found:
		return Purchase{}, fault.ErrNotFound
	case row.StripeSessionID == nil || row.State != PurchaseOpen && row.State != PurchaseProcessing:
		return row, nil
	}
	return b.look(ctx, row, *row.StripeSessionID, nothing)
}

func nothing(context.Context) error { return nil }

var errNobodyTakes = errors.New("billing: nobody takes the money of this purpose")

// look asks Stripe how a purchase stands and takes that over; also runs in its
// transaction. A session that is gone there cannot be paid any more.
func (b *Billing) look(ctx context.Context, row Purchase, sessionID string, also func(context.Context) error) (Purchase, error) {
	found, known, err := b.stripe.payment(ctx, sessionID)
	if err != nil {
		return row, fmt.Errorf("look up the session of a purchase: %w", err)
	}
	if !known {
		found = payment{State: PurchaseExpired}
	} else if found.PurchaseID != row.ID {
		return row, fmt.Errorf("billing: session %s is not of purchase %s", sessionID, row.ID)
	}
	return b.movePurchase(ctx, row, found, also)
}

// movePurchase is the one way on for a purchase. However often it is told and
// in whatever order, the money is taken once.
func (b *Billing) movePurchase(ctx context.Context, row Purchase, to payment, also func(context.Context) error) (Purchase, error) {
	err := b.db.InTx(ctx, func(ctx context.Context) error {
		moved, ok, err := b.store.movePurchase(ctx, row.ID, to, b.clock.Now())
		if err != nil {
			return err
		}
		if !ok { // somebody else was faster, or nothing has changed
			if moved, _, err = b.store.purchase(ctx, row.ID, row.UserID); err != nil {
				return err
			}
		}
		row = moved
		if ok && row.State == PurchasePaid {
			take := b.paid[row.Purpose]
			if take == nil {
				return fmt.Errorf("%w: %s", errNobodyTakes, row.Purpose)
			}
			if err := take(ctx, row); err != nil {
				return fmt.Errorf("take the money of purchase %s: %w", row.ID, err)
			}
		}
		return also(ctx)
	})
	return row, err
}
