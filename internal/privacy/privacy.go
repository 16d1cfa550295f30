// Package privacy gives people what we know about them, forgets them when
// they ask, and forgets what has been kept long enough.
//
// Decisions: every column of the database is tagged, in tags*.go: whose it is,
// what it tells, whether she gets a copy, what erasure does to it, how long it
// is kept. Copies, erasure and retention are made from the tags, and a column
// without one fails the build, so that nothing is forgotten to be forgotten. A
// copy is one snapshot, written table by table into a file that lives for a
// day. Erasure waits seven days, in which she can still sign in and undo it;
// then it goes step by step, each of which can be repeated, and notes what is
// done, so that whoever comes after a crash goes on. What is left is an empty
// account row, so that what others wrote keeps its place, and an entry of ids
// and times in a ledger outside the database, so that a restored backup can be
// erased again.
package privacy

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	ErrTooManyExports = &fault.Error{Kind: fault.TooMany, Code: "exports-too-many", Detail: "You can ask for three copies a day. Please come back tomorrow, or take one that is there."}
	ErrNotReady       = &fault.Error{Kind: fault.Conflict, Code: "export-not-ready", Detail: "This copy is still being made. Look again in a moment.", Retry: 5 * time.Second}
	ErrExportGone     = &fault.Error{Kind: fault.Gone, Code: "export-gone", Detail: "This copy has been deleted, as every copy is after a day. Ask for a new one."}
	ErrPlanned        = &fault.Error{Kind: fault.Conflict, Code: "erasure-planned", Detail: "Your account is going to be erased already. To choose anew, undo that first."}
)

// Files is where copies of data and uploads lie. Writing replaces what is
// there, and stores nothing when fill fails; deleting what is not there is no
// error.
type Files interface {
	Write(ctx context.Context, key, contentType string, fill func(w io.Writer) error) error
	Read(ctx context.Context, key string) (r io.ReadCloser, size int64, err error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) ([]string, error)
}

// Domains are those that know how to forget somebody in their own way.
type Domains struct {
	Account interface {
		Tell(ctx context.Context, userID uuid.UUID, n account.Notice) error
		Close(ctx context.Context, userID uuid.UUID) error
	}
	Billing interface {
		Forget(ctx context.Context, userID uuid.UUID) error
	}
	Cohort interface {
		Leave(ctx context.Context, userID uuid.UUID) error
	}
	Forum interface {
		Erase(ctx context.Context, authorID uuid.UUID, remove bool) error
	}
}

// Config of a Privacy.
type Config struct {
	Files   Files
	Mailer  *mail.Mailer
	Domains Domains
	Log     *slog.Logger // may be nil
	// FrontendURL is what letters link to.
	FrontendURL string
	// MayLeave says whether the community goes on without somebody, in the
	// transaction in which she leaves. Fault: account.ErrLastAdmin.
	MayLeave func(ctx context.Context, userID uuid.UUID) error
	// Settle is how long an erasure waits, once the account is closed, for
	// requests that were on their way.
	Settle time.Duration
	// Interrupt is asked before and after each step of an erasure is noted;
	// tests break off there. May be nil.
	Interrupt func(step string) error
}

// Privacy is this domain. It is safe for concurrent use.
type Privacy struct {
	db      *pg.DB
	clock   clock.Clock
	queue   *job.Queue
	audit   *audit.Log
	cfg     Config
	tables  []Table
	letters letters
}

// New makes the domain and registers its jobs on q, which must not have
// started yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, log *audit.Log, cfg Config) (*Privacy, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	texts, err := parseLetters()
	if err != nil {
		return nil, err
	}
	p := &Privacy{db: db, clock: c, queue: q, audit: log, cfg: cfg, tables: Tags(), letters: texts}
	p.work(q)
	return p, nil
}
