package sponsor

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain; seats are in store_seat.go.
type store struct{ db *pg.DB }

const columns = `s.id, s.organisation, s.seats, s.used, s.note, s.ends_at, s.ended_at, s.created_at`

type keyed struct{ ID uuid.UUID }

func (s store) insert(ctx context.Context, v Sponsorship) error {
	const sql = `INSERT INTO sponsorships (id, organisation, seats, used, note, ends_at, created_at) VALUES (?, ?, ?, 0, ?, ?, ?)`
	return pg.Exec(ctx, s.db, "insert a sponsorship", sql, v.ID, v.Organisation, v.Seats, v.Note, v.EndsAt, v.CreatedAt)
}

func (s store) byID(ctx context.Context, id uuid.UUID) (Sponsorship, bool, error) {
	return pg.One[Sponsorship](ctx, s.db, "read a sponsorship", `SELECT `+columns+` FROM sponsorships s WHERE s.id = ?`, id)
}

func (s store) lock(ctx context.Context, id uuid.UUID) (Sponsorship, bool, error) {
	return pg.One[Sponsorship](ctx, s.db, "lock a sponsorship", `SELECT `+columns+` FROM sponsorships s WHERE s.id = ? FOR NO KEY UPDATE`, id)
}

func (s store) change(ctx context.Context, v Sponsorship) error {
	const sql = `UPDATE sponsorships SET seats = ?, note = ?, ends_at = ? WHERE id = ?`
	return pg.Exec(ctx, s.db, "change a sponsorship", sql, v.Seats, v.Note, v.EndsAt, v.ID)
}

// end is false when it has ended already, or is not there.
func (s store) end(ctx context.Context, id uuid.UUID, now time.Time) (Sponsorship, bool, error) {
	const sql = `UPDATE sponsorships s SET ended_at = ? WHERE s.id = ? AND s.ended_at IS NULL RETURNING ` + columns
	return pg.One[Sponsorship](ctx, s.db, "end a sponsorship", sql, now, id)
}

// over are those whose end has passed.
func (s store) over(ctx context.Context, now time.Time, limit int) ([]Sponsorship, error) {
	const sql = `SELECT ` + columns + ` FROM sponsorships s WHERE s.ended_at IS NULL AND s.ends_at <= ? ORDER BY s.ends_at LIMIT ?`
	return pg.Many[Sponsorship](ctx, s.db, "look for sponsorships that are over", sql, now, limit)
}

func (s store) all(ctx context.Context, limit int) ([]Sponsorship, error) {
	const sql = `SELECT ` + columns + ` FROM sponsorships s ORDER BY s.created_at DESC, s.id DESC LIMIT ?`
	return pg.Many[Sponsorship](ctx, s.db, "list sponsorships", sql, limit)
}

func (s store) ofContact(ctx context.Context, userID uuid.UUID, limit int) ([]Sponsorship, error) {
	const sql = `SELECT ` + columns + ` FROM sponsorships s JOIN sponsor_contacts c ON c.sponsorship_id = s.id AND c.user_id = ?
		ORDER BY s.created_at DESC, s.id DESC LIMIT ?`
	return pg.Many[Sponsorship](ctx, s.db, "list the sponsorships of a contact", sql, userID, limit)
}

// visible is one that somebody speaks for, or any to an administrator.
func (s store) visible(ctx context.Context, id, userID uuid.UUID, all bool) (Sponsorship, bool, error) {
	const sql = `SELECT ` + columns + ` FROM sponsorships s WHERE s.id = ?
		AND (? OR EXISTS (SELECT 1 FROM sponsor_contacts c WHERE c.sponsorship_id = s.id AND c.user_id = ?))`
	return pg.One[Sponsorship](ctx, s.db, "read a sponsorship", sql, id, all, userID)
}

func (s store) addContact(ctx context.Context, id, userID uuid.UUID, now time.Time) (bool, error) {
	const sql = `INSERT INTO sponsor_contacts (sponsorship_id, user_id, added_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING user_id AS id`
	_, fresh, err := pg.One[keyed](ctx, s.db, "add a contact", sql, id, userID, now)
	return fresh, err
}

func (s store) removeContact(ctx context.Context, id, userID uuid.UUID) (bool, error) {
	const sql = `DELETE FROM sponsor_contacts WHERE sponsorship_id = ? AND user_id = ? RETURNING user_id AS id`
	_, was, err := pg.One[keyed](ctx, s.db, "remove a contact", sql, id, userID)
	return was, err
}
