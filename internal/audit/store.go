package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

const (
	// The roles of who acts are those she holds as the act happens.
	insertSQL = `INSERT INTO audit_log (id, at, actor_id, action, target_kind, target_id, detail, request_id, subject_id, actor_roles)
VALUES ($1, $2, nullif($3, '00000000-0000-0000-0000-000000000000'::uuid), $4, $5, $6, $7, $8, nullif($9, '00000000-0000-0000-0000-000000000000'::uuid),
    (SELECT coalesce(string_agg(DISTINCT label, ',' ORDER BY label), '') FROM held_roles WHERE user_id = $3 AND (ends_at IS NULL OR ends_at > $2)))`
	entrySQL = `SELECT id, at, coalesce(actor_id, '00000000-0000-0000-0000-000000000000') AS actor_id, action, target_kind, target_id, detail, request_id,
    coalesce(actor_roles, '') AS actor_roles, coalesce(subject_id, '00000000-0000-0000-0000-000000000000') AS subject_id
FROM audit_log WHERE true`
	latestSQL = ` ORDER BY at DESC, id DESC LIMIT @limit`
	// The function decides by the database's clock what is old, and is the only
	// way to delete.
	forgetSQL = `SELECT forget_old_audit($1)`
)

// narrowed is entrySQL for what a filter takes behind a position. Only what
// narrows is in it, so that each has its index, whatever the plan is made for.
func narrowed(f Filter, after Position) string {
	conditions := []string{entrySQL}
	for _, c := range []struct {
		narrows   bool
		condition string
	}{
		{!after.At.IsZero(), `(at, id) < (@after, @id)`},
		{f.ActorID != uuid.Nil, `actor_id = @actor`},
		{f.Action != "", `action = @action`},
		{f.TargetKind != "", `target_kind = @kind`},
		{f.TargetID != "", `target_id = @target`},
		{f.RequestID != "", `request_id = @request AND request_id <> ''`},
		{!f.From.IsZero(), `at >= @from`},
		{!f.To.IsZero(), `at < @to`},
	} {
		if c.narrows {
			conditions = append(conditions, c.condition)
		}
	}
	return strings.Join(conditions, " AND ")
}

// readSQL is the statement of one page. Who acted, to whom and to whose things
// are three indexes: each gives a page, of which one is made.
func readSQL(f Filter, after Position) string {
	query := narrowed(f, after)
	if f.About == uuid.Nil {
		return query + latestSQL
	}
	return `SELECT id, at, actor_id, action, target_kind, target_id, detail, request_id, actor_roles, subject_id FROM (
    (` + query + ` AND actor_id = @about` + latestSQL + `)
    UNION ALL
    (` + query + ` AND target_kind = 'user' AND target_id = CAST(@about AS text) AND actor_id IS DISTINCT FROM @about` + latestSQL + `)
    UNION ALL
    (` + query + ` AND subject_id = @about AND actor_id IS DISTINCT FROM @about
        AND (target_kind <> 'user' OR target_id <> CAST(@about AS text))` + latestSQL + `)
) all_ways` + latestSQL
}

func readArgs(f Filter, after Position, limit int) []any {
	return []any{
		sql.Named("after", after.At), sql.Named("id", after.ID), sql.Named("actor", f.ActorID), sql.Named("about", f.About),
		sql.Named("action", f.Action), sql.Named("kind", f.TargetKind), sql.Named("target", f.TargetID), sql.Named("request", f.RequestID),
		sql.Named("from", f.From), sql.Named("to", f.To), sql.Named("limit", limit),
	}
}

type entryRow struct {
	ID         uuid.UUID
	At         time.Time
	ActorID    uuid.UUID
	Action     string
	TargetKind string
	TargetID   string
	Detail     []byte
	RequestID  string
	ActorRoles string
	SubjectID  uuid.UUID
}

func (r entryRow) recorded() (Recorded, error) {
	e := Recorded{
		ID: r.ID, At: r.At.UTC(), RequestID: r.RequestID,
		Entry: Entry{ActorID: r.ActorID, Action: r.Action, TargetKind: r.TargetKind, TargetID: r.TargetID, SubjectID: r.SubjectID},
	}
	var detail map[string]string
	if err := json.Unmarshal(r.Detail, &detail); err != nil {
		return e, fmt.Errorf("read the detail of an audit entry: %w", err)
	}
	e.Detail, e.Changes = changes(detail)
	if r.ActorRoles != "" {
		e.ActorRoles = strings.Split(r.ActorRoles, ",")
	}
	return e, nil
}

func (l *Log) read(ctx context.Context, f Filter, after Position, limit int) ([]Recorded, error) {
	rows, err := gorm.G[entryRow](l.db.Conn(ctx)).Raw(readSQL(f, after), readArgs(f, after, limit)...).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	page := make([]Recorded, len(rows))
	for i, r := range rows {
		if page[i], err = r.recorded(); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// forget deletes the oldest of the entries that are too old, and says how many
// they were.
func (l *Log) forget(ctx context.Context, atMost int) (gone int64, err error) {
	tx, ok := l.db.Tx(ctx)
	if !ok {
		return 0, errors.New("audit: forget outside a transaction")
	}
	if err := tx.QueryRow(ctx, forgetSQL, atMost).Scan(&gone); err != nil {
		return 0, fmt.Errorf("forget old audit entries: %w", err)
	}
	return gone, nil
}
