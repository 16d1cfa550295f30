package signin

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// secretMail writes to whoever asked for a code or a reset, if she is with us.
type secretMail struct {
	SecretID uuid.UUID `json:"secret_id"`
}

func (secretMail) Kind() string            { return "signin.secret-mail" }
func (secretMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// confirmMail writes to a new address.
type confirmMail struct {
	ChangeID uuid.UUID `json:"change_id"`
}

func (confirmMail) Kind() string            { return "signin.confirm-mail" }
func (confirmMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// undoMail writes to the address that is to be left.
type undoMail struct {
	ChangeID uuid.UUID `json:"change_id"`
}

func (undoMail) Kind() string            { return "signin.undo-mail" }
func (undoMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// prune forgets what is over.
type prune struct{}

func (prune) Kind() string { return "signin.prune" }

const (
	pruneEvery  = time.Hour
	keepSecrets = 24 * time.Hour // letters of a day are counted
)

func (s *Signin) work(q *job.Queue) {
	job.On(q, s.sendSecret)
	job.On(q, s.sendConfirm)
	job.On(q, s.sendUndo)
	job.On(q, func(ctx context.Context, _ prune) error { return s.prune(ctx, s.clock.Now()) })
	q.Every(pruneEvery, prune{})
}
