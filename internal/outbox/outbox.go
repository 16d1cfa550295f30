// Package outbox carries live events from the transaction that caused them to
// every open stream: hints with ids and numbers, never content.
//
// Decisions: rows in PostgreSQL are the truth and NOTIFY only wakes; events
// are read in the order (xid, id) and only below the oldest running
// transaction, because ids are not handed out in the order of commits (so a
// long writing transaction anywhere in the server delays live events, and
// none of ours is long); what somebody loses must not wait for a stranger's
// transaction, so its NOTIFY names her; an audience is always named, there is
// no event for everybody.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Event is one hint. Either SpaceID or UserID says whom it is for: those who
// see the space, or one person.
type Event struct {
	Type       string
	SpaceID    uuid.UUID
	UserID     uuid.UUID
	TopicID    uuid.UUID
	PostID     uuid.UUID
	PostNumber int64
	Version    int64
	At         time.Time
	// Internal events steer streams and are never sent.
	Internal bool
	Position Position // set when read
}

// AccessChanged is the internal event that says: what this person may see has
// changed, look again at once.
const AccessChanged = "access.changed"

type payload struct {
	TopicID    uuid.UUID `json:"topic_id,omitzero"`
	PostID     uuid.UUID `json:"post_id,omitzero"`
	PostNumber int64     `json:"post_number,omitempty"`
	Version    int64     `json:"version,omitempty"`
	Internal   bool      `json:"internal,omitempty"`
}

// Position is a place in the order of events.
type Position struct {
	Epoch string
	Xid   uint64
	ID    int64
}

// String writes it as the id of a server-sent event.
func (p Position) String() string { return fmt.Sprintf("%s.%d.%d", p.Epoch, p.Xid, p.ID) }

// ParsePosition reads what String wrote; false for anything else.
func ParsePosition(s string) (Position, bool) {
	part := strings.Split(s, ".")
	if len(part) != 3 || part[0] == "" {
		return Position{}, false
	}
	xid, err1 := strconv.ParseUint(part[1], 10, 64)
	id, err2 := strconv.ParseInt(part[2], 10, 64)
	return Position{part[0], xid, id}, err1 == nil && err2 == nil
}

// Before reports whether p comes before q in the same epoch.
func (p Position) Before(q Position) bool {
	return p.Xid < q.Xid || (p.Xid == q.Xid && p.ID < q.ID)
}

// Outbox writes and reads events.
type Outbox struct {
	db    *pg.DB
	clock clock.Clock
}

// New gives the outbox of a database.
func New(db *pg.DB, c clock.Clock) *Outbox { return &Outbox{db, c} }

// Encode gives the payload column of an event, for callers that insert it in
// a statement of their own: INSERT INTO outbox (type, space_id, user_id,
// payload, created_at).
func (e Event) Encode() []byte {
	b, _ := json.Marshal(payload{e.TopicID, e.PostID, e.PostNumber, e.Version, e.Internal}) // cannot go wrong with these types
	return b
}

const insertSQL = `INSERT INTO outbox (type, space_id, user_id, payload, created_at)
VALUES ($1, nullif($2, '00000000-0000-0000-0000-000000000000'::uuid), nullif($3, '00000000-0000-0000-0000-000000000000'::uuid), $4, $5)`

// Publish adds an event to the transaction of ctx. It refuses to run outside
// one, and an event without an audience.
func (o *Outbox) Publish(ctx context.Context, e Event) error {
	tx, ok := o.db.Tx(ctx)
	if !ok {
		return errors.New("outbox: publish outside a transaction")
	}
	if e.SpaceID == uuid.Nil && e.UserID == uuid.Nil {
		return fmt.Errorf("outbox: %s has no audience", e.Type)
	}
	if _, err := tx.Exec(ctx, insertSQL, e.Type, e.SpaceID, e.UserID, e.Encode(), o.clock.Now()); err != nil {
		return fmt.Errorf("publish %s: %w", e.Type, err)
	}
	return nil
}

// Revoke tells the streams of a person, in the transaction of ctx, that what
// she may see has changed.
func (o *Outbox) Revoke(ctx context.Context, userID uuid.UUID) error {
	return o.RevokeAll(ctx, []uuid.UUID{userID})
}

const revokeSQL = `WITH told AS (
    INSERT INTO outbox (type, user_id, payload, created_at) SELECT $1, unnest($2::uuid[]), $3, $4 RETURNING user_id
)
SELECT pg_notify('outbox', user_id::text) FROM told`

