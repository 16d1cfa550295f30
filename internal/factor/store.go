package factor

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func (f *Factor) exec(ctx context.Context, doing, sql string, args ...any) error {
	return pg.Exec(ctx, f.db, doing, sql, args...)
}

type idRow struct{ ID uuid.UUID }

type totpRow struct {
	ID     uuid.UUID
	UserID uuid.UUID
	Secret []byte
}

type triesRow struct {
	Wrong int
	Since time.Time
}

const (
	setSQL = `SELECT t.confirmed_at, t.last_used_at, (SELECT count(*) FROM passkeys WHERE user_id = @user) AS passkeys,
    (SELECT count(*) FROM recovery_codes WHERE user_id = @user AND used_at IS NULL) AS recovery_codes
FROM (SELECT 1) AS always LEFT JOIN totp_factors t ON t.user_id = @user AND t.confirmed_at IS NOT NULL`
	// It also counts anew when the window is over.
	lockSQL = `INSERT INTO factor_tries AS f (user_id, wrong, since) VALUES (@user, 0, @now)
ON CONFLICT (user_id) DO UPDATE SET
    wrong = CASE WHEN f.since <= @stale THEN 0 ELSE f.wrong END,
    since = CASE WHEN f.since <= @stale OR f.wrong = 0 THEN @now ELSE f.since END
RETURNING wrong, since`
	countWrongSQL = `UPDATE factor_tries SET wrong = wrong + 1 WHERE user_id = ?`
	insertTOTPSQL = `INSERT INTO totp_factors (id, user_id, secret, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT (user_id) WHERE confirmed_at IS NULL DO UPDATE SET id = excluded.id, secret = excluded.secret, created_at = excluded.created_at`
	begunTOTPSQL     = `SELECT id, user_id, secret FROM totp_factors WHERE user_id = ? AND confirmed_at IS NULL AND created_at > ? FOR UPDATE`
	confirmedTOTPSQL = `SELECT id, user_id, secret FROM totp_factors WHERE user_id = ? AND confirmed_at IS NOT NULL`
	deleteTOTPSQL    = `DELETE FROM totp_factors WHERE user_id = ? AND confirmed_at IS NOT NULL`
	confirmTOTPSQL   = `UPDATE totp_factors SET confirmed_at = ?, last_used_at = ?, last_step = ? WHERE id = ?`
	takeStepSQL      = `UPDATE totp_factors SET last_step = @step, last_used_at = @now WHERE id = @id AND last_step < @step RETURNING id`

	insertRecoveryCodesSQL = `INSERT INTO recovery_codes (id, user_id, created_at, made_with) SELECT unnest(CAST(@ids AS uuid[])), CAST(@user AS uuid), CAST(@now AS timestamptz), CAST(@key AS text)`
	recoveryCodesSQL       = `SELECT id FROM recovery_codes WHERE user_id = ? AND used_at IS NULL`
	useRecoveryCodeSQL     = `UPDATE recovery_codes SET used_at = ? WHERE id = ? AND used_at IS NULL RETURNING id`
	deleteRecoveryCodesSQL = `DELETE FROM recovery_codes WHERE user_id = ?`

	deleteSinceSQL = `WITH apps AS (
    DELETE FROM totp_factors WHERE user_id = @user AND coalesce(confirmed_at, created_at) >= @since RETURNING id
), keys AS (
    DELETE FROM passkeys WHERE user_id = @user AND created_at >= @since RETURNING id
), codes AS (
    DELETE FROM recovery_codes WHERE user_id = @user AND created_at >= @since RETURNING id
)
SELECT (SELECT count(*) FROM apps) + (SELECT count(*) FROM keys) + (SELECT count(*) FROM codes) AS n`

	pruneTOTPSQL  = `DELETE FROM totp_factors WHERE confirmed_at IS NULL AND created_at <= ?`
	pruneTriesSQL = `DELETE FROM factor_tries WHERE since <= ?`
)

func (f *Factor) set(ctx context.Context, who account.Actor) (Set, error) {
	type row struct {
		ConfirmedAt   sql.Null[time.Time]
		LastUsedAt    sql.Null[time.Time]
		Passkeys      int
		RecoveryCodes int
	}
	r, _, err := pg.One[row](ctx, f.db, "read second factors", setSQL, sql.Named("user", who.ID))
	s := Set{Required: who.Staff(), Passkeys: r.Passkeys, RecoveryCodes: r.RecoveryCodes}
	if r.ConfirmedAt.Valid {
		s.TOTP = &TOTP{ConfirmedAt: r.ConfirmedAt.V.UTC(), LastUsedAt: r.LastUsedAt.V.UTC()}
	}
	return s, err
}

