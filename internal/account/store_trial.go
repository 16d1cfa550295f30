package account

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	insertTrialSQL = `INSERT INTO trial_addresses (hash, until) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET until = excluded.until`
	trialSQL       = `SELECT hash FROM trial_addresses WHERE hash IN ? AND until > ? LIMIT 1`
	pruneTrialsSQL = `DELETE FROM trial_addresses WHERE until < ?`
)

func (a *Account) insertTrial(ctx context.Context, hash string, until time.Time) error {
	return a.exec(ctx, "remember whose address had a trial", insertTrialSQL, hash, until)
}

func (a *Account) trialAddress(ctx context.Context, hashes []string, now time.Time) (bool, error) {
	_, had, err := pg.One[struct{ Hash string }](ctx, a.db, "ask whether an address had a trial", trialSQL, hashes, now)
	return had, err
}
