package identity

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// Linked is a provider that somebody signs in with.
type Linked struct {
	Provider   string
	LinkedAt   time.Time
	LastUsedAt time.Time // zero: never
}

// BeginLink starts linking a provider to the account of whoever acts; only
// her session can finish it. Faults: ErrNotFound, ErrProvider.
func (i *Identity) BeginLink(ctx context.Context, actor account.Actor, provider string) (Flow, error) {
	return i.begin(ctx, provider, toLink, actor)
}

// Link finishes what BeginLink started, once, in the same session. It is
// audited, and a mail tells her. Linking what is linked changes nothing.
// Faults: ErrFlow, ErrWrong, ErrProvider, ErrTaken, ErrLinked.
func (i *Identity) Link(ctx context.Context, actor account.Actor, r Return) (Linked, error) {
	f, c, err := i.consume(ctx, r, actor, toLink)
	if err != nil {
		return Linked{}, err
	}
	who, err := i.prove(ctx, f, c, r)
	if err != nil {
		return Linked{}, err
	}
	var made Linked
	err = i.db.InTx(ctx, func(ctx context.Context) error {
		made, err = i.link(ctx, actor, c.provider, who.subject)
		return err
	})
	return made, err
}

func (i *Identity) link(ctx context.Context, actor account.Actor, p Provider, subject string) (Linked, error) {
	now := i.clock.Now()
	made, err := i.insert(ctx, p, subject, actor.ID, now)
	if err != nil {
		return Linked{}, err
	}
	if made {
		if err := i.audit(ctx, "identity.link", actor.ID, p.Name); err != nil {
			return Linked{}, err
		}
		return Linked{Provider: p.Name, LinkedAt: now}, i.account.Tell(ctx, actor.ID, account.IdentityLinked)
	}
	owner, err := i.known(ctx, p.Issuer, subject)
	switch {
	case err != nil:
		return Linked{}, err
	case owner == uuid.Nil:
		return Linked{}, ErrLinked
	case owner != actor.ID:
		return Linked{}, ErrTaken
	}
	return i.one(ctx, actor.ID, p.Issuer)
}

// List gives the providers whoever acts signs in with, in the order in which
// they were linked.
func (i *Identity) List(ctx context.Context, actor account.Actor) ([]Linked, error) {
	return i.list(ctx, actor.ID)
}

// Unlink takes a provider off the account of whoever acts. It is audited, and
// a mail tells her. Sessions that began with it go on: she can end them.
// Faults: ErrNotFound, ErrOnlyWay.
func (i *Identity) Unlink(ctx context.Context, actor account.Actor, provider string) error {
	return i.db.InTx(ctx, func(ctx context.Context) error {
		hers, err := i.lock(ctx, actor.ID)
		if err != nil {
			return err
		}
		password, err := i.account.HasPassword(ctx, actor.ID)
		if err != nil {
			return err
		}
		others := ways{password: password, passkey: slices.Contains(actor.Factors, account.ByPasskey), configured: i.names()}
		if err := mayUnlink(hers, provider, others); err != nil {
			return err
		}
		if err := i.remove(ctx, actor.ID, provider); err != nil {
			return err
		}
		if err := i.audit(ctx, "identity.unlink", actor.ID, provider); err != nil {
			return err
		}
		return i.account.Tell(ctx, actor.ID, account.IdentityUnlinked)
	})
}

// UnlinkAll takes every provider off an account whose owner has taken it back.
// It joins the transaction of ctx, is audited, and whoever calls it tells her.
func (i *Identity) UnlinkAll(ctx context.Context, userID uuid.UUID) error {
	return i.db.InTx(ctx, func(ctx context.Context) error {
		gone, err := i.removeAll(ctx, userID)
		if err != nil {
			return err
		}
		for _, provider := range gone {
			if err := i.audit(ctx, "identity.unlink", userID, provider); err != nil {
				return err
			}
		}
		return nil
	})
}

func (i *Identity) names() []string {
	var all []string
	for _, c := range i.providers {
		all = append(all, c.provider.Name)
	}
	return all
}
