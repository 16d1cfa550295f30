package account

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	anyStateSQL         = `SELECT id, state FROM users WHERE id = ? AND state <> 'deleted' FOR NO KEY UPDATE`
	setStateSQL         = `UPDATE users SET state = ?, updated_at = ? WHERE id = ?`
	insertSuspensionSQL = `INSERT INTO suspensions (id, user_id, reason, told, suspended_by, starts_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?)`
	liftSuspensionSQL   = `UPDATE suspensions SET lifted_at = ? WHERE user_id = ? AND lifted_at IS NULL RETURNING id, user_id, reason, told, suspended_by, starts_at, ends_at`
	dueSuspensionsSQL   = `SELECT user_id AS id FROM suspensions WHERE lifted_at IS NULL AND ends_at <= ? ORDER BY ends_at LIMIT 100`
	suspendedSQL        = `SELECT id FROM users WHERE email_key = ? AND state = 'suspended'`
	standingSQL         = `SELECT u.id, u.display_name, u.email, u.email_verified_at IS NOT NULL AS verified, u.state, u.factors, u.created_at,
    (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.revoked_at IS NULL AND s.idle_expires_at > @now AND s.expires_at > @now) AS sessions,
    p.id AS suspension_id, coalesce(p.reason, '') AS reason, coalesce(p.told, '') AS told, p.suspended_by, p.starts_at, p.ends_at
FROM users u LEFT JOIN suspensions p ON p.user_id = u.id AND p.lifted_at IS NULL
WHERE u.id = @id AND u.state <> 'deleted'`
)

// setState moves an account from one state to another and gives the state it
// was in; one in a third state stays. Fault: fault.ErrNotFound.
func (a *Account) setState(ctx context.Context, userID uuid.UUID, from, to string, now time.Time) (before string, err error) {
	type row struct {
		ID    uuid.UUID
		State string
	}
	found, ok, err := pg.One[row](ctx, a.db, "lock an account", anyStateSQL, userID)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", fault.ErrNotFound
	case found.State != from:
		return found.State, nil
	}
	return found.State, a.exec(ctx, "change the state of an account", setStateSQL, to, now, userID)
}

type suspensionRow struct {
	ID          uuid.UUID
	UserID      uuid.UUID
	Reason      string
	Told        string
	SuspendedBy uuid.NullUUID
	StartsAt    time.Time
	EndsAt      *time.Time
}

func (r suspensionRow) suspension() Suspension {
	return Suspension{
		ID: r.ID, UserID: r.UserID, Reason: r.Reason, Told: r.Told, SuspendedBy: r.SuspendedBy.UUID, StartsAt: r.StartsAt.UTC(), EndsAt: r.EndsAt,
	}
}

func (a *Account) insertSuspension(ctx context.Context, s Suspension) error {
	return a.exec(ctx, "insert a suspension", insertSuspensionSQL, s.ID, s.UserID, s.Reason, s.Told, orNull(s.SuspendedBy), s.StartsAt, s.EndsAt)
}

// liftSuspension is false when there was none.
func (a *Account) liftSuspension(ctx context.Context, userID uuid.UUID, now time.Time) (Suspension, bool, error) {
	row, ok, err := pg.One[suspensionRow](ctx, a.db, "lift a suspension", liftSuspensionSQL, now, userID)
	return row.suspension(), ok, err
}

func (a *Account) dueSuspensions(ctx context.Context, now time.Time) ([]uuid.UUID, error) {
	rows, err := pg.Many[idRow](ctx, a.db, "look for suspensions that end", dueSuspensionsSQL, now)
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}

func (a *Account) suspendedAddress(ctx context.Context, key string) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, a.db, "ask whether letters are withheld", suspendedSQL, key)
	return ok, err
}

func (a *Account) standing(ctx context.Context, userID uuid.UUID, now time.Time) (Standing, bool, error) {
	type row struct {
		ID           uuid.UUID
		DisplayName  string
		Email        string
		Verified     bool
		State        string
		Factors      string
		CreatedAt    time.Time
		Sessions     int
		SuspensionID uuid.NullUUID
		Reason       string
		Told         string
		SuspendedBy  uuid.NullUUID
		StartsAt     sql.Null[time.Time]
		EndsAt       *time.Time
	}
	r, ok, err := pg.One[row](ctx, a.db, "read how an account stands", standingSQL, sql.Named("id", userID), sql.Named("now", now))
	s := Standing{
		ID: r.ID, DisplayName: r.DisplayName, Email: r.Email, Verified: r.Verified, State: r.State, Factors: splitList(r.Factors),
		CreatedAt: r.CreatedAt.UTC(), Sessions: r.Sessions,
	}
	if r.SuspensionID.Valid {
		p := suspensionRow{r.SuspensionID.UUID, r.ID, r.Reason, r.Told, r.SuspendedBy, r.StartsAt.V, r.EndsAt}.suspension()
		s.Suspension = &p
	}
	return s, ok, err
}
