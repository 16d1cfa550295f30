package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

const (
	shortestPassword = 8
	longestPassword  = 256
	saltBytes        = 16
	keyBytes         = 32
	hashesAtOnce     = 4 // the sum of memory is in deployments/kubernetes/conservatory.yaml
	hashQueue        = 200
	hashWait         = 2 * time.Second
)

// cost of argon2id (RFC 9106); ours is the second of OWASP's list.
type cost struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// hasher hashes as many passwords at once as there are processors, but a few at
// most: each takes 19 MiB, so a crowd at the door must queue.
type hasher struct {
	cost   cost
	slots  chan struct{}
	queued atomic.Int64
	done   atomic.Int64
	wait   time.Duration
	dummy  string // what an unknown address is compared with
	common map[string]struct{}
}

//go:embed common.txt
var commonFile string

func newHasher() *hasher {
	h := &hasher{
		cost:  cost{memory: 19456, time: 2, threads: 1},
		slots: make(chan struct{}, min(runtime.NumCPU(), hashesAtOnce)),
		wait:  hashWait, common: map[string]struct{}{},
	}
	for line := range strings.Lines(commonFile) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			h.common[line] = struct{}{}
		}
	}
	h.dummy = h.cost.derive(rand.Text(), randomSalt())
	return h
}

// check says whether a password may be chosen. It is never changed: every
// character counts.
func (h *hasher) check(password, email, displayName string) error {
	n := utf8.RuneCountInString(password)
	switch lower := strings.ToLower(password); {
	case !utf8.ValidString(password), n < shortestPassword:
		return fault.InvalidField("/password", "minLength", "must have at least 8 characters")
	case n > longestPassword:
		return fault.InvalidField("/password", "maxLength", "must have at most 256 characters")
	case h.isCommon(lower), strings.EqualFold(password, email), strings.EqualFold(password, displayName),
		strings.EqualFold(password, email[:strings.LastIndex(email, "@")]):
		return fault.InvalidField("/password", "password-common", "Many people use this password, or it is easy to guess from your name. A few unrelated words make a good one.")
	}
	return nil
}

// isCommon also knows a common password with digits or signs behind it, and
// one character many times.
func (h *hasher) isCommon(lower string) bool {
	_, whole := h.common[lower]
	_, stem := h.common[strings.TrimRight(lower, "0123456789!?.-_*#$")]
	_, width := utf8.DecodeRuneInString(lower)
	return whole || stem || strings.ReplaceAll(lower, lower[:width], "") == ""
}

// hash gives the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	var phc string
	err := h.run(ctx, func() { phc = h.cost.derive(password, randomSalt()) })
	return phc, err
}

// verify compares a password with a hash; with "" it does the same work and
// says no. outdated asks for a new hash, because we ask for more by now.
func (h *hasher) verify(ctx context.Context, password, phc string) (ok, outdated bool, err error) {
	known := phc != ""
	if !known {
		phc = h.dummy
	}
	c, salt, err := parsePHC(phc)
	if err != nil {
		return false, false, err
	}
	err = h.run(ctx, func() { ok = subtle.ConstantTimeCompare([]byte(c.derive(password, salt)), []byte(phc)) == 1 })
	ok = ok && known && err == nil
	return ok, ok && (c.memory < h.cost.memory || c.time < h.cost.time), err
}

func (h *hasher) run(ctx context.Context, work func()) error {
	if h.queued.Add(1) > hashQueue {
		h.queued.Add(-1)
		return ErrBusy
	}
	defer h.queued.Add(-1)
	patience := time.NewTimer(h.wait)
	defer patience.Stop()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		work()
		h.done.Add(1)
		return nil
	case <-patience.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// PasswordWork says how many passwords were hashed or compared since the
// start, and how many are at it or wait for their turn.
func (a *Account) PasswordWork() (done, queued int64) {
	return a.passwords.done.Load(), a.passwords.queued.Load()
}

func randomSalt() []byte {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // it never fails; it ends the program instead
	return salt
}

const phcFormat = "$argon2id$v=19$m=%d,t=%d,p=%d$"

// derive gives the PHC string: the parameters, the salt and the key.
func (c cost) derive(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, keyBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf(phcFormat, c.memory, c.time, c.threads) + b64.EncodeToString(salt) + "$" + b64.EncodeToString(key)
}

func parsePHC(phc string) (c cost, salt []byte, err error) {
	part := strings.Split(phc, "$")
	if len(part) != 6 {
		return c, nil, errors.New("a stored password hash is not a PHC string")
	}
	if _, err := fmt.Sscanf(strings.Join(part[:4], "$")+"$", phcFormat, &c.memory, &c.time, &c.threads); err != nil {
		return c, nil, fmt.Errorf("a stored password hash has other parameters: %w", err)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(part[4]); err != nil {
		return c, nil, fmt.Errorf("a stored password hash has no salt: %w", err)
	}
	return c, salt, nil
}
