package account

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func (a *Account) exec(ctx context.Context, doing, sql string, args ...any) error {
	return pg.Exec(ctx, a.db, doing, sql, args...)
}

type idRow struct{ ID uuid.UUID }

type userRow struct {
	ID          uuid.UUID
	Email       string
	Verified    bool
	DisplayName string
	TimeZone    string
	Roles       string
	Factors     string
	Version     int64
	CreatedAt   time.Time
}

func (r userRow) user() User {
	roles, scoped := splitRoles(r.Roles)
	return User{
		ID: r.ID, Email: r.Email, Verified: r.Verified, DisplayName: r.DisplayName, TimeZone: r.TimeZone,
		Roles: roles, Scoped: scoped, Factors: splitList(r.Factors), Version: r.Version, CreatedAt: r.CreatedAt.UTC(),
	}
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

const (
	// It asks for a named argument: the time.
	rolesSQL = `coalesce((SELECT string_agg(DISTINCT r.label, ',' ORDER BY r.label) FROM held_roles r
    WHERE r.user_id = u.id AND (r.ends_at IS NULL OR r.ends_at > @now)), '') AS roles`
	userSQL = `SELECT u.id, u.email, u.email_verified_at IS NOT NULL AS verified, u.display_name, u.time_zone, u.factors, u.version, u.created_at, ` +
		rolesSQL + ` FROM users u WHERE u.id = @id AND u.state = 'active'`
	lockUserSQL   = userSQL + ` FOR NO KEY UPDATE OF u` // what she writes meanwhile does not wait
	addressSQL    = `SELECT id, coalesce(CASE WHEN state = 'active' THEN password_hash END, '') AS password_hash FROM users WHERE email_key = ?`
	insertUserSQL = `INSERT INTO users (id, email, email_key, email_verified_at, password_hash, display_name, time_zone, state, version, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, 'UTC', 'active', 1, ?, ?) ON CONFLICT (email_key) DO NOTHING RETURNING id`
	passwordHashSQL = `SELECT id, coalesce(password_hash, '') AS password_hash FROM users WHERE id = ? AND state = 'active'`
	replaceHashSQL  = `UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?`
	updateUserSQL   = `WITH before AS (
    SELECT id, display_name, time_zone FROM users WHERE id = @id AND state = 'active' AND (CAST(@version AS bigint) = 0 OR version = @version) FOR NO KEY UPDATE)
UPDATE users u SET display_name = coalesce(@name, u.display_name), time_zone = coalesce(@zone, u.time_zone), version = u.version + 1, updated_at = @now
FROM before b WHERE u.id = b.id RETURNING b.display_name, b.time_zone`
	closeUserSQL = `UPDATE users SET state = 'deleted', version = version + 1, updated_at = ? WHERE id = ? AND state <> 'deleted'`
)

func (a *Account) user(ctx context.Context, id uuid.UUID) (User, bool, error) {
	row, ok, err := pg.One[userRow](ctx, a.db, "read a user", userSQL, sql.Named("id", id), sql.Named("now", a.clock.Now()))
	return row.user(), ok, err
}

func (a *Account) lockUser(ctx context.Context, id uuid.UUID) (User, bool, error) {
	row, ok, err := pg.One[userRow](ctx, a.db, "lock a user", lockUserSQL, sql.Named("id", id), sql.Named("now", a.clock.Now()))
	return row.user(), ok, err
}

type credentialsRow struct {
	ID           uuid.UUID
	PasswordHash string // "" when she may not sign in
}

// credentials gives the zero row for an unknown address.
func (a *Account) credentials(ctx context.Context, key string) (credentialsRow, error) {
	row, _, err := pg.One[credentialsRow](ctx, a.db, "look up an address", addressSQL, key)
	return row, err
}

// passwordHash is "" for who has none.
func (a *Account) passwordHash(ctx context.Context, id uuid.UUID) (string, error) {
	row, _, err := pg.One[credentialsRow](ctx, a.db, "read a password hash", passwordHashSQL, id)
	return row.PasswordHash, err
}

// insertUser is false when the address has an account.
func (a *Account) insertUser(ctx context.Context, u newUser) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, a.db, "insert a user", insertUserSQL, u.ID, u.Email, u.EmailKey, u.VerifiedAt, u.PasswordHash,
		u.DisplayName, u.CreatedAt, u.CreatedAt)
	return ok, err
}

func (a *Account) replaceHash(ctx context.Context, id uuid.UUID, old, hash string) error {
	return a.exec(ctx, "replace a password hash", replaceHashSQL, hash, id, old)
}

