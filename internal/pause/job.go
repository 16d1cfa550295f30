package pause

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

func (p *Pause) work(q *job.Queue) {
	job.On(q, func(ctx context.Context, _ watch) error { return p.Watch(ctx) })
	job.On(q, func(ctx context.Context, a settle) error { return p.Settle(ctx, a.PauseID) })
	job.On(q, p.write)
	q.Every(time.Minute, watch{})
}

// watch looks after what is due.
type watch struct{}

// Kind names the job.
func (watch) Kind() string { return "pause.watch" }

// InsertOpts leaves the next try to the next minute.
func (watch) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: 1}
}

// settle tells Stripe of one pause.
type settle struct {
	PauseID uuid.UUID `json:"pause_id"`
}

// Kind names the job.
func (settle) Kind() string { return "pause.settle" }

// InsertOpts leaves further tries to the watch.
func (settle) InsertOpts() job.Options {
	return job.Options{Queue: job.QueueBilling, MaxAttempts: 3}
}

// letter is one that is going to be written about a pause.
type letter struct {
	PauseID uuid.UUID `json:"pause_id"`
	Kept    string    `json:"letter"`
}

// Kind names the job.
func (letter) Kind() string { return "pause.letter" }

// InsertOpts puts it among the mails.
func (letter) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }
