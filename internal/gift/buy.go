package gift

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Gift is months of a plan for somebody else.
type Gift struct {
	ID             uuid.UUID
	BuyerID        uuid.UUID
	Plan           string // slug
	Months         int64
	AmountMinor    int64
	Currency       string
	RecipientEmail *string // nil: she hands it on herself, or it is over
	RecipientName  string
	Message        string
	DeliverAt      time.Time
	CreatedAt      time.Time
	PaidAt         *time.Time
	MailedAt       *time.Time
	ExpiresAt      *time.Time
	RedeemedAt     *time.Time
	RedeemedBy     *uuid.UUID
	GrantID        *uuid.UUID
	WithdrawnAt    *time.Time
	WithdrawnBy    *uuid.UUID
}

// TableName says where gorm finds it.
func (Gift) TableName() string { return "gifts" }

// Wish is what a buyer wants to give.
type Wish struct {
	Plan, Price   string // slug of a plan and key of its monthly price
	Months        int
	Email         string // "": she hands it on herself
	Name, Message string
	DeliverAt     time.Time // zero: as soon as it is paid
}

// Buy makes a gift and gives the address where it is paid. Faults: invalid
// values, ErrPriceUnknown, billing.ErrPaymentsUnavailable, after which the gift
// is there and can be paid for with Pay.
func (g *Gifts) Buy(ctx context.Context, who account.Actor, w Wish) (Gift, billing.Purchase, error) {
	made, title, err := g.wish(ctx, who, w)
	if err != nil {
		return Gift{}, billing.Purchase{}, err
	}
	if err := g.store.insert(ctx, made); err != nil {
		return Gift{}, billing.Purchase{}, err
	}
	p, _, err := g.billing.Buy(ctx, who, order(made, title))
	return made, p, err
}

// Pay gives the address where a gift of hers that is not paid yet is paid; the
// one that is open is answered again. Faults: fault.ErrNotFound, ErrSettled,
// billing.ErrPurchased while the money is on its way, billing.ErrPaymentsUnavailable.
func (g *Gifts) Pay(ctx context.Context, who account.Actor, id uuid.UUID) (Gift, billing.Purchase, error) {
	made, found, err := g.store.byID(ctx, id)
	switch {
	case err != nil:
		return Gift{}, billing.Purchase{}, err
	case !found || made.BuyerID != who.ID:
		return Gift{}, billing.Purchase{}, fault.ErrNotFound
	case made.StateAt(g.clock.Now()) != Unpaid:
		return Gift{}, billing.Purchase{}, ErrSettled
	}
	name, err := g.planName(ctx, made.Plan)
	if err != nil {
		return Gift{}, billing.Purchase{}, err
	}
	p, _, err := g.billing.Buy(ctx, who, order(made, title(made, name)))
	return made, p, err
}

func order(of Gift, title string) billing.Order {
	return billing.Order{
		Purpose: billing.ForGift, SubjectID: of.ID, Title: title, AmountMinor: of.AmountMinor, Currency: of.Currency, Single: true,
	}
}

func title(of Gift, plan string) string {
	if of.Months == 1 {
		return "A month of " + plan + ", as a gift"
	}
	return fmt.Sprintf("%d months of %s, as a gift", of.Months, plan)
}

// wish checks what a gift is made of, and prices it.
func (g *Gifts) wish(ctx context.Context, who account.Actor, w Wish) (Gift, string, error) {
	now := g.clock.Now()
	made := Gift{
		ID: pg.NewID(), BuyerID: who.ID, Plan: w.Plan, Months: int64(w.Months), RecipientName: strings.TrimSpace(w.Name),
		Message: strings.TrimSpace(w.Message), DeliverAt: w.DeliverAt, CreatedAt: now,
	}
	if made.DeliverAt.Before(now) {
		made.DeliverAt = now
	}
	switch {
	case w.Months < 1 || w.Months > mostMonths:
		return made, "", fault.InvalidField("/months", "range", "A gift is of 1 to 24 months.")
	case made.DeliverAt.After(now.Add(longest)):
		return made, "", fault.InvalidField("/deliver_at", "range", "A gift is delivered within a year.")
	}
	if w.Email != "" {
		if _, err := account.EmailKey(w.Email); err != nil {
			return made, "", fault.InvalidField("/email", "format", "This is no e-mail address.")
		}
		made.RecipientEmail = &w.Email
	}
	plans, err := g.membership.Plans(ctx)
	if err != nil {
		return made, "", err
	}
	for _, plan := range plans {
		for _, price := range plan.Prices {
			if plan.Slug == w.Plan && price.Key == w.Price && price.Interval == "month" && price.IntervalCount == 1 {
				made.AmountMinor, made.Currency = price.AmountMinor*made.Months, price.Currency
				return made, title(made, plan.Name), nil
			}
		}
	}
	return made, "", ErrPriceUnknown
}

// planName is the name of a plan, or its slug when it is not on offer any more.
func (g *Gifts) planName(ctx context.Context, slug string) (string, error) {
	plans, err := g.membership.Plans(ctx)
	for _, p := range plans {
		if p.Slug == slug {
			return p.Name, err
		}
	}
	return slug, err
}

// paid takes the money of a gift, in the transaction of the purchase. The money of
// one that was taken back meanwhile goes back.
func (g *Gifts) paid(ctx context.Context, p billing.Purchase) error {
	now := g.clock.Now()
	of, found, err := g.store.lock(ctx, p.SubjectID) // whoever takes it back meanwhile sees the money, or we see that it is taken back
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("gift %s is paid and not there", p.SubjectID)
	}
	if of.WithdrawnAt != nil {
		return g.billing.PayBack(ctx, billing.ForGift, of.ID)
	}
	from := of.DeliverAt
	if from.Before(now) {
		from = now
	}
	if err := g.store.paid(ctx, of.ID, now, from.AddDate(0, keptFor, 0)); err != nil {
		return err
	}
	if err := g.queue.Enqueue(ctx, thanksMail{GiftID: of.ID}); err != nil || of.RecipientEmail == nil || of.DeliverAt.After(now) {
		return err
	}
	return g.queue.Enqueue(ctx, deliver{GiftID: of.ID})
}
