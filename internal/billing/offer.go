package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// The faults of offers.
var (
	// ErrOfferUnknown: no such offer runs for what she wants.
	ErrOfferUnknown = &fault.Error{Kind: fault.Invalid, Code: "offer-unknown", Detail: "This offer is over, or it is for something else. You can go on without it."}
	// ErrOfferGone: as many as could have taken it up, or she has already.
	ErrOfferGone = &fault.Error{Kind: fault.Conflict, Code: "offer-gone", Detail: "This offer is taken up. You can go on without it."}
	// ErrOfferExists: an offer has that slug.
	ErrOfferExists = &fault.Error{Kind: fault.Conflict, Code: "offer-exists", Detail: "There is an offer with this name, perhaps one that is over."}
	// ErrOfferTerms: it takes off nothing, or something that cannot be taken off.
	ErrOfferTerms = &fault.Error{Kind: fault.Invalid, Code: "offer-terms", Detail: "An offer takes off a percentage or an amount, for a while."}
)

// Duration is how long a discount lasts.
type Duration string

// The durations, in Stripe's words.
const (
	Once      Duration = "once"
	Repeating Duration = "repeating"
	Forever   Duration = "forever"
)

// Offer is what a plan costs less for whoever comes by its link.
type Offer struct {
	ID             uuid.UUID
	Slug           string
	PlanID         uuid.UUID
	PriceKey       string // "" is any price of the plan
	PercentOff     int64  // or
	AmountOffMinor int64
	Currency       string // of the amount
	Duration       Duration
	Months         int64  // of a repeating one
	MaxRedemptions *int64 // nil: as many as come
	StripeCouponID *string
	CreatedAt      time.Time
	EndsAt         time.Time
	ClosedAt       *time.Time
}

// Offered is an offer with its plan's name and how often it was taken up, or is
// being.
type Offered struct {
	Offer
	Plan  string
	Taken int64
}

// Open tells whether it can be taken up at now.
func (o Offered) Open(now time.Time) bool {
	return o.ClosedAt == nil && now.Before(o.EndsAt) && (o.MaxRedemptions == nil || o.Taken < *o.MaxRedemptions)
}

// longestOffer is how far ahead an offer may end: who took it up is known for
// little longer.
const longestOffer = 366 * 24 * time.Hour

// check tells what cannot be offered.
func (o Offer) check(now time.Time) error {
	no := func(pointer, detail string) error {
		return ErrOfferTerms.At(fault.Field{Pointer: pointer, Code: "offer-terms", Detail: detail})
	}
	switch {
	case (o.PercentOff > 0) == (o.AmountOffMinor > 0):
		return no("/percent_off", "name a percentage or an amount, and not both")
	case o.AmountOffMinor > 0 && o.AmountOffMinor%money.Step(o.Currency) != 0:
		return no("/amount_off/minor", fmt.Sprintf("in this currency it must be a multiple of %d", money.Step(o.Currency)))
	case (o.Duration == Repeating) != (o.Months > 0):
		return no("/months", "goes with repeating")
	case !o.EndsAt.After(now) || o.EndsAt.Sub(now) > longestOffer:
		return no("/ends_at", "must lie ahead, and within a year")
	}
	return nil
}

// MakeOffer makes an offer for a plan, named by its slug. An administrator may,
// and it is audited. It can be taken up once Stripe has heard of it, in the
// background. Faults: membership.ErrPriceUnknown, ErrOfferTerms, ErrOfferExists.
func (b *Billing) MakeOffer(ctx context.Context, actor account.Actor, plan string, o Offer) (Offered, error) {
	now := b.clock.Now()
	if err := o.check(now); err != nil {
		return Offered{}, err
	}
	o.ID, o.CreatedAt = pg.NewID(), now
	err := b.db.InTx(ctx, func(ctx context.Context) (err error) {
		if o.PlanID, err = b.membership.PlanOf(ctx, plan, o.PriceKey); err != nil {
			return err
		}
		fresh, err := b.store.insertOffer(ctx, o)
		if err != nil {
			return err
		}
		if !fresh {
			return ErrOfferExists
		}
		if err := b.cfg.Auditor.Act(ctx, actor.ID, "offer.make", "offer", o.ID.String(), map[string]string{"offer": o.Slug, "plan": plan}); err != nil {
			return fmt.Errorf("record an offer: %w", err)
		}
		return b.queue.Enqueue(ctx, publishOffer{o.ID})
	})
	return Offered{Offer: o, Plan: plan}, err
}

