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
// says. A picture is made anew from what she sends, in three sizes, each a file
// under a key that nobody can guess. Every file is named by a row from before
// it is written until after it is deleted: by her profile, or by avatar_files,
// which a job clears. So a crash at any moment leaves neither a file that
// nobody knows of nor a profile that names one that is gone.
package profile

import (
	"context"
	"io"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
	"github.com/womens-tech-conservatory/conservatory/pkg/picture"
)

// The faults of this domain.
var (
	ErrBlockSelf  = &fault.Error{Kind: fault.Conflict, Code: "block-self", Detail: "You cannot block yourself."}
	ErrBlockStaff = &fault.Error{Kind: fault.Conflict, Code: "block-on-duty", Detail: "Whoever has a role here blocks nobody. Please talk to an administrator instead."}
	ErrBlocksFull = &fault.Error{Kind: fault.Conflict, Code: "blocks-full", Detail: "You have blocked a hundred people. Please talk to us; something else may be wrong."}

	ErrAvatarUnreadable = &fault.Error{Kind: fault.Invalid, Code: "avatar-unreadable", Detail: "This is no PNG, JPEG, GIF or WebP picture, or not all of one."}
	ErrAvatarTooLarge   = &fault.Error{Kind: fault.Invalid, Code: "avatar-too-large", Detail: "This picture has too many pixels. Please make it smaller; 512 by 512 are enough."}
	ErrAvatarLossless   = &fault.Error{Kind: fault.Invalid, Code: "avatar-lossless", Detail: "This WebP is stored without loss or is transparent, which we cannot read. Please save it as PNG or JPEG."}
	ErrAvatarBusy       = &fault.Error{Kind: fault.Unavailable, Code: "avatar-busy", Detail: "Many pictures are coming in. Please try again in a moment.", Retry: 5 * time.Second}
)

// Files is where pictures lie. Deleting what is not there is no error.
type Files interface {
	Write(ctx context.Context, key, contentType string, fill func(w io.Writer) error) error
	Read(ctx context.Context, key string) (r io.ReadCloser, size int64, err error)
	Delete(ctx context.Context, key string) error
}

// Config is what a Profile stands on.
type Config struct {
	Queue   *job.Queue
	Outbox  *outbox.Outbox
	Audit   *audit.Log
	Cursors *cursor.Sealer
	Files   Files
	// Pictures makes them; nil is for one at a time.
	Pictures *picture.Maker
}

// Profile offers profiles, pictures, the directory and blocks.
type Profile struct {
	db       *pg.DB
	clock    clock.Clock
	queue    *job.Queue
	outbox   *outbox.Outbox
	log      *audit.Log
	cursors  *cursor.Sealer
	files    Files
	pictures *picture.Maker
}

// One picture is made at a time, however many processors there are: it takes
// well under a second, and memory that the limits of a deployment must hold.
// So many more wait, each with its file, and so long. The sum is in
// deployments/kubernetes/conservatory.yaml.
const (
	picturesAtOnce = 1
	pictureQueue   = 8
	pictureWait    = 5 * time.Second
)

// New gives the profiles of a database and registers their job on the queue,
// which must not have started yet.
func New(db *pg.DB, c clock.Clock, cfg Config) *Profile {
	p := &Profile{
		db: db, clock: c, queue: cfg.Queue, outbox: cfg.Outbox, log: cfg.Audit, cursors: cfg.Cursors, files: cfg.Files,
		pictures: cfg.Pictures,
	}
	if p.pictures == nil {
		p.pictures = picture.New(picturesAtOnce, pictureQueue, pictureWait)
	}
	p.work(cfg.Queue)
	return p
}
