package account

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// unnamed is what somebody is called until she says.
const unnamed = "Member"

// Join makes the account of somebody who has proved elsewhere that an address
// is hers, without a password. Of name as much is taken as makes one. It joins
// the transaction in which the proof is kept. Faults: an invalid address,
// ErrEmailTaken.
func (a *Account) Join(ctx context.Context, email, name string) (User, error) {
	key, err := emailKey(email)
	if err != nil {
		return User{}, err
	}
	now := a.clock.Now()
	u := newUser{ID: pg.NewID(), Email: email, EmailKey: key, DisplayName: nameFrom(name), CreatedAt: now, VerifiedAt: now}
	var made User
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.insertJoined(ctx, u); err != nil {
			return err
		}
		made, _, err = a.user(ctx, u.ID)
		return err
	})
	return made, err
}

func (a *Account) insertJoined(ctx context.Context, u newUser) error {
	ok, err := a.insertUser(ctx, u)
	if err != nil {
		return err
	}
	if !ok {
		return ErrEmailTaken
	}
	if err := a.audit(ctx, u.ID, "account.join", u.ID, nil); err != nil {
		return err
	}
	if err := a.stillSpent(ctx, u); err != nil {
		return err
	}
	return a.stillClosed(ctx, u)
}

// nameFrom makes a display name of what another system calls somebody.
func nameFrom(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if notInName(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
	if r := []rune(s); len(r) > longestName {
		s = strings.TrimSpace(string(r[:longestName]))
	}
	if s == "" {
		return unnamed
	}
	return s
}

// Taken reports whether an address has an account. Ask it only for somebody
// who has proved that the address is hers: to others it must stay unsaid.
func (a *Account) Taken(ctx context.Context, email string) (bool, error) {
	key, err := emailKey(email)
	if err != nil {
		return false, nil //nolint:nilerr // nobody can have signed up with it
	}
	found, err := a.credentials(ctx, key)
	return found.ID != uuid.Nil, err
}

// HasPassword reports whether somebody can sign in with a password.
func (a *Account) HasPassword(ctx context.Context, userID uuid.UUID) (bool, error) {
	hash, err := a.passwordHash(ctx, userID)
	return hash != "", err
}
