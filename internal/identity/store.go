package identity

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	insertFlowSQL = `INSERT INTO identity_flows (id, provider, purpose, user_id, session_id, created_at, expires_at)
VALUES (?, ?, ?, nullif(?, '00000000-0000-0000-0000-000000000000'::uuid), nullif(?, '00000000-0000-0000-0000-000000000000'::uuid), ?, ?)`
	useFlowSQL = `UPDATE identity_flows SET used_at = @now
WHERE id = @id AND used_at IS NULL AND expires_at > @now AND purpose IN @purposes
  AND coalesce(user_id, '00000000-0000-0000-0000-000000000000') = @user
  AND coalesce(session_id, '00000000-0000-0000-0000-000000000000') = @session
RETURNING id, provider, purpose`
	pruneFlowsSQL = `DELETE FROM identity_flows WHERE expires_at < ?`

	knownSQL  = `SELECT user_id AS id FROM identities WHERE issuer = ? AND subject = ?`
	touchSQL  = `UPDATE identities SET last_used_at = ?, provider = ? WHERE issuer = ? AND subject = ? RETURNING user_id AS id`
	insertSQL = `INSERT INTO identities (id, user_id, provider, issuer, subject, linked_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING RETURNING id`
	listSQL      = `SELECT provider, linked_at, last_used_at FROM identities WHERE user_id = ? ORDER BY linked_at, id`
	oneSQL       = `SELECT provider, linked_at, last_used_at FROM identities WHERE user_id = ? AND issuer = ?`
	lockSQL      = `SELECT provider FROM identities WHERE user_id = ? ORDER BY id FOR UPDATE`
	removeSQL    = `DELETE FROM identities WHERE user_id = ? AND provider = ?`
	removeAllSQL = `DELETE FROM identities WHERE user_id = ? RETURNING provider`
)

func (i *Identity) exec(ctx context.Context, doing, sql string, args ...any) error {
	return pg.Exec(ctx, i.db, doing, sql, args...)
}

type idRow struct{ ID uuid.UUID }

func (i *Identity) insertFlow(ctx context.Context, f flow, who account.Actor, now, expires time.Time) error {
	return i.exec(ctx, "insert a sign-in flow", insertFlowSQL, f.ID, f.Provider, f.Purpose, who.ID, who.SessionID, now, expires)
}

// useFlow is false when a flow was used before, is too old, is for something
// else or was begun by somebody else.
func (i *Identity) useFlow(ctx context.Context, id uuid.UUID, who account.Actor, purposes []string, now time.Time) (flow, bool, error) {
	return pg.One[flow](ctx, i.db, "use a sign-in flow", useFlowSQL, sql.Named("now", now), sql.Named("id", id),
		sql.Named("purposes", purposes), sql.Named("user", who.ID), sql.Named("session", who.SessionID))
}

// known gives whose a person of a provider is; uuid.Nil for nobody's.
func (i *Identity) known(ctx context.Context, issuer, subject string) (uuid.UUID, error) {
	row, _, err := pg.One[idRow](ctx, i.db, "look up an identity", knownSQL, issuer, subject)
	return row.ID, err
}

// touch is known, and notes that it was used.
func (i *Identity) touch(ctx context.Context, p Provider, subject string, now time.Time) (uuid.UUID, error) {
	row, _, err := pg.One[idRow](ctx, i.db, "use an identity", touchSQL, now, p.Name, p.Issuer, subject)
	return row.ID, err
}

// insert is false when that person is linked, or she has linked another one of
// that provider.
func (i *Identity) insert(ctx context.Context, p Provider, subject string, userID uuid.UUID, now time.Time) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, i.db, "insert an identity", insertSQL, pg.NewID(), userID, p.Name, p.Issuer, subject, now)
	return ok, err
}

type linkedRow struct {
	Provider   string
	LinkedAt   time.Time
	LastUsedAt sql.Null[time.Time]
}

func (r linkedRow) linked() Linked {
	return Linked{Provider: r.Provider, LinkedAt: r.LinkedAt.UTC(), LastUsedAt: r.LastUsedAt.V}
}

func (i *Identity) list(ctx context.Context, userID uuid.UUID) ([]Linked, error) {
	rows, err := pg.Many[linkedRow](ctx, i.db, "list identities", listSQL, userID)
	all := make([]Linked, len(rows))
	for n, row := range rows {
		all[n] = row.linked()
	}
	return all, err
}

func (i *Identity) one(ctx context.Context, userID uuid.UUID, issuer string) (Linked, error) {
	row, _, err := pg.One[linkedRow](ctx, i.db, "read an identity", oneSQL, userID, issuer)
	return row.linked(), err
}

// lock gives the names of her providers, which nobody takes off meanwhile.
func (i *Identity) lock(ctx context.Context, userID uuid.UUID) ([]string, error) {
	rows, err := pg.Many[linkedRow](ctx, i.db, "lock identities", lockSQL, userID)
	return providers(rows), err
}

func (i *Identity) remove(ctx context.Context, userID uuid.UUID, provider string) error {
	return i.exec(ctx, "remove an identity", removeSQL, userID, provider)
}

// removeAll gives the names of what is gone.
func (i *Identity) removeAll(ctx context.Context, userID uuid.UUID) ([]string, error) {
	rows, err := pg.Many[linkedRow](ctx, i.db, "remove identities", removeAllSQL, userID)
	return providers(rows), err
}

func providers(rows []linkedRow) []string {
	names := make([]string, len(rows))
	for n, row := range rows {
		names[n] = row.Provider
	}
	return names
}

func (i *Identity) prune(ctx context.Context, before time.Time) error {
	return i.exec(ctx, "prune sign-in flows", pruneFlowsSQL, before)
}
