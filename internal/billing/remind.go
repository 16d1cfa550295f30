package billing

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// CauseKind is why somebody is written to about paying.
type CauseKind string

// The causes.
const (
	TrialEnding    CauseKind = "trial_ending"
	RenewalAhead   CauseKind = "renewal_ahead"
	PaymentFailed  CauseKind = "payment_failed"
	ActionRequired CauseKind = "action_required"
	CardExpiring   CauseKind = "card_expiring"
	MembershipEnds CauseKind = "membership_ends"
	DisputeDue     CauseKind = "dispute_due"
)

// Cause is why and about what somebody is written to. Two that are equal are
// one letter.
type Cause struct {
	Kind    CauseKind
	Subject string // Stripe's id of what it is about
	Period  string // which time of that
}

// Reminder promises letters; a domain above fills it in.
type Reminder interface {
	// Promise promises somebody a letter, in the transaction that found the cause.
	Promise(ctx context.Context, userID uuid.UUID, c Cause) error
}

// Upcoming is what Stripe is going to bill next.
type Upcoming struct {
	DueMinor int64
	Currency string
}

// Upcoming asks Stripe for the next invoice of a subscription, with discounts,
// tax and credit; false when none will come. Fault: ErrPaymentsUnavailable.
func (b *Billing) Upcoming(ctx context.Context, subscription string) (Upcoming, bool, error) {
	return b.stripe.upcoming(ctx, subscription)
}

// Card is what the next payment is taken from.
type Card struct {
	ID                string
	Brand, Last4      string
	ExpMonth, ExpYear int
}

// Cause is that a card expires with its last month.
func (c Card) Cause() Cause {
	return Cause{Kind: CardExpiring, Subject: c.ID, Period: fmt.Sprintf("%04d-%02d", c.ExpYear, c.ExpMonth)}
}

// Card asks Stripe for the card that a member pays with; false when there is
// none. Fault: ErrPaymentsUnavailable.
func (b *Billing) Card(ctx context.Context, userID uuid.UUID) (Card, bool, error) {
	customer, err := b.store.customerOf(ctx, userID)
	if pg.Missing(err) {
		return Card{}, false, nil
	}
	if err != nil {
		return Card{}, false, err
	}
	return b.stripe.card(ctx, customer)
}

// remind promises the letters that a look at Stripe gives cause for.
func (b *Billing) remind(ctx context.Context, userID uuid.UUID, causes ...Cause) error {
	if b.cfg.Reminder == nil {
		return nil
	}
	for _, c := range causes {
		if err := b.cfg.Reminder.Promise(ctx, userID, c); err != nil {
			return fmt.Errorf("promise a letter: %w", err)
		}
	}
	return nil
}

// ending is the cause in a subscription that has got an end, or another one. One
// that we see for the first time is news to nobody.
func ending(old membership.Snapshot, found bool, s membership.Snapshot) []Cause {
	ends := s.EndsAt()
	if !found || old.Status.Terminal() || ends == nil || s.Status == membership.IncompleteExpired {
		return nil
	}
	if was := old.EndsAt(); was != nil && was.Equal(*ends) && s.Status != membership.Canceled {
		return nil
	}
	asked := int64(0) // when it was canceled: canceled and kept and canceled again is told again
	if s.CanceledAt != nil {
		asked = s.CanceledAt.Unix()
	}
	return []Cause{{Kind: MembershipEnds, Subject: s.StripeID, Period: ends.UTC().Format(time.DateOnly) + "@" + strconv.FormatInt(asked, 10)}}
}

// failing are the causes in invoices that Stripe tried in vain to collect.
func failing(invoices []invoice, snapshots []membership.Snapshot) (causes []Cause) {
	waits := map[string]bool{}
	for _, s := range snapshots {
		waits[s.StripeID] = s.Status == membership.PastDue || s.Status == membership.Unpaid
	}
	for _, v := range invoices {
		if v.Status != "open" || v.Attempts == 0 || !waits[v.StripeSubscriptionID] {
			continue
		}
		c := Cause{Kind: PaymentFailed, Subject: v.StripeID, Period: strconv.FormatInt(v.Attempts, 10)}
		if v.NeedsAction {
			c.Kind = ActionRequired
		}
		causes = append(causes, c)
	}
	return causes
}
