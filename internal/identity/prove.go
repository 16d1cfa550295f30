package identity

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// BeginProof starts a proof that whoever acts is still who she is, by signing
// in at a linked provider again: for who has no password and no second factor.
// Faults: ErrFactorOwed when she has one, ErrNotFound, ErrProvider.
func (i *Identity) BeginProof(ctx context.Context, actor account.Actor, provider string) (Flow, error) {
	if len(actor.Factors) > 0 {
		return Flow{}, account.ErrFactorOwed.By(actor.Factors...)
	}
	return i.begin(ctx, provider, toProve, actor)
}

// Prove finishes what BeginProof started, once, in the same session, and opens
// acts that need a fresh proof. The provider must say that she has signed in
// there just now, and she must be linked. It counts as a second factor where
// signing in with it does. Faults: ErrFlow, ErrWrong,
// ErrProvider, ErrFactorOwed, ErrProofWrong.
func (i *Identity) Prove(ctx context.Context, actor account.Actor, r Return) error {
	if len(actor.Factors) > 0 {
		return account.ErrFactorOwed.By(actor.Factors...)
	}
	f, c, err := i.consume(ctx, r, actor, toProve)
	if err != nil {
		return err
	}
	who, err := i.prove(ctx, f, c, r)
	if err != nil {
		return err
	}
	owner, err := i.known(ctx, c.provider.Issuer, who.subject)
	if err != nil {
		return err
	}
	if now := i.clock.Now(); owner != actor.ID || now.Sub(who.signedIn) > flowTTL || who.signedIn.After(now.Add(ahead)) {
		return account.ErrProofWrong
	}
	return i.account.ProveAgain(ctx, actor, c.provider.factor(who.acr, who.amr))
}
