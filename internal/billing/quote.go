package billing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// PlanChange is what a member would like to have instead.
type PlanChange struct {
	Plan         string // slug
	Price        string // key
	Subscription uuid.UUID
}

// Quote is what a change of plan costs: the amount that is charged when it is
// used, or nothing is.
type Quote struct {
	ID          uuid.UUID
	Plan        string
	Price       string
	Effect      Effect
	EffectiveAt time.Time
	DueMinor    int64 // now
	TaxMinor    int64 // of it
	Currency    string
	Lines       []QuoteLine
	NextMinor   int64 // the bill after that, and when it comes
	NextAt      time.Time
	ExpiresAt   time.Time
}

// QuoteLine is one line of the bill that is due now.
type QuoteLine struct {
	Text        string    `json:"text"`
	AmountMinor int64     `json:"amount_minor"`
	Proration   bool      `json:"proration"`
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"`
}

// quoteLife is how long a quote can be used.
const quoteLife = 15 * time.Minute

// Quote tells what it costs a member to go to another price, and changes
// nothing. She needs a running subscription that is paid and has no end.
// Faults: membership.ErrPriceUnknown, ErrNoSubscription, ErrBanned, those of
// policy.go, ErrPaymentsUnavailable.
func (b *Billing) Quote(ctx context.Context, actor account.Actor, want PlanChange) (Quote, error) {
	return b.quoteFor(ctx, actor.ID, want)
}

// QuoteMove tells an administrator what Quote tells the member. Beyond its
// faults: fault.ErrNotFound for nobody.
func (b *Billing) QuoteMove(ctx context.Context, member uuid.UUID, want PlanChange) (Quote, error) {
	if _, err := b.store.email(ctx, member); err != nil {
		return Quote{}, known404(err)
	}
	return b.quoteFor(ctx, member, want)
}

func (b *Billing) quoteFor(ctx context.Context, member uuid.UUID, want PlanChange) (Quote, error) {
	sale, err := b.membership.Price(ctx, want.Plan, want.Price)
	if err != nil {
		return Quote{}, err
	}
	if sale.Price.StripePriceID == nil {
		return Quote{}, ErrPaymentsUnavailable.Because(fmt.Errorf("price %s of plan %s is not at Stripe: run stripe setup", want.Price, want.Plan))
	}
	if err := b.notBanned(ctx, member); err != nil {
		return Quote{}, err
	}
	line, err := b.meant(ctx, member, want.Subscription)
	if err != nil {
		return Quote{}, err
	}
	there, err := b.changeable(ctx, line)
	if err != nil {
		return Quote{}, err
	}
	row, err := b.basis(ctx, there, sale)
	if err != nil {
		return Quote{}, err
	}
	row.UserID, row.SubscriptionID = member, line.ID
	if err := b.calculate(ctx, &row, there, sale); err != nil {
		return Quote{}, err
	}
	if err := b.store.insertQuote(ctx, row); err != nil {
		return Quote{}, err
	}
	return row.quote(sale)
}

// meant is the subscription that she names, or her only one.
func (b *Billing) meant(ctx context.Context, userID, id uuid.UUID) (membership.Line, error) {
	running, err := b.running(ctx, userID)
	if err != nil {
		return membership.Line{}, err
	}
	for _, line := range running {
		if line.ID == id || (id == uuid.Nil && len(running) == 1) {
			return line, nil
		}
	}
	if id == uuid.Nil {
		return membership.Line{}, ErrSubscriptionUnclear
	}
	return membership.Line{}, fault.ErrNotFound
}

// changeable asks Stripe for a subscription as it is now, and fails when it
// cannot go to another plan.
func (b *Billing) changeable(ctx context.Context, line membership.Line) (remote, error) {
	there, found, err := b.stripe.subscription(ctx, line.StripeID)
	switch {
	case err != nil:
		return remote{}, fmt.Errorf("look up a subscription: %w", err)
	case !found:
		return remote{}, ErrNoSubscription
	}
	if err := mayChange(there.Snapshot); err != nil {
		return there, err
	}
	switch {
	case line.Resting(b.clock.Now()):
		return there, ErrMembershipPaused
	case there.Moved:
		return there, ErrBillMoved
	}
	return there, nil
}

