package account

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
)

const (
	accessTTL    = 10 * time.Minute
	longestToken = 4 << 10
	tokenType    = "at+jwt" // RFC 9068
	leeway       = 30 * time.Second
)

// TokenLife is how long an access token may be taken for good at most.
const TokenLife = accessTTL + leeway

// JWK is a public key as RFC 8037 writes it.
type JWK struct{ Kty, Crv, Alg, Use, Kid, X string }

// claims are all an access token says: nothing about roles, which change.
type claims struct {
	Iss string `json:"iss"`
	Aud string `json:"aud"`
	Sub string `json:"sub"`
	Sid string `json:"sid"`
	Jti string `json:"jti"`
	Gen int64  `json:"gen"` // of the refresh token it came with
	Iat int64  `json:"iat"`
	Nbf int64  `json:"nbf"`
	Exp int64  `json:"exp"`
}

func date(seconds int64) (*jwt.NumericDate, error) {
	if seconds <= 0 {
		return nil, nil //nolint:nilnil // how the library wants an absent claim
	}
	return jwt.NewNumericDate(time.Unix(seconds, 0)), nil
}

// The methods of jwt.Claims.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return date(c.Exp) }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return date(c.Iat) }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return date(c.Nbf) }
func (c *claims) GetIssuer() (string, error)                   { return c.Iss, nil }
func (c *claims) GetSubject() (string, error)                  { return c.Sub, nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return jwt.ClaimStrings{c.Aud}, nil }

// signer makes and reads access tokens (RFC 8725).
type signer struct {
	issuer, audience string
	now              func() time.Time
	ring             *keyring.Keyring
	parser           *jwt.Parser
}

func newSigner(cfg Config, now func() time.Time) (*signer, error) {
	if cfg.Keys == nil || cfg.Issuer == "" || cfg.Audience == "" {
		return nil, errors.New("access tokens need keys, an issuer and an audience")
	}
	s := &signer{issuer: cfg.Issuer, audience: cfg.Audience, now: now, ring: cfg.Keys}
	s.parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(cfg.Issuer), jwt.WithAudience(cfg.Audience), jwt.WithExpirationRequired(),
		jwt.WithNotBeforeRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway),
		jwt.WithStrictDecoding(), jwt.WithTimeFunc(now))
	return s, nil
}

func (s *signer) sign(user, session uuid.UUID, generation int64) (string, error) {
	id, private, err := s.ring.Signing()
	if err != nil {
		return "", err
	}
	now := s.now()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &claims{
		Iss: s.issuer, Aud: s.audience, Sub: user.String(), Sid: session.String(), Jti: uuid.NewString(), Gen: generation,
		Iat: now.Unix(), Nbf: now.Unix(), Exp: now.Add(accessTTL).Unix(),
	})
	token.Header["typ"], token.Header["kid"] = tokenType, id
	signed, err := token.SignedString(private)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	return signed, nil
}

// read gives whom and which session a token is for, and until when. It takes
// only what sign writes, letter for letter: one spelling, no further claim.
func (s *signer) read(ctx context.Context, token string) (Actor, error) {
	if len(token) > longestToken || strings.ContainsFunc(token, notInToken) {
		return Actor{}, errors.New("not the form of a token")
	}
	c := &claims{}
	if _, err := s.parser.ParseWithClaims(token, c, s.key(ctx)); err != nil {
		return Actor{}, fmt.Errorf("read an access token: %w", err)
	}
	if !canonical(token, c) || c.Gen < 1 {
		return Actor{}, errors.New("not the spelling of our tokens")
	}
	user, err1 := canonicalUUID(c.Sub)
	session, err2 := canonicalUUID(c.Sid)
	_, err3 := canonicalUUID(c.Jti)
	return Actor{ID: user, SessionID: session, ExpiresAt: time.Unix(c.Exp, 0).UTC(), generation: c.Gen}, errors.Join(err1, err2, err3)
}

func notInToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// key refuses every header but ours: no embedded key, no key by address, no
// extension (jku, jwk, x5u, x5c, crit).
func (s *signer) key(ctx context.Context) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		if typ, _ := t.Header["typ"].(string); typ != tokenType || len(t.Header) != 3 {
			return nil, errors.New("not the header of our tokens")
		}
		public, ok := s.ring.Public(ctx, kid)
		if !ok {
			return nil, errors.New("not a key of ours")
		}
		return public, nil
	}
}

// canonical catches doubled, further and oddly spelt claims, which a JSON
// decoder lets pass.
func canonical(token string, c *claims) bool {
	part := strings.Split(token, ".")
	payload, err1 := base64.RawURLEncoding.DecodeString(part[1])
	ours, err2 := json.Marshal(c)
	return err1 == nil && err2 == nil && bytes.Equal(payload, ours)
}

func canonicalUUID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err == nil && (id.String() != s || id == uuid.Nil) {
		err = errors.New("not the spelling of our ids")
	}
	return id, err
}

func (s *signer) keys() []JWK {
	all := []JWK{}
	for _, key := range s.ring.Published() {
		all = append(all, JWK{
			Kty: "OKP", Crv: "Ed25519", Alg: "EdDSA", Use: "sig", Kid: key.ID, X: base64.RawURLEncoding.EncodeToString(key.Public),
		})
	}
	return all
}
