package account

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	grantSQL = `SELECT r.id, r.user_id, r.role, r.cohort_id, r.space_id, r.granted_by, r.granted_at, r.ends_at FROM held_roles r`
	// One row without a grant says that she is there and holds nothing.
	rolesOfSQL = `SELECT coalesce(r.id, '00000000-0000-0000-0000-000000000000') AS id, u.id AS user_id, coalesce(r.role, '') AS role,
    r.cohort_id, r.space_id, r.granted_by, coalesce(r.granted_at, u.created_at) AS granted_at, r.ends_at
FROM users u LEFT JOIN held_roles r ON r.user_id = u.id AND (r.ends_at IS NULL OR r.ends_at > @now)
WHERE u.id = @user AND u.state <> 'deleted' ORDER BY r.granted_at, r.id`
	oneGrantSQL  = grantSQL + ` WHERE r.user_id = @user AND r.id = @id AND (r.ends_at IS NULL OR r.ends_at > @now)`
	sameGrantSQL = grantSQL + ` WHERE r.user_id = @user AND r.role = @role AND r.cohort_id IS NOT DISTINCT FROM @cohort AND r.space_id IS NOT DISTINCT FROM @space
ORDER BY r.ends_at NULLS FIRST LIMIT 1`
	// Two of one role in one place come from a binary that knows no limits.
	dropSameSQL = `WITH everywhere AS (
    DELETE FROM user_roles WHERE user_id = @user AND role = @role AND CAST(@cohort AS uuid) IS NULL AND CAST(@space AS uuid) IS NULL
)
DELETE FROM limited_roles WHERE user_id = @user AND role = @role AND cohort_id IS NOT DISTINCT FROM @cohort AND space_id IS NOT DISTINCT FROM @space`
	insertRoleSQL = `INSERT INTO user_roles (id, user_id, role, granted_by, granted_at) VALUES (@id, @user, @role, @by, @at) RETURNING id`
	// Nothing is inserted for a place that is not there.
	insertLimitedSQL = `INSERT INTO limited_roles (id, user_id, role, cohort_id, space_id, granted_by, granted_at, ends_at)
SELECT CAST(@id AS uuid), CAST(@user AS uuid), CAST(@role AS text), c.id, s.id, CAST(@by AS uuid), CAST(@at AS timestamptz), CAST(@ends AS timestamptz)
FROM (SELECT 1) one LEFT JOIN cohorts c ON c.id = @cohort LEFT JOIN spaces s ON s.id = @space
WHERE c.id IS NOT DISTINCT FROM @cohort AND s.id IS NOT DISTINCT FROM @space RETURNING id`
	deleteGrantSQL = `WITH everywhere AS (DELETE FROM user_roles WHERE id = @id RETURNING id), limited AS (DELETE FROM limited_roles WHERE id = @id RETURNING id)
SELECT id FROM everywhere UNION ALL SELECT id FROM limited`
	pruneRolesSQL = `DELETE FROM limited_roles WHERE ends_at < ?`
	adminTurnSQL  = `SELECT pg_advisory_xact_lock(hashtextextended('account.admins', 0))`
	// A statement of its own behind the lock: it sees what the one before did.
	lastingSQL = `WITH lasting AS (
    SELECT r.user_id FROM user_roles r JOIN users u ON u.id = r.user_id WHERE r.role = 'admin' AND u.state = 'active'
)
SELECT EXISTS (SELECT 1 FROM lasting WHERE user_id = @user) AS is_one, EXISTS (SELECT 1 FROM lasting WHERE user_id <> @user) AS others`
)

type grantRow struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Role      Role
	CohortID  uuid.NullUUID
	SpaceID   uuid.NullUUID
	GrantedBy uuid.NullUUID
	GrantedAt time.Time
	EndsAt    sql.Null[time.Time]
}

func (r grantRow) grant() Grant {
	g := Grant{
		ID: r.ID, UserID: r.UserID, Role: r.Role, Scope: Scope{r.CohortID.UUID, r.SpaceID.UUID},
		GrantedBy: r.GrantedBy.UUID, GrantedAt: r.GrantedAt.UTC(),
	}
	if r.EndsAt.Valid {
		end := r.EndsAt.V.UTC()
		g.EndsAt = &end
	}
	return g
}

