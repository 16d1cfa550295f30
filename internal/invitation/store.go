package invitation

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain.
type store struct{ db *pg.DB }

const columns = `i.id, i.created_by, i.email, i.email_key, i.plan, i.access_days, i.cohort_id, i.uses, i.used, i.created_at, i.expires_at, i.revoked_at`

func (s store) exec(ctx context.Context, doing, sql string, args ...any) error {
	return pg.Exec(ctx, s.db, doing, sql, args...)
}

func (s store) insert(ctx context.Context, o Offer) error {
	if err := gorm.G[Offer](s.db.Conn(ctx)).Create(ctx, &o); err != nil {
		return fmt.Errorf("insert an invitation: %w", err)
	}
	return nil
}

func (s store) byID(ctx context.Context, id uuid.UUID) (Offer, bool, error) {
	return pg.One[Offer](ctx, s.db, "read an invitation", `SELECT `+columns+` FROM invitations i WHERE i.id = ?`, id)
}

func (s store) lock(ctx context.Context, id uuid.UUID) (Offer, bool, error) {
	return pg.One[Offer](ctx, s.db, "lock an invitation", `SELECT `+columns+` FROM invitations i WHERE i.id = ? FOR UPDATE`, id)
}

func (s store) revoke(ctx context.Context, id uuid.UUID, now time.Time) error {
	return s.exec(ctx, "revoke an invitation", `UPDATE invitations SET revoked_at = ? WHERE id = ?`, now, id)
}

// Whoever has redeemed it before gets no row, and the caller rolls back the
// use that was counted.
const useSQL = `
WITH used AS (
    UPDATE invitations i SET used = i.used + 1
    WHERE i.id = @id AND i.used < i.uses AND i.expires_at > @now AND i.revoked_at IS NULL
      AND (i.email_key IS NULL OR i.email_key = (SELECT u.email_key FROM users u WHERE u.id = @user))
    RETURNING i.*
), her AS (
    INSERT INTO invitation_redemptions (invitation_id, user_id, redeemed_at) SELECT used.id, @user, @now FROM used
    ON CONFLICT DO NOTHING RETURNING invitation_id
)
SELECT ` + columns + ` FROM used i JOIN her ON her.invitation_id = i.id`

// use counts a use; false when there is none left for her.
func (s store) use(ctx context.Context, id, userID uuid.UUID, now time.Time) (Offer, bool, error) {
	return pg.One[Offer](ctx, s.db, "use an invitation", useSQL, sql.Named("id", id), sql.Named("user", userID), sql.Named("now", now))
}

// Redemption is that somebody said yes.
type Redemption struct {
	InvitationID uuid.UUID
	UserID       uuid.UUID
	RedeemedAt   time.Time
}

// TableName says where gorm finds it.
func (Redemption) TableName() string { return "invitation_redemptions" }

func (s store) redemption(ctx context.Context, id, userID uuid.UUID) (Redemption, bool, error) {
	const sql = `SELECT invitation_id, user_id, redeemed_at FROM invitation_redemptions WHERE invitation_id = ? AND user_id = ?`
	return pg.One[Redemption](ctx, s.db, "read a redemption", sql, id, userID)
}

const (
	lockMakerSQL = `SELECT id FROM users WHERE id = ? FOR NO KEY UPDATE`
	madeSQL      = `SELECT count(*) AS made, coalesce(min(created_at), ?) AS first FROM invitations WHERE created_by = ? AND created_at > ?`
)

// madeSince counts what somebody has made since a moment, and keeps her other
// requests waiting.
func (s store) madeSince(ctx context.Context, who uuid.UUID, since time.Time) (made int64, first time.Time, err error) {
	if err := s.exec(ctx, "lock whoever invites", lockMakerSQL, who); err != nil {
		return 0, first, err
	}
	type row struct {
		Made  int64
		First time.Time
	}
	r, _, err := pg.One[row](ctx, s.db, "count invitations", madeSQL, since, who, since)
	return r.Made, r.First, err
}

