package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// proof is what a provider has proved about who came back.
type proof struct {
	subject  string
	email    string // "" when the provider has not said
	verified bool   // it vouches for the address
	name     string
	acr      string
	amr      []string
	signedIn time.Time // there; 1970 when the provider has not said

	access *oauth2.Token // to ask for more
}

// claims are what we read of an ID token, beyond what the library checks.
type claims struct {
	Azp string `json:"azp"`
	Acr string `json:"acr"`
	Amr words  `json:"amr"`
	// AuthTime is in seconds; some write it as a fraction.
	AuthTime float64 `json:"auth_time"`

	person
}

// person is what ID token and user info say about her.
type person struct {
	Subject       string `json:"sub"`
	Email         string `json:"email"`
	EmailVerified truth  `json:"email_verified"`
	Name          string `json:"name"`
	GivenName     string `json:"given_name"`
}

// truth is a boolean that some providers send as text.
type truth bool

// UnmarshalJSON takes anything but true for false.
func (t *truth) UnmarshalJSON(b []byte) error {
	*t = string(b) == "true" || string(b) == `"true"`
	return nil
}

// words is a list of which some providers send the only member alone.
type words []string

// UnmarshalJSON takes anything but words for none.
func (w *words) UnmarshalJSON(b []byte) error {
	var single string
	if json.Unmarshal(b, &single) == nil {
		*w = words{single}
		return nil
	}
	var list []string
	if json.Unmarshal(b, &list) == nil {
		*w = list
	}
	return nil
}

// algorithms are those a provider may sign with: asymmetric, all of them.
func algorithms() []string {
	return []string{
		oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
	}
}

const (
	ahead          = 5 * time.Minute // a provider's clock may be
	longestSubject = 255             // OpenID Connect Core, section 2
	longestIDToken = 64 << 10
)

// authorizationURL is where a browser goes to prove who she is; anew, even if
// she is signed in there.
func (c *client) authorizationURL(ctx context.Context, state, nonce, verifier string, anew bool) (string, error) {
	m, err := c.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)}
	if anew {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return m.oauth.AuthCodeURL(state, options...), nil
}

// exchange turns a code into a proof of who she is (OpenID Connect Core,
// section 3.1.3). Faults: ErrWrong, ErrProvider.
func (c *client) exchange(ctx context.Context, r Return, nonce, verifier string) (proof, error) {
	m, err := c.discover(ctx)
	if err != nil {
		return proof{}, err
	}
	if r.Issuer != c.provider.Issuer && (r.Issuer != "" || m.saysIssuer) {
		return proof{}, ErrWrong.Because(errors.New("the browser comes from another issuer")) // RFC 9207
	}
	token, err := m.oauth.Exchange(c.through(ctx), r.Code, oauth2.VerifierOption(verifier))
	if err != nil {
		return proof{}, refused(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" || len(raw) > longestIDToken {
		return proof{}, ErrWrong.Because(errors.New("no ID token"))
	}
	id, err := c.verify(ctx, m, raw)
	if err != nil {
		return proof{}, err
	}
	if err := c.ours(id, token, nonce); err != nil {
		return proof{}, ErrWrong.Because(err)
	}
	return read(id, token, c.provider.ClientID)
}

// verify checks signature, issuer, audience and times. A key set that cannot
// be fetched is the provider's trouble, all else is not hers to mend.
func (c *client) verify(ctx context.Context, m *metadata, raw string) (*oidc.IDToken, error) {
	keys := &watched{set: m.keys}
	id, err := oidc.NewVerifier(c.provider.Issuer, keys, &oidc.Config{
		ClientID: c.provider.ClientID, SupportedSigningAlgs: algorithms(), Now: c.clock.Now,
	}).Verify(c.through(ctx), raw)
	switch {
	case err == nil:
		return id, nil
	case keys.unreachable:
		return nil, ErrProvider.Because(brief(err))
	default:
		return nil, ErrWrong.Because(brief(err))
	}
}

// ours asks that a token was made for this flow, now.
func (c *client) ours(id *oidc.IDToken, token *oauth2.Token, nonce string) error {
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return errors.New("the nonce is of another flow")
	case id.Subject == "" || len(id.Subject) > longestSubject:
		return errors.New("nobody is named")
	case id.IssuedAt.After(c.clock.Now().Add(ahead)):
		return errors.New("the ID token comes from the future")
	case id.AccessTokenHash == "":
		return nil
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		return fmt.Errorf("at_hash: %w", err)
	}
	return nil
}

func read(id *oidc.IDToken, token *oauth2.Token, clientID string) (proof, error) {
	var said claims
	if err := id.Claims(&said); err != nil {
		return proof{}, ErrWrong.Because(brief(err))
	}
	if said.Azp != clientID && (said.Azp != "" || len(id.Audience) > 1) {
		return proof{}, ErrWrong.Because(errors.New("the ID token was made for another party"))
	}
	who := proof{subject: id.Subject, acr: said.Acr, amr: said.Amr, signedIn: time.Unix(int64(said.AuthTime), 0), access: token}
	return who.with(said.person), nil
}

func (p proof) with(said person) proof {
	p.email, p.verified, p.name = said.Email, bool(said.EmailVerified), said.Name
	if p.name == "" {
		p.name = said.GivenName
	}
	return p
}

// userinfo asks for what an ID token did not say (section 5.3). Faults:
// ErrWrong when the answer is about somebody else, ErrProvider.
func (c *client) userinfo(ctx context.Context, who proof) (proof, error) {
	m, err := c.discover(ctx)
	if err != nil || m.provider.UserInfoEndpoint() == "" {
		return who, err
	}
	info, err := m.provider.UserInfo(c.through(ctx), oauth2.StaticTokenSource(who.access))
	if err != nil {
		return proof{}, ErrProvider.Because(brief(err))
	}
	var said person
	if err := info.Claims(&said); err != nil {
		return proof{}, ErrProvider.Because(brief(err))
	}
	if said.Subject != who.subject {
		return proof{}, ErrWrong.Because(errors.New("the user info is about somebody else"))
	}
	return who.with(said), nil
}

// watched notes whether the keys of a provider could not be fetched, which
// the verifier does not tell apart from a bad signature.
type watched struct {
	set         oidc.KeySet
	unreachable bool
}

// VerifySignature asks the set.
func (w *watched) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := w.set.VerifySignature(ctx, jwt)
	w.unreachable = err != nil && strings.HasPrefix(err.Error(), "fetching keys")
	return payload, err //nolint:wrapcheck // the verifier does
}

// refused tells a code that is no good from a provider that is not. What the
// provider wrote stays out of the log: it may repeat what it was sent.
func refused(err error) error {
	e, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return ErrProvider.Because(brief(err))
	}
	cause := fmt.Errorf("the token endpoint answers %d %.40q", e.Response.StatusCode, e.ErrorCode)
	if e.ErrorCode == "invalid_grant" {
		return ErrWrong.Because(cause)
	}
	return ErrProvider.Because(cause)
}

// brief keeps the beginning of an error: providers answer whole pages.
func brief(err error) error {
	const enough = 200
	text := err.Error()
	if len(text) > enough {
		text = text[:enough] + "…"
	}
	return errors.New(strings.ToValidUTF8(strings.Map(printable, text), ""))
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}
