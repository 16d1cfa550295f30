package billing

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Lag is the age of the oldest event that has not been applied; zero when
// there is none.
func (b *Billing) Lag(ctx context.Context) (time.Duration, error) {
	row, err := gorm.G[struct{ Oldest *time.Time }](b.db.Conn(ctx)).
		Raw(`SELECT min(received_at) AS oldest FROM stripe_events WHERE state = 'received'`).Take(ctx)
	if err != nil {
		return 0, fmt.Errorf("measure the lag of webhooks: %w", err)
	}
	if row.Oldest == nil {
		return 0, nil
	}
	return b.clock.Now().Sub(*row.Oldest), nil
}
