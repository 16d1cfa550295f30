package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

const readSQL = `SELECT id, at, coalesce(actor_id, '00000000-0000-0000-0000-000000000000') AS actor_id, action, target_kind, target_id, detail, request_id,
    coalesce(actor_roles, '') AS actor_roles
FROM audit_log
WHERE (CAST(@after AS timestamptz) IS NULL OR (at, id) < (@after, @id))
  AND (@actor = '00000000-0000-0000-0000-000000000000'::uuid OR actor_id = @actor)
  AND (@about = '00000000-0000-0000-0000-000000000000'::uuid OR actor_id = @about OR (target_kind = 'user' AND target_id = CAST(@about AS text)))
  AND (@action = '' OR action = @action) AND (@kind = '' OR target_kind = @kind) AND (@target = '' OR target_id = @target)
  AND (@request = '' OR request_id = @request)
  AND (CAST(@from AS timestamptz) IS NULL OR at >= @from) AND (CAST(@to AS timestamptz) IS NULL OR at < @to)
ORDER BY at DESC, id DESC LIMIT @limit`

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
}

func (l *Log) read(ctx context.Context, f Filter, after Position, limit int) ([]Recorded, error) {
	rows, err := gorm.G[entryRow](l.db.Conn(ctx)).Raw(readSQL,
		sql.Named("after", orNull(after.At)), sql.Named("id", after.ID), sql.Named("actor", f.ActorID), sql.Named("about", f.About),
		sql.Named("action", f.Action), sql.Named("kind", f.TargetKind), sql.Named("target", f.TargetID), sql.Named("request", f.RequestID),
		sql.Named("from", orNull(f.From)), sql.Named("to", orNull(f.To)), sql.Named("limit", limit)).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	page := make([]Recorded, len(rows))
	for i, r := range rows {
		page[i] = Recorded{
			ID: r.ID, At: r.At.UTC(), RequestID: r.RequestID,
			Entry: Entry{ActorID: r.ActorID, Action: r.Action, TargetKind: r.TargetKind, TargetID: r.TargetID},
		}
		var detail map[string]string
		if err := json.Unmarshal(r.Detail, &detail); err != nil {
			return nil, fmt.Errorf("read the detail of an audit entry: %w", err)
		}
		page[i].Detail, page[i].Changes = changes(detail)
		if r.ActorRoles != "" {
			page[i].ActorRoles = strings.Split(r.ActorRoles, ",")
		}
	}
	return page, nil
}

func orNull(t time.Time) sql.Null[time.Time] { return sql.Null[time.Time]{V: t, Valid: !t.IsZero()} }