const listSQL = `
SELECT ` + columns + `, (SELECT max(l.mailed_at) FROM invitation_letters l WHERE l.invitation_id = i.id) AS mailed_at
FROM invitations i
WHERE (@maker = '00000000-0000-0000-0000-000000000000'::uuid OR i.created_by = @maker)
  AND (@cohort = '00000000-0000-0000-0000-000000000000'::uuid OR i.cohort_id = @cohort)
  AND (CAST(@after AS timestamptz) IS NULL OR (i.created_at, i.id) < (@after, @id))
ORDER BY i.created_at DESC, i.id DESC LIMIT @limit`

func (s store) list(ctx context.Context, maker, cohortID uuid.UUID, after Position, limit int) ([]Listed, error) {
	all, err := gorm.G[Listed](s.db.Conn(ctx)).Raw(listSQL, sql.Named("maker", maker), sql.Named("cohort", cohortID),
		sql.Named("after", sql.Null[time.Time]{V: after.CreatedAt, Valid: !after.CreatedAt.IsZero()}), sql.Named("id", after.ID),
		sql.Named("limit", limit)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

const (
	insertLetterSQL = `INSERT INTO invitation_letters (id, invitation_id, created_at) VALUES (?, ?, ?)`
	lastLetterSQL   = `SELECT created_at AS at FROM invitation_letters WHERE invitation_id = ? ORDER BY created_at DESC LIMIT 1`
	// Letters to one address take turns, so that they can be counted.
	queueLetterSQL = `SELECT pg_advisory_xact_lock(hashtextextended('invitation-mail ' || i.email_key, 0))
FROM invitation_letters l JOIN invitations i ON i.id = l.invitation_id WHERE l.id = ?`
	// A repeated job finds its own claim.
	claimLetterSQL = `UPDATE invitation_letters l SET mailed_at = coalesce(l.mailed_at, @now)
FROM invitations i
WHERE l.id = @id AND i.id = l.invitation_id AND i.email IS NOT NULL AND i.revoked_at IS NULL AND i.used < i.uses AND i.expires_at > @now
  AND (l.mailed_at IS NOT NULL OR @most > (SELECT count(*) FROM invitation_letters o JOIN invitations other ON other.id = o.invitation_id
                                           WHERE other.email_key = i.email_key AND o.mailed_at > @since))
RETURNING ` + columns
	pruneSQL = `DELETE FROM invitations WHERE expires_at < ? OR revoked_at < ?`
)

func (s store) insertLetter(ctx context.Context, id, invitationID uuid.UUID, now time.Time) error {
	return s.exec(ctx, "insert a letter", insertLetterSQL, id, invitationID, now)
}

// lastLetter gives when the last letter was promised; the zero time when none
// was.
func (s store) lastLetter(ctx context.Context, invitationID uuid.UUID) (time.Time, error) {
	r, _, err := pg.One[struct{ At time.Time }](ctx, s.db, "look for the last letter", lastLetterSQL, invitationID)
	return r.At, err
}

// claimLetter is false when a letter must not be sent (any more): the
// invitation is over, or its address has had enough for a day.
func (s store) claimLetter(ctx context.Context, id uuid.UUID, now time.Time) (o Offer, ok bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.exec(ctx, "queue a letter", queueLetterSQL, id); err != nil {
			return err
		}
		o, ok, err = pg.One[Offer](ctx, s.db, "claim a letter", claimLetterSQL, sql.Named("id", id), sql.Named("now", now),
			sql.Named("most", mailsPerDay), sql.Named("since", now.Add(-24*time.Hour)))
		return err
	})
	return o, ok, err
}

func (s store) prune(ctx context.Context, before time.Time) error {
	return s.exec(ctx, "prune invitations", pruneSQL, before, before)
}