// basis says which item of a subscription is the plan, what becomes of it, and
// when.
func (b *Billing) basis(ctx context.Context, there remote, sale membership.Sale) (quote, error) {
	if sale.Price.Currency != there.Currency {
		return quote{}, ErrCurrencyOther
	}
	prices, err := b.membership.Mapped(ctx, there.PriceIDs)
	if err != nil {
		return quote{}, err
	}
	now, ours := there.sells(prices)
	if !ours {
		return quote{}, ErrChangeImpossible
	}
	if now.Price == *sale.Price.StripePriceID {
		return quote{}, ErrPriceHeld
	}
	yearly, err := money.Annualised(sale.Price.AmountMinor, sale.Price.Interval, int(sale.Price.IntervalCount), now.Quantity)
	if err != nil {
		return quote{}, membership.ErrPriceUnknown.At(fault.Field{Pointer: "/price", Code: "price-unknown", Detail: "this price is not paid at intervals"}).Because(err)
	}
	has := rate{prices[now.Price].PlanID, now.Every, now.Yearly}
	wants := rate{sale.Plan.ID, days(sale.Price.Interval) * sale.Price.IntervalCount, yearly}
	if len(there.Items) > 1 && has.Every != wants.Every {
		return quote{}, ErrChangeImpossible
	}
	return quote{
		ID: pg.NewID(), PriceID: sale.Price.ID, Effect: effectOf(has, wants, there.Status == membership.Trialing),
		ItemID: now.ID, Quantity: now.Quantity, Basis: there.basis(),
	}, nil
}

// sells gives the item that is a plan of ours: the first, when there are more.
func (r remote) sells(prices map[string]membership.Price) (item, bool) {
	for _, i := range r.Items {
		if _, ours := prices[i.Price]; ours {
			return i, true
		}
	}
	return item{}, false
}

// basis is what a quote stands on. When it is not the same any more, neither
// is the quote.
func (r remote) basis() string {
	parts := []string{string(r.Status), r.Coupon, strconv.FormatInt(unix(r.CurrentPeriodEnd), 10)}
	for _, i := range r.Items {
		parts = append(parts, i.ID, i.Price, strconv.FormatInt(i.Quantity, 10))
	}
	return strings.Join(parts, "|")
}

func unix(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// calculate has Stripe work out both bills: the one that is due now and the
// one after it.
func (b *Billing) calculate(ctx context.Context, row *quote, there remote, sale membership.Sale) error {
	if there.CurrentPeriodEnd == nil {
		return errors.New("the subscription has no period")
	}
	now, end := b.clock.Now().Truncate(time.Second), *there.CurrentPeriodEnd
	row.State, row.CreatedAt, row.ExpiresAt, row.Currency = quoteOpen, now, now.Add(quoteLife), there.Currency
	if row.ExpiresAt.After(end) {
		row.ExpiresAt = end
	}
	row.EffectiveAt, row.NextAt = now, end
	if begins := there.CurrentPeriodStart; begins != nil && now.Before(*begins) {
		row.EffectiveAt = *begins // Stripe's clock is ahead, and counts nothing before the period
	}
	if row.Effect == EffectPeriodEnd {
		row.EffectiveAt = end
	} else if there.Status != membership.Trialing && (there.Interval != sale.Price.Interval || there.IntervalCount != sale.Price.IntervalCount) {
		row.NextAt = after(row.EffectiveAt, sale.Price.Interval, sale.Price.IntervalCount)
	}
	due, next, err := b.preview(ctx, *row, there, *sale.Price.StripePriceID)
	if err != nil {
		return err
	}
	lines, err := json.Marshal(due.Lines)
	if err != nil {
		return fmt.Errorf("write the lines of a quote: %w", err)
	}
	row.DueMinor, row.TaxMinor, row.Lines, row.NextMinor = due.DueMinor, due.TaxMinor, string(lines), next.TotalMinor
	return nil
}

// preview asks Stripe what a quote costs: now, and with the bill after it.
func (b *Billing) preview(ctx context.Context, q quote, there remote, price string) (due, next bill, err error) {
	swap := swap{Subscription: there.StripeID, Item: q.ItemID, Price: price, Quantity: q.Quantity}
	if next, err = b.stripe.preview(ctx, swap, "none", time.Time{}); err != nil {
		return bill{}, bill{}, unreadable(err)
	}
	due = bill{Currency: there.Currency, Lines: []QuoteLine{}}
	if q.Effect == EffectNow && there.Status != membership.Trialing {
		due, err = b.stripe.preview(ctx, swap, "always_invoice", q.EffectiveAt)
	}
	return due, next, unreadable(err)
}

// unreadable is the fault for a preview that Stripe refuses to make: nobody
// knows what would be charged, so nothing is.
func unreadable(err error) error {
	if definite(err) {
		return ErrPaymentsUnavailable.Because(err)
	}
	return err
}

// after is one interval later; a day that the month does not have is its last.
func after(t time.Time, interval string, count int64) time.Time {
	n := int(count)
	switch interval {
	case "day":
		return t.AddDate(0, 0, n)
	case "week":
		return t.AddDate(0, 0, 7*n)
	case "year":
		n *= 12
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}
