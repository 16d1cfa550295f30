// Package factor is the second proof of who somebody is: an authenticator app,
// passkeys, and the recovery codes for the day they are lost. A passkey is also
// a way to sign in, and proves two factors at a time.
//
// Decisions: a code opens nothing twice: the step of an authenticator's code
// and the use of a recovery code are taken by one guarded UPDATE. Recovery
// codes are derived from an id, the secret of an authenticator is encrypted
// and bound to whom it belongs to. When the secret changes, what is encrypted is
// encrypted anew, and codes of the one before are taken as long as it is there. Wrong codes are counted for a person, not
// for a session, and committed although she gets a fault; five make her wait
// instead of shutting her out, and a letter tells her. All tries and changes
// of one person's factors wait for one row, so that they are decided one by
// one. What a passkey signs is a challenge that is derived from an id, for one
// purpose, person and session; it is used up before the answer is looked at.
// Passkeys are discoverable and verify their user, so that nobody has to say
// who she is, and nobody learns who has one. One that counts less than before
// may be a copy: it is not let in, and she is told, but it stays, because two
// answers of an honest one may overtake each other. That a proof must be fresh is declared in the contract and asked at the
// door; what else the rules are stands in policy.go.
package factor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain, beside account.ErrProofWrong.
var (
	ErrTooManyTries   = &fault.Error{Kind: fault.TooMany, Code: "factor-tries", Detail: "That were too many wrong codes. Please wait a little before the next one."}
	ErrNeeded         = &fault.Error{Kind: fault.Conflict, Code: "factor-needed", Detail: "Your role asks for a second factor, and this is your last. Add another one first."}
	ErrPasskey        = &fault.Error{Kind: fault.Unauthenticated, Code: "passkey-wrong", Detail: "This passkey does not let you in. Please begin again, or sign in another way."}
	ErrPasskeyKnown   = &fault.Error{Kind: fault.Conflict, Code: "passkey-known", Detail: "This passkey was added before."}
	ErrPasskeysFull   = &fault.Error{Kind: fault.Conflict, Code: "passkeys-full", Detail: "Ten passkeys are the most. Take one off that you no longer use."}
	ErrPasskeyMissing = &fault.Error{Kind: fault.Conflict, Code: "passkey-missing", Detail: "You have no passkey here. Please prove in another way that it is you."}
	ErrMissing        = &fault.Error{Kind: fault.Conflict, Code: "factor-missing", Detail: "Recovery codes stand in for a second factor. Please set one up first."}
)

// Config of a Factor.
type Config struct {
	Secret []byte // 32 bytes: recovery codes and the key for what is encrypted come from it
	// Previous is the secret before: what it encrypted opens until it is
	// encrypted anew, and its recovery codes are taken. It may be nil.
	Previous []byte
	Issuer   string // how authenticators name us
	// Domain is whose passkeys ours are (the RP ID of Web Authentication), and
	// Origins are the pages that may ask for them.
	Domain  string
	Origins []string
}

// Factor is this domain. It is safe for concurrent use.
type Factor struct {
	db      *pg.DB
	clock   clock.Clock
	account *account.Account
	log     *audit.Log
	seal    *sealer
	party   party
	issuer  string
	domain  string
}

// New makes the domain.
func New(db *pg.DB, c clock.Clock, a *account.Account, log *audit.Log, cfg Config) (*Factor, error) {
	if cfg.Issuer == "" {
		return nil, errors.New("second factors need a name for authenticator apps")
	}
	seal, err := newSealer(cfg.Secret, cfg.Previous)
	if err != nil {
		return nil, err
	}
	party, err := newParty(cfg.Domain, cfg.Issuer, cfg.Origins)
	if err != nil {
		return nil, err
	}
	return &Factor{db: db, clock: c, account: a, log: log, seal: seal, party: party, issuer: cfg.Issuer, domain: cfg.Domain}, nil
}

// Set is what somebody can prove herself with.
type Set struct {
	Required      bool  // her role asks for one
	TOTP          *TOTP // nil: none
	Passkeys      int
	RecoveryCodes int // that are left
}

// TOTP is an authenticator app.
type TOTP struct {
	ConfirmedAt time.Time
	LastUsedAt  time.Time // zero: never
}

// kinds are those of s, as account.SetFactors takes them.
func (s Set) kinds() []string {
	var kinds []string
	if s.TOTP != nil {
		kinds = append(kinds, account.ByTOTP)
	}
	if s.Passkeys > 0 {
		kinds = append(kinds, account.ByPasskey)
	}
	if s.RecoveryCodes > 0 {
		kinds = append(kinds, account.ByRecoveryCode)
	}
	return kinds
}

// Factors gives the second factors of whoever acts. One statement.
func (f *Factor) Factors(ctx context.Context, actor account.Actor) (Set, error) {
	return f.set(ctx, actor)
}

// change runs fn when nobody else changes or tries the factors of actor, and
// tells the account which kinds there are afterwards.
func (f *Factor) change(ctx context.Context, actor account.Actor, fn func(context.Context) error) error {
	return f.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := f.lock(ctx, actor.ID, f.clock.Now()); err != nil {
			return err
		}
		if err := fn(ctx); err != nil {
			return err
		}
		_, err := f.announce(ctx, actor)
		return err
	})
}

// ForgetSince takes off what was added to the factors of a user since a moment,
// when somebody else was in her account. It joins the transaction of ctx, and
// is audited; the letter is the caller's.
func (f *Factor) ForgetSince(ctx context.Context, user uuid.UUID, since time.Time) error {
	her := account.Actor{ID: user}
	return f.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := f.lock(ctx, user, f.clock.Now()); err != nil {
			return err
		}
		n, err := f.deleteSince(ctx, user, since)
		if err != nil || n == 0 {
			return err
		}
		left, err := f.set(ctx, her)
		if err != nil {
			return err
		}
		if proofs(left) == 0 {
			if err := f.deleteRecoveryCodes(ctx, user); err != nil {
				return err
			}
		}
		if _, err := f.announce(ctx, her); err != nil {
			return err
		}
		return f.audit(ctx, user, "factor.forget", map[string]string{"count": strconv.Itoa(n)})
	})
}

func (f *Factor) announce(ctx context.Context, actor account.Actor) (Set, error) {
	set, err := f.set(ctx, actor)
	if err != nil {
		return Set{}, err
	}
	return set, f.account.SetFactors(ctx, actor, set.kinds())
}

// record writes into the audit log and promises a letter.
func (f *Factor) record(ctx context.Context, user uuid.UUID, action string, detail map[string]string, n account.Notice) error {
	if err := f.audit(ctx, user, action, detail); err != nil {
		return err
	}
	return f.account.Tell(ctx, user, n)
}

func (f *Factor) audit(ctx context.Context, user uuid.UUID, action string, detail map[string]string) error {
	err := f.log.Record(ctx, audit.Entry{ActorID: user, Action: action, TargetKind: "user", TargetID: user.String(), Detail: detail})
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}
