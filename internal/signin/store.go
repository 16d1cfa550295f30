package signin

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func (s *Signin) exec(ctx context.Context, doing, query string, args ...any) error {
	return pg.Exec(ctx, s.db, doing, query, args...)
}

type idRow struct{ ID uuid.UUID }

// What is done with the secrets of one person, or of an address that is
// nobody's, is done one after the other until the transaction ends: so tries
// are counted, and none waits for another's rows. A lock like this writes
// nothing, and costs the same for every address.
const (
	turnSQL          = `SELECT pg_advisory_xact_lock(hashtextextended('signin:' || ?::text, 0))`
	turnOfAddressSQL = `SELECT pg_advisory_xact_lock(hashtextextended('signin:' || coalesce((SELECT id::text FROM users WHERE email_key = @key), @key), 0))`
	turnOfSecretSQL  = `SELECT pg_advisory_xact_lock(hashtextextended('signin:' || coalesce((SELECT user_id::text FROM secrets WHERE id = @id), ''), 0))`
	turnOfChangeSQL  = `SELECT pg_advisory_xact_lock(hashtextextended('signin:' || coalesce((SELECT user_id::text FROM email_changes WHERE id = @id), ''), 0))`
)

func (s *Signin) turnOf(ctx context.Context, userID uuid.UUID) error {
	return s.exec(ctx, "wait for a turn", turnSQL, userID)
}

func (s *Signin) turnOfAddress(ctx context.Context, key string) error {
	return s.exec(ctx, "wait for the turn of an address", turnOfAddressSQL, sql.Named("key", key))
}

func (s *Signin) turnOfSecret(ctx context.Context, id uuid.UUID) error {
	return s.exec(ctx, "wait for the turn of a secret", turnOfSecretSQL, sql.Named("id", id))
}

func (s *Signin) turnOfChange(ctx context.Context, id uuid.UUID) error {
	return s.exec(ctx, "wait for the turn of a change", turnOfChangeSQL, sql.Named("id", id))
}

const (
	insertSecretSQL = `INSERT INTO secrets (id, kind, email_key, tries, created_at, expires_at) VALUES (?, ?, ?, 0, ?, ?)`
	askedSQL        = `SELECT email_key, kind FROM secrets WHERE id = ?`
	// A repeated job finds its own claim; beyond the numbers nothing is sent.
	claimSecretSQL = `UPDATE secrets s SET mailed_at = coalesce(s.mailed_at, @now), user_id = @user
WHERE s.id = @id AND s.used_at IS NULL AND s.expires_at > @now AND (s.mailed_at IS NOT NULL OR (
    SELECT count(*) < @daily AND count(*) FILTER (WHERE o.mailed_at > @hour) < @hourly
    FROM secrets o WHERE o.email_key = s.email_key AND o.kind = s.kind AND o.mailed_at > @day))
RETURNING s.id`
	// Whose a secret is, and that she still has the address it was sent to.
	boundSQL     = `s.mailed_at IS NOT NULL AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.email_key = s.email_key AND u.email_verified_at IS NOT NULL AND u.state = 'active')`
	holderSQL    = `SELECT s.user_id AS id FROM secrets s WHERE s.id = ? AND s.kind = ? AND s.used_at IS NULL AND s.expires_at > ? AND ` + boundSQL
	useSecretSQL = `UPDATE secrets s SET used_at = ? WHERE s.id = ? AND s.kind = ? AND s.used_at IS NULL AND s.expires_at > ? AND ` + boundSQL + ` RETURNING s.user_id AS id`
	openCodesSQL = `SELECT s.id FROM secrets s WHERE s.kind = 'code' AND s.email_key = ? AND s.used_at IS NULL AND s.expires_at > ? AND s.tries < ?`
	tryCodesSQL  = `WITH tried AS (
    UPDATE secrets s SET tries = s.tries + 1, used_at = CASE WHEN s.id = @right AND ` + boundSQL + ` THEN CAST(@now AS timestamptz) END
    WHERE s.kind = 'code' AND s.email_key = @key AND s.used_at IS NULL AND s.expires_at > @now AND s.tries < @most
    RETURNING s.user_id, s.used_at)
SELECT user_id AS id FROM tried WHERE used_at IS NOT NULL`
	// Also what was asked for and not sent yet. The way back to an old address stays.
	endSecretsSQL = `WITH changes AS (
    UPDATE email_changes SET expires_at = @now WHERE user_id = @user AND expires_at > @now)
UPDATE secrets s SET expires_at = @now FROM users u
WHERE u.id = @user AND (s.user_id = u.id OR s.email_key = u.email_key) AND s.used_at IS NULL AND s.expires_at > @now`
	pruneSecretsSQL = `DELETE FROM secrets WHERE created_at < ?`
)

