// Package identity is signing in with an account elsewhere: OpenID Connect
// providers, and which person there is which person here.
//
// Decisions: a person is issuer and subject, never her address, which changes
// hands. An address that the provider vouches for makes a new account, but
// opens no old one: that needs a session of the old one, and her will. A flow
// is a row; its state, its nonce, its code verifier and the secret that stays
// in the browser are derived from the id of the row, so that nothing that
// opens a door is stored. A flow is used up, and that is committed, before the
// provider is asked: what fails then is begun anew. The provider is asked
// outside of transactions, and is believed nothing that is not signed for us
// now. Whether its second factor counts as ours is for the operator to say;
// unsaid, it does not.
package identity

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	ErrFlow     = &fault.Error{Kind: fault.Invalid, Code: "flow-wrong", Detail: "This sign-in was begun elsewhere, is over or was finished before. Please begin again."}
	ErrWrong    = &fault.Error{Kind: fault.Unauthenticated, Code: "identity-wrong", Detail: "The provider's answer does not let you in. Please begin again, or sign in another way."}
	ErrProvider = &fault.Error{Kind: fault.Unavailable, Code: "provider-unavailable", Detail: "The provider does not answer right now. Please begin again in a moment, or sign in another way.", Retry: 10 * time.Second}
	ErrSignUp   = &fault.Error{Kind: fault.Conflict, Code: "sign-up-needed", Detail: "You have no account here yet. If you would like one, sign up; you can do that with this provider."}
	ErrUnlinked = &fault.Error{Kind: fault.Conflict, Code: "identity-unlinked", Detail: "Your address has an account here already. Sign in as you usually do, then link this provider in your account."}
	ErrUnproved = &fault.Error{Kind: fault.Conflict, Code: "email-unproved", Detail: "The provider vouches for no e-mail address of yours. Confirm it there, or sign up with your address here."}
	ErrTaken    = &fault.Error{Kind: fault.Conflict, Code: "identity-taken", Detail: "This person of the provider belongs to another account."}
	ErrLinked   = &fault.Error{Kind: fault.Conflict, Code: "provider-linked", Detail: "You have linked another person of this provider. Take that one off first."}
	ErrOnlyWay  = &fault.Error{Kind: fault.Conflict, Code: "last-way", Detail: "This is your only way to sign in. Set a password or add a passkey first."}
)

// Auditor keeps acts, in the transaction of ctx.
type Auditor interface {
	Act(ctx context.Context, actor uuid.UUID, action, targetKind, targetID string, detail map[string]string) error
}

// Config of an Identity domain.
type Config struct {
	Providers []Provider
	// RedirectURL is the page of the frontend that providers send browsers
	// back to. It is registered with each of them.
	RedirectURL string
	Key         []byte  // at least 32 bytes: secrets of flows are derived from it
	Auditor     Auditor // may be nil
}

// Identity is this domain. It is safe for concurrent use.
type Identity struct {
	db        *pg.DB
	clock     clock.Clock
	account   *account.Account
	auditor   Auditor
	key       []byte
	providers []*client
}

// New makes the domain and registers its jobs on q. It asks no provider: one
// that is down stops nobody's start.
func New(db *pg.DB, c clock.Clock, a *account.Account, q *job.Queue, cfg Config) (*Identity, error) {
	if len(cfg.Key) < 32 {
		return nil, errors.New("the key of sign-in flows needs at least 32 bytes")
	}
	back, err := url.Parse(cfg.RedirectURL)
	if err != nil || back.Host == "" || back.Fragment != "" {
		return nil, errors.New("the page that providers lead back to is not http(s)://host/path")
	}
	i := &Identity{db: db, clock: c, account: a, auditor: cfg.Auditor, key: cfg.Key}
	for _, p := range cfg.Providers {
		i.providers = append(i.providers, newClient(p, cfg.RedirectURL, c))
	}
	i.registerJobs(q)
	return i, nil
}

// Providers lists what one can sign in with, in the order of configuration.
func (i *Identity) Providers() []Provider {
	all := make([]Provider, len(i.providers))
	for n, c := range i.providers {
		all[n] = c.provider
	}
	return all
}

func (i *Identity) client(name string) (*client, error) {
	for _, c := range i.providers {
		if c.provider.Name == name {
			return c, nil
		}
	}
	return nil, fault.ErrNotFound
}

func (i *Identity) audit(ctx context.Context, action string, user uuid.UUID, provider string) error {
	if i.auditor == nil {
		return nil
	}
	if err := i.auditor.Act(ctx, user, action, "user", user.String(), map[string]string{"provider": provider}); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

// Check asks a provider for what it says of itself, for operators. The error
// says in plain words what is wrong.
func Check(ctx context.Context, p Provider, redirectURL string, c clock.Clock) error {
	_, err := newClient(p, redirectURL, c).discover(ctx)
	if f := fault.From(err); f != nil {
		return errors.New(strings.TrimPrefix(f.Error(), f.Code+": "))
	}
	return err
}
