package membership

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// HadTrial reports whether somebody has had the trial that everybody has once
// over all plans and all time: who ever had a subscription has, however it
// went, and who had it in an account that was erased.
func (m *Membership) HadTrial(ctx context.Context, userID uuid.UUID) (bool, error) {
	return m.store.hadTrial(ctx, userID)
}

// SpendTrial remembers that she has had it. Where that is known, nothing
// changes.
func (m *Membership) SpendTrial(ctx context.Context, userID uuid.UUID, at time.Time) error {
	return m.store.spendTrial(ctx, userID, at)
}
