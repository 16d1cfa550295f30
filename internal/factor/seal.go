package factor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
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
	challenge onetime.Maker
}

// newSealer makes one key for each purpose (RFC 5869).
func newSealer(secret []byte) (*sealer, error) {
	if len(secret) < 32 {
		return nil, errors.New("the secret of second factors needs at least 32 bytes")
	}
	var keys [3][]byte
	for i, purpose := range []string{"factor secret", "recovery code", "passkey challenge"} {
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
	return &sealer{aead, keys[1], challenge}, nil
}

// close encrypts the secret of an authenticator. It opens for this row of this
// person and for no other.
func (s *sealer) close(id, user uuid.UUID, secret []byte) []byte {
	return s.aead.Seal(nil, nil, secret, bound(id, user)) //nolint:gosec // this AEAD makes its own nonce
}

func (s *sealer) open(id, user uuid.UUID, sealed []byte) ([]byte, error) {
	secret, err := s.aead.Open(nil, nil, sealed, bound(id, user))
	if err != nil {
		return nil, fmt.Errorf("decrypt the secret of an authenticator: %w", err)
	}
	return secret, nil
}

func bound(id, user uuid.UUID) []byte { return append(append([]byte("totp"), id[:]...), user[:]...) }

// recoveryCode is what she keeps on paper: sixteen letters and digits.
func (s *sealer) recoveryCode(id, user uuid.UUID) string {
	h := hmac.New(sha256.New, s.key)
	h.Write(id[:])
	h.Write(user[:])
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:recoveryCodeBytes]))
}

// grouped writes a recovery code as it is shown: abcd-efgh-ijkl-mnop.
func grouped(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// ungrouped reads a recovery code however she types it.
func ungrouped(typed string) string {
	return strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(typed))
}
