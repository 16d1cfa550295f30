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
	signupTTL    = 24 * time.Hour
	codeTries    = 5
	mailsPerHour = 3 // to one address: nobody's mailbox is filled,
	mailsPerDay  = 10 // and each is another code to guess at
	longestName  = 80
)

// NewSignup is what she gives to sign up.
type NewSignup struct{ Email, Password, DisplayName string }

// Verification is either Signup, which the browser was given that began, and
// the Code of its mail; or the Token of the link and the Password of that
// attempt.
type Verification struct{ Signup, Code, Token, Password string }

// signup is one attempt to get an account.
type signup struct {
	ID           uuid.UUID
	Email        string
	EmailKey     string
	PasswordHash string
	DisplayName  string
	CreatedAt    time.Time
}

// SignUp promises a mail and gives what the browser that began must show
// together with its code. It does the same, and as long, for every address:
// whether it is known is found out in the job that writes the mail. Faults:
// invalid values, ErrBusy.
func (a *Account) SignUp(ctx context.Context, n NewSignup) (attempt string, err error) {
	key, err := emailKey(n.Email)
	if err != nil {
		return "", err
	}
	name, err := displayName(n.DisplayName)
	if err != nil {
		return "", err
	}
	if err := a.passwords.check(n.Password, n.Email, name); err != nil {
		return "", err
	}
	hash, err := a.passwords.hash(ctx, n.Password)
	if err != nil {
		return "", err
	}
	s := signup{ID: pg.NewID(), Email: n.Email, EmailKey: key, PasswordHash: hash, DisplayName: name}
	return a.seal(sealAttempt, s.ID), a.db.InTx(ctx, func(ctx context.Context) error {
		now := a.clock.Now()
		if err := a.insertSignup(ctx, s, now, now.Add(signupTTL)); err != nil {
			return err
		}
		return a.queue.Enqueue(ctx, signupMail{SignupID: s.ID})
	})
}

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
		id, ok := a.unseal(sealAttempt, v.Signup)
		same := subtle.ConstantTimeCompare([]byte(a.signupCode(id)), []byte(v.Code)) == 1
		return id, ok && same, nil
	}
	id, ok := a.unseal(sealSignup, v.Token)
	hash, err := a.signupHash(ctx, id)
	if err != nil {
		return id, false, err
	}
	same, _, err := a.passwords.verify(ctx, v.Password, hash)
	return id, ok && same, err
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
