package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Checkout is where a member can pay, and until when.
type Checkout struct {
	URL       string
	ExpiresAt time.Time
}

const (
	checkoutLife = 24 * time.Hour   // at Stripe, from when it hears of it
	resumeWithin = 20 * time.Hour   // Stripe keeps idempotency keys for 24
	worthOpening = 10 * time.Minute // an address that ends sooner is not handed out
	lockPatience = 5 * time.Second
)

// StartCheckout gives a member the address where she pays for a price. One
// that is open already is answered again, with fresh false; one for another
// price is closed first. It returns membership.ErrPriceUnknown,
// ErrSubscriptionLive when she has a running subscription here or at Stripe,
// ErrBanned while she is banned, and ErrPaymentsUnavailable when
// Stripe cannot be asked. However often and at the same time it is called,
// she has one customer and one open session.
func (b *Billing) StartCheckout(ctx context.Context, actor account.Actor, planSlug, priceKey string) (open Checkout, fresh bool, err error) {
	sale, err := b.membership.Price(ctx, planSlug, priceKey)
	if err != nil {
		return Checkout{}, false, err
	}
	if sale.Price.StripePriceID == nil {
		return Checkout{}, false, ErrPaymentsUnavailable.Because(fmt.Errorf("price %s of plan %s is not at Stripe: run stripe setup", priceKey, planSlug))
	}
	if err := b.notBanned(ctx, actor.ID); err != nil {
		return Checkout{}, false, err
	}
	if err := b.notLiveHere(ctx, actor.ID); err != nil {
		return Checkout{}, false, err
	}
	release, err := b.queueUp(ctx)
	if err != nil {
		return Checkout{}, false, err
	}
	defer release()
	err = b.db.Serial(ctx, "billing:user:"+actor.ID.String(), func(ctx context.Context) error {
		open, fresh, err = b.startCheckout(ctx, actor.ID, sale)
		return err
	})
	if there, ok := errors.AsType[*liveThereError](err); ok {
		// Taken over only now: who waits for a second lock with one in hand can wait for ever.
		_, err = b.sync(ctx, actor.ID, there.customer, "checkout", time.Time{}, func(context.Context) error { return nil })
		err = errors.Join(ErrSubscriptionLive, err)
	}
	return open, fresh, err
}

// liveThereError is the news that a customer has a running subscription.
type liveThereError struct{ customer string }

func (r *liveThereError) Error() string { return "a subscription of " + r.customer + " runs at Stripe" }

// notBanned keeps her from paying for what stays closed.
func (b *Billing) notBanned(ctx context.Context, userID uuid.UUID) error {
	access, err := b.membership.Access(ctx, userID)
	if err == nil && access.Reason == membership.ByBan {
		err = ErrBanned
	}
	return err
}

// queueUp lets few at a time wait for a lock, because each holds a connection
// while it waits.
func (b *Billing) queueUp(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	select {
	case b.checkouts <- struct{}{}:
		return func() { <-b.checkouts }, nil
	case <-ctx.Done():
		return nil, ErrPaymentsUnavailable.Because(ctx.Err())
	}
}

func (b *Billing) notLiveHere(ctx context.Context, userID uuid.UUID) error {
	live, err := b.membership.Live(ctx, userID)
	if err != nil {
		return err
	}
	if live {
		return ErrSubscriptionLive
	}
	return nil
}

// startCheckout runs with the member's lock held, and no transaction.
func (b *Billing) startCheckout(ctx context.Context, userID uuid.UUID, sale membership.Sale) (Checkout, bool, error) {
	if err := b.notLiveHere(ctx, userID); err != nil {
		return Checkout{}, false, err
	}
	row, err := b.currentCheckout(ctx, userID)
	if err != nil {
		return Checkout{}, false, err
	}
	if row != nil && row.State == checkoutOpen && row.PriceID == sale.Price.ID {
		open, err := b.stillOpen(ctx, *row)
		if err != nil || open {
			return Checkout{row.URL, *row.ExpiresAt}, false, err
		}
		row = nil
	}
	if row != nil && row.PriceID != sale.Price.ID {
		if err := b.closeCheckout(ctx, *row); err != nil {
			return Checkout{}, false, err
		}
		row = nil
	}
	if row == nil {
		if row, err = b.recordCheckout(ctx, userID, sale.Price.ID); err != nil {
			return Checkout{}, false, err
		}
	}
	opened, err := b.openAtStripe(ctx, *row, sale)
	return opened, err == nil, err
}

// currentCheckout is the one that is open or was being made, unless its time
// is over: then it is closed here, as Stripe closes it by itself.
func (b *Billing) currentCheckout(ctx context.Context, userID uuid.UUID) (*checkout, error) {
	row, err := b.store.openCheckout(ctx, userID)
	if pg.Missing(err) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, err
	}
	now := b.clock.Now()
	over := row.ExpiresAt == nil || row.ExpiresAt.Before(now.Add(worthOpening)) ||
		(row.State == checkoutCreating && row.CreatedAt.Before(now.Add(-resumeWithin)))
	if !over {
		return &row, nil
	}
	return nil, b.closeCheckout(ctx, row)
}

