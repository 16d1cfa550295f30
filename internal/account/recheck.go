package account

import "context"

// Recheck says who somebody is by now whose token was good a while ago: her
// session still lives and she may sign in. One statement. Fault:
// ErrUnauthenticated.
func (a *Account) Recheck(ctx context.Context, who Actor) (Actor, error) {
	row, ok, err := a.liveSession(ctx, who.ID, who.SessionID, a.clock.Now())
	if err != nil {
		return Actor{}, err
	}
	if !ok {
		return Actor{}, ErrUnauthenticated
	}
	return Actor{ID: who.ID, SessionID: who.SessionID, Verified: row.Verified, Roles: splitRoles(row.Roles), ExpiresAt: who.ExpiresAt}, nil
}