func (s *Signin) insertSecret(ctx context.Context, id uuid.UUID, k kind, key string, now, expires time.Time) error {
	return s.exec(ctx, "insert a secret", insertSecretSQL, id, k, key, now, expires)
}

// asked gives the address that a secret was asked for by.
func (s *Signin) asked(ctx context.Context, id uuid.UUID) (key string, k kind, err error) {
	row, _, err := pg.One[struct {
		EmailKey string
		Kind     kind
	}](ctx, s.db, "read a secret", askedSQL, id)
	return row.EmailKey, row.Kind, err
}

// claimSecret is false when the letter must not be sent (any more).
func (s *Signin) claimSecret(ctx context.Context, id uuid.UUID, key string, userID uuid.UUID) (ok bool, err error) {
	now := s.clock.Now()
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.turnOfAddress(ctx, key); err != nil {
			return err
		}
		_, ok, err = pg.One[idRow](ctx, s.db, "claim the letter of a secret", claimSecretSQL, append(limits(now), sql.Named("id", id), sql.Named("user", userID))...)
		return err
	})
	return ok, err
}

// limits are the named arguments of statements that claim a letter.
func limits(now time.Time) []any {
	return []any{
		sql.Named("now", now), sql.Named("hour", now.Add(-time.Hour)), sql.Named("day", now.Add(-24*time.Hour)),
		sql.Named("hourly", mailsPerHour), sql.Named("daily", mailsPerDay),
	}
}

// holder gives whose secret could be used now; uuid.Nil for none.
func (s *Signin) holder(ctx context.Context, k kind, id uuid.UUID, now time.Time) (uuid.UUID, error) {
	row, _, err := pg.One[idRow](ctx, s.db, "look at a secret", holderSQL, id, k, now)
	return row.ID, err
}

// useSecret gives whose it was; uuid.Nil when it opens nothing (any more).
func (s *Signin) useSecret(ctx context.Context, k kind, id uuid.UUID, now time.Time) (uuid.UUID, error) {
	row, _, err := pg.One[idRow](ctx, s.db, "use a secret", useSecretSQL, now, id, k, now)
	return row.ID, err
}

func (s *Signin) openCodes(ctx context.Context, key string, now time.Time) ([]uuid.UUID, error) {
	rows, err := gorm.G[idRow](s.db.Conn(ctx)).Raw(openCodesSQL, key, now, codeTries).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list open codes: %w", err)
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, nil
}

// tryCodes counts a try against the open codes of an address and uses up the
// right one (uuid.Nil: none was).
func (s *Signin) tryCodes(ctx context.Context, key string, right uuid.UUID, now time.Time) (uuid.UUID, error) {
	row, _, err := pg.One[idRow](ctx, s.db, "try a code", tryCodesSQL,
		sql.Named("right", right), sql.Named("now", now), sql.Named("key", key), sql.Named("most", codeTries))
	return row.ID, err
}

// endSecrets ends every code, reset and confirmation that is open for a user.
func (s *Signin) endSecrets(ctx context.Context, userID uuid.UUID, now time.Time) error {
	return s.exec(ctx, "end open secrets", endSecretsSQL, sql.Named("user", userID), sql.Named("now", now))
}

func (s *Signin) prune(ctx context.Context, now time.Time) error {
	if err := s.exec(ctx, "prune secrets", pruneSecretsSQL, now.Add(-keepSecrets)); err != nil {
		return err
	}
	return s.exec(ctx, "prune changes of address", pruneChangesSQL, now)
}
