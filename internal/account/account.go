// Package account is getting in, staying in and leaving: sign-up by mail,
// passwords, sessions and who somebody is.
//
// Decisions: nothing that opens a door is stored: codes, link tokens and
// refresh tokens are derived from an id and a key, passwords are hashed. A
// request does the same work whether or not an address is known; the
// difference is made in a job, in a mailbox. An account comes to be when its
// address is confirmed, not before, with name and password of the attempt
// that was confirmed. A stranger may sign up with her address just before she
// does, and she may take his letter for hers: so an attempt can be completed
// only by whoever began it. The code works with the browser that signed up,
// the link with the password of that attempt, and a code or a link of a
// stranger's letter opens nothing in her hands. No attempt ends another, or
// the stranger's would end hers. An access token names a session, and each
// request asks the database whether it still lives. A session counts its
// refresh tokens: one step back is two tabs, further back is a thief, and
// then it ends. What is decided against somebody is committed although she
// gets a fault.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/onetime"
)

// The faults of this domain.
var (
	ErrCode            = &fault.Error{Kind: fault.Invalid, Code: "code-wrong", Detail: "This code or link is wrong here, spent or too old. Sign up again to get a new one."}
	ErrCredentials     = &fault.Error{Kind: fault.Unauthenticated, Code: "credentials-wrong", Detail: "This address and this password do not go together."}
	ErrRefreshInvalid  = &fault.Error{Kind: fault.Unauthenticated, Code: "refresh-invalid", Detail: "This session is over. Please sign in again."}
	ErrRefreshReused   = &fault.Error{Kind: fault.Unauthenticated, Code: "refresh-reused", Detail: "This key was used before, so the session has ended for safety. Please sign in again."}
	ErrUnauthenticated = &fault.Error{Kind: fault.Unauthenticated, Code: "unauthenticated", Detail: "Please sign in."}
	ErrEmailUnverified = &fault.Error{Kind: fault.Forbidden, Code: "email-unverified", Detail: "Please confirm your e-mail address first."}
	ErrEmailTaken      = &fault.Error{Kind: fault.Conflict, Code: "email-taken", Detail: "Somebody already uses this address."}
	ErrStepUp          = &fault.Error{Kind: fault.Unauthenticated, Code: "step-up-required", Detail: "Please prove once more that it is you, then repeat this."}
	ErrFactorOwed      = &fault.Error{Kind: fault.Unauthenticated, Code: "second-factor-required", Detail: "Please finish signing in with your second factor."}
	ErrEnrolmentOwed   = &fault.Error{Kind: fault.Unauthenticated, Code: "second-factor-enrolment-required", Detail: "Your role asks for a second factor. Please set one up, then repeat this."}
	ErrProofWrong      = &fault.Error{Kind: fault.Invalid, Code: "proof-wrong", Detail: "This does not prove that it is you. Please try again."}
	ErrBusy            = &fault.Error{Kind: fault.Unavailable, Code: "busy", Detail: "Many people are signing in right now. Please try again in a moment.", Retry: hashWait}
)

// Auditor keeps acts, in the transaction of ctx. actor is uuid.Nil when the
// system acts. What a field was and is goes into detail as before.<field> and
// after.<field>, see changed; never a secret, an address or a private text.
type Auditor interface {
	Act(ctx context.Context, actor uuid.UUID, action, targetKind, targetID string, detail map[string]string) error
}

// Inviter is told, in the transaction of ctx, that the sign-up that came with
// an invitation was confirmed.
type Inviter interface {
	Joined(ctx context.Context, userID, invitationID uuid.UUID) error
}

// Config of an Account.
type Config struct {
	Keys     *keyring.Keyring // access tokens are signed with
	Secret   []byte           // at least 32 bytes: codes and refresh tokens are derived from it
	Previous []byte           // the secret before, whose refresh tokens, devices and links are taken too; may be nil
	Issuer   string
	Audience string
	// FrontendURL begins the links in mails. They carry their token behind
	// the #, which browsers send to no server.
	FrontendURL string
	Auditor     Auditor      // may be nil
	Inviter     Inviter      // may be nil
	Doorkeeper  Doorkeeper   // may be nil: the community is open to everybody
	Trials      Trials       // may be nil
	Logger      *slog.Logger // of sign-ins that fail; may be nil
}

// Account is this domain. It is safe for concurrent use.
type Account struct {
	db         *pg.DB
	clock      clock.Clock
	queue      *job.Queue
	mailer     *mail.Mailer
	outbox     *outbox.Outbox
	auditor    Auditor
	inviter    Inviter
	doorkeeper Doorkeeper
	trials     Trials
	secret     []byte
	previous   []byte // nil: none
	log        *slog.Logger
	once       onetime.Maker
	frontend   string
	tokens     *signer
	passwords  *hasher
	letters    letters
}

// New makes the domain and registers its jobs on q, which must not have
// started yet.
func New(db *pg.DB, c clock.Clock, q *job.Queue, m *mail.Mailer, cfg Config) (*Account, error) {
	once, err := onetime.New(cfg.Secret, cfg.Previous)
	if err != nil {
		return nil, fmt.Errorf("the account secret: %w", err)
	}
	frontend, err := url.Parse(cfg.FrontendURL)
	if err != nil || frontend.Host == "" || (frontend.Scheme != "https" && frontend.Scheme != "http") {
		return nil, errors.New("the frontend URL is not http(s)://host")
	}
	tokens, err := newSigner(cfg, c.Now)
	if err != nil {
		return nil, err
	}
	texts, err := parseLetters()
	if err != nil {
		return nil, err
	}
	a := &Account{
		db: db, clock: c, queue: q, mailer: m, outbox: outbox.New(db, c), auditor: cfg.Auditor, inviter: cfg.Inviter, doorkeeper: cfg.Doorkeeper,
		trials: cfg.Trials, secret: cfg.Secret, previous: cfg.Previous, log: cfg.Logger, once: once, frontend: strings.TrimRight(cfg.FrontendURL, "/"),
		tokens: tokens, passwords: newHasher(), letters: texts,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.registerJobs(q)
	return a, nil
}

// Keys gives the public keys of access tokens, those too that will sign soon.
func (a *Account) Keys() []JWK { return a.tokens.keys() }

func (a *Account) audit(ctx context.Context, actor uuid.UUID, action string, user uuid.UUID, detail map[string]string) error {
	if a.auditor == nil {
		return nil
	}
	if err := a.auditor.Act(ctx, actor, action, "user", user.String(), detail); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

// changed notes in the detail of an act what a field was and what it is; the
// audit log shows such pairs as changes. The same as before is no change.
func changed(detail map[string]string, field, before, after string) {
	if before != after {
		detail["before."+field], detail["after."+field] = before, after
	}
}
