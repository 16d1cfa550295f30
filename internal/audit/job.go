package audit

import (
	"context"
	"strconv"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// forgotten is how many entries go in one transaction.
const forgotten = 1000

// Work teaches q to forget entries after two years, once a day.
func (l *Log) Work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ prune) error { return l.Prune(ctx) })
	q.Every(24*time.Hour, prune{})
}

type prune struct{}

// Kind names the job.
func (prune) Kind() string { return "audit.prune" }

// Timeout leaves room for a first run after years.
func (prune) Timeout() time.Duration { return 30 * time.Minute }

// Prune forgets the entries that are older than two years by the clock of the
// database, and records how many: the log is nowhere shorter without saying
// so. Nobody can make it forget younger ones.
func (l *Log) Prune(ctx context.Context) error {
	for {
		var gone int64
		err := l.db.InTx(ctx, func(ctx context.Context) (err error) {
			if gone, err = l.forget(ctx, forgotten); err != nil || gone == 0 {
				return err
			}
			return l.Record(ctx, Entry{
				Action: "audit.forget", TargetKind: "audit", TargetID: "log", Detail: map[string]string{"entries": strconv.FormatInt(gone, 10)},
			})
		})
		if err != nil || gone < forgotten {
			return err
		}
	}
}
