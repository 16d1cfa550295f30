// Package onetime derives what opens a door once, a link's token or a code of
// six digits, from an id and a key. Nothing secret has to be stored: the row
// of the id says whether it is spent.
package onetime

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// Maker derives secrets. The same id has the same secrets; those of one
// purpose open nothing for another.
type Maker struct {
	key      []byte
	previous []Maker
}

// New makes a Maker. The key has at least 32 bytes. Tokens that were made with
// one of the previous keys open too; none is made with it. A previous key that
// is empty is none.
func New(key []byte, previous ...[]byte) (Maker, error) {
	if len(key) < sha256.Size {
		return Maker{}, errors.New("onetime: the key needs at least 32 bytes")
	}
	m := Maker{key: key}
	for _, key := range previous {
		if len(key) == 0 {
			continue
		}
		before, err := New(key)
		if err != nil {
			return Maker{}, err
		}
		m.previous = append(m.previous, before)
	}
	return m, nil
}

// Token holds the id and cannot be guessed: 64 letters, fit for a URL.
func (m Maker) Token(purpose string, id [16]byte) string {
	return base64.RawURLEncoding.EncodeToString(append(id[:], m.mac(purpose, id)...))
}

// Open gives the id of a token; false when it is not one of ours for the
// purpose, letter for letter.
func (m Maker) Open(purpose, token string) (id [16]byte, ok bool) {
	const n = 16 + sha256.Size
	// The decoder itself would skip line breaks.
	if len(token) != base64.RawURLEncoding.EncodedLen(n) {
		return id, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != n || !m.made(purpose, [16]byte(raw[:16]), raw[16:]) {
		return id, false
	}
	return [16]byte(raw[:16]), true
}

// made tells whether a sum is ours, of now or of before.
func (m Maker) made(purpose string, id [16]byte, sum []byte) bool {
	ours := hmac.Equal(sum, m.mac(purpose, id))
	for _, before := range m.previous {
		ours = before.made(purpose, id, sum) || ours
	}
	return ours
}

// Code is six digits, for typing. It can be guessed: count the tries.
func (m Maker) Code(purpose string, id [16]byte) string {
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(m.mac(purpose, id))%1_000_000)
}

// mac is for one purpose, which is closed by a zero byte: none begins another.
func (m Maker) mac(purpose string, id [16]byte) []byte {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write(id[:])
	return h.Sum(nil)
}
