package sponsor

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const invitationColumns = `i.id, i.sponsorship_id, i.email, i.email_key, i.created_at, i.expires_at, i.mailed_at, i.used_at`

func (s store) insertInvitation(ctx context.Context, i Invitation) error {
	const sql = `INSERT INTO sponsor_invitations (id, sponsorship_id, email, email_key, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`
	return pg.Exec(ctx, s.db, "insert an invitation to a seat", sql, i.ID, i.SponsorshipID, i.Email, i.EmailKey, i.CreatedAt, i.ExpiresAt)
}

func (s store) usable(ctx context.Context, id uuid.UUID, now time.Time) (Invitation, bool, error) {
	const sql = `SELECT ` + invitationColumns + ` FROM sponsor_invitations i WHERE i.id = ? AND i.used_at IS NULL AND i.expires_at > ?`
	return pg.One[Invitation](ctx, s.db, "read an invitation to a seat", sql, id, now)
}

// Of many hands that hold the link, one gets the row.
const useSQL = `UPDATE sponsor_invitations i SET used_at = @now
WHERE i.id = @id AND i.used_at IS NULL AND i.expires_at > @now
  AND (i.email_key IS NULL OR i.email_key = (SELECT u.email_key FROM users u WHERE u.id = @user))
RETURNING ` + invitationColumns

func (s store) use(ctx context.Context, id, userID uuid.UUID, now time.Time) (Invitation, bool, error) {
	return pg.One[Invitation](ctx, s.db, "use an invitation to a seat", useSQL, sql.Named("id", id), sql.Named("user", userID), sql.Named("now", now))
}

// claimLetter is false when it must not be sent (any more). A repeated job finds
// its own claim.
func (s store) claimLetter(ctx context.Context, id uuid.UUID, now time.Time) (Invitation, bool, error) {
	const sql = `UPDATE sponsor_invitations i SET mailed_at = coalesce(i.mailed_at, ?)
		FROM sponsorships s WHERE i.id = ? AND s.id = i.sponsorship_id AND s.ended_at IS NULL AND i.email IS NOT NULL AND i.used_at IS NULL
		AND i.expires_at > ? RETURNING ` + invitationColumns
	return pg.One[Invitation](ctx, s.db, "claim the letter of an invitation", sql, now, id, now)
}

func (s store) pruneInvitations(ctx context.Context, before time.Time) error {
	return pg.Exec(ctx, s.db, "forget invitations to seats", `DELETE FROM sponsor_invitations WHERE expires_at < ?`, before)
}

// take counts one more seat; not ok when none is left or it has ended.
func (s store) take(ctx context.Context, id uuid.UUID, now time.Time) (ended, ok bool, err error) {
	const sql = `UPDATE sponsorships SET used = used + 1
		WHERE id = ? AND used < seats AND ended_at IS NULL AND (ends_at IS NULL OR ends_at > ?) RETURNING id`
	if _, ok, err = pg.One[keyed](ctx, s.db, "take a seat", sql, id, now); err != nil || ok {
		return false, ok, err
	}
	of, _, err := s.byID(ctx, id)
	return of.EndedAt != nil || of.EndsAt != nil && !of.EndsAt.After(now), false, err
}

func (s store) giveBack(ctx context.Context, id uuid.UUID) error {
	return pg.Exec(ctx, s.db, "give a seat back", `UPDATE sponsorships SET used = used - 1 WHERE id = ?`, id)
}

const seatColumns = `id, sponsorship_id, user_id, grant_id, taken_at, released_at, told_at`

// insertSeat is false when she has one.
func (s store) insertSeat(ctx context.Context, v Seat) (bool, error) {
	const sql = `INSERT INTO sponsor_seats (id, sponsorship_id, user_id, grant_id, taken_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (user_id) WHERE released_at IS NULL DO NOTHING RETURNING id`
	_, fresh, err := pg.One[keyed](ctx, s.db, "insert a seat", sql, v.ID, v.SponsorshipID, v.UserID, v.GrantID, v.TakenAt)
	return fresh, err
}

func (s store) seatOf(ctx context.Context, userID uuid.UUID) (Seat, bool, error) {
	const sql = `SELECT ` + seatColumns + ` FROM sponsor_seats WHERE user_id = ? AND released_at IS NULL`
	return pg.One[Seat](ctx, s.db, "read the seat of a member", sql, userID)
}

func (s store) seat(ctx context.Context, id uuid.UUID) (Seat, bool, error) {
	return pg.One[Seat](ctx, s.db, "read a seat", `SELECT `+seatColumns+` FROM sponsor_seats WHERE id = ?`, id)
}

func (s store) releaseSeat(ctx context.Context, grantID uuid.UUID, now time.Time) (Seat, bool, error) {
	const sql = `UPDATE sponsor_seats SET released_at = ? WHERE grant_id = ? AND released_at IS NULL RETURNING ` + seatColumns
	return pg.One[Seat](ctx, s.db, "release a seat", sql, now, grantID)
}

// untold are the seats of an ended sponsorship whose members do not know yet.
func (s store) untold(ctx context.Context, id uuid.UUID, limit int) ([]Seat, error) {
	const sql = `SELECT ` + seatColumns + ` FROM sponsor_seats WHERE sponsorship_id = ? AND released_at IS NULL AND told_at IS NULL ORDER BY id LIMIT ?`
	return pg.Many[Seat](ctx, s.db, "look for seats that end", sql, id, limit)
}

func (s store) told(ctx context.Context, id uuid.UUID, now time.Time) error {
	return pg.Exec(ctx, s.db, "note that she knows", `UPDATE sponsor_seats SET told_at = ? WHERE id = ? AND told_at IS NULL`, now, id)
}

// left are seats whose members have left us.
func (s store) left(ctx context.Context, limit int) ([]Seat, error) {
	const sql = `SELECT ` + seatColumns + ` FROM sponsor_seats WHERE released_at IS NULL
		AND user_id IN (SELECT u.id FROM users u WHERE u.state = 'deleted') LIMIT ?`
	return pg.Many[Seat](ctx, s.db, "look for seats that nobody needs", sql, limit)
}

// faded are seats whose grant has run out by itself, after the end.
func (s store) faded(ctx context.Context, now time.Time) error {
	const sql = `UPDATE sponsor_seats SET released_at = ? WHERE released_at IS NULL AND told_at IS NOT NULL AND told_at + interval '31 days' < ?`
	return pg.Exec(ctx, s.db, "close seats that have run out", sql, now, now)
}
