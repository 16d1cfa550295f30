package factor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/pkg/onetime"
)

const (
	secretBytes       = 20 // as long as the hash (RFC 4226, section 4)
	recoveryCodeBytes = 10
)

// sealer keeps what must be read again, and derives what need not.
type sealer struct {
	aead      cipher.AEAD
	key       []byte // of recovery codes
	name      string // of the key: tells which has made a code, and nothing else
	challenge onetime.Maker
	previous  *sealer // nil: none
}

// newSealer makes one key for each purpose (RFC 5869). The secret of before may
// be nil.
func newSealer(secret, previous []byte) (s *sealer, err error) {
	if s, err = newKeys(secret); err != nil || previous == nil {
		return s, err
	}
	s.previous, err = newKeys(previous)
	return s, err
}

func newKeys(secret []byte) (*sealer, error) {
	if len(secret) < 32 {
		return nil, errors.New("the secret of second factors needs at least 32 bytes")
	}
	var keys [4][]byte
	for i, purpose := range []string{"factor secret", "recovery code", "passkey challenge", "name of the key"} {
		key, err := hkdf.Expand(sha256.New, secret, purpose, 32)
		if err != nil {
			return nil, fmt.Errorf("derive the key of a %s: %w", purpose, err)
		}
		keys[i] = key
	}
	block, err := aes.NewCipher(keys[0])
	if err != nil {
		return nil, fmt.Errorf("make the cipher of second factors: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher of second factors: %w", err)
	}
	challenge, err := onetime.New(keys[2])
	if err != nil {
		return nil, fmt.Errorf("make the key of challenges: %w", err)
	}
	return &sealer{aead: aead, key: keys[1], name: hex.EncodeToString(keys[3][:4]), challenge: challenge}, nil
}

// close encrypts the secret of an authenticator. It opens for this row of this
// person and for no other.
func (s *sealer) close(id, user uuid.UUID, secret []byte) []byte {
	return s.aead.Seal(nil, nil, secret, bound(id, user)) //nolint:gosec // this AEAD makes its own nonce
}

func (s *sealer) open(id, user uuid.UUID, sealed []byte) ([]byte, error) {
	secret, err := s.aead.Open(nil, nil, sealed, bound(id, user))
	if err != nil && s.previous != nil {
		return s.previous.open(id, user, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("decrypt the secret of an authenticator: %w", err)
	}
	return secret, nil
}

// stale tells what was encrypted with the secret of before.
func (s *sealer) stale(row totpRow) bool {
	if _, err := s.aead.Open(nil, nil, row.Secret, bound(row.ID, row.UserID)); err == nil || s.previous == nil {
		return false
	}
	_, err := s.previous.open(row.ID, row.UserID, row.Secret)
	return err == nil
}

func bound(id, user uuid.UUID) []byte { return append(append([]byte("totp"), id[:]...), user[:]...) }

// recoveryCode is what she keeps on paper: sixteen letters and digits.
func (s *sealer) recoveryCode(id, user uuid.UUID) string {
	h := hmac.New(sha256.New, s.key)
	h.Write(id[:])
	h.Write(user[:])
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:recoveryCodeBytes]))
}

// isRecoveryCode compares in the same time with what the secret of now and the
// one before make of an id.
func (s *sealer) isRecoveryCode(id, user uuid.UUID, code string) bool {
	same := subtle.ConstantTimeCompare([]byte(s.recoveryCode(id, user)), []byte(code)) == 1
	if s.previous != nil {
		same = s.previous.isRecoveryCode(id, user, code) || same
	}
	return same
}

// grouped writes a recovery code as it is shown: abcd-efgh-ijkl-mnop.
func grouped(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// ungrouped reads a recovery code however she types it.
func ungrouped(typed string) string {
	return strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(typed))
}
