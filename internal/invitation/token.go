package invitation

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"
)

func (i *Invitation) mac(id uuid.UUID) []byte { return derive(i.secret, id) }

// made tells whether we have made sum, with the secret of now or the one
// before.
func (i *Invitation) made(id uuid.UUID, sum []byte) bool {
	ours := hmac.Equal(sum, i.mac(id))
	if i.previous != nil {
		ours = hmac.Equal(sum, derive(i.previous, id)) || ours
	}
	return ours
}

func derive(secret []byte, id uuid.UUID) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("invitation\x00"))
	h.Write(id[:])
	return h.Sum(nil)
}

// token is what the link of an invitation carries.
func (i *Invitation) token(id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append(id[:], i.mac(id)...))
}

// link leads to the frontend. What is behind the # is sent to no server.
func (i *Invitation) link(id uuid.UUID) string { return i.frontend + "/join#token=" + i.token(id) }

// open gives the invitation a token belongs to; uuid.Nil when it is not one
// of ours, letter for letter. It always derives one, so that it takes as long.
func (i *Invitation) open(token string) uuid.UUID {
	const n = 16 + sha256.Size
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	ours := err == nil && len(raw) == n && len(token) == base64.RawURLEncoding.EncodedLen(n)
	if !ours {
		raw = make([]byte, n)
	}
	id := uuid.UUID(raw[:16])
	if !i.made(id, raw[16:]) || !ours {
		return uuid.Nil
	}
	return id
}
