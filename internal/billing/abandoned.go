package billing

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Abandoned is that somebody went to pay and did not.
type Abandoned struct {
	ID            uuid.UUID
	UserID        uuid.UUID
	DisplayName   string
	Email         string
	Plan          string
	Price         string
	AmountMinor   int64
	Currency      string
	Interval      string
	IntervalCount int64
	State         string // open or expired
	CreatedAt     time.Time
	ExpiresAt     *time.Time
}

// Since is a place in the list of the abandoned.
type Since struct {
	At time.Time `json:"at"`
	ID uuid.UUID `json:"id"`
}

// quiet is how long an open checkout may be looked at before it counts as left.
const quiet = time.Hour

// Abandoned gives the checkouts that were left, the latest first, behind
// after: of each member her last one, and none of who has paid since. An
// administrator may. More tells whether there are further ones. One statement.
func (b *Billing) Abandoned(ctx context.Context, after Since, limit int) (page []Abandoned, more bool, err error) {
	page, err = b.store.abandoned(ctx, after, b.clock.Now().Add(-quiet), limit+1)
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}
