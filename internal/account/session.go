package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	idleTTL     = 30 * 24 * time.Hour
	absoluteTTL = 90 * 24 * time.Hour
	maxSessions = 20
)

// Why a session ended.
const (
	EndedByLogout = "logout"
	EndedByReuse  = "reuse"
	EndedByCap    = "cap"
	EndedByAdmin  = "admin"
)

// Session is a signed-in device with its keys.
type Session struct {
	ID               uuid.UUID
	AccessToken      string
	ExpiresIn        time.Duration // of the access token
	RefreshToken     string
	RefreshExpiresAt time.Time
	RefreshExpiresIn time.Duration
	User             User
}

// LogIn starts a session. An unknown address and a wrong password get the
// same answer after the same work. Faults: ErrCredentials, ErrBusy.
func (a *Account) LogIn(ctx context.Context, email, password string) (Session, error) {
	key, err := emailKey(email)
	if err != nil {
		key = "" // nobody's: it is looked up all the same
	}
	found, err := a.credentials(ctx, key)
	if err != nil {
		return Session{}, err
	}
	ok, outdated, err := a.passwords.verify(ctx, password, found.PasswordHash)
	if err != nil {
		return Session{}, err
	}
	if !ok {
		return Session{}, ErrCredentials
	}
	var rehashed string
	if outdated {
		if rehashed, err = a.passwords.hash(ctx, password); err != nil {
			return Session{}, err
		}
	}
	var s Session
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if rehashed != "" {
			if err := a.replaceHash(ctx, found.ID, found.PasswordHash, rehashed); err != nil {
				return err
			}
		}
		s, ok, err = a.startSession(ctx, found.ID)
		if err == nil && !ok {
			err = ErrCredentials // suspended in the meantime
		}
		return err
	})
	return s, err
}

// startSession opens a session, in the transaction of ctx, and ends the
// oldest beyond the twentieth; false when the user may not sign in.
func (a *Account) startSession(ctx context.Context, userID uuid.UUID) (Session, bool, error) {
	now := a.clock.Now()
	u, ok, err := a.lockUser(ctx, userID)
	if err != nil || !ok {
		return Session{}, false, err
	}
	row := sessionRow{ID: pg.NewID(), UserID: userID, Generation: 1, IdleExpiresAt: now.Add(idleTTL)}
	if err := a.insertSession(ctx, row, now, now.Add(absoluteTTL)); err != nil {
		return Session{}, false, err
	}
	evicted, err := a.capSessions(ctx, userID, now)
	if err != nil {
		return Session{}, false, err
	}
	if evicted > 0 {
		if err := a.outbox.Revoke(ctx, userID); err != nil {
			return Session{}, false, err
		}
	}
	s, err := a.present(row, u)
	return s, true, err
}

// present gives the keys to the current generation of a session.
func (a *Account) present(row sessionRow, u User) (Session, error) {
	access, err := a.tokens.sign(row.UserID, row.ID)
	return Session{
		ID: row.ID, AccessToken: access, ExpiresIn: accessTTL, User: u,
		RefreshToken:     a.refreshToken(row.ID, row.Generation),
		RefreshExpiresAt: row.IdleExpiresAt,
		RefreshExpiresIn: row.IdleExpiresAt.Sub(a.clock.Now()),
	}, err
}

// Authenticate says who sends an access token: its session lives and she may
// sign in. One statement. Fault: ErrUnauthenticated, whatever is wrong.
func (a *Account) Authenticate(ctx context.Context, bearer string) (Actor, error) {
	user, session, expires, err := a.tokens.read(bearer)
	if err != nil {
		// The cause stays inside: it may repeat parts of the token.
		return Actor{}, ErrUnauthenticated
	}
	return a.Recheck(ctx, Actor{ID: user, SessionID: session, ExpiresAt: expires})
}

// LogOut ends a session, and that of a refresh token; uuid.Nil and "" stand
// for none. It is no error when they are over or never were.
func (a *Account) LogOut(ctx context.Context, sessionID uuid.UUID, refreshToken string) error {
	other, _, _ := a.openRefreshToken(refreshToken)
	return a.db.InTx(ctx, func(ctx context.Context) error {
		for _, id := range []uuid.UUID{sessionID, other} {
			if id == uuid.Nil {
				continue
			}
			if _, err := a.end(ctx, id, EndedByLogout); err != nil {
				return err
			}
		}
		return nil
	})
}

// end ends a session and tells the streams, in the transaction of ctx;
// uuid.Nil when it was over already.
func (a *Account) end(ctx context.Context, id uuid.UUID, reason string) (userID uuid.UUID, err error) {
	userID, err = a.revokeSession(ctx, id, reason, a.clock.Now())
	if err != nil || userID == uuid.Nil {
		return uuid.Nil, err
	}
	return userID, a.outbox.Revoke(ctx, userID)
}

// RevokeAll ends every session of a user for one of the EndedBy reasons and
// closes her streams. She may sign in again if her account is active.
func (a *Account) RevokeAll(ctx context.Context, userID uuid.UUID, reason string) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.revokeSessions(ctx, userID, reason, a.clock.Now()); err != nil {
			return err
		}
		actor, _ := ActorFrom(ctx)
		if err := a.audit(ctx, actor.ID, "session.revoke-all", userID, map[string]string{"reason": reason}); err != nil {
			return fmt.Errorf("revoke sessions: %w", err)
		}
		return a.outbox.Revoke(ctx, userID)
	})
}