// CloseOffer ends an offer now. Who took it up keeps it; a checkout that is open
// goes on. An administrator may, and it is audited. One that is closed stays as
// it is.
func (b *Billing) CloseOffer(ctx context.Context, actor account.Actor, id uuid.UUID) error {
	return b.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := b.store.lockOffer(ctx, id); pg.Missing(err) {
			return fault.ErrNotFound
		} else if err != nil {
			return err
		}
		if err := b.store.closeOffer(ctx, id, b.clock.Now()); err != nil {
			return err
		}
		return b.cfg.Auditor.Act(ctx, actor.ID, "offer.close", "offer", id.String(), nil)
	})
}

// Offers gives the newest hundred, the newest first. One statement.
func (b *Billing) Offers(ctx context.Context) ([]Offered, error) {
	return b.store.offers(ctx, listedInvoices)
}

// OfferAt gives the offer behind a link while it can be taken up. Anybody may
// ask; what is over or unknown is fault.ErrNotFound.
func (b *Billing) OfferAt(ctx context.Context, slug string) (Offered, error) {
	o, found, err := b.store.offerBySlug(ctx, slug)
	if err == nil && (!found || !o.Open(b.clock.Now())) {
		err = fault.ErrNotFound
	}
	return o, err
}

// offerFor finds the offer that she wants to take up; nil for none.
func (b *Billing) offerFor(ctx context.Context, slug string, sale membership.Sale) (*Offer, error) {
	if slug == "" {
		return nil, nil //nolint:nilnil // none is an answer
	}
	o, found, err := b.store.offerBySlug(ctx, slug)
	if err != nil {
		return nil, err
	}
	fits := found && o.ClosedAt == nil && b.clock.Now().Before(o.EndsAt) && o.PlanID == sale.Plan.ID &&
		(o.PriceKey == "" || o.PriceKey == sale.Price.Key) && (o.AmountOffMinor == 0 || o.Currency == sale.Price.Currency)
	if !fits {
		return nil, ErrOfferUnknown.At(fault.Field{Pointer: "/offer", Code: "offer-unknown", Detail: "no such offer runs for this price"})
	}
	if o.StripeCouponID == nil {
		return nil, ErrPaymentsUnavailable.Because(fmt.Errorf("offer %s is not at Stripe yet", o.ID))
	}
	return &o.Offer, nil
}

// takeUp counts her in, in the transaction in which her checkout is recorded.
// Whoever else takes up the same offer waits for its end.
func (b *Billing) takeUp(ctx context.Context, userID uuid.UUID, o *Offer) error {
	if o == nil {
		return nil
	}
	locked, err := b.store.lockOffer(ctx, o.ID)
	if err != nil {
		return err
	}
	taken, hers, err := b.store.redemptions(ctx, o.ID, userID)
	if err != nil {
		return err
	}
	if hers > 0 || locked.ClosedAt != nil || (locked.MaxRedemptions != nil && taken >= *locked.MaxRedemptions) {
		return ErrOfferGone
	}
	return nil
}

// costsNothing tells whether nothing will ever be due, so that no card is needed.
func costsNothing(o *Offer) bool { return o != nil && o.PercentOff == 100 && o.Duration == Forever }

// couponOf is the coupon at Stripe of an offer; "" for no offer.
func couponOf(o *Offer) string {
	if o == nil {
		return ""
	}
	return *o.StripeCouponID
}

func idOf(o *Offer) *uuid.UUID {
	if o == nil {
		return nil
	}
	return &o.ID
}

// publishOffer makes the coupon of an offer at Stripe.
type publishOffer struct {
	OfferID uuid.UUID `json:"offer_id"`
}

// Kind names the job.
func (publishOffer) Kind() string { return "billing.publish_offer" }

// InsertOpts keeps it out of the way of everything else.
func (publishOffer) InsertOpts() job.Options { return job.Options{Queue: job.QueueBilling} }

// publishOffer may be repeated: the coupon has the id of the offer.
func (b *Billing) publishOffer(ctx context.Context, id uuid.UUID) error {
	o, err := b.store.offer(ctx, id)
	if err != nil || o.StripeCouponID != nil {
		return err
	}
	coupon, err := b.stripe.createCoupon(ctx, o)
	if err != nil {
		return err
	}
	return b.store.mapOffer(ctx, id, coupon)
}