// updateUser gives what was before.
func (a *Account) updateUser(ctx context.Context, id uuid.UUID, e Edit, version int64, now time.Time) (before editable, ok bool, err error) {
	return pg.One[editable](ctx, a.db, "change a user", updateUserSQL, sql.Named("id", id), sql.Named("version", version),
		sql.Named("name", e.DisplayName), sql.Named("zone", e.TimeZone), sql.Named("now", now))
}

func (a *Account) closeUser(ctx context.Context, id uuid.UUID, now time.Time) error {
	return a.exec(ctx, "close an account", closeUserSQL, now, id)
}

const (
	insertSignupSQL = `INSERT INTO signups (id, email, email_key, password_hash, display_name, tries, created_at, expires_at, invitation_id)
VALUES (?, ?, ?, ?, ?, 0, ?, ?, nullif(?, '00000000-0000-0000-0000-000000000000'::uuid))`
	// Letters to one address are counted one after the other.
	lockAddressSQL = `SELECT pg_advisory_xact_lock(hashtextextended('signup-mail:' || email_key, 0)) FROM signups WHERE id = ?`
	// A repeated job finds its own claim; beyond the numbers nothing is sent.
	claimMailSQL = `UPDATE signups s SET mailed_at = coalesce(s.mailed_at, @now)
WHERE s.id = @id AND s.used_at IS NULL AND s.expires_at > @now AND (s.mailed_at IS NOT NULL OR (
    SELECT count(*) < @daily AND count(*) FILTER (WHERE o.mailed_at > @hour) < @hourly
    FROM signups o WHERE o.email_key = s.email_key AND o.mailed_at > @day))
RETURNING s.id, s.email, s.email_key, s.password_hash, s.display_name, s.created_at`
	// Each try is counted, the right one uses it up: no two do.
	trySignupSQL = `UPDATE signups SET tries = tries + 1, used_at = CASE WHEN ? THEN ?::timestamptz END
WHERE id = ? AND used_at IS NULL AND expires_at > ? AND tries < ? AND mailed_at IS NOT NULL
RETURNING id, email, email_key, password_hash, display_name, created_at, invitation_id`
	signupHashSQL    = `SELECT id, password_hash FROM signups WHERE id = ?`
	pruneSignupsSQL  = `DELETE FROM signups WHERE expires_at < ?`
	pruneSessionsSQL = `DELETE FROM sessions WHERE expires_at < ? OR idle_expires_at < ? OR revoked_at < ?`
)

func (a *Account) insertSignup(ctx context.Context, s signup, now, expires time.Time) error {
	return a.exec(ctx, "insert a signup", insertSignupSQL, s.ID, s.Email, s.EmailKey, s.PasswordHash, s.DisplayName, now, expires, s.InvitationID)
}

// claimMail is false when the mail of an attempt must not be sent (any more).
func (a *Account) claimMail(ctx context.Context, id uuid.UUID, now time.Time) (s signup, ok bool, err error) {
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.exec(ctx, "wait for other letters to an address", lockAddressSQL, id); err != nil {
			return err
		}
		s, ok, err = pg.One[signup](ctx, a.db, "claim the mail of a signup", claimMailSQL, sql.Named("now", now), sql.Named("id", id),
			sql.Named("hour", now.Add(-time.Hour)), sql.Named("day", now.Add(-24*time.Hour)),
			sql.Named("hourly", mailsPerHour), sql.Named("daily", mailsPerDay))
		return err
	})
	return s, ok, err
}

// trySignup is false when an attempt cannot be tried (any more).
func (a *Account) trySignup(ctx context.Context, id uuid.UUID, right bool, now time.Time) (signup, bool, error) {
	return pg.One[signup](ctx, a.db, "try a signup", trySignupSQL, right, now, id, now, codeTries)
}

// signupHash is "" for an attempt that never was.
func (a *Account) signupHash(ctx context.Context, id uuid.UUID) (string, error) {
	row, _, err := pg.One[credentialsRow](ctx, a.db, "read the password hash of a signup", signupHashSQL, id)
	return row.PasswordHash, err
}

func (a *Account) prune(ctx context.Context, now time.Time) error {
	if err := a.exec(ctx, "prune signups", pruneSignupsSQL, now); err != nil {
		return err
	}
	old := now.Add(-keepSessions)
	if err := a.exec(ctx, "prune roles", pruneRolesSQL, old); err != nil {
		return err
	}
	if err := a.exec(ctx, "prune closed addresses", pruneClosedSQL, now); err != nil {
		return err
	}
	if err := a.exec(ctx, "prune addresses that had a trial", pruneTrialsSQL, now); err != nil {
		return err
	}
	return a.exec(ctx, "prune sessions", pruneSessionsSQL, old, old, old)
}
