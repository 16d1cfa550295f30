package account

import "context"

// Recheck says who somebody is by now whose token was good a while ago: her
// session still lives and she may sign in. One statement. Fault:
// ErrUnauthenticated.
func (a *Account) Recheck(ctx context.Context, who Actor) (Actor, error) {
	row, ok, err := a.liveSession(ctx, who, a.clock.Now())
	if err != nil {
		return Actor{}, err
	}
	if !ok {
		return Actor{}, ErrUnauthenticated
	}
	who.Verified, who.Factors, who.ProvedAt = row.Verified, splitList(row.Factors), row.ProvedAt.V
	who.Roles, who.Scoped = splitRoles(row.Roles)
	return who, nil
}
