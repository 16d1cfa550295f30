package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// applier does what an event asks for beside looking at the customer again,
// in the transaction that marks it applied.
type applier func(ctx context.Context, b *Billing, e event) error

// appliers are the events that matter here. The list is also what the webhook
// endpoint is subscribed to.
func appliers() map[string]applier {
	return map[string]applier{
		"charge.refunded":                              look,
		"charge.refund.updated":                        look,
		"charge.dispute.created":                       look,
		"charge.dispute.updated":                       look,
		"charge.dispute.closed":                        look,
		"charge.dispute.funds_withdrawn":               look,
		"charge.dispute.funds_reinstated":              look,
		"credit_note.created":                          look,
		"credit_note.updated":                          look,
		"credit_note.voided":                           look,
		"checkout.session.completed":                   settle(checkoutComplete),
		"checkout.session.expired":                     settle(checkoutExpired),
		"checkout.session.async_payment_succeeded":     settle(checkoutComplete),
		"checkout.session.async_payment_failed":        look,
		"customer.subscription.created":                look,
		"customer.subscription.updated":                look,
		"customer.subscription.deleted":                look,
		"customer.subscription.paused":                 look,
		"customer.subscription.resumed":                look,
		"customer.subscription.trial_will_end":         look,
		"customer.subscription.pending_update_applied": look,
		"customer.subscription.pending_update_expired": look,
		"subscription_schedule.updated":                look,
		"subscription_schedule.released":               look,
		"subscription_schedule.canceled":               look,
		"subscription_schedule.aborted":                look,
		"customer.updated":                             look,
		"customer.deleted":                             look,
		"invoice.finalized":                            look,
		"invoice.paid":                                 look,
		"invoice.payment_failed":                       look,
		"invoice.payment_action_required":              look,
		"invoice.voided":                               look,
		"invoice.marked_uncollectible":                 look,
		"invoice.upcoming":                             look,
		"invoice.finalization_failed":                  raise(InvoiceStuck),
		"payment_method.attached":                      look,
		"payment_method.detached":                      look,
		"payment_method.updated":                       look,
		"payment_method.automatically_updated":         look,
		"customer.discount.created":                    look,
		"customer.discount.updated":                    look,
		"customer.discount.deleted":                    look,
		"price.updated":                                compare,
		"price.deleted":                                compare,
		"product.updated":                              compare,
		"product.deleted":                              compare,
		"radar.early_fraud_warning.created":            raise(FraudWarning),
	}
}

// look is for events that only say: look at this customer again.
func look(context.Context, *Billing, event) error { return nil }

// settle is for events that end a checkout.
func settle(state string) applier {
	return func(ctx context.Context, b *Billing, e event) error {
		return b.store.settleCheckout(ctx, session{ID: e.Session, Status: state, Subscription: e.Subscription}, e.Claim.CheckoutID, b.clock.Now())
	}
}

// maxAttempts is after how many tries an event is dead and somebody must look.
const maxAttempts = 25

var errUnbound = errors.New("billing: no member is bound to this customer")

// Apply does what a stored event asks for. It may be repeated: one that is
// settled stays as it is.
func (b *Billing) Apply(ctx context.Context, eventID string) error {
	row, err := b.store.event(ctx, eventID)
	if err != nil {
		return err
	}
	if row.State != stateReceived {
		return nil
	}
	e, err := readEvent([]byte(row.Payload))
	if err == nil {
		err = b.apply(ctx, e)
	}
	if err == nil {
		return nil
	}
	return b.park(ctx, row, err)
}

// park keeps an event for another try, or declares it dead.
func (b *Billing) park(ctx context.Context, row stripeEvent, cause error) error {
	state := stateReceived
	if row.Attempts+1 >= maxAttempts {
		state = stateDead
		b.log.ErrorContext(ctx, "a Stripe event is dead", "event", row.ID, "type", row.Type, "error", cause)
	}
	if err := b.store.parkEvent(ctx, row.ID, state, cause.Error(), b.clock.Now()); err != nil {
		return errors.Join(cause, err)
	}
	if state == stateDead {
		return stop(cause)
	}
	return cause
}

func (b *Billing) apply(ctx context.Context, e event) error {
	if e.Session != "" && e.Claim.PurchaseID != uuid.Nil {
		return b.applyPurchase(ctx, e)
	}
	finish := func(ctx context.Context, state string) error {
		if apply := appliers()[e.Type]; apply != nil {
			if err := apply(ctx, b, e); err != nil {
				return err
			}
		}
		return b.store.settleEvent(ctx, e.ID, state, b.clock.Now())
	}
	settled := func(state string) error {
		return b.db.InTx(ctx, func(ctx context.Context) error { return finish(ctx, state) })
	}
	if e.Customer == "" && e.Charge != "" {
		var err error
		if e.Customer, err = b.payerOf(ctx, e.Charge); err != nil {
			return err
		}
	}
	if e.Customer == "" {
		return settled(stateApplied)
	}
	userID, err := b.owner(ctx, e.Customer, e.Claim)
	if errors.Is(err, errUnbound) && e.Claim.none() {
		return settled(stateIgnored) // somebody else's customer in a shared account
	}
	if err != nil {
		return err
	}
	done := func(ctx context.Context) error { return finish(ctx, stateApplied) }
	if aboutMoney(e.Type) {
		return b.syncWithMoney(ctx, userID, e.Customer, e.ID, e.Created, done)
	}
	_, err = b.sync(ctx, userID, e.Customer, e.ID, e.Created, done)
	return err
}

// owner finds the member a customer is bound to. A customer that is not bound
// becomes bound when it claims a checkout of ours and she has no customer yet.
func (b *Billing) owner(ctx context.Context, customer string, c claim) (uuid.UUID, error) {
	userID, err := b.store.userOf(ctx, customer)
	if err == nil || !pg.Missing(err) {
		return userID, err
	}
	if c.none() {
		return uuid.Nil, errUnbound
	}
	ours, err := b.store.knowsCheckout(ctx, c.CheckoutID, c.UserID)
	if err != nil {
		return uuid.Nil, err
	}
	if !ours {
		return uuid.Nil, fmt.Errorf("%w, and the checkout it claims is not ours", errUnbound)
	}
	bound, err := b.store.bind(ctx, c.UserID, customer, b.clock.Now())
	if err != nil {
		return uuid.Nil, err
	}
	if bound != customer {
		return uuid.Nil, fmt.Errorf("%w, and the member it claims has another", errUnbound)
	}
	return c.UserID, nil
}
