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
func (f *Factor) SignInWithPasskey(ctx context.Context, a Assertion) (s account.Session, err error) {
	err = f.answered(ctx, toSignIn, account.Actor{}, a, ErrPasskey, func(ctx context.Context, user uuid.UUID) (ok bool, err error) {
		s, ok, err = f.account.SignIn(ctx, user, account.Proof{Way: account.ByPasskey, Full: true})
		return ok, err
	})
	f.account.NoteFailure(ctx, account.ByPasskey, "", err)
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
func (f *Factor) ProvePasskey(ctx context.Context, actor account.Actor, a Assertion) error {
	return f.answered(ctx, toProve, actor, a, account.ErrProofWrong, func(ctx context.Context, _ uuid.UUID) (bool, error) {
		return true, f.account.Prove(ctx, actor)
	})
}

// answered runs open for the owner of the passkey with which a challenge was
// answered rightly, in the transaction that notes its use. Faults: wrong,
// whatever open returns.
func (f *Factor) answered(ctx context.Context, purpose string, who account.Actor, a Assertion, wrong *fault.Error,
	open func(ctx context.Context, user uuid.UUID) (bool, error),
) error {
	heard, err := a.read()
	if err != nil {
		return wrong.Because(err)
	}
	if err := f.spend(ctx, purpose, heard.challenge, who, wrong); err != nil {
		return err
	}
	right := false
	err = f.db.InTx(ctx, func(ctx context.Context) error {
		row, ok, err := f.recognise(ctx, purpose, who, heard)
		if err != nil || !ok {
			return err // what is noted about a copy stays
		}
		right, err = open(ctx, row.UserID)
		return err
	})
	if err == nil && !right {
		return wrong
	}
	return err
}

// recognise finds the passkey of an answer and notes its use; false when it is
// none of ours, or not hers who acts, or the answer does not hold.
func (f *Factor) recognise(ctx context.Context, purpose string, who account.Actor, heard heardAssertion) (row passkeyRow, ok bool, err error) {
	row, ok, err = f.lockPasskey(ctx, heard.credential())
	if err != nil || !ok || who.ID != uuid.Nil && row.UserID != who.ID {
		return row, false, err
	}
	is, holds := f.party.used(row, heard, purpose == toSignIn)
	switch {
	case !holds:
		return row, false, nil
	case is.copied:
		return row, false, f.record(ctx, row.UserID, "passkey.copy", map[string]string{"passkey": row.ID.String()}, account.PasskeyCopied)
	}
	return row, true, f.touchPasskey(ctx, row.ID, is, f.clock.Now())
}
