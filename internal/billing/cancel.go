package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Cancellation is what a member says when she ends her membership. Either may
// be empty.
type Cancellation struct {
	Reason  string // in Stripe's words, and told to Stripe
	Comment string // stays here
}

// Cancel ends the running subscription of a member with the period that is
// paid, or with her trial; until then nothing changes for her. It may be
// repeated: then what she said is what she said last. It is audited. Faults:
// ErrNoSubscription, ErrPaymentsUnavailable, with nothing changed.
func (b *Billing) Cancel(ctx context.Context, actor account.Actor, c Cancellation) error {
	return b.schedule(ctx, actor, func(ctx context.Context, s membership.Line) error {
		return b.stripe.endWithPeriod(ctx, s.StripeID, c.Reason)
	}, func(ctx context.Context, s membership.Line) error {
		fresh, err := b.store.keepCancellation(ctx, actor.ID, s.ID, c, b.clock.Now())
		if err != nil || !fresh {
			return err
		}
		return b.audit(ctx, actor, "membership.cancel", s, map[string]string{"reason": c.Reason})
	})
}

// Keep takes back the planned end of a member's subscription, whoever planned
// it; where none is planned, nothing changes. It is audited. Faults:
// ErrNoSubscription, ErrPaymentsUnavailable, with nothing changed.
func (b *Billing) Keep(ctx context.Context, actor account.Actor) error {
	return b.schedule(ctx, actor, func(ctx context.Context, s membership.Line) error {
		if s.EndsAt() == nil {
			return nil
		}
		return b.stripe.goOn(ctx, s.StripeID, s.CancelAtPeriodEnd)
	}, func(ctx context.Context, s membership.Line) error {
		if err := b.store.takeBackCancellation(ctx, s.ID, b.clock.Now()); err != nil || s.EndsAt() == nil {
			return err
		}
		return b.audit(ctx, actor, "membership.keep", s, nil)
	})
}

// schedule asks Stripe about each running subscription of a member, takes over
// what came of it, and keeps what she wanted in the same transaction. Stripe's
// no means that the subscription has ended meanwhile.
func (b *Billing) schedule(ctx context.Context, actor account.Actor, ask, keep func(context.Context, membership.Line) error) error {
	running, err := b.running(ctx, actor.ID)
	if err != nil {
		return err
	}
	customer, err := b.Customer(ctx, actor.ID)
	if err != nil {
		return err
	}
	over := false
	for _, s := range running {
		if err := ask(ctx, s); definite(err) {
			over = true
		} else if err != nil {
			return err
		}
	}
	_, err = b.sync(ctx, actor.ID, customer, "member", time.Time{}, func(ctx context.Context) error {
		for _, s := range running {
			if over {
				break
			}
			if err := keep(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && over {
		err = ErrNoSubscription
	}
	return err
}

// running gives the subscriptions of a member that have not ended.
func (b *Billing) running(ctx context.Context, userID uuid.UUID) (running []membership.Line, err error) {
	own, err := b.membership.Of(ctx, userID)
	if err != nil {
		return nil, err
	}
	for _, s := range own.Subscriptions {
		if !s.Status.Terminal() {
			running = append(running, s)
		}
	}
	if len(running) == 0 {
		return nil, ErrNoSubscription
	}
	return running, nil
}

func (b *Billing) audit(ctx context.Context, actor account.Actor, action string, s membership.Line, detail map[string]string) error {
	return b.cfg.Auditor.Act(ctx, actor.ID, action, "subscription", s.ID.String(), detail)
}
