package audit

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Filter narrows what is read; what is zero does not narrow.
type Filter struct {
	ActorID    uuid.UUID
	Action     string
	TargetKind string
	TargetID   string
	RequestID  string
	From, To   time.Time // From is in, To is out
	// About takes the entries of which this person is the actor, the target or
	// whose the target is.
	About uuid.UUID
}

// Recorded is an entry as it was kept.
type Recorded struct {
	Entry
	ID         uuid.UUID
	At         time.Time
	RequestID  string   // "" in background work
	ActorRoles []string // that the one who acted held then: admin, coach@cohort:…
	Changes    []Change // by field; Detail is without them
}

// Change is what a field was and is.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// changes takes the fields that changed out of a detail.
func changes(detail map[string]string) (rest map[string]string, all []Change) {
	rest = map[string]string{}
	fields := map[string]Change{}
	for key, value := range detail {
		if field, ok := strings.CutPrefix(key, beforeKey); ok {
			fields[field] = Change{field, value, fields[field].After}
		} else if field, ok := strings.CutPrefix(key, afterKey); ok {
			fields[field] = Change{field, fields[field].Before, value}
		} else {
			rest[key] = value
		}
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, fields[field])
	}
	return rest, all
}

// Position is that of an entry in the log, for the next page.
type Position struct {
	At time.Time
	ID uuid.UUID
}

// A page holds so many entries, if not said or said wrongly the usual number.
const (
	usualPage   = 30
	largestPage = 100
)

// Entries reads a page behind a position (the zero value: from the start), the
// latest first. more says that another page follows. One statement. Who may
// read what is up to the caller.
func (l *Log) Entries(ctx context.Context, f Filter, after Position, limit int) (page []Recorded, more bool, err error) {
	if limit <= 0 || limit > largestPage {
		limit = usualPage
	}
	page, err = l.read(ctx, f, after, limit+1)
	if err != nil {
		return nil, false, err
	}
	if len(page) > limit {
		return page[:limit], true, nil
	}
	return page, false, nil
}
