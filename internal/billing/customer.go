package billing

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of bringing customers together.
var (
	// ErrCustomerUnknown: Stripe has no such customer.
	ErrCustomerUnknown = &fault.Error{Kind: fault.Invalid, Code: "customer-unknown", Detail: "Stripe has no such customer, or not any more."}
	// ErrCustomerTaken: it is somebody else's.
	ErrCustomerTaken = &fault.Error{Kind: fault.Conflict, Code: "customer-taken", Detail: "This customer belongs to another member."}
	// ErrTwoLive: under both numbers something runs.
	ErrTwoLive = &fault.Error{
		Kind: fault.Conflict, Code: "two-live",
		Detail: "A subscription runs under each of the two customers. End the one she does not want first, and pay it back.",
	}
)

// MergeCustomer takes a second customer at Stripe for a member's own, so that
// what was paid under it counts for her. The one under which a subscription
// runs becomes the one she pays with. Nothing changes at Stripe. It may be
// repeated, and is audited with the reason. Faults: fault.ErrNotFound,
// ErrCustomerUnknown, ErrCustomerTaken, ErrTwoLive, ErrPaymentsUnavailable.
func (b *Billing) MergeCustomer(ctx context.Context, actor account.Actor, member uuid.UUID, customer, reason string) error {
	if _, err := b.store.email(ctx, member); err != nil {
		return known404(err)
	}
	err := b.db.Serial(ctx, "billing:user:"+member.String(), func(ctx context.Context) error {
		return b.merge(ctx, actor, member, customer, reason)
	})
	if err != nil {
		return err
	}
	return b.Refresh(ctx, member, "merge")
}

func (b *Billing) merge(ctx context.Context, actor account.Actor, member uuid.UUID, customer, reason string) error {
	owner, err := b.store.userOf(ctx, customer)
	switch {
	case err == nil && owner != member:
		return ErrCustomerTaken
	case err == nil:
		return nil
	case !pg.Missing(err):
		return err
	}
	claimed, found, err := b.stripe.customer(ctx, customer)
	if err != nil {
		return err
	}
	if !found {
		return ErrCustomerUnknown.At(fault.Field{Pointer: "/customer", Code: "customer-unknown", Detail: "copy the number that begins with cus_ from Stripe"})
	}
	if claimed != uuid.Nil && claimed != member {
		return ErrCustomerTaken
	}
	runsThere, err := b.runsAt(ctx, customer)
	if err != nil {
		return err
	}
	current, err := b.store.customerOf(ctx, member)
	if err != nil && !pg.Missing(err) {
		return err
	}
	runsHere := false
	if err == nil {
		if runsHere, err = b.runsAt(ctx, current); err != nil {
			return err
		}
	}
	if runsHere && runsThere {
		return ErrTwoLive
	}
	return b.db.InTx(ctx, func(ctx context.Context) error {
		if err := b.store.merge(ctx, member, customer, runsThere || current == "", b.clock.Now()); err != nil {
			return err
		}
		return b.cfg.Auditor.Act(ctx, actor.ID, "billing.merge", "user", member.String(), map[string]string{"customer": customer, "reason": reason})
	})
}

// runsAt reports whether a subscription runs under a customer.
func (b *Billing) runsAt(ctx context.Context, customer string) (bool, error) {
	all, err := b.stripe.subscriptions(ctx, customer)
	if missing(err, "customer") {
		return false, nil
	}
	for _, r := range all {
		if r.Status.Live() {
			return true, nil
		}
	}
	return false, err
}

// End ends whatever a member pays for, with the period that is paid or at
// once, without paying back. It is audited with the reason. Faults:
// fault.ErrNotFound, ErrNoSubscription, ErrPaymentsUnavailable.
func (b *Billing) End(ctx context.Context, actor account.Actor, member uuid.UUID, atOnce bool, reason string) error {
	if _, err := b.store.email(ctx, member); err != nil {
		return known404(err)
	}
	running, err := b.running(ctx, member)
	if err != nil {
		return err
	}
	for _, s := range running {
		end := func() error { return b.stripe.endWithPeriod(ctx, s.StripeID, "") }
		if atOnce {
			end = func() error { return b.stripe.cancel(ctx, s.StripeID) }
		}
		if err := end(); err != nil && !definite(err) {
			return err
		}
	}
	when := "period_end"
	if atOnce {
		when = "now"
	}
	return errors.Join(
		b.Refresh(ctx, member, "admin"),
		b.noted(ctx, actor, "billing.end", member, map[string]string{"when": when, "reason": reason}),
	)
}

// noted audits what was done at Stripe, where no transaction reaches.
func (b *Billing) noted(ctx context.Context, actor account.Actor, action string, member uuid.UUID, detail map[string]string) error {
	return b.db.InTx(ctx, func(ctx context.Context) error {
		return b.cfg.Auditor.Act(ctx, actor.ID, action, "user", member.String(), detail)
	})
}

// known404 makes a row that is missing a thing that is not there.
func known404(err error) error {
	if pg.Missing(err) {
		return fault.ErrNotFound
	}
	return err
}

// customersOf gives the current customer of a member and her former ones.
func (s store) customersOf(ctx context.Context, userID uuid.UUID) ([]string, error) {
	const sql = `SELECT stripe_id AS text FROM stripe_customers WHERE user_id = ? ORDER BY former_at NULLS FIRST, stripe_id`
	found, err := pg.Many[texted](ctx, s.db, "read the customers of a member", sql, userID)
	return texts(found), err
}

// merge adds a customer to a member's own, as the current one or a former one.
func (s store) merge(ctx context.Context, userID uuid.UUID, customer string, current bool, now time.Time) error {
	former := &now
	if current {
		former = nil
		if err := s.exec(ctx, "retire a customer", `UPDATE stripe_customers SET former_at = ? WHERE user_id = ? AND former_at IS NULL`, now, userID); err != nil {
			return err
		}
	}
	const sql = `INSERT INTO stripe_customers (user_id, stripe_id, created_at, former_at) VALUES (?, ?, ?, ?)`
	return s.exec(ctx, "merge a customer", sql, userID, customer, now, former)
}
