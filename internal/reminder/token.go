package reminder

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"
)

func derive(secret []byte, id uuid.UUID) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("refuse a letter\x00"))
	h.Write(id[:])
	return h.Sum(nil)
}

// token is what the link in a letter carries. It opens one thing: to get no more
// of its kind.
func (r *Reminder) token(id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append(id[:], derive(r.cfg.Secret, id)...))
}

// open gives the letter that a token belongs to; uuid.Nil when it is not ours.
func (r *Reminder) open(token string) uuid.UUID {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 16+sha256.Size {
		return uuid.Nil
	}
	id := uuid.UUID(raw[:16])
	ours := hmac.Equal(raw[16:], derive(r.cfg.Secret, id))
	if r.cfg.Previous != nil {
		ours = hmac.Equal(raw[16:], derive(r.cfg.Previous, id)) || ours
	}
	if !ours {
		return uuid.Nil
	}
	return id
}
