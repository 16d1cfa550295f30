// Package oidctest is a small OpenID Connect provider for tests, which can be
// told to lie. It stands for another system, as the Stripe sandbox does.
package oidctest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ClientID and ClientSecret are those of the client the provider knows.
const (
	ClientID     = "conservatory"
	ClientSecret = "a secret of sixteen or more"
)

// Person is somebody who has an account at the provider.
type Person struct {
	Subject, Email, Name string
	Verified             bool
}

// Lie changes what the provider says. Every member may be nil.
type Lie struct {
	Header    func(header map[string]any)                          // of the ID token
	Claims    func(claims map[string]any)                          // of the ID token
	IDToken   func(signed string) string                           // as it is sent
	Discovery func(document map[string]any)                        //
	UserInfo  func(claims map[string]any)                          //
	Answer    func(w http.ResponseWriter, path string) (done bool) // instead of the true answer
}

// Provider is a running one.
type Provider struct {
	URL string

	mu     sync.Mutex
	key    ed25519.PrivateKey
	kid    string
	lie    Lie
	now    func() time.Time
	codes  map[string]grant
	people map[string]Person // by access token
}

// grant is what a code stands for.
type grant struct {
	person                             Person
	nonce, challenge, redirect, client string
}

// New runs a provider until the test ends. Its clock is now.
func New(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{now: now, codes: map[string]grant{}, people: map[string]Person{}}
	p.RotateKey()
	s := httptest.NewServer(p)
	p.URL = s.URL
	t.Cleanup(s.Close)
	return p
}

// Describe is the provider as an operator writes it.
func (p *Provider) Describe(name string) string {
	raw, _ := json.Marshal([]map[string]string{{
		"name": name, "title": strings.ToUpper(name[:1]) + name[1:], "issuer": p.URL, "client_id": ClientID, "client_secret": ClientSecret,
	}})
	return string(raw)
}

// RotateKey signs with a new key, and the one before is gone.
func (p *Provider) RotateKey() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, p.key, _ = ed25519.GenerateKey(nil) // never fails
	p.kid = text()
}

// Lie makes it say something else from now on; the zero Lie ends that.
func (p *Provider) Lie(l Lie) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lie = l
}

// Authorize is what a browser does: it goes to the address and somebody signs
// in there. It gives what comes back to the redirect URI.
func (p *Provider) Authorize(t testing.TB, address string, who Person) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, p.URL+"/authorize?") {
		t.Fatalf("%s is not an address of the provider: %v", address, err)
	}
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": ClientID, "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			t.Fatalf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if !strings.Contains(q.Get("scope"), "openid") || q.Get("state") == "" || q.Get("nonce") == "" || q.Get("code_challenge") == "" {
		t.Fatalf("something is missing in %s", address)
	}
	code := text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = grant{who, q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri"), q.Get("client_id")}
	return url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}
}

// ServeHTTP answers as a provider does.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lie.Answer != nil && p.lie.Answer(w, r.URL.Path) {
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.discovery(w)
	case "/keys":
		public, _ := p.key.Public().(ed25519.PublicKey)
		answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
			"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": p.kid, "x": encode(public),
		}}})
	case "/token":
		p.token(w, r)
	case "/userinfo":
		p.userinfo(w, r)
	default:
		http.NotFound(w, r)
	}
}

// AccessTokens are those that were given out.
func (p *Provider) AccessTokens() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.people))
}

func (p *Provider) discovery(w http.ResponseWriter) {
	document := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"userinfo_endpoint": p.URL + "/userinfo", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"EdDSA"}, "authorization_response_iss_parameter_supported": true,
	}
	if p.lie.Discovery != nil {
		p.lie.Discovery(document)
	}
	answer(w, http.StatusOK, document)
}

// token exchanges a code, once (RFC 6749 section 4.1.3, RFC 7636).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id != ClientID || secret != url.QueryEscape(ClientSecret) {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	g, ok := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || g.challenge != encode(challenge[:]) || g.redirect != r.PostFormValue("redirect_uri") || g.client != id {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "the code " + code + " is no good"})
		return
	}
	access := text()
	p.people[access] = g.person
	signed := p.idToken(g, access)
	if p.lie.IDToken != nil {
		signed = p.lie.IDToken(signed)
	}
	answer(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": signed})
}

func (p *Provider) idToken(g grant, access string) string {
	now := p.now().Unix()
	claims := map[string]any{"iss": p.URL, "aud": g.client, "sub": g.person.Subject, "nonce": g.nonce, "iat": now, "exp": now + 300, "auth_time": now}
	maps.Copy(claims, g.person.claims())
	if p.lie.Claims != nil {
		p.lie.Claims(claims)
	}
	if claims["at_hash"] == "true" {
		sum := sha512.Sum512([]byte(access)) // as EdDSA has it
		claims["at_hash"] = encode(sum[:32])
	}
	header := map[string]any{"alg": "EdDSA", "kid": p.kid, "typ": "JWT"}
	if p.lie.Header != nil {
		p.lie.Header(header)
	}
	return Sign(p.key, header, claims)
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	access, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, ok := p.people[access]
	if !ok {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	claims := who.claims()
	claims["sub"] = who.Subject
	if p.lie.UserInfo != nil {
		p.lie.UserInfo(claims)
	}
	answer(w, http.StatusOK, claims)
}

func (w Person) claims() map[string]any {
	claims := map[string]any{"email_verified": w.Verified}
	for name, value := range map[string]string{"email": w.Email, "name": w.Name} {
		if value != "" {
			claims[name] = value
		}
	}
	return claims
}

// Sign writes a JSON web token.
func Sign(key ed25519.PrivateKey, header, claims map[string]any) string {
	h, _ := json.Marshal(header) // of what tests make
	c, _ := json.Marshal(claims) // the same
	input := encode(h) + "." + encode(c)
	return input + "." + encode(ed25519.Sign(key, []byte(input)))
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who asked may be gone
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func text() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return encode(b)
}
