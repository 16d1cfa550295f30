package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of using a quote. After each of them the old plan runs on, and
// nothing was charged.
var (
	// ErrQuoteOutdated: another amount would be charged than was quoted.
	ErrQuoteOutdated = &fault.Error{Kind: fault.Conflict, Code: "quote-outdated", Detail: "The price of this change is another one by now, so nothing was changed. Ask for a new quote."}
	// ErrQuoteOver: its time has passed, or it came to nothing.
	ErrQuoteOver = &fault.Error{Kind: fault.Conflict, Code: "quote-over", Detail: "This quote cannot be used any more. Ask for a new one."}
	// ErrPaymentFailed: the card said no.
	ErrPaymentFailed = &fault.Error{Kind: fault.Conflict, Code: "payment-failed", Detail: "The card did not pay, so nothing was changed. Whose it is puts in another with POST /v1/membership/portal; then ask for a new quote."}
	// ErrOutcomeUnclear: Stripe was asked, and its answer is missing.
	ErrOutcomeUnclear = &fault.Error{
		Kind: fault.Unavailable, Code: "outcome-unclear", Retry: 10 * time.Second,
		Detail: "The payment service has not told us whether the change went through. Repeat this request: nothing is charged twice.",
	}
)

// ChangePlan does what a quote of hers says: it charges exactly the quoted
// amount and changes the plan, or plans the change for the end of the period,
// or does neither. It may be repeated until it answers: what was done stays
// done. It is audited. Faults: fault.ErrNotFound for a quote that is not hers,
// ErrQuoteOver, ErrQuoteOutdated, ErrPaymentFailed, ErrBanned, those of
// policy.go, ErrPaymentsUnavailable with nothing changed, ErrOutcomeUnclear,
// after which the same quote resumes.
func (b *Billing) ChangePlan(ctx context.Context, actor account.Actor, quoteID uuid.UUID) error {
	return b.useQuote(ctx, use{Quote: quoteID, Member: actor.ID})
}

// MovePlan is ChangePlan by an administrator, with a quote of the member's. It
// is audited as hers, with the reason.
func (b *Billing) MovePlan(ctx context.Context, actor account.Actor, member, quoteID uuid.UUID, reason string) error {
	return b.useQuote(ctx, use{Quote: quoteID, Member: member, By: &actor.ID, Reason: reason})
}

// use is that a quote of a member is to be carried out, and who says so: nil
// for herself.
type use struct {
	Quote, Member uuid.UUID
	By            *uuid.UUID
	Reason        string
}

func (b *Billing) useQuote(ctx context.Context, u use) error {
	q, err := b.store.quoteOf(ctx, u.Member, u.Quote)
	if pg.Missing(err) {
		return fault.ErrNotFound
	}
	if err != nil || q.State == quoteDone {
		return err
	}
	if err := b.notBanned(ctx, u.Member); err != nil {
		return err
	}
	customer, err := b.Customer(ctx, u.Member)
	if err != nil {
		return err
	}
	release, err := b.queueUp(ctx)
	if err != nil {
		return err
	}
	defer release()
	var done outcome
	err = b.db.Serial(ctx, "billing:user:"+u.Member.String(), func(ctx context.Context) error {
		done, err = b.carryOut(ctx, u)
		return err
	})
	if err != nil {
		return err
	}
	_, err = b.sync(ctx, u.Member, customer, "member", time.Time{}, func(ctx context.Context) error { return b.changed(ctx, done) })
	if err != nil {
		return ErrOutcomeUnclear.Because(err)
	}
	return nil
}

// outcome is what became of a quote at Stripe.
type outcome struct {
	quote   quote
	charged *int64 // nil when it is not known
}

