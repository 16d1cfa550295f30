package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// FlagKind is what a person must look at.
type FlagKind string

// The kinds of flags.
const (
	CatalogueDrift FlagKind = "catalogue_drift" // a price or product of ours was changed at Stripe
	FraudWarning   FlagKind = "fraud_warning"   // a card network suspects a payment; paying it back in time avoids a dispute
	InvoiceStuck   FlagKind = "invoice_stuck"   // Stripe cannot finalise an invoice, so it will never be paid
)

// Flag is something that Stripe says and no program can put right.
type Flag struct {
	ID       uuid.UUID
	Kind     FlagKind
	Subject  string // Stripe's id
	UserID   *uuid.UUID
	Detail   string
	RaisedAt time.Time
}

// Flags gives the hundred newest that nobody has cleared, the newest first. For
// administrators.
func (b *Billing) Flags(ctx context.Context) ([]Flag, error) {
	return b.store.flags(ctx, listedInvoices)
}

// ClearFlag notes that an administrator has looked at a flag. It is audited.
// Fault: fault.ErrNotFound when it is not up.
func (b *Billing) ClearFlag(ctx context.Context, actor account.Actor, id uuid.UUID) error {
	if !actor.Has(account.Admin) {
		return fault.ErrNotAllowed
	}
	return b.db.InTx(ctx, func(ctx context.Context) error {
		cleared, err := b.store.clearFlag(ctx, id, b.clock.Now())
		if err != nil {
			return err
		}
		if !cleared {
			return fault.ErrNotFound
		}
		return b.cfg.Auditor.Act(ctx, actor.ID, "billing.flag-clear", "billing_flag", id.String(), nil)
	})
}

// raise is for events that only a person can answer. What they are about must
// have an id, and what is not ours raises nothing.
func raise(kind FlagKind) applier {
	return func(ctx context.Context, b *Billing, e event) error {
		subject := e.Object
		if e.Charge != "" {
			subject = e.Charge
		}
		if subject == "" || e.Customer == "" {
			return nil
		}
		userID, err := b.store.userOf(ctx, e.Customer)
		if pg.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		b.log.WarnContext(ctx, "Stripe says something that a person must look at", "kind", string(kind), "subject", subject)
		return b.store.raiseFlag(ctx, Flag{ID: pg.NewID(), Kind: kind, Subject: subject, UserID: &userID, RaisedAt: b.clock.Now()})
	}
}

// compare is for events that say that something was changed in the catalogue.
func compare(ctx context.Context, b *Billing, _ event) error {
	return b.queue.Enqueue(ctx, compareCatalogue{})
}

// CompareCatalogue asks Stripe for the prices that are ours, and raises a flag
// for each that is not as we sell it; one that is right again clears its flag.
// Nothing else changes: `stripe setup` puts it right.
func (b *Billing) CompareCatalogue(ctx context.Context) error {
	there, err := b.stripe.prices(ctx)
	if err != nil {
		return err
	}
	here, err := b.store.sold(ctx)
	if err != nil {
		return err
	}
	return b.db.InTx(ctx, func(ctx context.Context) error {
		for _, p := range here {
			detail := p.drift(there)
			if detail == "" {
				if err := b.store.clearSubject(ctx, CatalogueDrift, p.StripePriceID, b.clock.Now()); err != nil {
					return err
				}
				continue
			}
			b.log.WarnContext(ctx, "the catalogue at Stripe is not ours", "price", p.StripePriceID, "detail", detail)
			err := b.store.raiseFlag(ctx, Flag{ID: pg.NewID(), Kind: CatalogueDrift, Subject: p.StripePriceID, Detail: detail, RaisedAt: b.clock.Now()})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// soldPrice is a price that we sell, or remotePrice as Stripe has it.
type soldPrice struct {
	StripePriceID string
	AmountMinor   int64
	Currency      string
	PlanName      string
}

// remotePrice is a price with its product as Stripe has them.
type remotePrice struct {
	soldPrice

	Active bool // itself and its product
}

// drift says what is different at Stripe; "" is nothing.
func (p soldPrice) drift(there map[string]remotePrice) string {
	r, known := there[p.StripePriceID]
	switch {
	case !known:
		return "The price is not there."
	case !r.Active:
		return "It cannot be bought there any more."
	case r.AmountMinor != p.AmountMinor || r.Currency != p.Currency:
		return "It costs something else there."
	case r.PlanName != p.PlanName:
		return "Its product has another name there."
	}
	return ""
}
