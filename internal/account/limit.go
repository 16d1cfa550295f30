package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// KnownFor is how long a device is known after it signed in.
const KnownFor = 180 * 24 * time.Hour

const devicePrefix = "dt1."

// deviceToken shows that a device signed in with an address: a session there
// had this id. It opens nothing; it keeps others from using up her tries.
func (a *Account) deviceToken(session uuid.UUID, email string) string {
	return devicePrefix + base64.RawURLEncoding.EncodeToString(append(session[:], a.mac("device", deviceOf(session, email)...)...))
}

// deviceOf has the address in it, so that the token is worth nothing for
// another.
func deviceOf(session uuid.UUID, email string) [][]byte {
	key, err := emailKey(email)
	if err != nil {
		key = ""
	}
	return [][]byte{session[:], []byte(key)}
}

// KnownDevice reports whether token was given to a device that signed in with
// this address in the last 180 days, and names that sign-in. It asks no
// database: who has signed in once may try for herself, also when the session
// is over, but see StillKnown.
func (a *Account) KnownDevice(email, token string) (uuid.UUID, bool) {
	encoded, ok := strings.CutPrefix(token, devicePrefix)
	if !ok {
		return uuid.Nil, false
	}
	raw, ok := decode(encoded, 16+sha256.Size)
	if !ok {
		return uuid.Nil, false
	}
	id := uuid.UUID(raw[:16])
	since := time.Unix(id.Time().UnixTime())
	known := a.made(raw[16:], "device", deviceOf(id, email)...) && a.clock.Now().Before(since.Add(KnownFor))
	return id, known
}

// StillKnown reports whether a device that KnownDevice named is one by now: a
// password that is set, changed or taken away shuts out all that were known
// before, but for one on which she stayed signed in. One statement.
func (a *Account) StillKnown(ctx context.Context, email string, device uuid.UUID) (bool, error) {
	key, err := emailKey(email)
	if err != nil {
		return false, err
	}
	return a.stillKnown(ctx, key, device, time.Unix(device.Time().UnixTime()))
}

// LimitKey is one key for all ways of writing an address that may lead to the
// same mailbox: without case, dots and +tags. It is not the address and not
// made from it by anyone else. "" for what is no address.
func (a *Account) LimitKey(email string) string {
	key, err := emailKey(email)
	if err != nil {
		return ""
	}
	at := strings.LastIndex(key, "@")
	local, _, _ := strings.Cut(key[:at], "+")
	sum := a.mac("limit", []byte(strings.ReplaceAll(local, ".", "")+key[at:]))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// NoteFailure leaves one line in the log when a sign-in has failed with a fault,
// so that guessing can be seen and followed: the way, the code of the fault,
// from which network, and a key that is the same for each try on an address
// ("" where none was given), which leads back to it for nobody but us. Known
// and unknown addresses leave the same line.
func (a *Account) NoteFailure(ctx context.Context, way, email string, err error) {
	f := fault.From(err)
	if f == nil {
		return
	}
	tried := ""
	if key := a.LimitKey(email); key != "" {
		tried = base64.RawURLEncoding.EncodeToString(a.mac("failed-sign-in", []byte(key))[:16])
	}
	a.log.WarnContext(ctx, "a sign-in failed", "way", way, "code", f.Code, "tried", tried, "network", clientFrom(ctx).Network)
}

// SessionOf names the session of a refresh token of ours, whatever became of
// it.
func (a *Account) SessionOf(refreshToken string) (uuid.UUID, bool) {
	id, _, ok := a.openRefreshToken(refreshToken)
	return id, ok
}
