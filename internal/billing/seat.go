package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// ErrSoldOut is that every seat of the plan is taken, or held by somebody who is
// paying.
var ErrSoldOut = &fault.Error{Kind: fault.Conflict, Code: "sold-out", Detail: "Every place of this plan is taken. Somebody may still let go of hers: look again in an hour."}

// seatLife is for how long a checkout holds a seat. Stripe lets a session
// expire after half an hour at the earliest.
const seatLife = time.Hour

// settling is how long a checkout that is complete may go without a
// subscription and still holds its seat.
const settling = 48 * time.Hour

// seatUntil is when Stripe shall close the session of a plan with seats.
func (c checkout) seatUntil(plan membership.Plan) *time.Time {
	if plan.Seats == nil {
		return nil
	}
	return c.ExpiresAt
}

// seatsLeft turns most of those away who come too late, before Stripe is asked.
// Whose checkout holds a seat already may go on to it.
func (b *Billing) seatsLeft(ctx context.Context, userID uuid.UUID, plan membership.Plan) error {
	if plan.Seats == nil {
		return nil
	}
	taken, err := b.store.seatsTaken(ctx, plan.ID, b.clock.Now().Add(-settling))
	if err != nil || taken < *plan.Seats {
		return err
	}
	holds, err := b.store.holdsSeat(ctx, userID, plan.ID)
	if err == nil && !holds {
		err = ErrSoldOut
	}
	return err
}

// takeSeat makes sure, in the transaction in which a checkout is recorded, that
// there is a seat for it. Whoever else wants one of this plan waits for the end
// of that transaction.
func (b *Billing) takeSeat(ctx context.Context, plan membership.Plan) error {
	if plan.Seats == nil {
		return nil
	}
	seats, err := b.store.lockSeats(ctx, plan.ID)
	if err != nil || seats == nil {
		return err
	}
	taken, err := b.store.seatsTaken(ctx, plan.ID, b.clock.Now().Add(-settling))
	if err == nil && taken >= *seats {
		err = ErrSoldOut
	}
	return err
}

// Places says how many seats are free, for each plan that has seats. One
// statement.
func (b *Billing) Places(ctx context.Context) (map[uuid.UUID]int64, error) {
	rows, err := b.store.seats(ctx, b.clock.Now().Add(-settling))
	if err != nil {
		return nil, err
	}
	left := map[uuid.UUID]int64{}
	for _, r := range rows {
		if r.Seats != nil {
			left[r.ID] = max(0, *r.Seats-r.Taken)
		}
	}
	return left, nil
}
