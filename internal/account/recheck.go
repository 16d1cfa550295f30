package account

import "context"

// Recheck says who somebody is by now whose token was good a while ago: her
// session still lives and owes nothing, and she may sign in. One statement.
// Faults: ErrUnauthenticated, ErrFactorOwed, ErrEnrolmentOwed.
func (a *Account) Recheck(ctx context.Context, who Actor) (Actor, error) {
	who, err := a.recheck(ctx, who)
	if err == nil && who.Owes() {
		return Actor{}, who.Owed()
	}
	return who, err
}

func (a *Account) recheck(ctx context.Context, who Actor) (Actor, error) {
	row, ok, err := a.liveSession(ctx, who, a.clock.Now())
	if err != nil {
		return Actor{}, err
	}
	if !ok {
		return Actor{}, ErrUnauthenticated
	}
	who.Verified, who.Factors = row.Verified, splitList(row.Factors)
	who.Roles, who.Scoped = splitRoles(row.Roles)
	who.ProvedAt, who.ByFactor = row.ProvedAt.V, row.ByFactor
	return who, nil
}
