// Package cursor seals the position of a keyset page into an opaque token for
// the client to hand back. A token is encrypted and authenticated (AES-256-GCM,
// NIST SP 800-38D), tied to the scope it was made for, and expires.
package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxLen is the length no token exceeds, in bytes.
const MaxLen = 512

const (
	minKey    = 32
	purpose   = "cursor/1"
	expirySec = 8
)

// ErrInvalid is returned for every token that cannot be honoured: altered,
// truncated, made for another scope or with another key, expired, or holding a
// position of another form. It deliberately does not tell which.
var ErrInvalid = errors.New("cursor: invalid or expired")

// Sealer makes and opens tokens. It is safe for concurrent use.
type Sealer struct {
	aead cipher.AEAD
	ttl  time.Duration
	now  func() time.Time
}

// New returns a Sealer whose tokens live for ttl. The key must have at least 32
// bytes of entropy; it may be shared with other purposes, as an own key is
// derived from it. A nil now means time.Now.
func New(key []byte, ttl time.Duration, now func() time.Time) (*Sealer, error) {
	if len(key) < minKey {
		return nil, fmt.Errorf("cursor: key has %d bytes, need at least %d", len(key), minKey)
	}
	if ttl < time.Second {
		return nil, fmt.Errorf("cursor: lifetime %v is shorter than a second", ttl)
	}
	if now == nil {
		now = time.Now
	}
	derived, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("cursor: derive key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("cursor: make cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("cursor: make cipher: %w", err)
	}
	return &Sealer{aead: aead, ttl: ttl, now: now}, nil
}

// Seal returns a token of at most [MaxLen] URL-safe bytes that holds position,
// as JSON. The scope is everything the position is only good for: the route,
// the filter, and the viewer. Sealing the same position twice gives two
// different tokens. It fails when position has no JSON form or is too long.
func (s *Sealer) Seal(scope string, position any) (string, error) {
	plain := make([]byte, expirySec, 128)
	binary.BigEndian.PutUint64(plain, uint64(s.now().Add(s.ttl).Unix())) //nolint:gosec // later than 1970
	body, err := json.Marshal(position)
	if err != nil {
		return "", fmt.Errorf("cursor: encode position: %w", err)
	}
	plain = append(plain, body...)
	sealed := s.aead.Seal(nil, nil, plain, bind(scope)) //nolint:gosec // this cipher makes a random nonce itself
	token := base64.RawURLEncoding.EncodeToString(sealed)
	if len(token) > MaxLen {
		return "", fmt.Errorf("cursor: position takes %d bytes, which makes the token longer than %d", len(body), MaxLen)
	}
	return token, nil
}

// Open stores the position sealed in token into position, a pointer. It
// returns [ErrInvalid] unless this key sealed exactly this token, for this
// scope, less than the lifetime ago; position is then unchanged or partly
// written and must not be used.
func (s *Sealer) Open(scope, token string, position any) error {
	// The decoder skips line breaks, which would give a token many spellings.
	if token == "" || len(token) > MaxLen || strings.ContainsAny(token, "\r\n") {
		return ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return ErrInvalid
	}
	plain, err := s.aead.Open(nil, nil, sealed, bind(scope))
	if err != nil || len(plain) < expirySec {
		return ErrInvalid
	}
	if uint64(s.now().Unix()) >= binary.BigEndian.Uint64(plain) { //nolint:gosec // later than 1970
		return ErrInvalid
	}
	if err := json.Unmarshal(plain[expirySec:], position); err != nil {
		return ErrInvalid
	}
	return nil
}

func bind(scope string) []byte {
	return []byte(purpose + "\x00" + scope)
}
