package signin

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// RequestCode promises a letter with a code and a link, good for ten minutes,
// if the address has an account. It answers alike for every address. Fault:
// invalid at /email.
func (s *Signin) RequestCode(ctx context.Context, email string) error {
	return s.ask(ctx, kindCode, email)
}

// Key is either the Token of a link, or Email and Code.
type Key struct{ Token, Email, Code string }

// SignIn starts a session for whoever holds the key of a letter; with a second
// factor she still owes it. Code and link of one letter work once, together.
// The fifth wrong code spends every open code of the address; links stay good.
// Faults: ErrCode at /code or /token, the same in every case.
func (s *Signin) SignIn(ctx context.Context, k Key) (account.Session, error) {
	session, err := s.signIn(ctx, k)
	s.account.NoteFailure(ctx, account.ByCode, k.Email, err)
	return session, err
}

func (s *Signin) signIn(ctx context.Context, k Key) (account.Session, error) {
	if err := s.db.Outside(ctx); err != nil {
		return account.Session{}, fmt.Errorf("sign in: a wrong try must be committed: %w", err)
	}
	use, not, err := s.lock(k)
	if err != nil {
		return account.Session{}, err
	}
	var session account.Session
	var ok bool
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		userID, err := use(ctx)
		if err != nil || userID == uuid.Nil {
			return err
		}
		session, ok, err = s.account.SignIn(ctx, userID, account.Proof{Way: account.ByCode})
		return err
	})
	if err == nil && !ok {
		err = not
	}
	return session, err
}

// lock finds what a key fits: a function that uses it up and gives whose it
// was (uuid.Nil: nobody's), and the fault for that case.
func (s *Signin) lock(k Key) (use func(context.Context) (uuid.UUID, error), not, err error) {
	switch {
	case k.Token != "":
		id := s.open(string(kindCode), k.Token)
		return func(ctx context.Context) (uuid.UUID, error) { return s.spend(ctx, kindCode, id) }, wrong(ErrCode, "/token"), nil
	case k.Email == "" && k.Code == "":
		return nil, nil, fault.InvalidField("/token", "required", "Send the token of the link, or email and code.")
	case k.Email == "":
		return nil, nil, fault.InvalidField("/email", "required", "A code needs the email it was sent to.")
	case k.Code == "":
		return nil, nil, fault.InvalidField("/code", "required", "An email needs the code that was sent to it.")
	}
	key, err := account.EmailKey(k.Email)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context) (uuid.UUID, error) { return s.tryCode(ctx, key, k.Code) }, wrong(ErrCode, "/code"), nil
}

// spend uses up the secret behind a link.
func (s *Signin) spend(ctx context.Context, k kind, id uuid.UUID) (uuid.UUID, error) {
	if err := s.turnOfSecret(ctx, id); err != nil {
		return uuid.Nil, err
	}
	return s.useSecret(ctx, k, id, s.clock.Now())
}

// tryCode compares a code with every open one of an address, all in the same
// time, whether or not a letter was sent, so that nothing tells an address
// with an account from one without. One statement counts the try and uses up
// the code that was right; tries at once wait for each other.
func (s *Signin) tryCode(ctx context.Context, key, code string) (uuid.UUID, error) {
	if err := s.turnOfAddress(ctx, key); err != nil {
		return uuid.Nil, err
	}
	now := s.clock.Now()
	open, err := s.openCodes(ctx, key, now)
	if err != nil {
		return uuid.Nil, err
	}
	right := uuid.Nil
	for _, id := range open {
		if subtle.ConstantTimeCompare([]byte(s.once.Code(forDigits, id)), []byte(code)) == 1 {
			right = id
		}
	}
	return s.tryCodes(ctx, key, right, now)
}
