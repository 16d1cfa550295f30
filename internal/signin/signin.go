// Package signin is getting in by mail and changing what one gets in with:
// sign-in codes and links, forgotten passwords, a new password, a new e-mail
// address.
//
// Decisions: who asks by address is answered alike and after the same work,
// whether or not the address has an account; a job finds out, and an address
// without one gets no letter: we write only to people who are with us or ask
// to be. What opens a door is derived, see pkg/onetime, and used up by one
// guarded UPDATE; it is bound to its purpose, to the person and to the address
// she had when it was asked for, which must be a confirmed one. A wrong code
// counts against every open code of its address, and stays counted although a
// fault is returned; a link cannot be guessed and is not counted. Three
// letters of a kind go to one address in an hour and ten in a day, so that no
// mailbox is filled and few codes can be guessed at. Proving a mailbox is one
// factor: a code leaves the second one owed, a reset signs nobody in and
// touches no second factor. A new password or address ends every open code,
// reset and confirmation. The one thing that outlives all of it is the way
// back to the old address: whoever takes an account changes the address first
// and then everything else. Using it we assume that somebody was in: all
// sessions end, later changes lose their own way back, every way in but her
// mailbox is taken away (the password he may know, the providers he may have
// linked, passkeys and second factors added since the day before), and an
// erasure that is planned is called off. Second factors that are older stay,
// and of who holds a role all of them: else the link alone would be a way
// around them. A new one may have taken the place of an older one, and what a
// role opens is other people's; so there only another administrator helps.
package signin

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/onetime"
)

// The faults of this domain.
var (
	ErrCode = &fault.Error{Kind: fault.Invalid, Code: "code-wrong", Detail: "This code or link is wrong, spent or too old. Ask for a new one."}
	ErrLink = &fault.Error{Kind: fault.Invalid, Code: "link-wrong", Detail: "This link was used, is too old, or something has changed since. Ask for a new one."}
)

// wrong is a fault at the one place that can be wrong.
func wrong(f *fault.Error, pointer string) error {
	return f.At(fault.Field{Pointer: pointer, Code: f.Code, Detail: f.Detail})
}

// Biller is told, in the transaction of ctx, that the address of somebody has
// changed.
type Biller interface {
	EmailChanged(ctx context.Context, userID uuid.UUID) error
}

// Rescuer is told, in the transaction of ctx, that somebody has taken her
// account back from whoever was in it since then: what he has added to it or
// planned for it must not outlive that.
type Rescuer interface {
	TakenBack(ctx context.Context, userID uuid.UUID, since time.Time) error
}

// Config of a Signin.
type Config struct {
	Secret      []byte // at least 32 bytes: codes and links are derived from it
	Previous    []byte // the secret before, whose links are taken too; may be nil
	FrontendURL string // begins the links; their token stands behind the #
	Auditor     account.Auditor
	Biller      Biller
	Rescuer     Rescuer
}

// Signin is this domain. It is safe for concurrent use.
type Signin struct {
	db       *pg.DB
	clock    clock.Clock
	queue    *job.Queue
	mailer   *mail.Mailer
	account  *account.Account
	auditor  account.Auditor
	biller   Biller
	rescuer  Rescuer
	once     onetime.Maker
	frontend string
	letters  map[letter]*mail.Template
}

// New makes the domain and registers its jobs on q, which must not have
// started yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, a *account.Account, cfg Config) (*Signin, error) {
	once, err := onetime.New(cfg.Secret, cfg.Previous)
	if err != nil {
		return nil, fmt.Errorf("the secret of codes and links: %w", err)
	}
	if u, err := url.Parse(cfg.FrontendURL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("the frontend URL is not http(s)://host: %w", err)
	}
	letters, err := parseLetters()
	if err != nil {
		return nil, err
	}
	s := &Signin{
		db: db, clock: c, queue: q, mailer: m, account: a, auditor: cfg.Auditor, biller: cfg.Biller, rescuer: cfg.Rescuer,
		once: once, frontend: strings.TrimRight(cfg.FrontendURL, "/"), letters: letters,
	}
	s.work(q)
	return s, nil
}

// audit notes that an account was changed, by its owner as far as we can tell.
func (s *Signin) audit(ctx context.Context, userID uuid.UUID, action string) error {
	return s.auditor.Act(ctx, userID, action, "user", userID.String(), nil)
}
