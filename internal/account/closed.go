package account

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Doorkeeper knows to whom the community is closed. Both are asked in the
// transaction of ctx, in which her row is locked or new.
type Doorkeeper interface {
	// Closed says whether it is closed to somebody, and until when; nil: until
	// it is opened.
	Closed(ctx context.Context, userID uuid.UUID) (closed bool, until *time.Time, err error)
	// KeepClosed closes it to somebody who has made a new account.
	KeepClosed(ctx context.Context, userID uuid.UUID, until *time.Time) error
}

// ErrCommunityClosed is that somebody who sees nothing of the community gets no
// role in it.
var ErrCommunityClosed = &fault.Error{Kind: fault.Conflict, Code: "community-closed", Detail: "The community is closed to her. Let her in again first."}

// closedFor is how long an address is remembered to which the community was
// closed without an end.
const closedFor = 2 * 365 * 24 * time.Hour

// isClosed is false where nobody keeps the door.
func (a *Account) isClosed(ctx context.Context, userID uuid.UUID) (bool, *time.Time, error) {
	if a.doorkeeper == nil {
		return false, nil, nil
	}
	closed, until, err := a.doorkeeper.Closed(ctx, userID)
	if err != nil {
		err = fmt.Errorf("ask whether the community is closed to somebody: %w", err)
	}
	return closed, until, err
}

// rememberClosed keeps, for an account that is about to be erased, that the
// community or the account is closed to who has its address: leaving opens
// nothing. Where nothing is closed, nothing is remembered any more.
func (a *Account) rememberClosed(ctx context.Context, userID uuid.UUID, now time.Time) error {
	s, ok, err := a.standing(ctx, userID, now)
	if err != nil || !ok {
		return err
	}
	key, err := emailKey(s.Email)
	if err != nil {
		return nil //nolint:nilerr // an address of long ago, which nobody can sign up with
	}
	closed, end, err := a.isClosed(ctx, userID)
	if err != nil {
		return err
	}
	if s.Suspension != nil {
		closed, end = true, s.Suspension.EndsAt
	}
	if !closed {
		return a.forgetClosed(ctx, a.closedHashes(key))
	}
	until := now.Add(closedFor)
	if end != nil {
		until = *end
	}
	return a.insertClosed(ctx, a.closedHashes(key)[0], end, until)
}

// stillClosed closes the community to a new account whose address was left
// while it was closed. Only who has proved the address learns of it.
func (a *Account) stillClosed(ctx context.Context, u newUser) error {
	if a.doorkeeper == nil {
		return nil
	}
	left, ok, err := a.closedAddress(ctx, a.closedHashes(u.EmailKey), a.clock.Now())
	if err != nil || !ok {
		return err
	}
	if err := a.doorkeeper.KeepClosed(ctx, u.ID, left.EndsAt); err != nil {
		return fmt.Errorf("keep the community closed to somebody: %w", err)
	}
	return nil
}

// closedHashes stand for an address that is kept nowhere; only we can make them.
// The first is of the secret of now, another of the one before.
func (a *Account) closedHashes(emailKey string) []string {
	const purpose = "closed-address"
	all := []string{base64.RawURLEncoding.EncodeToString(a.mac(purpose, []byte(emailKey)))}
	if a.previous != nil {
		all = append(all, base64.RawURLEncoding.EncodeToString(derive(a.previous, purpose, []byte(emailKey))))
	}
	return all
}
