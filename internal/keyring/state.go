package keyring

import (
	"crypto/ed25519"
	"slices"
	"time"
)

// The times of a rotation.
const (
	// announce is how long a key verifies before it signs: longer than a
	// replica takes to look (refresh) and a cache of the published keys lives.
	announce = 10 * time.Minute
	// hurry is announce for who cannot wait: replicas learn of it by NOTIFY,
	// and of what they missed by the first token that names it.
	hurry = 5 * time.Second
	// handover is announce of the first key beside keys of the environment:
	// until then every replica of the binary before must be gone.
	handover = 24 * time.Hour
	// overlap is added to the life of the last token of a key, for clocks.
	overlap = 5 * time.Minute
	// RotateAfter is how long a key signs before the next is made.
	RotateAfter = 90 * 24 * time.Hour
)

// CacheFor is how long others may keep the published keys; well below
// announce.
const CacheFor = 5 * time.Minute

// State of a key.
type State string

// The states. They follow each other by time alone.
const (
	Announced State = "announced" // published and accepted, does not sign yet
	Signing   State = "signing"
	Retired   State = "retired" // another signs; its last tokens are still good
	Gone      State = "gone"
	Accepted  State = "accepted" // of the environment, while another signs
)

// Key is one key with its times.
type Key struct {
	ID          string
	Public      ed25519.PublicKey
	Environment bool
	SignsAt     time.Time
	RetiresAt   time.Time // when the next takes over; zero while none is there
	GoneAt      time.Time // zero with RetiresAt

	private ed25519.PrivateKey
}

func (k Key) state(now time.Time) State {
	switch {
	case now.Before(k.SignsAt):
		return Announced
	case k.RetiresAt.IsZero() || now.Before(k.RetiresAt):
		return Signing
	case now.Before(k.GoneAt):
		return Retired
	default:
		return Gone
	}
}

// timeline sorts keys and says when each is followed by the next, and gone
// when life has passed since.
func timeline(keys []Key, life time.Duration) []Key {
	slices.SortFunc(keys, func(a, b Key) int {
		if c := a.SignsAt.Compare(b.SignsAt); c != 0 {
			return c
		}
		return compareID(a, b)
	})
	for i := range len(keys) - 1 {
		keys[i].RetiresAt = keys[i+1].SignsAt
		keys[i].GoneAt = keys[i].RetiresAt.Add(life)
	}
	return keys
}

func compareID(a, b Key) int {
	if a.ID < b.ID {
		return -1
	}
	return 1
}

// ring is what is known at one moment; it never changes.
type ring struct {
	own  []Key // of the environment
	keys []Key // of the table, by time
}

func (r *ring) signing(now time.Time) (Key, bool) {
	for _, k := range slices.Backward(r.keys) {
		if k.state(now) == Signing {
			return k, true
		}
	}
	if len(r.own) > 0 {
		return r.own[0], true
	}
	return Key{}, false
}

func (r *ring) public(id string, now time.Time) (ed25519.PublicKey, bool) {
	for _, k := range r.keys {
		if k.ID == id && k.state(now) != Gone {
			return k.Public, true
		}
	}
	for _, k := range r.own {
		if k.ID == id {
			return k.Public, true
		}
	}
	return nil, false
}

func (r *ring) published(now time.Time) []Key {
	all := make([]Key, 0, len(r.keys)+len(r.own))
	for _, k := range slices.Backward(r.keys) {
		if k.state(now) != Gone {
			all = append(all, k)
		}
	}
	return append(all, r.own...)
}

// stateOf is the state of any key of the ring, also of the environment.
func (r *ring) stateOf(k Key, now time.Time) State {
	if !k.Environment {
		return k.state(now)
	}
	if first, ok := r.signing(now); ok && first.Environment && first.ID == k.ID {
		return Signing
	}
	return Accepted
}
