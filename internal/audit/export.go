package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/pkg/csvsafe"
)

// exportPage is how many entries of an export are in memory.
const exportPage = 500

// Export is the log, or what a filter left of it, on its way into a file. At
// is when it was asked for: what came later is not in it.
type Export struct {
	At     time.Time
	log    *Log
	filter Filter
	first  []Recorded
}

// Export begins to export what a filter takes, and records that by did.
// Whatever can go wrong at the start has gone wrong then. Three statements
// with those of the transaction left out. Who may is up to the caller.
func (l *Log) Export(ctx context.Context, by uuid.UUID, f Filter) (Export, error) {
	e := Export{At: l.clock.Now().UTC(), log: l, filter: f}
	if f.To.IsZero() || f.To.After(e.At) {
		e.filter.To = e.At
	}
	err := l.db.InTx(ctx, func(ctx context.Context) (err error) {
		if e.first, err = l.read(ctx, e.filter, Position{}, exportPage); err != nil {
			return err
		}
		return l.Record(ctx, Entry{ActorID: by, Action: "audit.export", TargetKind: "audit", TargetID: "log", Detail: f.detail()})
	})
	return e, err
}

// WriteCSV streams it, the latest entry first, safe to open in a spreadsheet.
// It holds a page of it, and nothing in the database while w is slow.
func (e Export) WriteCSV(ctx context.Context, w io.Writer) error {
	out := csvsafe.New(w, "id", "at", "actor_id", "actor_roles", "action", "target_kind", "target_id", "detail", "changes", "request_id", "subject_id")
	for page := e.first; ; {
		for _, r := range page {
			if err := r.write(out); err != nil {
				return fmt.Errorf("write an audit entry: %w", err)
			}
		}
		if len(page) < exportPage {
			return out.Flush()
		}
		last := page[len(page)-1]
		var err error
		if page, err = e.log.read(ctx, e.filter, Position{At: last.At, ID: last.ID}, exportPage); err != nil {
			return err
		}
	}
}

func (r Recorded) write(out *csvsafe.Writer) error {
	changed := ""
	if len(r.Changes) > 0 {
		b, err := json.Marshal(r.Changes)
		if err != nil {
			return fmt.Errorf("encode changes: %w", err)
		}
		changed = string(b)
	}
	detail, err := json.Marshal(r.Detail)
	if err != nil {
		return fmt.Errorf("encode a detail: %w", err)
	}
	return out.Row(r.ID, r.At, orEmpty(r.ActorID), strings.Join(r.ActorRoles, " "), r.Action, r.TargetKind, r.TargetID, string(detail), changed,
		r.RequestID, orEmpty(r.SubjectID))
}

// orEmpty leaves a cell empty for nobody.
func orEmpty(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}

var plain = regexp.MustCompile(`^[a-z0-9]+([.:-][a-z0-9]+)*$`)

// detail is what was asked for. What is no id or code is left out: somebody
// may have typed an address.
func (f Filter) detail() map[string]string {
	d := map[string]string{"action": f.Action, "target_kind": f.TargetKind, "target_id": f.TargetID, "request_id": f.RequestID}
	for name, id := range map[string]uuid.UUID{"actor_id": f.ActorID, "about": f.About} {
		if id != uuid.Nil {
			d[name] = id.String()
		}
	}
	for name, value := range d {
		switch {
		case value == "":
			delete(d, name)
		case !plain.MatchString(value):
			d[name] = "…"
		}
	}
	for name, at := range map[string]time.Time{"since": f.From, "until": f.To} {
		if !at.IsZero() {
			d[name] = at.UTC().Format(time.RFC3339)
		}
	}
	return d
}
