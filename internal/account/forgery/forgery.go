// Package forgery makes access tokens that must open no door, for tests: a
// corpus after RFC 8725 and what went wrong in other places.
package forgery

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

const jti = "7f3c1de0-58a5-4b1b-9d6a-0d6c3ad5b8f1"

// Forge makes tokens by hand, for a live session and with a true key.
type Forge struct {
	Key              ed25519.PrivateKey
	Issuer, Audience string
	User, Session    uuid.UUID
	Refresh          string // the refresh token of the session
	Now              time.Time
}

// Token is one forgery, or a control.
type Token struct{ Name, Text string }

// KeyID is what our tokens call a key.
func KeyID(key ed25519.PrivateKey) string {
	sum := sha256.Sum256(key.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // of what else
	return hex.EncodeToString(sum[:8])
}

// With is the forge with another key.
func (f Forge) With(key ed25519.PrivateKey) Forge {
	f.Key = key
	return f
}

// Good is a token exactly as we write it.
func (f Forge) Good() string { return f.claims(nil) }

// Controls must open the door.
func (f Forge) Controls() []Token {
	now := f.Now.Unix()
	return []Token{
		{"as we write it", f.Good()},
		{"within the leeway of its end", f.claims(map[string]any{"exp": now - 10})},
		{"within the leeway of its beginning", f.claims(map[string]any{"nbf": now + 10, "iat": now + 10})},
		{"another id", f.claims(map[string]any{"jti": uuid.NewString()})},
	}
}

// Attacks must not, each for its own reason. Names are distinct, and so are
// tokens.
func (f Forge) Attacks() []Token {
	stranger := f.With(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize)))
	all := map[string]string{
		"the key of a stranger under our kid": stranger.sign(f.header(nil), f.payload(nil)),
		"the key of a stranger under its kid": stranger.Good(),
	}
	for _, more := range []map[string]string{
		f.alterations(), f.headers(), f.secrets(), f.otherKinds(), f.embedded(stranger), f.whole(), f.single(),
	} {
		maps.Copy(all, more)
	}
	var list []Token
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, Token{name, all[name]})
	}
	return list
}

// header gives our header with changes; nil takes a member away.
func (f Forge) header(changes map[string]any) string {
	members := map[string]any{"alg": "EdDSA", "kid": KeyID(f.Key), "typ": "at+jwt"}
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	return raw(members)
}

// payload gives our claims with changes, in the order in which we write them,
// so that a change is the only difference.
func (f Forge) payload(changes map[string]any) string {
	now := f.Now.Unix()
	pairs := []any{
		"iss", f.Issuer, "aud", f.Audience, "sub", f.User.String(), "sid", f.Session.String(),
		"jti", jti, "gen", 1, "iat", now, "nbf", now, "exp", now + 600,
	}
	var b bytes.Buffer
	for pair := range slices.Chunk(pairs, 2) {
		name, value := pair[0], pair[1]
		if change, ok := changes[fmt.Sprint(name)]; ok {
			if value = change; value == nil {
				continue
			}
		}
		fmt.Fprintf(&b, ",%q:%s", name, raw(value))
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if !slices.Contains(pairs, any(name)) {
			fmt.Fprintf(&b, ",%q:%s", name, raw(changes[name]))
		}
	}
	return "{" + b.String()[1:] + "}"
}

// verbatim is JSON as it stands.
type verbatim string

func raw(v any) string {
	if v, ok := v.(verbatim); ok {
		return string(v)
	}
	text, _ := json.Marshal(v) // of what is made here
	return string(text)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func input(header, payload string) string {
	return encode([]byte(header)) + "." + encode([]byte(payload))
}

func (f Forge) sign(header, payload string) string {
	text := input(header, payload)
	return text + "." + encode(ed25519.Sign(f.Key, []byte(text)))
}

func (f Forge) head(changes map[string]any) string { return f.sign(f.header(changes), f.payload(nil)) }

func (f Forge) claims(changes map[string]any) string {
	return f.sign(f.header(nil), f.payload(changes))
}