// RevokeAll is Revoke for several people, in one statement.
func (o *Outbox) RevokeAll(ctx context.Context, userIDs []uuid.UUID) error {
	tx, ok := o.db.Tx(ctx)
	if !ok {
		return errors.New("outbox: publish outside a transaction")
	}
	if len(userIDs) == 0 {
		return nil
	}
	ids := make([]string, len(userIDs))
	for n, id := range userIDs {
		ids[n] = id.String()
	}
	internal := Event{Internal: true}.Encode()
	if _, err := tx.Exec(ctx, revokeSQL, AccessChanged, ids, internal, o.clock.Now()); err != nil {
		return fmt.Errorf("publish %s: %w", AccessChanged, err)
	}
	return nil
}

const headSQL = `
SELECT e.epoch, coalesce(last.xid, '0')::text::bigint, coalesce(last.id, 0)
FROM outbox_epoch e LEFT JOIN LATERAL (
    SELECT xid, id FROM outbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid DESC, id DESC LIMIT 1
) last ON true`

// Head is the position of the newest event that can be read.
func (o *Outbox) Head(ctx context.Context) (Position, error) {
	var p Position
	var xid int64
	if err := o.db.Pool().QueryRow(ctx, headSQL).Scan(&p.Epoch, &xid, &p.ID); err != nil {
		return p, fmt.Errorf("read the head of the outbox: %w", err)
	}
	p.Xid = uint64(xid) //nolint:gosec // a transaction id is not negative
	return p, nil
}

const afterSQL = `
SELECT xid::text::bigint, id, type, coalesce(space_id, '00000000-0000-0000-0000-000000000000'), coalesce(user_id, '00000000-0000-0000-0000-000000000000'), payload, created_at
FROM outbox
WHERE (xid, id) > ($1::text::xid8, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id LIMIT $3`

// After reads up to limit events behind p, oldest first.
func (o *Outbox) After(ctx context.Context, p Position, limit int) ([]Event, error) {
	rows, err := o.db.Pool().Query(ctx, afterSQL, strconv.FormatUint(p.Xid, 10), p.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var e Event
		var xid int64
		var raw []byte
		if err := row.Scan(&xid, &e.Position.ID, &e.Type, &e.SpaceID, &e.UserID, &raw, &e.At); err != nil {
			return e, err
		}
		e.Position.Epoch, e.Position.Xid = p.Epoch, uint64(xid) //nolint:gosec // a transaction id is not negative
		var body payload
		if err := json.Unmarshal(raw, &body); err != nil {
			return e, fmt.Errorf("read the payload of event %d: %w", e.Position.ID, err)
		}
		e.TopicID, e.PostID, e.PostNumber, e.Version, e.Internal = body.TopicID, body.PostID, body.PostNumber, body.Version, body.Internal
		return e, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return events, nil
}

// Covers reports whether every event behind p is still there, so that a
// stream may resume from it.
func (o *Outbox) Covers(ctx context.Context, p Position) (bool, error) {
	const sql = `SELECT (SELECT epoch FROM outbox_epoch) = $1
		AND (EXISTS (SELECT 1 FROM outbox WHERE xid = $2::text::xid8 AND id = $3)
		     OR ($3 = 0 AND $2 = '0' AND (EXISTS (SELECT 1 FROM outbox WHERE id = 1)
		                  OR pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass) IS NULL)))`
	var ok bool
	err := o.db.Pool().QueryRow(ctx, sql, p.Epoch, strconv.FormatUint(p.Xid, 10), p.ID).Scan(&ok)
	if err != nil {
		return false, fmt.Errorf("look up a position in the outbox: %w", err)
	}
	return ok, nil
}

// From the front, up to the first event that is not too old: a gap further back
// could not be told from continuity, and clocks of nodes differ. The newest
// event stays, so that there is always a place to resume from.
const pruneSQL = `
DELETE FROM outbox WHERE (xid, id) < (
    SELECT kept.xid, kept.id FROM outbox kept
    WHERE kept.created_at >= $1 OR (kept.xid, kept.id) = (SELECT last.xid, last.id FROM outbox last ORDER BY last.xid DESC, last.id DESC LIMIT 1)
    ORDER BY kept.xid, kept.id LIMIT 1)`

// Prune forgets events older than age. A stream that was away longer is told
// to fetch everything anew.
func (o *Outbox) Prune(ctx context.Context, age time.Duration) error {
	if _, err := o.db.Pool().Exec(ctx, pruneSQL, o.clock.Now().Add(-age)); err != nil {
		return fmt.Errorf("prune the outbox: %w", err)
	}
	return nil
}