// changed notes in the transaction of the sync that a quote was carried out.
func (b *Billing) changed(ctx context.Context, done outcome) error {
	q := done.quote
	if q.State == quoteDone {
		return nil
	}
	if done.charged != nil && *done.charged != q.DueMinor {
		b.log.ErrorContext(ctx, "a change of plan cost another amount than was quoted", "quote", q.ID, "quoted", q.DueMinor, "charged", *done.charged)
	}
	if err := b.store.settleQuote(ctx, q.ID, quoteDone, done.charged, b.clock.Now()); err != nil {
		return err
	}
	if q.AskedBy != nil {
		return b.cfg.Auditor.Act(ctx, *q.AskedBy, "membership.move", "user", q.UserID.String(),
			map[string]string{"quote": q.ID.String(), "effect": string(q.Effect), "reason": q.AskReason})
	}
	action := "membership.change"
	if q.Effect == EffectPeriodEnd {
		action = "membership.change-later"
	}
	return b.cfg.Auditor.Act(ctx, q.UserID, action, "subscription", q.SubscriptionID.String(), map[string]string{"quote": q.ID.String()})
}

// carryOut runs with the member's lock held, and no transaction. Stripe is
// looked at first: what an earlier try has done is not done again.
func (b *Billing) carryOut(ctx context.Context, u use) (outcome, error) {
	q, err := b.store.quoteOf(ctx, u.Member, u.Quote)
	switch {
	case err != nil:
		return outcome{}, err
	case q.State == quoteVoid:
		return outcome{}, ErrQuoteOver
	case q.State == quoteDone:
		return outcome{quote: q}, nil
	}
	line, err := b.meant(ctx, u.Member, q.SubscriptionID)
	if errors.Is(err, fault.ErrNotFound) {
		err = ErrNoSubscription
	}
	if err != nil {
		return outcome{}, err
	}
	sale, err := b.membership.SaleOf(ctx, q.PriceID)
	if err != nil {
		return outcome{}, err
	}
	there, err := b.changeable(ctx, line)
	switch {
	case there.StripeID != "" && q.State == quoteAsked && there.has(q, *sale.Price.StripePriceID):
		return outcome{quote: q}, b.forgetPlan(ctx, q, there)
	case err != nil:
		return outcome{}, err
	}
	if err := b.stillTrue(ctx, q, there, sale); err != nil {
		return outcome{}, err
	}
	if q.State == quoteOpen {
		q.AskedBy, q.AskReason = u.By, u.Reason
	}
	if err := b.store.askQuote(ctx, q, b.clock.Now()); err != nil {
		return outcome{}, err
	}
	return b.ask(ctx, q, there, *sale.Price.StripePriceID)
}

// has reports whether a subscription is as the quote makes it.
func (r remote) has(q quote, price string) bool {
	if q.Effect == EffectPeriodEnd {
		return r.Next == price
	}
	for _, i := range r.Items {
		if i.ID == q.ItemID && i.Price == price {
			return true
		}
	}
	return false
}

// stillTrue fails unless a quote can be used and Stripe would charge now what
// it says.
func (b *Billing) stillTrue(ctx context.Context, q quote, there remote, sale membership.Sale) error {
	now := b.clock.Now()
	if !now.Before(q.ExpiresAt) && (q.AskedAt == nil || q.AskedAt.Before(now.Add(-resumeWithin))) {
		return b.void(ctx, q, ErrQuoteOver)
	}
	if there.basis() != q.Basis || sale.Price.State != membership.Public {
		return b.void(ctx, q, ErrQuoteOutdated)
	}
	due, next, err := b.preview(ctx, q, there, *sale.Price.StripePriceID)
	if err != nil {
		return err
	}
	if due.DueMinor != q.DueMinor || due.TaxMinor != q.TaxMinor || due.Currency != q.Currency || next.TotalMinor != q.NextMinor {
		return b.void(ctx, q, ErrQuoteOutdated)
	}
	return nil
}

// void ends a quote that was not carried out, and gives why.
func (b *Billing) void(ctx context.Context, q quote, why error) error {
	return errors.Join(why, b.store.settleQuote(ctx, q.ID, quoteVoid, nil, b.clock.Now()))
}

