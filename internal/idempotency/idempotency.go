// Package idempotency remembers what a request was answered, so that the same
// request may be sent again without happening again.
//
// Decisions: a key belongs to one person; only final answers (2xx and 4xx) are
// kept, for 72 hours; a request that died leaves a lease that runs out, and
// the next one with the key takes over.
package idempotency

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	lease = time.Minute
	keep  = 72 * time.Hour
)

// The faults of a key.
var (
	ErrMismatch = &fault.Error{
		Kind: fault.Invalid, Code: "idempotency-key-reused", Detail: "This Idempotency-Key was used with another request. Use a new key for a new intention.",
		Fields: []fault.Field{{Pointer: "#/header/Idempotency-Key", Code: "idempotency-key-reused", Detail: "use a new key for a new intention"}},
	}
	ErrInProgress = &fault.Error{Kind: fault.Conflict, Code: "idempotency-key-in-progress", Detail: "The first request with this Idempotency-Key is still being worked on.", Retry: time.Second}
)

// Request is what a key stands for.
type Request struct {
	UserID      uuid.UUID
	Key         string
	Route       string // method and path
	Fingerprint [sha256.Size]byte
}

// Response is what it was answered.
type Response struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Keys is the memory.
type Keys struct {
	store store
	clock clock.Clock
}

// New gives the memory in a database.
func New(db *pg.DB, c clock.Clock) *Keys { return &Keys{store{db}, c} }

// Begin takes the key for this request and returns nil when the request is
// to be worked on; the stored response when it has been answered before; or a
// fault: ErrMismatch, ErrInProgress.
func (k *Keys) Begin(ctx context.Context, r Request) (*Response, error) {
	now := k.clock.Now()
	row, taken, err := k.store.begin(ctx, r, now, now.Add(lease))
	switch {
	case err != nil:
		return nil, err
	case taken:
		return nil, nil //nolint:nilnil // no response is the answer: go ahead
	case row.Route != r.Route || subtle.ConstantTimeCompare(row.Fingerprint, r.Fingerprint[:]) != 1:
		return nil, ErrMismatch
	case row.State == "started":
		return nil, ErrInProgress
	}
	return row.response()
}

// Finish keeps the response of the request that Begin let through.
func (k *Keys) Finish(ctx context.Context, r Request, resp Response) error {
	return k.store.finish(ctx, r, resp)
}

// Release forgets the key: the request failed and may be sent again.
func (k *Keys) Release(ctx context.Context, r Request) error {
	return k.store.release(ctx, r)
}
