package privacy

import (
	"context"
	"slices"
	"time"
)

// Retain deletes what has been kept as long as its tag says, in all tables
// that no other job looks after. It gives how many rows of which went.
func (p *Privacy) Retain(ctx context.Context) (map[string]int64, error) {
	went, now := map[string]int64{}, p.clock.Now()
	for _, t := range slices.Backward(p.tables) {
		if t.Retention.Since == "" || t.Retention.By != "" {
			continue
		}
		n, err := p.deleteOld(ctx, t, now)
		if n > 0 {
			went[t.Name] = n
		}
		if err != nil {
			return went, err
		}
	}
	return went, nil
}

// before is the moment up to which rows of t are too old.
func (t Table) before(now time.Time) time.Time { return now.Add(-t.Retention.After) }
