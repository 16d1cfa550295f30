package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The token just exchanged still answers its successor for grace, because of
// two tabs; and for lostGrace while nothing of the successor ever came back to
// us, because then the answer was lost on the way (FAPI 2.0, section 5.3.2.1).
const (
	grace     = 30 * time.Second
	lostGrace = 24 * time.Hour
)

// verdict is what a refresh token with a true signature deserves.
type verdict int

const (
	verdictOver   verdict = iota // the session has ended or expired
	verdictRotate                // the current token: exchange it
	verdictAgain                 // the one before, and no harm in it: the same successor
	verdictReused                // an older one: somebody has a copy
)

// judge decides on the token of a generation. Generations only count up, so a
// token from the future came from a database that was set back: it is treated
// like an old one.
func judge(s sessionRow, generation int64, now time.Time) verdict {
	switch {
	case !s.Live || !now.Before(s.IdleExpiresAt) || !now.Before(s.ExpiresAt):
		return verdictOver
	case generation == s.Generation:
		return verdictRotate
	case generation == s.Generation-1 && now.Sub(s.RotatedAt) <= patience(s):
		return verdictAgain
	default:
		return verdictReused
	}
}

func patience(s sessionRow) time.Duration {
	if s.SeenGeneration < s.Generation {
		return lostGrace
	}
	return grace
}

// Refresh exchanges a refresh token for the next pair. The token just
// exchanged gets the same successor for 30 seconds, and for a day while
// neither key of the successor was ever used. Anything else ends the session,
// tells its owner by mail, and this stays although a fault is returned.
// Faults: ErrRefreshInvalid, ErrRefreshReused.
func (a *Account) Refresh(ctx context.Context, refreshToken string) (Session, error) {
	if err := a.db.Outside(ctx); err != nil {
		return Session{}, fmt.Errorf("refresh: the end of a session must be committed: %w", err)
	}
	id, generation, ok := a.openRefreshToken(refreshToken)
	if !ok {
		return Session{}, ErrRefreshInvalid
	}
	// Losing the race for a rotation makes the token the one before: at most
	// one more look is needed, unless the winner is exchanged again meanwhile.
	for range 3 {
		s, done, err := a.exchange(ctx, id, generation)
		if done || err != nil {
			return s, err
		}
	}
	return Session{}, errors.New("refresh: the session changed three times under one exchange")
}

func (a *Account) exchange(ctx context.Context, id uuid.UUID, generation int64) (s Session, done bool, err error) {
	row, user, err := a.session(ctx, id)
	if err != nil {
		return Session{}, false, err
	}
	now := a.clock.Now()
	switch judge(row, generation, now) {
	case verdictRotate:
		row.SeenGeneration = row.Generation
		row.Generation++
		row.IdleExpiresAt = earlier(now.Add(idleTTL), row.ExpiresAt)
		won, err := a.rotateSession(ctx, row, now)
		if err != nil || !won {
			return Session{}, false, err
		}
	case verdictAgain:
	case verdictReused:
		if err := a.endReused(ctx, id); err != nil {
			return Session{}, false, err
		}
		return Session{}, true, ErrRefreshReused
	case verdictOver:
		return Session{}, true, ErrRefreshInvalid
	}
	s, err = a.present(row, user)
	return s, true, err
}

func (a *Account) endReused(ctx context.Context, id uuid.UUID) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		owner, err := a.end(ctx, id, EndedByReuse)
		if err != nil || owner == uuid.Nil {
			return err
		}
		if err := a.audit(ctx, uuid.Nil, "session.reuse", owner, map[string]string{"session": id.String()}); err != nil {
			return err
		}
		return a.queue.Enqueue(ctx, reuseMail{SessionID: id})
	})
}

func earlier(t, u time.Time) time.Time {
	if t.Before(u) {
		return t
	}
	return u
}