// ask has Stripe carry out a quote. A no ends the quote; without an answer it
// can be asked again with the same key.
func (b *Billing) ask(ctx context.Context, q quote, there remote, price string) (outcome, error) {
	done := outcome{quote: q}
	change := swap{Quote: q.ID, Subscription: there.StripeID, Item: q.ItemID, Price: price, Quantity: q.Quantity}
	var err error
	if q.Effect == EffectPeriodEnd {
		err = b.stripe.swapLater(ctx, change, there)
	} else {
		done.charged, err = b.stripe.swapNow(ctx, change, q.EffectiveAt)
	}
	switch {
	case err == nil:
		return done, b.forgetPlan(ctx, q, there)
	case declined(err):
		return outcome{}, b.void(ctx, q, ErrPaymentFailed.Because(err))
	case definite(err):
		return outcome{}, b.void(ctx, q, ErrQuoteOutdated.Because(err))
	case failedForGood(err):
		return b.lookAgain(ctx, q, there.StripeID, price, err)
	}
	return outcome{}, ErrOutcomeUnclear.Because(err)
}

// lookAgain finds out what came of a request whose answer is a failure that
// Stripe will repeat.
func (b *Billing) lookAgain(ctx context.Context, q quote, id, price string, cause error) (outcome, error) {
	there, found, err := b.stripe.subscription(ctx, id)
	if err != nil {
		return outcome{}, ErrOutcomeUnclear.Because(err)
	}
	if found && there.has(q, price) {
		return outcome{quote: q}, b.forgetPlan(ctx, q, there)
	}
	return outcome{}, b.void(ctx, q, cause)
}

// forgetPlan lets go of a change that was planned before, once another plan
// has begun.
func (b *Billing) forgetPlan(ctx context.Context, q quote, there remote) error {
	if q.Effect == EffectPeriodEnd || there.ScheduleID == "" {
		return nil
	}
	return b.stripe.release(ctx, there.ScheduleID)
}

// tidyQuotes finds out what came of quotes whose use was never answered, an
// hour later: by then nobody is asking any more.
func (b *Billing) tidyQuotes(ctx context.Context, r *Report) error {
	rows, err := b.store.askedQuotes(ctx, b.clock.Now().Add(-time.Hour), unsettled)
	if err != nil {
		return err
	}
	for _, q := range rows {
		r.Checked++
		if err := b.tidyQuote(ctx, q); err != nil {
			return err
		}
		r.Healed++
	}
	return nil
}

func (b *Billing) tidyQuote(ctx context.Context, q quote) error {
	sale, err := b.membership.SaleOf(ctx, q.PriceID)
	if err != nil {
		return err
	}
	customer, err := b.Customer(ctx, q.UserID)
	if err != nil {
		return err
	}
	line, err := b.meant(ctx, q.UserID, q.SubscriptionID)
	if errors.Is(err, ErrNoSubscription) || errors.Is(err, fault.ErrNotFound) {
		return b.store.settleQuote(ctx, q.ID, quoteVoid, nil, b.clock.Now()) // it has ended meanwhile
	}
	if err != nil {
		return err
	}
	there, found, err := b.stripe.subscription(ctx, line.StripeID)
	if err != nil {
		return fmt.Errorf("look up a subscription: %w", err)
	}
	if !found || !there.has(q, *sale.Price.StripePriceID) {
		return b.store.settleQuote(ctx, q.ID, quoteVoid, nil, b.clock.Now())
	}
	if err := b.forgetPlan(ctx, q, there); err != nil {
		return err
	}
	_, err = b.sync(ctx, q.UserID, customer, source, time.Time{}, func(ctx context.Context) error {
		return b.changed(ctx, outcome{quote: q})
	})
	return err
}

// KeepPlan takes back the change that a member has planned for the end of the
// period; where none is planned, nothing changes. It is audited. Faults:
// ErrNoSubscription, ErrPaymentsUnavailable, with nothing changed.
func (b *Billing) KeepPlan(ctx context.Context, actor account.Actor) error {
	return b.schedule(ctx, actor, func(ctx context.Context, s membership.Line) error {
		if s.ScheduleID == "" {
			return nil
		}
		return b.stripe.release(ctx, s.ScheduleID)
	}, func(ctx context.Context, s membership.Line) error {
		if s.ScheduleID == "" {
			return nil
		}
		return b.audit(ctx, actor, "membership.change-undo", s, nil)
	})
}
