// Package forum is where the community talks: spaces, topics in them, numbered
// posts in those, and how far each member has read.
//
// Decisions: what somebody may see is resolved once a request into a scope and
// is part of every SQL statement after it, so that what is invisible is not
// there; admins and moderators have no view into cohorts they do not lead; a
// role for one cohort or space leads there and counts nowhere else, and one
// with an end stops by the clock; alumnae keep reading while they have any
// access; a ban closes everything, also to staff; a post's number is handed
// out by the row lock of its topic and never used twice; replying means having
// read what came before; only the newest 1,000 topics of a space can be unread.
// Who is blocked, either way, is not there for the other: no topic, post,
// count, place in a list or event tells of her, and post numbers are those of
// what the viewer sees; in spaces that the viewer leads nobody is hidden.
package forum

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
	// ErrAnswered: others have replied, so the topic is no longer hers alone.
	ErrAnswered = &fault.Error{Kind: fault.Conflict, Code: "topic-answered", Detail: "Others have replied, so the topic stays. You can take your own posts away."}
	// ErrOpensTopic: number 1 goes only with its topic.
	ErrOpensTopic = &fault.Error{Kind: fault.Conflict, Code: "post-opens-topic", Detail: "This post opens the topic. Take the topic away instead, or change the post."}
)

// Forum offers spaces, topics and posts.
type Forum struct {
	db      *pg.DB
	clock   clock.Clock
	outbox  *outbox.Outbox
	log     *audit.Log
	cursors *cursor.Sealer
}

// New gives the forum of a database.
func New(db *pg.DB, c clock.Clock, o *outbox.Outbox, l *audit.Log, cursors *cursor.Sealer) *Forum {
	return &Forum{db, c, o, l, cursors}
}

// Page is a part of a list. NextCursor is empty on the last one.
type Page[T any] struct {
	Items      []T
	NextCursor string
}

// match says whether a change based on the version named by an If-Match
// header may go on.
func match(ifMatch, etag string, required bool) error {
	switch {
	case ifMatch == "" && required:
		return fault.ErrIfMatchRequired
	case ifMatch == "", ifMatch == "*", ifMatch == etag:
		return nil
	}
	return fault.ErrStale
}

const (
	usualPage   = 30
	largestPage = 100
)

// size bounds what a caller asks for; nothing asked is the usual page.
func size(limit int) int {
	if limit <= 0 {
		return usualPage
	}
	return min(limit, largestPage)
}
