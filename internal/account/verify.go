package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Verification is either Signup, which the browser was given that began, and
// the Code of its mail; or the Token of the link and the Password of that
// attempt.
type Verification struct{ Signup, Code, Token, Password string }

// Verify confirms an address, makes the account with the password of that
// attempt, and starts a session. Each attempt works once, and for whoever
// began it: a code needs the browser that signed up, a link its password. So
// a stranger who signs up with her address gains nothing when she types the
// code or opens the link of his mail. The fifth wrong try spends an attempt.
// Faults: ErrCode at /code or /token, the same in every case; ErrBusy.
func (a *Account) Verify(ctx context.Context, v Verification) (Session, error) {
	if err := a.db.Outside(ctx); err != nil {
		return Session{}, fmt.Errorf("verify: a wrong try must be committed: %w", err)
	}
	pointer, err := v.kind()
	if err != nil {
		return Session{}, err
	}
	id, right, err := a.judgeAttempt(ctx, v)
	if err != nil {
		return Session{}, err
	}
	var s *Session
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		s, err = a.join(ctx, id, right)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	if s == nil {
		return Session{}, ErrCode.At(fault.Field{Pointer: pointer, Code: ErrCode.Code, Detail: ErrCode.Detail})
	}
	return *s, nil
}

// kind gives where a wrong one is pointed out.
func (v Verification) kind() (pointer string, err error) {
	switch {
	case v.Token != "" && v.Password != "":
		return "/token", nil
	case v.Token != "":
		return "", fault.InvalidField("/password", "required", "A link needs the password that was chosen when signing up.")
	case v.Signup != "" && v.Code != "":
		return "/code", nil
	case v.Signup == "" && v.Code == "":
		return "", fault.InvalidField("/token", "required", "Send signup and code, or the token of the link and the password.")
	case v.Signup == "":
		return "", fault.InvalidField("/signup", "required", "A code needs the signup it belongs to.")
	}
	return "", fault.InvalidField("/code", "required", "A signup needs the code of its mail.")
}

// judgeAttempt says which attempt is meant and whether v proves it, after the
// same work in every case. Nothing is used up yet.
func (a *Account) judgeAttempt(ctx context.Context, v Verification) (id uuid.UUID, right bool, err error) {
	if v.Token == "" {
		id, ok := a.once.Open(forBrowser, v.Signup)
		same := subtle.ConstantTimeCompare([]byte(a.once.Code(forCode, id)), []byte(v.Code)) == 1
		return id, ok && same, nil
	}
	id, ok := a.once.Open(forLink, v.Token)
	hash, err := a.signupHash(ctx, id)
	if err != nil {
		return id, false, err
	}
	same, _, err := a.passwords.verify(ctx, v.Password, hash)
	return id, ok && same, err
}

// unlessTaken lets an address that got an account in the meantime look like any
// other wrong try.
func unlessTaken(err error) error {
	if errors.Is(err, ErrEmailTaken) {
		return nil
	}
	return err
}

// join counts the try and, when it is right, uses the attempt up and makes its
// account; nil when it was used before, is spent or too old, or the address
// got an account in the meantime.
func (a *Account) join(ctx context.Context, id uuid.UUID, right bool) (*Session, error) {
	now := a.clock.Now()
	s, ok, err := a.trySignup(ctx, id, right, now)
	if err != nil || !ok || !right {
		return nil, err
	}
	u := newUser{
		ID: pg.NewID(), Email: s.Email, EmailKey: s.EmailKey, PasswordHash: &s.PasswordHash,
		DisplayName: s.DisplayName, CreatedAt: now, VerifiedAt: now,
	}
	if err := a.insertJoined(ctx, u); err != nil {
		return nil, unlessTaken(err)
	}
	if err := a.joinedBy(ctx, u.ID, s.InvitationID); err != nil {
		return nil, err
	}
	session, ok, err := a.SignIn(ctx, u.ID, Proof{Way: ByCode})
	if err != nil || !ok {
		return nil, err
	}
	return &session, nil
}
