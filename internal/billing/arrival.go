package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// CheckoutState is how an intention to pay stands.
type CheckoutState string

// The states. Only what Stripe says of the subscription makes one active.
const (
	CheckoutOpen    CheckoutState = "open"    // she has not paid, and still can
	CheckoutPending CheckoutState = "pending" // she is through, and the payment or the news of it is on its way
	CheckoutActive  CheckoutState = "active"  // what she went to pay for runs
	CheckoutFailed  CheckoutState = "failed"  // the payment did not come
	CheckoutEnded   CheckoutState = "ended"   // it ran, and is over
	CheckoutExpired CheckoutState = "expired" // nobody paid in time, or she chose something else
)

// became says what a subscription means for the checkout it came out of.
func became() map[membership.Status]CheckoutState {
	return map[membership.Status]CheckoutState{
		membership.Incomplete: CheckoutPending, membership.IncompleteExpired: CheckoutFailed,
		membership.Trialing: CheckoutActive, membership.Active: CheckoutActive, membership.PastDue: CheckoutActive,
		membership.Paused: CheckoutEnded, membership.Unpaid: CheckoutEnded, membership.Canceled: CheckoutEnded,
	}
}

// stateOf is how a checkout stands, from its record and from the status of the
// subscription that came of it, "" for none.
func stateOf(record string, status membership.Status) CheckoutState {
	switch record {
	case checkoutComplete:
		if s, ok := became()[status]; ok {
			return s
		}
		return CheckoutPending
	case checkoutExpired:
		return CheckoutExpired
	}
	return CheckoutOpen
}

// arrival is a checkout with what it was for and what came of it.
type arrival struct {
	ID              uuid.UUID
	UserID          uuid.UUID
	State           string
	StripeSessionID *string
	URL             string
	ExpiresAt       *time.Time
	Plan            string
	Price           string
	Status          membership.Status
}

func (a arrival) out() Checkout {
	c := Checkout{ID: a.ID, Plan: a.Plan, Price: a.Price, State: stateOf(a.State, a.Status)}
	if c.State == CheckoutOpen {
		c.URL = a.URL
	}
	if a.ExpiresAt != nil {
		c.ExpiresAt = a.ExpiresAt.UTC()
	}
	return c
}

// open is a checkout at which she can pay.
func (c checkout) open(sale membership.Sale) Checkout {
	return Checkout{ID: c.ID, Plan: sale.Plan.Slug, Price: sale.Price.Key, State: CheckoutOpen, URL: c.URL, ExpiresAt: c.ExpiresAt.UTC()}
}

const (
	lookAgain    = 3 * time.Second // between two questions to Stripe about one checkout
	lookPatience = 8 * time.Second
)

// Checkout tells a member how a checkout of hers stands: the page to which
// Stripe sends her back usually asks before the webhook has come. Where that
// is not known for good it asks Stripe, every few seconds at most, and takes
// over what it says as every event does; the question itself grants nothing.
// When Stripe cannot be asked it answers what is known. Another's checkout is
// fault.ErrNotFound.
func (b *Billing) Checkout(ctx context.Context, actor account.Actor, id uuid.UUID) (Checkout, error) {
	known, err := b.store.arrival(ctx, id, actor.ID)
	if pg.Missing(err) {
		return Checkout{}, fault.ErrNotFound
	}
	if err != nil {
		return Checkout{}, err
	}
	switch stateOf(known.State, known.Status) {
	case CheckoutOpen, CheckoutPending:
	default:
		return known.out(), nil
	}
	if known.StripeSessionID == nil {
		return known.out(), nil
	}
	if mine, err := b.store.lookAt(ctx, id, b.clock.Now(), lookAgain); err != nil || !mine {
		return known.out(), err
	}
	if err := b.inquire(ctx, known); err != nil {
		b.log.WarnContext(ctx, "how a checkout stands cannot be asked", "checkout", id, "error", err)
		return known.out(), nil
	}
	known, err = b.store.arrival(ctx, id, actor.ID)
	return known.out(), err
}

// inquire asks Stripe about a checkout and takes over what came of it.
func (b *Billing) inquire(ctx context.Context, a arrival) error {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	release, err := b.queueUp(ctx)
	if err != nil {
		return err
	}
	defer release()
	row := checkout{ID: a.ID, UserID: a.UserID, State: a.State, StripeSessionID: a.StripeSessionID, ExpiresAt: a.ExpiresAt}
	found, ok, err := b.stripe.session(ctx, *row.StripeSessionID)
	if err != nil {
		return err
	}
	switch {
	case !ok:
		return b.store.expireCheckout(ctx, row.ID, b.clock.Now())
	case found.Status == checkoutOpen:
		return nil
	case found.Status != checkoutComplete:
		return b.settled(ctx, row, found)
	}
	customer, err := b.store.customerOf(ctx, row.UserID)
	if err != nil {
		return err
	}
	_, err = b.sync(ctx, row.UserID, customer, "checkout", time.Time{}, func(ctx context.Context) error { return b.settled(ctx, row, found) })
	return err
}
