package factor

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Request is what a browser is asked to sign with a passkey.
type Request struct {
	Challenge

	Domain string       // whose passkey it must be
	Allow  []Descriptor // which ones may answer; none: any
}

// BeginPasskeySignIn asks for a passkey of anybody. Nobody has to say who she
// is, so that nobody learns who has one.
func (f *Factor) BeginPasskeySignIn(ctx context.Context) (Request, error) {
	c, err := f.challenge(ctx, toSignIn, account.Actor{})
	return Request{Challenge: c, Domain: f.domain}, err
}

// SignInWithPasskey opens a session for whoever holds the passkey. It stands
// for two factors: she owes none. Fault: ErrPasskey, whatever is wrong.
func (f *Factor) SignInWithPasskey(ctx context.Context, answer Assertion) (s account.Session, err error) {
	err = f.answered(ctx, toSignIn, account.Actor{}, answer, ErrPasskey, func(ctx context.Context, user uuid.UUID) (ok bool, err error) {
		s, ok, err = f.account.SignIn(ctx, user, account.Proof{Way: account.ByPasskey, Full: true})
		return ok, err
	})
	return s, err
}

// BeginPasskeyProof asks for a passkey of whoever acts. Fault: ErrPasskeyMissing.
func (f *Factor) BeginPasskeyProof(ctx context.Context, actor account.Actor) (Request, error) {
	hers, err := f.descriptors(ctx, actor.ID)
	if err != nil {
		return Request{}, err
	}
	if len(hers) == 0 {
		return Request{}, ErrPasskeyMissing
	}
	c, err := f.challenge(ctx, toProve, actor)
	return Request{Challenge: c, Domain: f.domain, Allow: hers}, err
}

// ProvePasskey pays what the session of whoever acts owes and makes it fresh,
// by one of her passkeys. Wrong answers are not counted: a signature cannot be
// guessed. Fault: account.ErrProofWrong.
func (f *Factor) ProvePasskey(ctx context.Context, actor account.Actor, answer Assertion) error {
	return f.answered(ctx, toProve, actor, answer, account.ErrProofWrong, func(ctx context.Context, _ uuid.UUID) (bool, error) {
		return true, f.account.Prove(ctx, actor)
	})
}

// answered runs open for the owner of the passkey with which a challenge was
// answered rightly, in the transaction that notes its use. What is noted about
// a copy stays, although a fault is returned. Faults: wrong, whatever open
// returns.
func (f *Factor) answered(ctx context.Context, purpose string, who account.Actor, answer Assertion, wrong *fault.Error,
	open func(ctx context.Context, user uuid.UUID) (bool, error),
) error {
	parsed, challenge, err := answer.read()
	if err != nil {
		return wrong.Because(err)
	}
	if err := f.spend(ctx, purpose, challenge, who, wrong); err != nil {
		return err
	}
	var no *fault.Error
	err = f.db.InTx(ctx, func(ctx context.Context) error {
		row, ok, err := f.lockPasskey(ctx, parsed.RawID)
		if err != nil {
			return err
		}
		if !ok || who.ID != uuid.Nil && row.UserID != who.ID {
			no = wrong
			return nil
		}
		is, err := f.party.used(row, challenge, parsed, purpose == toSignIn)
		if err != nil {
			no = wrong.Because(err)
			return nil //nolint:nilerr // a wrong answer is none of ours
		}
		if is.copied {
			no = wrong
			return f.record(ctx, row.UserID, "passkey.copy", map[string]string{"passkey": row.ID.String()}, account.PasskeyCopied)
		}
		if err := f.touchPasskey(ctx, row.ID, is, f.clock.Now()); err != nil {
			return err
		}
		if ok, err = open(ctx, row.UserID); err == nil && !ok {
			no = wrong
		}
		return err
	})
	if err == nil && no != nil {
		return no
	}
	return err
}