// stillOpen asks Stripe whether one can pay there: an event that says
// otherwise may be on its way, or lost.
func (b *Billing) stillOpen(ctx context.Context, row checkout) (bool, error) {
	found, ok, err := b.stripe.session(ctx, *row.StripeSessionID)
	if err != nil {
		return false, fmt.Errorf("look up a checkout session: %w", err)
	}
	if ok && found.Status == checkoutOpen {
		return true, nil
	}
	return false, b.settled(ctx, row, found.Status)
}

// closeCheckout makes sure that nobody can pay there any more. Whether
// somebody has shows in her subscriptions, which are looked at before a new
// session is made.
func (b *Billing) closeCheckout(ctx context.Context, row checkout) error {
	status := checkoutExpired
	if row.StripeSessionID != nil && row.ExpiresAt != nil && row.ExpiresAt.After(b.clock.Now()) {
		var err error
		if status, err = b.stripe.expireSession(ctx, *row.StripeSessionID); err != nil {
			return err
		}
	}
	return b.settled(ctx, row, status)
}

func (b *Billing) settled(ctx context.Context, row checkout, status string) error {
	if status == checkoutComplete {
		return b.store.settleCheckout(ctx, *row.StripeSessionID, row.ID, checkoutComplete, b.clock.Now())
	}
	return b.store.expireCheckout(ctx, row.ID, b.clock.Now())
}

func (b *Billing) recordCheckout(ctx context.Context, userID, priceID uuid.UUID) (*checkout, error) {
	now := b.clock.Now()
	expires := now.Add(checkoutLife).Truncate(time.Second) // until Stripe says when
	row := checkout{ID: pg.NewID(), UserID: userID, PriceID: priceID, State: checkoutCreating, ExpiresAt: &expires, CreatedAt: now}
	return &row, b.store.insertCheckout(ctx, row)
}

// openAtStripe asks Stripe for the session of a recorded checkout. When the
// answer never comes, the record stays and the same is asked again next time.
func (b *Billing) openAtStripe(ctx context.Context, row checkout, sale membership.Sale) (Checkout, error) {
	customer, err := b.ensureCustomer(ctx, row.UserID, "")
	if err != nil {
		return Checkout{}, err
	}
	made, err := b.order(ctx, row, customer, sale)
	if errors.Is(err, errCustomerGone) {
		if customer, err = b.ensureCustomer(ctx, row.UserID, customer); err == nil {
			made, err = b.order(ctx, row, customer, sale)
		}
	}
	if err != nil {
		if failedForGood(err) {
			// The same keys would get the same answer for a day.
			err = errors.Join(err, b.store.expireCheckout(ctx, row.ID, b.clock.Now()))
		}
		return Checkout{}, err
	}
	if made.Status == checkoutComplete {
		return Checkout{}, ErrSubscriptionLive
	}
	if err := b.store.checkoutOpened(ctx, row.ID, made, b.clock.Now()); err != nil {
		return Checkout{}, err
	}
	return Checkout{made.URL, made.ExpiresAt}, nil
}

// order makes the session once Stripe has said that nothing is running. When
// it cannot be asked there is no session: paying twice is worse than waiting.
func (b *Billing) order(ctx context.Context, row checkout, customer string, sale membership.Sale) (session, error) {
	had, err := b.notLiveThere(ctx, row.UserID, customer)
	if err != nil {
		return session{}, err
	}
	trial := sale.Price.TrialDays
	if had {
		trial = 0 // once for each person
	}
	return b.stripe.createSession(ctx, sessionOrder{
		CheckoutID: row.ID, UserID: row.UserID, PriceID: row.PriceID, Customer: customer, Price: *sale.Price.StripePriceID,
		TrialDays: trial, SuccessURL: b.cfg.SuccessURL, CancelURL: b.cfg.CancelURL,
	})
}

// notLiveThere asks Stripe for running subscriptions of ours, and fails with
// liveThereError when there is one. It tells whether there ever was one, here or
// there.
func (b *Billing) notLiveThere(ctx context.Context, userID uuid.UUID, customer string) (had bool, err error) {
	remotes, err := b.stripe.subscriptions(ctx, customer)
	if missing(err, "customer") {
		return false, errCustomerGone
	}
	if err != nil {
		return false, err
	}
	prices, err := b.membership.Mapped(ctx, priceIDs(remotes))
	if err != nil {
		return false, err
	}
	if had, err = b.membership.Had(ctx, userID); err != nil {
		return false, err
	}
	for _, r := range remotes {
		_, ours := r.mapped(prices)
		had = had || ours
		if ours && r.Status.Live() {
			return had, &liveThereError{customer}
		}
	}
	return had, nil
}

// ensureCustomer gives the customer of a member and makes one when there is
// none, or when the one she has is gone.
func (b *Billing) ensureCustomer(ctx context.Context, userID uuid.UUID, gone string) (string, error) {
	customer, err := b.store.customerOf(ctx, userID)
	if err != nil && !pg.Missing(err) {
		return "", err
	}
	if err == nil && customer != gone {
		return customer, nil
	}
	email, err := b.store.email(ctx, userID)
	if err != nil {
		return "", err
	}
	made, err := b.stripe.createCustomer(ctx, userID, email, gone)
	if err != nil {
		return "", err
	}
	if gone != "" {
		return made, b.store.rebind(ctx, userID, gone, made)
	}
	return b.store.bind(ctx, userID, made, b.clock.Now())
}