// lock holds everything else that tries or changes her factors until the
// transaction of ctx ends.
func (f *Factor) lock(ctx context.Context, user uuid.UUID, now time.Time) (triesRow, error) {
	row, _, err := pg.One[triesRow](ctx, f.db, "lock second factors", lockSQL,
		sql.Named("user", user), sql.Named("now", now), sql.Named("stale", now.Add(-window)))
	return row, err
}

func (f *Factor) countWrong(ctx context.Context, user uuid.UUID) error {
	return f.exec(ctx, "count a wrong code", countWrongSQL, user)
}

func (f *Factor) insertTOTP(ctx context.Context, id, user uuid.UUID, sealed []byte, now time.Time) error {
	return f.exec(ctx, "insert an authenticator", insertTOTPSQL, id, user, sealed, now)
}

func (f *Factor) begunTOTP(ctx context.Context, user uuid.UUID, since time.Time) (totpRow, bool, error) {
	return pg.One[totpRow](ctx, f.db, "read a begun authenticator", begunTOTPSQL, user, since)
}

func (f *Factor) confirmedTOTP(ctx context.Context, user uuid.UUID) (totpRow, bool, error) {
	return pg.One[totpRow](ctx, f.db, "read an authenticator", confirmedTOTPSQL, user)
}

// confirmTOTP puts a begun authenticator in the place of the one before.
func (f *Factor) confirmTOTP(ctx context.Context, row totpRow, step int64, now time.Time) error {
	if err := f.deleteTOTP(ctx, row.UserID); err != nil {
		return err
	}
	return f.exec(ctx, "confirm an authenticator", confirmTOTPSQL, now, now, step, row.ID)
}

// takeStep is false when a code of this step or a later one was taken.
func (f *Factor) takeStep(ctx context.Context, id uuid.UUID, step int64, now time.Time) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, f.db, "take a code", takeStepSQL, sql.Named("step", step), sql.Named("now", now), sql.Named("id", id))
	return ok, err
}

func (f *Factor) deleteTOTP(ctx context.Context, user uuid.UUID) error {
	return f.exec(ctx, "delete an authenticator", deleteTOTPSQL, user)
}

func (f *Factor) insertRecoveryCodes(ctx context.Context, user uuid.UUID, ids []uuid.UUID, now time.Time) error {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return f.exec(ctx, "insert recovery codes", insertRecoveryCodesSQL, sql.Named("ids", "{"+strings.Join(list, ",")+"}"), sql.Named("user", user), sql.Named("now", now),
		sql.Named("key", f.seal.name))
}

func (f *Factor) recoveryCodes(ctx context.Context, user uuid.UUID) ([]uuid.UUID, error) {
	rows, err := pg.Many[idRow](ctx, f.db, "read recovery codes", recoveryCodesSQL, user)
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}

// useRecoveryCode is false when somebody else was faster.
func (f *Factor) useRecoveryCode(ctx context.Context, id uuid.UUID, now time.Time) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, f.db, "use a recovery code", useRecoveryCodeSQL, now, id)
	return ok, err
}

func (f *Factor) deleteRecoveryCodes(ctx context.Context, user uuid.UUID) error {
	return f.exec(ctx, "delete recovery codes", deleteRecoveryCodesSQL, user)
}

// deleteSince gives how much was added since then.
func (f *Factor) deleteSince(ctx context.Context, user uuid.UUID, since time.Time) (int, error) {
	row, _, err := pg.One[struct{ N int }](ctx, f.db, "take off new factors", deleteSinceSQL, sql.Named("user", user), sql.Named("since", since))
	return row.N, err
}

// prune forgets what was never finished, and tries that count no more.
func (f *Factor) prune(ctx context.Context, now time.Time) error {
	if err := f.exec(ctx, "prune authenticators", pruneTOTPSQL, now.Add(-setUpTTL)); err != nil {
		return err
	}
	if err := f.exec(ctx, "prune tries", pruneTriesSQL, now.Add(-window)); err != nil {
		return err
	}
	return f.pruneChallenges(ctx, now)
}