// splitRoles reads the labels of held_roles.
func splitRoles(s string) (everywhere []Role, scoped []Scoped) {
	everywhere = []Role{}
	for _, label := range splitList(s) {
		role, place, limited := strings.Cut(label, "@")
		if !limited {
			everywhere = append(everywhere, Role(role))
			continue
		}
		kind, id, _ := strings.Cut(place, ":")
		one := Scoped{Role: Role(role)}
		if kind == "cohort" {
			one.CohortID = uuid.MustParse(id) // the database wrote it
		} else {
			one.SpaceID = uuid.MustParse(id)
		}
		scoped = append(scoped, one)
	}
	return everywhere, scoped
}

func orNull(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }

func (a *Account) rolesOf(ctx context.Context, userID uuid.UUID, now time.Time) ([]Grant, error) {
	rows, err := pg.Many[grantRow](ctx, a.db, "read somebody's roles", rolesOfSQL, sql.Named("user", userID), sql.Named("now", now))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.ErrNotFound
	}
	grants := []Grant{}
	for _, r := range rows {
		if r.ID != uuid.Nil {
			grants = append(grants, r.grant())
		}
	}
	return grants, nil
}

func (a *Account) oneGrant(ctx context.Context, userID, id uuid.UUID) (Grant, bool, error) {
	row, ok, err := pg.One[grantRow](ctx, a.db, "read a role", oneGrantSQL, sql.Named("user", userID), sql.Named("id", id), sql.Named("now", a.clock.Now()))
	return row.grant(), ok, err
}

// sameGrant finds the one of the same role in the same place, ended or not.
func (a *Account) sameGrant(ctx context.Context, userID uuid.UUID, role Role, in Scope) (Grant, bool, error) {
	row, ok, err := pg.One[grantRow](ctx, a.db, "read a role", sameGrantSQL, sql.Named("user", userID), sql.Named("role", role),
		sql.Named("cohort", orNull(in.CohortID)), sql.Named("space", orNull(in.SpaceID)))
	return row.grant(), ok, err
}

// replaceGrant puts a grant in the place of the one of the same role and
// scope.
func (a *Account) replaceGrant(ctx context.Context, g Grant) error {
	args := []any{
		sql.Named("id", g.ID), sql.Named("user", g.UserID), sql.Named("role", g.Role), sql.Named("by", orNull(g.GrantedBy)),
		sql.Named("at", g.GrantedAt), sql.Named("ends", g.EndsAt),
		sql.Named("cohort", orNull(g.Scope.CohortID)), sql.Named("space", orNull(g.Scope.SpaceID)),
	}
	if err := a.exec(ctx, "make room for a role", dropSameSQL, args...); err != nil {
		return err
	}
	insert := insertLimitedSQL
	if g.Scope == (Scope{}) && g.EndsAt == nil {
		insert = insertRoleSQL
	}
	_, ok, err := pg.One[idRow](ctx, a.db, "grant a role", insert, args...)
	switch {
	case err != nil || ok:
		return err
	case g.Scope.CohortID != uuid.Nil:
		return errNoCohort
	}
	return errNoSpace
}

// deleteGrant fails with fault.ErrNotFound when the grant is gone meanwhile:
// one with another end may have taken its place.
func (a *Account) deleteGrant(ctx context.Context, id uuid.UUID) error {
	_, ok, err := pg.One[idRow](ctx, a.db, "take a role", deleteGrantSQL, sql.Named("id", id))
	if err == nil && !ok {
		err = fault.ErrNotFound
	}
	return err
}

// oneAdminAtATime lets transactions in which somebody may stop being an admin
// take turns.
func (a *Account) oneAdminAtATime(ctx context.Context) error {
	return a.exec(ctx, "wait for a turn among admins", adminTurnSQL)
}

// lastingAdmins says whether somebody is an active admin everywhere and
// without end, and whether another is.
func (a *Account) lastingAdmins(ctx context.Context, userID uuid.UUID) (is, others bool, err error) {
	type row struct{ IsOne, Others bool }
	found, _, err := pg.One[row](ctx, a.db, "count admins", lastingSQL, sql.Named("user", userID))
	return found.IsOne, found.Others, err
}
