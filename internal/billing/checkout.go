package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Choice is what a member goes to pay for.
type Choice struct {
	Plan  string // its slug
	Price string // its key
	Terms string // the version of the terms that she agrees to
	Offer string // the slug of an offer that she takes up; "" for none
}

// Checkout is an intention to pay as its owner sees it.
type Checkout struct {
	ID        uuid.UUID
	Plan      string
	Price     string
	State     CheckoutState
	URL       string // while she can pay there
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
// price is closed first. That she agreed to the terms is kept with it. It
// returns membership.ErrPriceUnknown, ErrTerms, ErrSubscriptionLive when she has a running subscription here or at Stripe,
// ErrBanned while she is banned, and ErrPaymentsUnavailable when
// Stripe cannot be asked. However often and at the same time it is called,
// she has one customer and one open session.
func (b *Billing) StartCheckout(ctx context.Context, actor account.Actor, c Choice) (open Checkout, fresh bool, err error) {
	sale, err := b.sale(ctx, c)
	if err != nil {
		return Checkout{}, false, err
	}
	offer, err := b.offerFor(ctx, c.Offer, sale)
	if err != nil {
		return Checkout{}, false, err
	}
	if err := b.notBanned(ctx, actor.ID); err != nil {
		return Checkout{}, false, err
	}
	if err := b.notLiveHere(ctx, actor.ID, sale.Plan.GroupKey); err != nil {
		return Checkout{}, false, err
	}
	if err := b.seatsLeft(ctx, actor.ID, sale.Plan); err != nil {
		return Checkout{}, false, err
	}
	release, err := b.queueUp(ctx)
	if err != nil {
		return Checkout{}, false, err
	}
	defer release()
	err = b.db.Serial(ctx, "billing:user:"+actor.ID.String(), func(ctx context.Context) error {
		open, fresh, err = b.startCheckout(ctx, actor.ID, sale, offer)
		return err
	})
	if there, ok := errors.AsType[*liveThereError](err); ok {
		// Taken over only now: who waits for a second lock with one in hand can wait for ever.
		_, err = b.sync(ctx, actor.ID, there.customer, "checkout", time.Time{}, func(context.Context) error { return nil })
		err = errors.Join(ErrSubscriptionLive, err)
	}
	return open, fresh, err
}

// sale finds what she wants to pay for, and makes sure that it can be sold.
func (b *Billing) sale(ctx context.Context, c Choice) (membership.Sale, error) {
	sale, err := b.membership.Price(ctx, c.Plan, c.Price)
	if err != nil {
		return sale, err
	}
	if b.cfg.Terms != "" && c.Terms != b.cfg.Terms {
		return sale, ErrTerms.At(fault.Field{Pointer: "/terms", Code: "terms-changed", Detail: "the current version is " + b.cfg.Terms})
	}
	if sale.Price.StripePriceID == nil {
		return sale, ErrPaymentsUnavailable.Because(fmt.Errorf("price %s of plan %s is not at Stripe: run stripe setup", c.Price, c.Plan))
	}
	return sale, nil
}

// Terms is the version of the terms that a checkout asks for; empty when it
// asks for none.
func (b *Billing) Terms() string { return b.cfg.Terms }

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

func (b *Billing) notLiveHere(ctx context.Context, userID uuid.UUID, group string) error {
	live, err := b.membership.LiveIn(ctx, userID, group)
	if err != nil {
		return err
	}
	if live {
		return ErrSubscriptionLive
	}
	return nil
}

// startCheckout runs with the member's lock held, and no transaction.
func (b *Billing) startCheckout(ctx context.Context, userID uuid.UUID, sale membership.Sale, offer *Offer) (Checkout, bool, error) {
	if err := b.notLiveHere(ctx, userID, sale.Plan.GroupKey); err != nil {
		return Checkout{}, false, err
	}
	row, err := b.currentCheckout(ctx, userID)
	if err != nil {
		return Checkout{}, false, err
	}
	if row != nil && row.State == checkoutOpen && row.isFor(sale, offer) {
		open, err := b.stillOpen(ctx, *row)
		if open {
			err = b.agree(ctx, *row)
		}
		if err != nil || open {
			return row.open(sale), false, err
		}
		row = nil
	}
	if row != nil && !row.isFor(sale, offer) {
		if err := b.closeCheckout(ctx, *row); err != nil {
			return Checkout{}, false, err
		}
		row = nil
	}
	if row == nil {
		if row, err = b.recordCheckout(ctx, userID, sale, offer); err != nil {
			return Checkout{}, false, err
		}
	}
	opened, err := b.openAtStripe(ctx, *row, sale, offer)
	return opened, err == nil, err
}

// isFor tells whether a checkout is for what she wants now.
func (c checkout) isFor(sale membership.Sale, offer *Offer) bool {
	if (c.OfferID == nil) != (offer == nil) || (offer != nil && *c.OfferID != offer.ID) {
		return false
	}
	return c.PriceID == sale.Price.ID
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
	return false, b.settled(ctx, row, found)
}

// closeCheckout makes sure that nobody can pay there any more. Whether
// somebody has shows in her subscriptions, which are looked at before a new
// session is made.
func (b *Billing) closeCheckout(ctx context.Context, row checkout) error {
	found := session{Status: checkoutExpired}
	if row.StripeSessionID != nil && row.ExpiresAt != nil && row.ExpiresAt.After(b.clock.Now()) {
		var err error
		if found, err = b.stripe.expireSession(ctx, *row.StripeSessionID); err != nil {
			return err
		}
	}
	return b.settled(ctx, row, found)
}

func (b *Billing) settled(ctx context.Context, row checkout, found session) error {
	if found.Status == checkoutComplete {
		return b.store.settleCheckout(ctx, found, row.ID, b.clock.Now())
	}
	return b.store.expireCheckout(ctx, row.ID, b.clock.Now())
}

func (b *Billing) recordCheckout(ctx context.Context, userID uuid.UUID, sale membership.Sale, offer *Offer) (*checkout, error) {
	now := b.clock.Now()
	expires := now.Add(checkoutLife).Truncate(time.Second) // until Stripe says when
	if sale.Plan.Seats != nil {
		expires = now.Add(seatLife).Truncate(time.Second)
	}
	row := checkout{ID: pg.NewID(), UserID: userID, PriceID: sale.Price.ID, OfferID: idOf(offer), State: checkoutCreating, ExpiresAt: &expires, CreatedAt: now}
	return &row, b.db.InTx(ctx, func(ctx context.Context) error {
		if err := b.takeUp(ctx, userID, offer); err != nil {
			return err
		}
		if err := b.takeSeat(ctx, sale.Plan); err != nil {
			return err
		}
		if err := b.store.insertCheckout(ctx, row); err != nil {
			return err
		}
		return b.agree(ctx, row)
	})
}

// agree keeps to which terms she agreed: the current ones, or she would not be
// here.
func (b *Billing) agree(ctx context.Context, row checkout) error {
	if b.cfg.Terms == "" {
		return nil
	}
	return b.store.agree(ctx, row.UserID, row.ID, b.cfg.Terms, b.clock.Now())
}

// openAtStripe asks Stripe for the session of a recorded checkout. When the
// answer never comes, the record stays and the same is asked again next time.
func (b *Billing) openAtStripe(ctx context.Context, row checkout, sale membership.Sale, offer *Offer) (Checkout, error) {
	customer, err := b.ensureCustomer(ctx, row.UserID, "")
	if err != nil {
		return Checkout{}, err
	}
	made, err := b.order(ctx, row, customer, sale, offer)
	if errors.Is(err, errCustomerGone) {
		if customer, err = b.ensureCustomer(ctx, row.UserID, customer); err == nil {
			made, err = b.order(ctx, row, customer, sale, offer)
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
	row.URL, row.ExpiresAt = made.URL, &made.ExpiresAt
	return row.open(sale), nil
}

// order makes the session once Stripe has said that nothing is running. When
// it cannot be asked there is no session: paying twice is worse than waiting.
func (b *Billing) order(ctx context.Context, row checkout, customer string, sale membership.Sale, offer *Offer) (session, error) {
	group, err := b.membership.Group(ctx, sale.Plan.GroupKey)
	if err != nil {
		return session{}, err
	}
	had, err := b.notLiveThere(ctx, row.UserID, customer, group)
	if err != nil {
		return session{}, err
	}
	trial := sale.Price.TrialDays
	if had {
		trial = 0 // once for each person
	}
	return b.stripe.createSession(ctx, sessionOrder{
		CheckoutID: row.ID, UserID: row.UserID, PriceID: row.PriceID, Customer: customer, Price: *sale.Price.StripePriceID,
		TrialDays: trial, Coupon: couponOf(offer), NoCard: sale.Price.AmountMinor == 0 || costsNothing(offer) || (trial > 0 && !sale.Price.CardForTrial),
		ExpiresAt:  row.seatUntil(sale.Plan),
		SuccessURL: strings.ReplaceAll(b.cfg.SuccessURL, "{CHECKOUT_ID}", row.ID.String()), CancelURL: b.cfg.CancelURL,
	})
}

// notLiveThere asks Stripe for running subscriptions of ours to plans of a
// group, and fails with liveThereError when there is one. It tells whether there
// ever was one of any, here or there.
func (b *Billing) notLiveThere(ctx context.Context, userID uuid.UUID, customer string, group map[uuid.UUID]bool) (had bool, err error) {
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
	if had, err = b.membership.HadTrial(ctx, userID); err != nil {
		return false, err
	}
	for _, r := range remotes {
		s, ours := r.mapped(prices)
		had = had || ours
		// One whose plan is not known may be of any group.
		if ours && r.Status.Live() && (s.PlanID == nil || group[*s.PlanID]) {
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
