package factor

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
)

// Algorithms of passkeys, as COSE numbers them, the best first.
func Algorithms() []int64 {
	return []int64{int64(webauthncose.AlgEdDSA), int64(webauthncose.AlgES256), int64(webauthncose.AlgRS256)}
}

// party checks what browsers and authenticators answer (W3C Web
// Authentication, sections 7.1 and 7.2). The user must have been verified, and
// the page be one of ours and in no frame of another's.
type party struct{ web *webauthn.WebAuthn }

func newParty(domain, name string, origins []string) (party, error) {
	web, err := webauthn.New(&webauthn.Config{
		RPID: domain, RPDisplayName: name, RPOrigins: origins,
		// Outputs of extensions that nobody asked for are not read.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return party{}, fmt.Errorf("set up passkeys: %w", err)
	}
	return party{web}, nil
}

// Attestation is what a browser answers when a passkey is made. Texts are
// base64url.
type Attestation struct {
	ID, RawID, ClientData, Object string
	Transports                    []string
}

// Assertion is what a browser answers when a passkey is used.
type Assertion struct {
	ID, RawID, ClientData, AuthenticatorData, Signature string
	UserHandle                                          string // "" when the authenticator gave none
}

// seen is what an answer says that holds.
type seen struct {
	id, key            []byte
	count              uint32
	eligible, backedUp bool
	transports         string
	copied             bool // it counts less than before
}

// heardAttestation is an Attestation that could be read, and the challenge
// that it claims to answer.
type heardAttestation struct {
	parsed    *protocol.ParsedCredentialCreationData
	challenge string
}

// heardAssertion is the same of an Assertion.
type heardAssertion struct {
	parsed    *protocol.ParsedCredentialAssertionData
	challenge string
}

// credential is whose use it claims to be.
func (h heardAssertion) credential() []byte { return h.parsed.RawID }

func (a Attestation) read() (heardAttestation, error) {
	d := decoder{}
	response := protocol.CredentialCreationResponse{
		PublicKeyCredential: public(a.ID, d.bytes(a.RawID)),
		AttestationResponse: protocol.AuthenticatorAttestationResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: d.bytes(a.ClientData)},
			AttestationObject:     d.bytes(a.Object), Transports: a.Transports,
		},
	}
	if d.err != nil {
		return heardAttestation{}, d.err
	}
	parsed, err := response.Parse()
	if err != nil {
		return heardAttestation{}, fmt.Errorf("read an attestation: %w", err)
	}
	return heardAttestation{parsed, parsed.Response.CollectedClientData.Challenge}, nil
}

func (a Assertion) read() (heardAssertion, error) {
	d := decoder{}
	response := protocol.CredentialAssertionResponse{
		PublicKeyCredential: public(a.ID, d.bytes(a.RawID)),
		AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: d.bytes(a.ClientData)},
			AuthenticatorData:     d.bytes(a.AuthenticatorData), Signature: d.bytes(a.Signature), UserHandle: d.bytes(a.UserHandle),
		},
	}
	if d.err != nil {
		return heardAssertion{}, d.err
	}
	parsed, err := response.Parse()
	if err != nil {
		return heardAssertion{}, fmt.Errorf("read an assertion: %w", err)
	}
	return heardAssertion{parsed, parsed.Response.CollectedClientData.Challenge}, nil
}

func public(id string, raw []byte) protocol.PublicKeyCredential {
	return protocol.PublicKeyCredential{Credential: protocol.Credential{ID: id, Type: string(protocol.PublicKeyCredentialType)}, RawID: raw}
}

// made checks a new passkey of a user.
func (p party) made(user uuid.UUID, heard heardAttestation) (seen, error) {
	session := webauthn.SessionData{Challenge: heard.challenge, UserID: user[:], UserVerification: protocol.VerificationRequired}
	for _, alg := range Algorithms() {
		session.CredParams = append(session.CredParams,
			protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(alg)})
	}
	c, err := p.web.CreateCredential(holder{id: user}, session, heard.parsed)
	if err != nil {
		return seen{}, fmt.Errorf("check an attestation: %w", err)
	}
	names := make([]string, len(c.Transport))
	for i, t := range c.Transport {
		names[i] = string(t)
	}
	return seen{
		id: c.ID, key: c.PublicKey, count: c.Authenticator.SignCount, eligible: c.Flags.BackupEligible, backedUp: c.Flags.BackupState,
		transports: strings.Join(names, ","),
	}, nil
}

// used checks the use of a passkey; false when it does not hold. An answer that
// names a user names its owner; with discoverable it must name her.
func (p party) used(row passkeyRow, heard heardAssertion, discoverable bool) (is seen, holds bool) {
	owner := holder{id: row.UserID, keys: []webauthn.Credential{{
		ID: row.CredentialID, PublicKey: row.PublicKey,
		Flags:         webauthn.CredentialFlags{UserVerified: true, BackupEligible: row.BackupEligible, BackupState: row.BackedUp},
		Authenticator: webauthn.Authenticator{SignCount: uint32(row.SignCount)}, //nolint:gosec // it was one
	}}}
	session := webauthn.SessionData{Challenge: heard.challenge, UserVerification: protocol.VerificationRequired}
	var c *webauthn.Credential
	var err error
	if discoverable {
		_, c, err = p.web.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return owner, nil }, session, heard.parsed)
	} else {
		session.UserID = row.UserID[:]
		c, err = p.web.ValidateLogin(owner, session, heard.parsed)
	}
	if err != nil {
		return seen{}, false // the caller learns only that it is wrong
	}
	return seen{count: c.Authenticator.SignCount, backedUp: c.Flags.BackupState, copied: c.Authenticator.CloneWarning}, true
}

// holder is a user, as the library asks for one.
type holder struct {
	id   uuid.UUID
	keys []webauthn.Credential
}

// WebAuthnID is the user handle.
func (h holder) WebAuthnID() []byte { return h.id[:] }

// WebAuthnName is not asked for when answers are checked.
func (h holder) WebAuthnName() string { return "" }

// WebAuthnDisplayName is not asked for either.
func (h holder) WebAuthnDisplayName() string { return "" }

// WebAuthnCredentials are those that an answer may be of.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// decoder reads base64url and keeps the first mistake.
type decoder struct{ err error }

func (d *decoder) bytes(s string) []byte {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("decode base64url: %w", err)
	}
	return raw
}
