// Package programme is what a member works through: the curriculum her cohort
// is pinned to, what of it is open to her and why the rest is not, and what she
// has done.
//
// Decisions: only facts are stored (an item was met, then, so); availability,
// counts and the state of modules are derived on every read. Published versions
// never change. What was met stays met and open, whatever happens to dates,
// cohort or membership. A locked item names every reason, not the first. A
// lesson waits for what its module waits for. Modules are never in the counts:
// their lessons are.
package programme

import (
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Faults of this domain. ErrLocked carries one field for each reason.
var (
	// ErrNoOutline: she is not enrolled, or not in that cohort.
	ErrNoOutline = &fault.Error{Kind: fault.Unknown, Code: "outline-none", Detail: "There is no programme for you here yet. It appears when you enrol in a cohort."}
	// ErrLocked: the item is not open to her; the fields name the reasons.
	ErrLocked = &fault.Error{Kind: fault.Conflict, Code: "item-locked", Detail: "This item is not open yet. The reasons tell what it waits for."}
	// ErrModule: a module is done when its mandatory lessons are.
	ErrModule = &fault.Error{Kind: fault.Conflict, Code: "item-derived", Detail: "A module is done when all its mandatory lessons are. Complete those."}
	// ErrVersion: the version cannot be published; the fields name the items.
	ErrVersion = &fault.Error{Kind: fault.Invalid, Code: "programme-invalid", Detail: "This version cannot be published as it is."}
)

// Programme serves outlines. It is safe for concurrent use.
type Programme struct {
	db    *pg.DB
	clock clock.Clock
}

// New gives the programmes of a database.
func New(db *pg.DB, c clock.Clock) *Programme { return &Programme{db: db, clock: c} }
