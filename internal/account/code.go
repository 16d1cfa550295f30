package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/google/uuid"
)

// mac derives what only we can make for a purpose, so that nothing secret has
// to be stored. The purpose is closed by a zero byte: none begins another.
func (a *Account) mac(purpose string, parts ...[]byte) []byte {
	return derive(a.secret, purpose, parts...)
}

// made tells whether we have made sum for a purpose, with the secret of now or
// the one before.
func (a *Account) made(sum []byte, purpose string, parts ...[]byte) bool {
	ours := hmac.Equal(sum, a.mac(purpose, parts...))
	if a.previous != nil {
		ours = hmac.Equal(sum, derive(a.previous, purpose, parts...)) || ours
	}
	return ours
}

func derive(secret []byte, purpose string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// What is derived from the id of a sign-up.
const (
	forCode    = "signup-code"    // six digits
	forLink    = "signup-token"   // the token of the link
	forBrowser = "signup-attempt" // what the browser that began it is given
)

const refreshPrefix = "rt1."

// refreshToken is the key to one generation of a session. The same generation
// always has the same token, which is how two tabs get the same successor.
func (a *Account) refreshToken(session uuid.UUID, generation int64) string {
	raw := binary.BigEndian.AppendUint64(session[:], uint64(generation)) //nolint:gosec // generations count up from 1
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(append(raw, a.mac("refresh", raw)...))
}

func (a *Account) openRefreshToken(token string) (session uuid.UUID, generation int64, ok bool) {
	if len(token) < len(refreshPrefix) || token[:len(refreshPrefix)] != refreshPrefix {
		return uuid.Nil, 0, false
	}
	raw, ok := decode(token[len(refreshPrefix):], 24+sha256.Size)
	if !ok || !a.made(raw[24:], "refresh", raw[:24]) {
		return uuid.Nil, 0, false
	}
	return uuid.UUID(raw[:16]), int64(binary.BigEndian.Uint64(raw[16:24])), true //nolint:gosec // we made it
}

// decode takes exactly n bytes in their only spelling: the decoder itself
// would skip line breaks.
func decode(s string, n int) ([]byte, bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(n) {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return raw, err == nil && len(raw) == n
}
