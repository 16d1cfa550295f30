package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of paying back.
var (
	// ErrRefundUnderway: another refund of the same invoice is being made.
	ErrRefundUnderway = &fault.Error{Kind: fault.Conflict, Code: "refund-underway", Detail: "Another refund of this invoice is being made. Look again in a minute."}
	// ErrNothingToRefund: the invoice was not paid by card, or everything went back.
	ErrNothingToRefund = &fault.Error{Kind: fault.Conflict, Code: "nothing-to-refund", Detail: "There is nothing left of this invoice that could go back to a card."}
	// ErrRefundDeclined: Stripe will not make it, for instance of a disputed charge.
	ErrRefundDeclined = &fault.Error{Kind: fault.Conflict, Code: "refund-declined", Detail: "Stripe does not make this refund. A disputed payment goes back through the bank."}
)

// NewRefund is what an administrator wants to pay back.
type NewRefund struct {
	InvoiceID   uuid.UUID
	AmountMinor int64  // 0: all that is left
	Reason      string // in Stripe's words
	Note        string // for those who run the community
	EndsAccess  bool
	ClientKey   string // the same key, the same refund; may be empty
}

// RefundOrder is a refund that was asked for.
type RefundOrder struct {
	ID          uuid.UUID
	InvoiceID   uuid.UUID
	AmountMinor int64
	Currency    string
	Reason      string
	Note        string
	EndsAccess  bool
	State       string // asked, done or declined
	AskedAt     time.Time
}

// The states of an order.
const (
	orderAsked    = "asked"
	orderDone     = "done"
	orderDeclined = "declined"
)

func (o refundOrder) shown() RefundOrder {
	return RefundOrder{o.ID, o.InvoiceID, o.AmountMinor, o.Currency, o.Reason, o.Note, o.EndsAccess, o.State, o.AskedAt}
}

// Refund pays an invoice of a member back, in part or all that is left of it, and
// ends her membership at once when that is wanted and policy allows it. Only
// administrators may, and it is audited. The order is written down before Stripe
// is asked: the same client key, or the same order while it is open, is the
// same refund, and one that was cut off is completed by a job. Faults:
// fault.ErrNotFound, ErrNothingToRefund, ErrRefundUnderway, ErrRefundDeclined,
// ErrPaymentsUnavailable (it will be tried again by itself), and fields.
func (b *Billing) Refund(ctx context.Context, actor account.Actor, memberID uuid.UUID, n NewRefund) (order RefundOrder, fresh bool, err error) {
	if !actor.Has(account.Admin) {
		return RefundOrder{}, false, fault.ErrNotAllowed
	}
	customer, err := b.Customer(ctx, memberID)
	if err != nil {
		return RefundOrder{}, false, err
	}
	if n.ClientKey != "" {
		if old, found, err := b.store.orderByKey(ctx, actor.ID, n.ClientKey); err != nil || found {
			return b.resume(ctx, old, err)
		}
	}
	// What is left is asked anew: a refund or dispute may have come from elsewhere.
	if err := b.syncMoney(ctx, memberID, customer, time.Time{}); err != nil {
		return RefundOrder{}, false, err
	}
	made, fresh, err := b.orderRefund(ctx, actor, memberID, n)
	if err != nil {
		return RefundOrder{}, false, err
	}
	done, _, err := b.resume(ctx, made, nil)
	return done, fresh, err
}

// resume completes an order and gives it as it is then.
func (b *Billing) resume(ctx context.Context, o refundOrder, err error) (RefundOrder, bool, error) {
	if err == nil {
		err = b.settleRefund(ctx, o.ID)
	}
	if err != nil {
		return RefundOrder{}, false, err
	}
	if o, err = b.store.order(ctx, o.ID); err != nil {
		return RefundOrder{}, false, err
	}
	if o.State == orderDeclined {
		return RefundOrder{}, false, ErrRefundDeclined
	}
	return o.shown(), false, nil
}

