// Package softkey is an authenticator and a browser in software, for tests of
// Web Authentication: it makes passkeys and signs with them (W3C Web
// Authentication, level 3). It lies where it is told to.
package softkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Browser is one page, and the authenticator that its browser talks to. The
// zero value but for Origin is an honest one that keeps no count.
type Browser struct {
	Origin string // of the page

	Domain     string // instead of the one asked for; "" is that
	Unverified bool   // the user is not recognised
	Absent     bool   // nobody touched it
	Framed     bool   // the page is in a frame of another's
	Counts     bool   // how often each passkey was used

	keys []*key
}

type key struct {
	id, user []byte
	domain   string
	private  *ecdsa.PrivateKey
	count    uint32
}

// Flags of authenticator data (section 6.1).
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	attested     = 1 << 6
)

type descriptor struct {
	ID text `json:"id"`
}

// text is bytes written as base64url.
type text []byte

// MarshalJSON writes base64url.
func (t text) MarshalJSON() ([]byte, error) {
	return json.Marshal(base64.RawURLEncoding.EncodeToString(t))
}

// UnmarshalJSON reads base64url.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	*t = b
	return err
}

// Create answers options of a new passkey (PublicKeyCredentialCreationOptionsJSON)
// as RegistrationResponseJSON.
func (b *Browser) Create(options json.RawMessage) (json.RawMessage, error) {
	var o struct {
		Challenge string `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User               descriptor   `json:"user"`
		ExcludeCredentials []descriptor `json:"excludeCredentials"`
	}
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, fmt.Errorf("softkey: read the options: %w", err)
	}
	if b.find(o.RP.ID, o.ExcludeCredentials) != nil {
		return nil, errors.New("softkey: InvalidStateError: it has a passkey of hers")
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("softkey: make a key: %w", err)
	}
	k := &key{id: make([]byte, 16), user: o.User.ID, domain: o.RP.ID, private: private}
	_, _ = rand.Read(k.id) // it never fails
	if b.Counts {
		k.count = 1
	}
	b.keys = append(b.keys, k)
	data, err := b.authenticatorData(k, attested)
	if err != nil {
		return nil, err
	}
	return answer(k, map[string]any{
		"clientDataJSON": b.clientData("webauthn.create", o.Challenge), "attestationObject": attestation(data), "transports": []string{"internal"},
	})
}

// Get answers options of a use (PublicKeyCredentialRequestOptionsJSON) as
// AuthenticationResponseJSON, with the passkey that was made last of those
// that fit.
func (b *Browser) Get(options json.RawMessage) (json.RawMessage, error) {
	var o struct {
		Challenge        string       `json:"challenge"`
		Domain           string       `json:"rpId"`
		AllowCredentials []descriptor `json:"allowCredentials"`
	}
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, fmt.Errorf("softkey: read the options: %w", err)
	}
	k := b.find(o.Domain, o.AllowCredentials)
	if len(o.AllowCredentials) == 0 {
		k = b.last(o.Domain)
	}
	if k == nil {
		return nil, errors.New("softkey: NotAllowedError: it has no passkey that fits")
	}
	if b.Counts {
		k.count++
	}
	data, err := b.authenticatorData(k, 0)
	if err != nil {
		return nil, err
	}
	client := b.clientData("webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(slices.Concat(data, hash[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, digest[:])
	if err != nil {
		return nil, fmt.Errorf("softkey: sign: %w", err)
	}
	return answer(k, map[string]any{
		"clientDataJSON": client, "authenticatorData": text(data), "signature": text(signature), "userHandle": text(k.user),
	})
}

// Clone gives a copy with the same passkeys, each of which goes on counting by
// itself.
func (b *Browser) Clone() *Browser {
	twin := *b
	twin.keys = nil
	for _, k := range b.keys {
		copied := *k
		twin.keys = append(twin.keys, &copied)
	}
	return &twin
}

func (b *Browser) find(domain string, among []descriptor) *key {
	for _, k := range b.keys {
		if k.domain == domain && slices.ContainsFunc(among, func(d descriptor) bool { return slices.Equal(d.ID, k.id) }) {
			return k
		}
	}
	return nil
}

func (b *Browser) last(domain string) *key {
	for _, k := range slices.Backward(b.keys) {
		if k.domain == domain {
			return k
		}
	}
	return nil
}

func (b *Browser) clientData(kind, challenge string) text {
	raw, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": b.Origin, "crossOrigin": b.Framed}) // nothing in it can fail
	return raw
}

func (b *Browser) authenticatorData(k *key, flags byte) ([]byte, error) {
	domain := k.domain
	if b.Domain != "" {
		domain = b.Domain
	}
	if !b.Absent {
		flags |= userPresent
	}
	if !b.Unverified {
		flags |= userVerified
	}
	hash := sha256.Sum256([]byte(domain))
	data := binary.BigEndian.AppendUint32(append(hash[:], flags), k.count)
	if flags&attested == 0 {
		return data, nil
	}
	public, err := k.private.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("softkey: write the public key: %w", err)
	}
	data = append(data, make([]byte, 16)...)                      // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id))) //nolint:gosec // it is 16
	return slices.Concat(data, k.id, cose(public[1:33], public[33:])), nil
}

// cose writes an ES256 key: {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053).
func cose(x, y []byte) []byte {
	return slices.Concat([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32}, x, []byte{0x22, 0x58, 32}, y)
}

// attestation wraps authenticator data with none: {fmt: none, attStmt: {},
// authData: …} (section 6.5).
func attestation(data []byte) text {
	cbor := []byte{0xa3, 0x63, 'f', 'm', 't', 0x64, 'n', 'o', 'n', 'e', 0x67, 'a', 't', 't', 'S', 't', 'm', 't', 0xa0, 0x68}
	cbor = append(cbor, "authData"...)
	cbor = binary.BigEndian.AppendUint16(append(cbor, 0x59), uint16(len(data))) //nolint:gosec // some hundred bytes
	return append(cbor, data...)
}

func answer(k *key, response map[string]any) (json.RawMessage, error) {
	raw, err := json.Marshal(map[string]any{
		"id": text(k.id), "rawId": text(k.id), "type": "public-key", "response": response,
		"authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		return nil, fmt.Errorf("softkey: write the answer: %w", err)
	}
	return raw, nil
}
