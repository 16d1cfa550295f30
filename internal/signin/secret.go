package signin

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// kind is what a secret opens. It is the purpose that its token is made for.
type kind string

const (
	kindCode  kind = "code"  // a session
	kindReset kind = "reset" // a new password
)

const (
	codeTTL      = 10 * time.Minute
	resetTTL     = 30 * time.Minute
	codeTries    = 5
	mailsPerHour = 3
	mailsPerDay  = 10
)

// The purposes of what is derived and is not simply of a kind.
const (
	forDigits  = "code-digits"
	forConfirm = "email-confirm"
	forUndo    = "email-undo"
)

func (k kind) ttl() time.Duration {
	if k == kindCode {
		return codeTTL
	}
	return resetTTL
}

// ask keeps that a letter was asked for and leaves the rest to a job: the
// same work for every address. Fault: invalid at /email.
func (s *Signin) ask(ctx context.Context, k kind, email string) error {
	key, err := account.EmailKey(email)
	if err != nil {
		return err
	}
	id, now := pg.NewID(), s.clock.Now()
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.insertSecret(ctx, id, k, key, now, now.Add(k.ttl())); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, secretMail{SecretID: id})
	})
}

// open gives the id of a token of a kind, or one that is nobody's.
func (s *Signin) open(purpose, token string) uuid.UUID {
	id, _ := s.once.Open(purpose, token)
	return id
}
