package membership

import (
	"context"
	"fmt"
	"math/big"

	"github.com/google/uuid"
)

// Booked is a subscription together with what the ledger holds of it.
type Booked struct {
	Subscription
	MRR *big.Rat // annualised minor units, in the currency of the subscription
}

// MRR is what a subscription as it is adds to recurring income: annualised
// minor units, zero when it adds nothing.
func (s Snapshot) MRR() *big.Rat {
	if sum := ledgerOf(s)[MRR]; sum != nil {
		return new(big.Rat).Set(sum)
	}
	return new(big.Rat)
}

// BookedBy finds recorded subscriptions by their ids at Stripe, with what the
// ledger holds of each. What is not recorded is not in the answer.
func (m *Membership) BookedBy(ctx context.Context, stripeIDs []string) (map[string]Booked, error) {
	if len(stripeIDs) == 0 {
		return map[string]Booked{}, nil
	}
	rows, err := m.store.booked(ctx, stripeIDs)
	if err != nil {
		return nil, err
	}
	found := make(map[string]Booked, len(rows))
	for _, r := range rows {
		sum, ok := new(big.Rat).SetString(r.Booked)
		if !ok {
			return nil, fmt.Errorf("read the ledger of %s: %q is not a number", r.StripeID, r.Booked)
		}
		found[r.StripeID] = Booked{r.Subscription, sum}
	}
	return found, nil
}

// Leftover gives the subscriptions, by their ids at Stripe, that have ended
// and still add to recurring income: there must be none.
func (m *Membership) Leftover(ctx context.Context) ([]string, error) { return m.store.leftover(ctx) }

// FreeAccess counts members who have access and do not pay, by why.
type FreeAccess struct {
	Reason  Reason
	Kind    string // of a grant, else empty
	Members int64
}

// WithoutPayment counts everybody who has access now and whose subscriptions
// cost nothing or who has none, by why. Together with those who pay it is
// everybody who has access, but for staff.
func (m *Membership) WithoutPayment(ctx context.Context) ([]FreeAccess, error) {
	return m.store.withoutPayment(ctx, m.clock.Now())
}

// Paying is a member who pays for a subscription.
type Paying struct {
	UserID   uuid.UUID
	StripeID string
	Banned   bool
}

// WithoutAccess gives up to limit members who pay and have no access: only the
// banned may be among them.
func (m *Membership) WithoutAccess(ctx context.Context, limit int) ([]Paying, error) {
	return m.store.withoutAccess(ctx, m.clock.Now(), limit)
}

// Twice gives up to limit live subscriptions of members who have more than
// one: there must be none.
func (m *Membership) Twice(ctx context.Context, limit int) ([]Paying, error) {
	return m.store.twice(ctx, limit)
}
