// Package keyring keeps the keys that access tokens are signed with, and
// changes them without anybody noticing.
//
// Decisions: a key is a row with the moment at which it begins to sign; all
// else about it (announced, signing, retired, gone) follows from that moment,
// the next key's, and the time. So a rotation is one insert, and there is no
// step at which it could stop half-way. Seeds are sealed with a key derived
// from the secret of the deployment: who has only the database can neither
// sign nor slip in a key of her own. What the secret before has sealed opens
// too, and is sealed anew. Replicas learn of a new key by NOTIFY, by
// looking every half minute, and when a token names a key they do not know;
// the first time it signs is far behind all three. Keys of the environment are
// accepted as long as they are there, and sign only until a key of the table
// does, so that the binary before this one goes on working beside it.
package keyring

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The faults of this domain.
var (
	// ErrNoKey: this replica has not seen its keys yet.
	ErrNoKey = &fault.Error{Kind: fault.Unavailable, Code: "busy", Detail: "We have only just started. Please try again in a moment.", Retry: time.Second}
	ErrSigns = &fault.Error{Kind: fault.Conflict, Code: "key-signs", Detail: "This key signs. Rotate first, with --now if there is no time."}
)

// Auditor keeps acts, in the transaction of ctx. actor is uuid.Nil when the
// system acts.
type Auditor interface {
	Act(ctx context.Context, actor uuid.UUID, action, targetKind, targetID string, detail map[string]string) error
}

// Config of a Keyring.
type Config struct {
	Environment []ed25519.PrivateKey // all accepted; the first signs until the table has a key that does
	SealKey     []byte               // 32 bytes
	PreviousKey []byte               // opens what SealKey does not, until it is sealed anew; may be nil
	TokenLife   time.Duration        // how long a token is good, with leeway: a retired key verifies that long and overlap
	Auditor     Auditor              // may be nil
	Logger      *slog.Logger         // may be nil
}

// Keyring is the keys as this replica knows them. It is safe for concurrent
// use.
type Keyring struct {
	db      *pg.DB
	clock   clock.Clock
	auditor Auditor
	log     *slog.Logger
	seal    seal
	life    time.Duration // of a key after it has signed for the last time
	own     []Key         // of the environment

	known  atomic.Pointer[ring]
	loaded atomic.Bool
	turn   chan struct{} // one look at the table at a time, or an old answer could replace a new one
	looks  looks         // guarded by turn
}

// New gives a keyring that knows the keys of the environment; Follow tells it
// those of the table.
func New(db *pg.DB, c clock.Clock, cfg Config) (*Keyring, error) {
	if cfg.TokenLife <= 0 {
		return nil, errors.New("a keyring must know how long a token is good")
	}
	sealer, err := newSeal(cfg.SealKey, cfg.PreviousKey)
	if err != nil {
		return nil, err
	}
	k := &Keyring{
		db: db, clock: c, auditor: cfg.Auditor, log: cfg.Logger, seal: sealer, life: cfg.TokenLife + overlap, turn: make(chan struct{}, 1),
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	for _, private := range cfg.Environment {
		if len(private) != ed25519.PrivateKeySize {
			return nil, errors.New("a signing key is not an Ed25519 private key")
		}
		key := newKey(private)
		key.Environment = true
		k.own = append(k.own, key)
	}
	k.known.Store(&ring{own: k.own})
	return k, nil
}

func newKey(private ed25519.PrivateKey) Key {
	public, _ := private.Public().(ed25519.PublicKey) // of what else
	sum := sha256.Sum256(public)
	return Key{ID: hex.EncodeToString(sum[:8]), Public: public, private: private}
}

// Ready reports whether the keys of the table have been seen and one signs.
func (k *Keyring) Ready() bool {
	_, ok := k.known.Load().signing(k.clock.Now())
	return ok && k.loaded.Load()
}

// Signing gives the key to sign with now. Fault: ErrNoKey.
func (k *Keyring) Signing() (id string, private ed25519.PrivateKey, err error) {
	key, ok := k.known.Load().signing(k.clock.Now())
	if !ok {
		return "", nil, ErrNoKey
	}
	return key.ID, key.private, nil
}

// Public gives the key that verifies what id has signed; false when it is
// gone or never was. For an id it does not know it looks into the table, but
// seldom: strangers invent ids.
func (k *Keyring) Public(ctx context.Context, id string) (ed25519.PublicKey, bool) {
	if public, ok := k.known.Load().public(id, k.clock.Now()); ok {
		return public, true
	}
	if len(id) != 2*8 || !k.lookAgain(ctx, id) {
		return nil, false
	}
	return k.known.Load().public(id, k.clock.Now())
}

// Published are the keys that verify, or will: those of the table, the latest
// first, then those of the environment.
func (k *Keyring) Published() []Key { return k.known.Load().published(k.clock.Now()) }
