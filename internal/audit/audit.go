// Package audit keeps who did what to whom: append-only, in the same
// transaction as the act.
//
// Decisions: triggers refuse to change an entry, whoever asks; only the owner of
// the table can take them off, so production serves as another role (see
// deployments/postgres/roles.sql), and the doctor asks. Entries go after two
// years, through one function of the database that goes by its own clock and
// lets nothing younger pass; an entry says by id and code what happened, and one
// table turns codes into sentences for who reads about herself. Whom an act is
// about has a column of her own: what was done to her post is found by her and
// names her to nobody else.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Entry is one act. ActorID is uuid.Nil when the system acted. Detail says more
// by id and code, never an address, a private text, a secret or the id of a
// person; a field that changed is in it as before.<field> and after.<field>, see
// Changed.
type Entry struct {
	ActorID    uuid.UUID
	Action     string // topic.delete
	TargetKind string
	TargetID   string
	SubjectID  uuid.UUID // whose the target is, when it is not a person; uuid.Nil: nobody's
	Detail     map[string]string
}

// Log writes entries.
type Log struct {
	db    *pg.DB
	clock clock.Clock
}

// New gives the log of a database.
func New(db *pg.DB, c clock.Clock) *Log { return &Log{db, c} }

// Changed notes in detail what a field was and what it is. The same as before
// is no change.
func Changed(detail map[string]string, field, before, after string) {
	if before != after {
		detail[beforeKey+field], detail[afterKey+field] = before, after
	}
}

const (
	beforeKey = "before."
	afterKey  = "after."
)

// Record adds an entry to the transaction of ctx and refuses to run outside
// one.
func (l *Log) Record(ctx context.Context, e Entry) error {
	tx, ok := l.db.Tx(ctx)
	if !ok {
		return errors.New("audit: record outside a transaction")
	}
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("encode an audit entry: %w", err)
	}
	_, err = tx.Exec(ctx, insertSQL, pg.NewID(), l.clock.Now(), e.ActorID, e.Action, e.TargetKind, e.TargetID, detail, RequestID(ctx), e.SubjectID)
	if err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	return nil
}

type requestKey struct{}

// WithRequestID returns a context whose entries carry the id of the request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID gives the id of the request, or nothing in background work.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
