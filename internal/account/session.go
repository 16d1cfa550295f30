package account

import (
	"context"
	"errors"
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
	EndedByLogout     = "logout"
	EndedByReuse      = "reuse"
	EndedByCap        = "cap"
	EndedByAdmin      = "admin"
	EndedElsewhere    = "elsewhere" // by herself, from another session
	EndedByPassword   = "password"  // it was changed
	EndedByEmail      = "email"     // it was changed
	EndedBySuspension = "suspended"
	EndedByErasure    = "erased"
)

// Ways of signing in.
const (
	ByPassword   = "password"
	ByCode       = "code" // or the link beside it
	ByPasskey    = "passkey"
	ByOIDC       = "oidc"
	ByInvitation = "invitation"
)

// Kinds of second factor, beside ByPasskey.
const (
	ByTOTP         = "totp"
	ByRecoveryCode = "recovery_code"
)

// Proof is how somebody has shown who she is.
type Proof struct {
	Way  string    // one of the ways above
	Full bool      // it stands for two factors, as a passkey with user verification does
	At   time.Time // when she gave it, if that was elsewhere; zero: now
}

// at is when a proof was given. None is given in the future.
func (p Proof) at(now time.Time) time.Time {
	if p.At.IsZero() {
		return now
	}
	return earlier(p.At, now)
}

// Session is a signed-in device with its keys.
type Session struct {
	ID               uuid.UUID
	AccessToken      string
	ExpiresIn        time.Duration // of the access token
	RefreshToken     string
	RefreshExpiresAt time.Time
	RefreshExpiresIn time.Duration
	DeviceToken      string // for KnownDevice, when she signs in again
	FactorOwed       bool   // it may do nothing before a second factor is proved
	User             User
}

// LogIn starts a session. An unknown address and a wrong password get the
// same answer after the same work. Faults: ErrCredentials, ErrBusy.
func (a *Account) LogIn(ctx context.Context, email, password string) (Session, error) {
	s, err := a.logIn(ctx, email, password)
	a.NoteFailure(ctx, ByPassword, email, err)
	return s, err
}

func (a *Account) logIn(ctx context.Context, email, password string) (Session, error) {
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
		if ok, err := a.keepsHash(ctx, found); err != nil || !ok {
			return errors.Join(err, ErrCredentials) // it was changed while we compared
		}
		if rehashed != "" {
			if err := a.replaceHash(ctx, found.ID, found.PasswordHash, rehashed); err != nil {
				return err
			}
		}
		s, ok, err = a.SignIn(ctx, found.ID, Proof{Way: ByPassword})
		if err == nil && !ok {
			err = ErrCredentials // suspended in the meantime
		}
		return err
	})
	return s, err
}

// SignIn opens a session for somebody who has proved who she is, and ends the
// one that her browser has held (see WithBrowser) and one beyond the twentieth:
// if any waits for a second factor that one, else the oldest; false when she
// may not sign in. Who has second
// factors, or a role, still owes one, unless the proof stands for two. It joins the
// transaction of ctx, in which the proof was used up.
func (a *Account) SignIn(ctx context.Context, userID uuid.UUID, by Proof) (s Session, ok bool, err error) {
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		s, ok, err = a.startSession(ctx, userID, by)
		return err
	})
	return s, ok, err
}

func (a *Account) startSession(ctx context.Context, userID uuid.UUID, by Proof) (Session, bool, error) {
	now := a.clock.Now()
	u, ok, err := a.lockUser(ctx, userID)
	if err != nil || !ok {
		return Session{}, false, err
	}
	row := sessionRow{
		ID: pg.NewID(), UserID: userID, Generation: 1, RotatedAt: now, IdleExpiresAt: now.Add(idleTTL), ExpiresAt: now.Add(absoluteTTL),
		Proved: by.Full || len(u.Factors) == 0, ByFactor: by.Full,
	}
	if err := a.leave(ctx, userID); err != nil {
		return Session{}, false, err
	}
	if err := a.insertSession(ctx, row, by, now); err != nil {
		return Session{}, false, err
	}
	if err := a.audit(ctx, userID, "session.begin", userID, map[string]string{"session": row.ID.String(), "way": by.Way}); err != nil {
		return Session{}, false, err
	}
	if err := a.evict(ctx, userID, row.ID, now); err != nil {
		return Session{}, false, err
	}
	s, err := a.present(row, u)
	return s, true, err
}

// evict ends what is beyond the most sessions that somebody may have.
func (a *Account) evict(ctx context.Context, userID, newest uuid.UUID, now time.Time) error {
	evicted, err := a.capSessions(ctx, userID, newest, now)
	if err != nil || len(evicted) == 0 {
		return err
	}
	for _, s := range evicted {
		if err := a.auditEnd(ctx, uuid.Nil, userID, s.ID, EndedByCap); err != nil {
			return err
		}
	}
	return a.outbox.Revoke(ctx, userID)
}

// present gives the keys to the current generation of a session.
func (a *Account) present(row sessionRow, u User) (Session, error) {
	access, err := a.tokens.sign(row.UserID, row.ID, row.Generation)
	return Session{
		ID: row.ID, AccessToken: access, ExpiresIn: accessTTL, User: u, FactorOwed: row.owes(u),
		RefreshToken:     a.refreshToken(row.ID, row.Generation),
		RefreshExpiresAt: row.IdleExpiresAt,
		RefreshExpiresIn: row.IdleExpiresAt.Sub(a.clock.Now()),
		DeviceToken:      a.deviceToken(row.ID, u.Email),
	}, err
}

// Authenticate says who sends an access token: its session lives and she may
// sign in. One statement. Fault: ErrUnauthenticated, whatever is wrong.
func (a *Account) Authenticate(ctx context.Context, bearer string) (Actor, error) {
	who, err := a.tokens.read(ctx, bearer)
	if err != nil {
		// The cause stays inside: it may repeat parts of the token.
		return Actor{}, ErrUnauthenticated
	}
	return a.recheck(ctx, who)
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
			owner, err := a.end(ctx, id, EndedByLogout)
			if err == nil && owner != uuid.Nil {
				err = a.auditEnd(ctx, owner, owner, id, EndedByLogout)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// auditEnd notes that one session of somebody has ended, and why.
func (a *Account) auditEnd(ctx context.Context, by, owner, session uuid.UUID, reason string) error {
	return a.audit(ctx, by, "session.end", owner, map[string]string{"session": session.String(), "reason": reason})
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
