package factor

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// ChallengeTTL is how long an authenticator may take to answer.
const ChallengeTTL = 5 * time.Minute

// What a challenge is for.
const (
	toAdd    = "add"
	toSignIn = "sign_in"
	toProve  = "prove"
)

// Challenge is what an authenticator is asked to sign, once. The text is
// base64url, as answers repeat it.
type Challenge struct {
	Text      string
	ExpiresAt time.Time
}

// challenge makes one for who acts in her session; the zero Actor is whoever
// signs in.
func (f *Factor) challenge(ctx context.Context, purpose string, who account.Actor) (Challenge, error) {
	id, now := pg.NewID(), f.clock.Now()
	c := Challenge{Text: f.seal.challenge.Token(purpose, id), ExpiresAt: now.Add(ChallengeTTL)}
	return c, f.insertChallenge(ctx, id, purpose, who, now, c.ExpiresAt)
}

// spend uses a challenge up, for the purpose and for whom it was made. That is
// committed at once, whatever becomes of the answer. Fault: wrong.
func (f *Factor) spend(ctx context.Context, purpose, challenge string, who account.Actor, wrong *fault.Error) error {
	if err := f.db.Outside(ctx); err != nil {
		return fmt.Errorf("answer a challenge: a used one must be committed: %w", err)
	}
	id, ok := f.seal.challenge.Open(purpose, challenge)
	if !ok {
		return wrong
	}
	ok, err := f.useChallenge(ctx, uuid.UUID(id), purpose, who, f.clock.Now())
	if err == nil && !ok {
		return wrong
	}
	return err
}
