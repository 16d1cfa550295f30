// Package profile is what somebody tells of herself and to whom: her profile
// field by field, the directory of members, and whom she does not want to meet.
//
// Decisions: each field has an audience of its own, and what is private by
// nature begins with only_me; what a viewer sees is decided in one function,
// and what she finds somebody by is made by the database from the same
// audiences, so that nothing hidden can be searched for; the directory is open
// to whoever has access or a role, and holds only those; who leaves it is
// found by her cohorts alone. A block works both ways and is known to the one
// who made it: for each other the two are not there, in every answer with the
// bytes of a world without the other. On duty it rests: moderators,
// administrators and the coach of a cohort go on seeing whom they lead, and
// somebody with a role blocks nobody, or a member would lose what her coach
// says.
package profile

import (
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// The faults of this domain.
var (
	ErrBlockSelf  = &fault.Error{Kind: fault.Conflict, Code: "block-self", Detail: "You cannot block yourself."}
	ErrBlockStaff = &fault.Error{Kind: fault.Conflict, Code: "block-on-duty", Detail: "Whoever has a role here blocks nobody. Please talk to an administrator instead."}
	ErrBlocksFull = &fault.Error{Kind: fault.Conflict, Code: "blocks-full", Detail: "You have blocked a hundred people. Please talk to us; something else may be wrong."}
)

// Profile offers profiles, the directory and blocks.
type Profile struct {
	db      *pg.DB
	clock   clock.Clock
	outbox  *outbox.Outbox
	log     *audit.Log
	cursors *cursor.Sealer
}

// New gives the profiles of a database.
func New(db *pg.DB, c clock.Clock, o *outbox.Outbox, l *audit.Log, cursors *cursor.Sealer) *Profile {
	return &Profile{db, c, o, l, cursors}
}
