package account

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	signupTTL   = 24 * time.Hour
	codeTries   = 5
	mailsPerDay = 10 // to one address: each is another code to guess at
	longestName = 80
)

// NewSignup is what she gives to sign up.
type NewSignup struct{ Email, Password, DisplayName string }

// Verification is either the Token of her link, or Email and Code.
type Verification struct{ Token, Email, Code string }

// signup is one attempt to get an account.
type signup struct {
	ID           uuid.UUID
	Email        string
	EmailKey     string
	PasswordHash string
	DisplayName  string
	CreatedAt    time.Time
}

// SignUp promises a mail. It does the same, and as long, for every address:
// whether it is known is found out in the job that writes the mail. Faults:
// invalid values, ErrBusy.
func (a *Account) SignUp(ctx context.Context, n NewSignup) error {
	key, err := emailKey(n.Email)
	if err != nil {
		return err
	}
	name, err := displayName(n.DisplayName)
	if err != nil {
		return err
	}
	if err := a.passwords.check(n.Password, n.Email, name); err != nil {
		return err
	}
	hash, err := a.passwords.hash(ctx, n.Password)
	if err != nil {
		return err
	}
	s := signup{ID: pg.NewID(), Email: n.Email, EmailKey: key, PasswordHash: hash, DisplayName: name}
	return a.db.InTx(ctx, func(ctx context.Context) error {
		now := a.clock.Now()
		if err := a.insertSignup(ctx, s, now, now.Add(signupTTL)); err != nil {
			return err
		}
		return a.queue.Enqueue(ctx, signupMail{SignupID: s.ID})
	})
}

// Verify confirms an address, makes the account with the password of that
// attempt, and starts a session. Each attempt works once. A wrong code counts
// against every open attempt of its address, and the fifth spends their codes
// (links stay good). Faults: ErrCode at /code or /token, the same in every
// case.
func (a *Account) Verify(ctx context.Context, v Verification) (Session, error) {
	if err := a.db.Outside(ctx); err != nil {
		return Session{}, fmt.Errorf("verify: a wrong try must be committed: %w", err)
	}
	find, wrong, err := a.attempt(v)
	if err != nil {
		return Session{}, err
	}
	var s *Session
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		id, err := find(ctx)
		if err != nil || id == uuid.Nil {
			return err
		}
		s, err = a.join(ctx, id)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	if s == nil {
		return Session{}, wrong
	}
	return *s, nil
}

// attempt says how to find the attempt that v proves, uuid.Nil for none, and
// what to answer then.
func (a *Account) attempt(v Verification) (find func(context.Context) (uuid.UUID, error), wrong error, err error) {
	switch {
	case v.Token != "":
		find = func(context.Context) (uuid.UUID, error) {
			id, ok := a.openSignupToken(v.Token)
			if !ok {
				return uuid.Nil, nil
			}
			return id, nil
		}
		return find, wrongAt("/token"), nil
	case v.Email == "" && v.Code == "":
		return nil, nil, fault.InvalidField("/token", "required", "Send the token of the link, or email and code.")
	case v.Email == "":
		return nil, nil, fault.InvalidField("/email", "required", "A code needs the email it was sent to.")
	case v.Code == "":
		return nil, nil, fault.InvalidField("/code", "required", "An email needs the code that was sent to it.")
	}
	find = func(ctx context.Context) (uuid.UUID, error) {
		key, err := emailKey(v.Email)
		if err != nil {
			return uuid.Nil, nil //nolint:nilerr // nobody can have signed up with it: the same answer
		}
		return a.tryCode(ctx, key, v.Code)
	}
	return find, wrongAt("/code"), nil
}

func wrongAt(pointer string) error {
	return ErrCode.At(fault.Field{Pointer: pointer, Code: ErrCode.Code, Detail: ErrCode.Detail})
}

// tryCode compares code with every open attempt of an address, all in the
// same time. The rows stay locked, so that guesses at once are counted one by
// one.
func (a *Account) tryCode(ctx context.Context, key, code string) (uuid.UUID, error) {
	open, err := a.lockSignups(ctx, key, a.clock.Now())
	if err != nil {
		return uuid.Nil, err
	}
	found := uuid.Nil
	for _, id := range open {
		if subtle.ConstantTimeCompare([]byte(a.signupCode(id)), []byte(code)) == 1 {
			found = id
		}
	}
	if found == uuid.Nil && len(open) > 0 {
		return found, a.countTry(ctx, open)
	}
	return found, nil
}

// join uses an attempt up and makes its account; nil when it was used before,
// is too old, or the address got an account in the meantime.
func (a *Account) join(ctx context.Context, id uuid.UUID) (*Session, error) {
	now := a.clock.Now()
	s, ok, err := a.useSignup(ctx, id, now)
	if err != nil || !ok {
		return nil, err
	}
	u := newUser{
		ID: pg.NewID(), Email: s.Email, EmailKey: s.EmailKey, PasswordHash: &s.PasswordHash,
		DisplayName: s.DisplayName, CreatedAt: now, VerifiedAt: now,
	}
	if ok, err = a.insertUser(ctx, u); err != nil || !ok {
		return nil, err
	}
	if err := a.audit(ctx, u.ID, "account.join", u.ID, nil); err != nil {
		return nil, err
	}
	session, ok, err := a.SignIn(ctx, u.ID, Proof{Way: ByCode})
	if err != nil || !ok {
		return nil, err
	}
	return &session, nil
}

// displayName takes off surrounding spaces and refuses what would not show as
// one line of writing.
func displayName(s string) (string, error) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	if n == 0 || n > longestName || !utf8.ValidString(s) || strings.ContainsFunc(s, notInName) {
		return "", fault.InvalidField("/display_name", "display-name", "A name is 1 to 80 characters on one line.")
	}
	return s, nil
}

// notInName finds controls, line ends and what turns the direction of text.
func notInName(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}
