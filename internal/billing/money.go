package billing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// charge is what was taken from a card.
type charge struct {
	StripeID        string
	StripeInvoiceID string
	Status          string
	AmountMinor     int64
	RefundedMinor   int64
	Currency        string
	OccurredAt      time.Time
}

// refund is money that went back, or is on its way.
type refund struct {
	StripeID        string
	StripeChargeID  string
	StripeInvoiceID string
	Status          string
	AmountMinor     int64
	Currency        string
	Reason          string
	Failure         string
	OccurredAt      time.Time
	Order           string // of ours that it answers; not kept
}

// dispute is a charge that a bank asks about or takes back.
type dispute struct {
	StripeID        string
	StripeChargeID  string
	StripeInvoiceID string
	Status          string
	Reason          string
	AmountMinor     int64
	Currency        string
	Answered        bool
	DueBy           *time.Time
	OccurredAt      time.Time
	WithdrawnAt     *time.Time
	ReinstatedAt    *time.Time
}

// creditNote is a document that takes an amount off an invoice.
type creditNote struct {
	StripeID        string
	StripeInvoiceID string
	StripeRefundID  string
	Number          string
	Kind            string
	Status          string
	Reason          string
	AmountMinor     int64
	Currency        string
	PDFURL          string
	OccurredAt      time.Time
	VoidedAt        *time.Time
}

// moneyBack is everything that was taken from a member and what went back.
type moneyBack struct {
	charges  []charge
	refunds  []refund
	disputes []dispute
	notes    []creditNote
}

// aboutMoney reports whether a type of event says that money moved, so that
// more than subscriptions and invoices must be looked at.
func aboutMoney(kind string) bool {
	return strings.HasPrefix(kind, "charge.") || strings.HasPrefix(kind, "credit_note.")
}

// syncWithMoney is sync, and looks at what went back as well: charges, refunds,
// disputes and credit notes, kept by their Stripe ids whether or not they change
// what is open to her. A subscription whose payment a bank has taken back for
// good ends with it; see disputeEnds.
func (b *Billing) syncWithMoney(ctx context.Context, userID uuid.UUID, customer, source string, at time.Time, also func(context.Context) error) error {
	nothing := func(context.Context) error { return nil }
	if _, err := b.sync(ctx, userID, customer, source, at, nothing); err != nil { // whose invoice it is must be known first
		return err
	}
	if err := b.syncMoney(ctx, userID, customer, at); err != nil {
		return err
	}
	ended, err := b.endDisputed(ctx, userID)
	if err != nil {
		return err
	}
	if !ended {
		return b.db.InTx(ctx, also)
	}
	_, err = b.sync(ctx, userID, customer, source, at, also)
	return err
}

// endDisputed ends at Stripe what a lost dispute ends, and reports whether
// there was something.
func (b *Billing) endDisputed(ctx context.Context, userID uuid.UUID) (ended bool, err error) {
	all, err := b.store.disputedSubscriptions(ctx, userID)
	if err != nil {
		return false, err
	}
	for _, d := range all {
		if !disputeEnds(d.Status) {
			continue
		}
		if err := b.stripe.cancelDisputed(ctx, d.StripeID); err != nil {
			return false, err
		}
		ended = true
	}
	return ended, nil
}

// syncMoney fetches and keeps what went back, one customer at a time.
func (b *Billing) syncMoney(ctx context.Context, userID uuid.UUID, customer string, at time.Time) error {
	now := b.clock.Now()
	if at.IsZero() || at.After(now) {
		at = now
	}
	return b.db.Serial(ctx, "billing:"+customer, func(ctx context.Context) error {
		found, err := b.fetchMoney(ctx, userID, customer)
		if err != nil {
			return err
		}
		return b.db.InTx(ctx, func(ctx context.Context) error { return b.store.keepMoney(ctx, userID, found, at) })
	})
}

// fetchMoney leaves out what is not ours. It is two calls for most members, and
// one more for each charge that is disputed or was paid back in many parts.
func (b *Billing) fetchMoney(ctx context.Context, userID uuid.UUID, customer string) (moneyBack, error) {
	var found moneyBack
	charges, err := b.stripe.charges(ctx, customer)
	if err != nil {
		return found, err
	}
	notes, err := b.stripe.creditNotes(ctx, customer)
	if err != nil {
		return found, err
	}
	own, err := b.store.ownInvoices(ctx, userID)
	if err != nil {
		return found, err
	}
	for _, c := range charges {
		if !own[c.StripeInvoiceID] && (c.StripeInvoiceID != "" || c.Claim.none()) {
			continue
		}
		if err := b.fetchParts(ctx, c, &found); err != nil {
			return found, err
		}
	}
	for _, n := range notes {
		if own[n.StripeInvoiceID] {
			found.notes = append(found.notes, n)
		}
	}
	erased, err := b.store.erased(ctx, customer)
	for n := range found.notes {
		if erased {
			found.notes[n].PDFURL = "" // it shows her name
		}
	}
	return found, err
}

func (b *Billing) fetchParts(ctx context.Context, c remoteCharge, into *moneyBack) (err error) {
	if c.RefundedMinor > 0 && len(c.Refunds) == 0 {
		if c.Refunds, err = b.stripe.refundsOf(ctx, c); err != nil {
			return err
		}
	}
	if c.Disputed {
		disputes, err := b.stripe.disputesOf(ctx, c)
		if err != nil {
			return err
		}
		into.disputes = append(into.disputes, disputes...)
	}
	into.charges = append(into.charges, c.charge)
	into.refunds = append(into.refunds, c.Refunds...)
	return nil
}

// payerOf finds the customer of an event that names only a charge, as those
// about disputes do; "" when Stripe does not know the charge.
func (b *Billing) payerOf(ctx context.Context, chargeID string) (string, error) {
	found, _, err := b.stripe.charge(ctx, chargeID)
	if err != nil {
		return "", fmt.Errorf("look whose charge it is: %w", err)
	}
	return found.Customer, nil
}
