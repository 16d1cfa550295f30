package signin

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	changeColumns   = `c.id, c.user_id, c.session_id, c.old_email, c.old_key, c.new_email, c.new_key, c.created_at, c.confirmed_at IS NOT NULL AS confirmed`
	insertChangeSQL = `INSERT INTO email_changes (id, user_id, session_id, old_email, old_key, new_email, new_key, created_at, expires_at, undo_expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	// Letters are counted for the new address, which may be a stranger's, and for who chooses it.
	turnOfNewSQL   = `SELECT pg_advisory_xact_lock(hashtextextended('signin-new:' || new_key, 0)) FROM email_changes WHERE id = @id`
	claimChangeSQL = `UPDATE email_changes c SET mailed_at = coalesce(c.mailed_at, @now)
WHERE c.id = @id AND c.undo_expires_at > @now AND (c.mailed_at IS NOT NULL OR c.expires_at > @now AND (
    SELECT count(*) FILTER (WHERE o.new_key = c.new_key) < @daily
       AND count(*) FILTER (WHERE o.new_key = c.new_key AND o.mailed_at > @hour) < @hourly
       AND count(*) FILTER (WHERE o.user_id = c.user_id) < @daily
       AND count(*) FILTER (WHERE o.user_id = c.user_id AND o.mailed_at > @hour) < @hourly
    FROM email_changes o WHERE (o.new_key = c.new_key OR o.user_id = c.user_id) AND o.mailed_at > @day))
RETURNING ` + changeColumns
	takenSQL         = `SELECT id FROM users WHERE email_key = ? AND id <> ?`
	confirmChangeSQL = `UPDATE email_changes c SET confirmed_at = @now FROM users u
WHERE c.id = @id AND c.confirmed_at IS NULL AND c.undone_at IS NULL AND c.expires_at > @now AND c.mailed_at IS NOT NULL
  AND u.id = c.user_id AND u.email_key = c.old_key AND u.state = 'active'
RETURNING ` + changeColumns
	// Changes that came later lose their own way back.
	undoChangeSQL = `WITH undone AS (
    UPDATE email_changes c SET undone_at = @now FROM users u
    WHERE c.id = @id AND c.undone_at IS NULL AND c.undo_expires_at > @now AND c.mailed_at IS NOT NULL AND u.id = c.user_id AND u.state <> 'deleted'
    RETURNING ` + changeColumns + `
), later AS (
    UPDATE email_changes l SET undo_expires_at = @now FROM undone
    WHERE l.user_id = undone.user_id AND (l.created_at, l.id) > (undone.created_at, undone.id) AND l.undo_expires_at > @now
)
SELECT id, user_id, session_id, old_email, old_key, new_email, new_key, created_at, confirmed FROM undone`
	pruneChangesSQL = `DELETE FROM email_changes WHERE undo_expires_at < ?`
)

func (s *Signin) insertChange(ctx context.Context, c change) error {
	return s.exec(ctx, "insert a change of address", insertChangeSQL, c.ID, c.UserID, c.SessionID, c.OldEmail, c.OldKey, c.NewEmail, c.NewKey,
		c.CreatedAt, c.CreatedAt.Add(confirmTTL), c.CreatedAt.Add(undoTTL))
}

// claimChange is false when the letters must not be sent (any more).
func (s *Signin) claimChange(ctx context.Context, id uuid.UUID) (c change, ok bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.turnOfChange(ctx, id); err != nil {
			return err
		}
		if err := s.exec(ctx, "wait for the turn of a new address", turnOfNewSQL, sql.Named("id", id)); err != nil {
			return err
		}
		c, ok, err = pg.One[change](ctx, s.db, "claim the letters of a change", claimChangeSQL, append(limits(s.clock.Now()), sql.Named("id", id))...)
		return err
	})
	return c, ok, err
}

// taken reports whether the new address has an account that is not hers.
func (s *Signin) taken(ctx context.Context, c change) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, s.db, "look up a new address", takenSQL, c.NewKey, c.UserID)
	return ok, err
}

// confirmChange is false when the link opens nothing (any more).
func (s *Signin) confirmChange(ctx context.Context, id uuid.UUID, now time.Time) (change, bool, error) {
	return pg.One[change](ctx, s.db, "confirm a change of address", confirmChangeSQL, sql.Named("id", id), sql.Named("now", now))
}

// undoChange is false when the link opens nothing (any more).
func (s *Signin) undoChange(ctx context.Context, id uuid.UUID, now time.Time) (change, bool, error) {
	return pg.One[change](ctx, s.db, "undo a change of address", undoChangeSQL, sql.Named("id", id), sql.Named("now", now))
}