// orderRefund writes down what is wanted, with the promise to do it, or finds the
// same order that is open.
func (b *Billing) orderRefund(ctx context.Context, actor account.Actor, memberID uuid.UUID, n NewRefund) (o refundOrder, fresh bool, err error) {
	err = b.db.InTx(ctx, func(ctx context.Context) error {
		left, err := b.store.refundable(ctx, memberID, n.InvoiceID)
		if pg.Missing(err) {
			return fault.InvalidField("/invoice_id", "invoice-unknown", "She has no such invoice.")
		}
		if err != nil {
			return err
		}
		o = refundOrder{
			ID: pg.NewID(), UserID: memberID, InvoiceID: n.InvoiceID, StripeChargeID: left.StripeChargeID, AmountMinor: n.AmountMinor,
			Currency: left.Currency, Reason: n.Reason, Note: n.Note, EndsAccess: n.EndsAccess, AskedBy: actor.ID, State: orderAsked,
			AskedAt: b.clock.Now(),
		}
		if n.ClientKey != "" {
			o.ClientKey = &n.ClientKey
		}
		if open, found, err := b.store.openOrder(ctx, n.InvoiceID); err != nil || found {
			same := open.EndsAccess == n.EndsAccess && (n.AmountMinor == 0 || n.AmountMinor == open.AmountMinor)
			if o = open; err == nil && !same {
				err = ErrRefundUnderway
			}
			return err
		}
		if o.AmountMinor, err = left.amount(n); err != nil {
			return err
		}
		fresh = true
		return b.keepOrder(ctx, actor, o)
	})
	return o, fresh, err
}

// left is what could go back of an invoice.
type left struct {
	StripeChargeID string
	Minor          int64
	Currency       string
	Last           bool // of those she has paid
}

// amount is what the order is about, or the fault in it.
func (l left) amount(n NewRefund) (int64, error) {
	amount := n.AmountMinor
	if amount == 0 {
		amount = l.Minor
	}
	switch {
	case l.Minor <= 0:
		return 0, ErrNothingToRefund
	case amount > l.Minor:
		return 0, fault.InvalidField("/amount_minor", "refund-too-much", "That is more than is left of this invoice.")
	case n.EndsAccess && !mayEndAccess(amount, l.Minor, l.Last):
		return 0, fault.InvalidField("/access", "refund-keeps-access", "Her membership can only end with the return of all of the last invoice she paid.")
	}
	return amount, nil
}

func (b *Billing) keepOrder(ctx context.Context, actor account.Actor, o refundOrder) error {
	if fresh, err := b.store.insertOrder(ctx, o); err != nil {
		return err
	} else if !fresh {
		return ErrRefundUnderway
	}
	if err := b.queue.Enqueue(ctx, finishRefund{o.ID}); err != nil {
		return err
	}
	access := "keep"
	if o.EndsAccess {
		access = "end"
	}
	return b.cfg.Auditor.Act(ctx, actor.ID, "membership.refund", "user", o.UserID.String(), map[string]string{"order": o.ID.String(), "access": access})
}

// settleRefund does what an order says. It may be repeated, by several at once:
// Stripe is asked by one at a time, and everything after that is the same when
// it is done twice.
func (b *Billing) settleRefund(ctx context.Context, id uuid.UUID) error {
	o, err := b.store.order(ctx, id)
	if err != nil || o.State != orderAsked {
		return err
	}
	customer, err := b.store.customerOf(ctx, o.UserID)
	if err != nil {
		return err
	}
	err = b.db.Serial(ctx, "refund:"+id.String(), func(ctx context.Context) (err error) {
		o.StripeRefundID, err = b.stripe.refund(ctx, o)
		return err
	})
	o.State = orderDone
	if definite(err) {
		o.State, o.Failure = orderDeclined, said(err)
	} else if err != nil {
		return err
	}
	if o.EndsAccess && o.State == orderDone {
		if err := b.endPaidBy(ctx, o); err != nil {
			return err
		}
	}
	return b.syncWithMoney(ctx, o.UserID, customer, "refund", time.Time{}, func(ctx context.Context) error {
		return b.store.settleOrder(ctx, o, b.clock.Now())
	})
}

// endPaidBy ends the subscription that an order gives back.
func (b *Billing) endPaidBy(ctx context.Context, o refundOrder) error {
	id, err := b.store.subscriptionOf(ctx, o.InvoiceID)
	if pg.Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return b.stripe.cancel(ctx, id)
}
