package identity

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// SignIn finishes a sign-in that Begin started, once. Who is known gets a
// session; who is not gets an account if she asked for one, the provider
// vouches for an address of hers, and no account has that address. Faults:
// ErrFlow, ErrWrong, ErrProvider, ErrSignUp, ErrUnlinked, ErrUnproved.
func (i *Identity) SignIn(ctx context.Context, r Return) (account.Session, error) {
	s, err := i.signIn(ctx, r)
	i.account.NoteFailure(ctx, account.ByOIDC, "", err)
	return s, err
}

func (i *Identity) signIn(ctx context.Context, r Return) (account.Session, error) {
	f, c, err := i.consume(ctx, r, account.Actor{}, toSignIn, toSignUp)
	if err != nil {
		return account.Session{}, err
	}
	who, err := i.prove(ctx, f, c, r)
	if err != nil {
		return account.Session{}, err
	}
	if who, err = i.complete(ctx, c, who); err != nil {
		return account.Session{}, err
	}
	var s account.Session
	err = i.db.InTx(ctx, func(ctx context.Context) error {
		userID, err := i.admit(ctx, f, c, who)
		if err != nil {
			return err
		}
		var ok bool
		s, ok, err = i.account.SignIn(ctx, userID, account.Proof{
			Way: account.ByOIDC, Full: c.provider.factor(who.acr, who.amr), At: who.signedIn,
		})
		if err == nil && !ok {
			err = ErrWrong // she may not sign in
		}
		return err
	})
	return s, err
}

// complete asks the provider for the address of somebody we do not know, when
// it has not said it yet.
func (i *Identity) complete(ctx context.Context, c *client, who proof) (proof, error) {
	if who.email != "" {
		return who, nil
	}
	known, err := i.known(ctx, c.provider.Issuer, who.subject)
	if err != nil || known != uuid.Nil {
		return who, err
	}
	return c.userinfo(ctx, who)
}

// admit gives the account of a person of a provider, and makes it where that
// is allowed. In a transaction.
func (i *Identity) admit(ctx context.Context, f flow, c *client, who proof) (uuid.UUID, error) {
	userID, err := i.touch(ctx, c.provider, who.subject, i.clock.Now())
	if err != nil || userID != uuid.Nil {
		return userID, err
	}
	if who.email == "" || !who.verified {
		return uuid.Nil, ErrUnproved
	}
	if f.Purpose != toSignUp {
		return uuid.Nil, i.refuse(ctx, who.email)
	}
	u, err := i.account.Join(ctx, who.email, who.name)
	switch {
	case isInvalid(err):
		return uuid.Nil, ErrUnproved // no address that we can write to
	case fault.From(err) != nil:
		return uuid.Nil, ErrUnlinked
	case err != nil:
		return uuid.Nil, err
	}
	if ok, err := i.insert(ctx, c.provider, who.subject, u.ID, i.clock.Now()); err != nil || !ok {
		return uuid.Nil, orWrong(err)
	}
	return u.ID, i.audit(ctx, "identity.link", u.ID, c.provider.Name)
}

// refuse says to somebody without an identity here what she can do.
func (i *Identity) refuse(ctx context.Context, email string) error {
	taken, err := i.account.Taken(ctx, email)
	switch {
	case err != nil:
		return err
	case taken:
		return ErrUnlinked
	default:
		return ErrSignUp
	}
}

func isInvalid(err error) bool {
	f := fault.From(err)
	return f != nil && f.Kind == fault.Invalid
}

// orWrong is for who was linked by another flow at this very moment.
func orWrong(err error) error {
	if err == nil {
		return ErrWrong
	}
	return err
}
