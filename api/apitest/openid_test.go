package apitest_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
)

const (
	realClient = "conservatory"
	realSecret = "a secret of sixteen or more"
	realPage   = apitest.Origin + "/sign-in/oidc"
)

// realProvider is the provider of a library that is certified by the OpenID
// Foundation, on loopback, with its login page.
type realProvider struct {
	t     *testing.T
	url   string
	keys  *rotatingKeys
	users people

	mu   sync.Mutex
	down bool
}

// people are the accounts at the provider.
type people map[string]*storage.User

func (p people) GetUserByID(id string) *storage.User         { return p[id] }
func (p people) GetUserByUsername(name string) *storage.User { return p[name] }
func (p people) ExampleClientID() string                     { return "none" }

// rotatingKeys is the library's storage with keys that change.
type rotatingKeys struct {
	*storage.Storage

	mu  sync.Mutex
	id  string
	key *rsa.PrivateKey
}

type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) ID() string                                  { return k.id }

type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.key.PublicKey }

func (r *rotatingKeys) rotate(t *testing.T, id string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.id, r.key = id, key
}

func (r *rotatingKeys) SigningKey(context.Context) (op.SigningKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return signingKey{r.id, r.key}, nil
}

func (r *rotatingKeys) KeySet(context.Context) ([]op.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return []op.Key{publicKey{signingKey{r.id, r.key}}}, nil
}

func newRealProvider(t *testing.T) *realProvider {
	t.Helper()
	p := &realProvider{t: t, users: people{
		"maria": {ID: "maria", Username: "maria", Password: "verysecure", FirstName: "Maria", LastName: "Lopez", Email: "maria@example.org", EmailVerified: true},
		"ines":  {ID: "ines", Username: "ines", Password: "verysecure", FirstName: "Ines", Email: "ines@example.org"},
	}}
	clients := map[string]*storage.Client{realClient: storage.WebClient(realClient, realSecret, realPage), "other": storage.WebClient("other", realSecret, realPage)}
	p.keys = &rotatingKeys{Storage: storage.NewStorageWithClients(p.users, clients)}
	p.keys.rotate(t, "first")
	var handler http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		down := p.down
		p.mu.Unlock()
		if down {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	p.url = s.URL
	handler = exampleop.SetupServer(p.url, p.keys, nil, false, op.WithLogger(slog.New(slog.DiscardHandler)))
	return p
}

func (p *realProvider) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *realProvider) configure(c *server.Config) {
	raw, err := json.Marshal([]map[string]string{{"name": "real", "title": "Real", "issuer": p.url, "client_id": realClient, "client_secret": realSecret}})
	if err != nil {
		p.t.Fatal(err)
	}
	c.OIDCProviders = string(raw)
}

// browse goes to an address, signs somebody in on the provider's page and
// gives what comes back to our page.
func (p *realProvider) browse(address, user string) url.Values {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	var back url.Values
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), realPage) {
			back = r.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	login := p.visit(browser.Get(address))
	id := login.Request.URL.Query().Get("authRequestID")
	p.visit(browser.PostForm(p.url+"/login/username", url.Values{"username": {user}, "password": {"verysecure"}, "id": {id}}))
	if back == nil {
		p.t.Fatalf("the browser does not come back; the provider shows %s", login.Request.URL)
	}
	return back
}

func (p *realProvider) visit(resp *http.Response, err error) *http.Response {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= http.StatusBadRequest {
		p.t.Fatalf("%s: %d %s %v", resp.Request.URL, resp.StatusCode, text, err)
	}
	return resp
}

// altered is an address with one parameter changed on the way.
func altered(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestSigningInWithARealProvider(t *testing.T) {
	t.Parallel()
	p := newRealProvider(t)
	h := apitest.New(t, p.configure)
	finish := func(f apitest.Flow, q url.Values) apitest.Answer {
		return h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/oidc/finish", Body: f.Return(q)})
	}
	refused := func(t *testing.T, a apitest.Answer, status int, code string) {
		t.Helper()
		if a.Status != status || a.Code() != code {
			t.Errorf("answered %d %s, want %d %s", a.Status, a.Body, status, code)
		}
	}

	t.Run("she signs up and gets her own account", func(t *testing.T) {
		f := h.BeginSignIn(t, "real", true)
		q := p.browse(f.AuthorizationURL, "maria")
		a := finish(f, q).Must(t, http.StatusOK)
		var session struct {
			AccessToken string `json:"access_token"`
			Member      struct {
				Email         string
				EmailVerified bool   `json:"email_verified"`
				DisplayName   string `json:"display_name"`
			}
		}
		a.Into(t, &session)
		if session.Member.Email != "maria@example.org" || !session.Member.EmailVerified || session.Member.DisplayName != "Maria Lopez" {
			t.Errorf("%s", a.Body)
		}
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: session.AccessToken}).Must(t, http.StatusOK)
		refused(t, finish(f, q), http.StatusUnprocessableEntity, "flow-wrong") // code and state, replayed
	})

	t.Run("without a password she proves herself by signing in there anew", func(t *testing.T) {
		f := h.BeginSignIn(t, "real", false)
		var session struct {
			AccessToken string `json:"access_token"`
		}
		finish(f, p.browse(f.AuthorizationURL, "maria")).Must(t, http.StatusOK).Into(t, &session)
		h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/step-up/oidc/real", Token: session.AccessToken}).Must(t, http.StatusOK).Into(t, &f)
		if !strings.Contains(f.AuthorizationURL, "prompt=login") || !strings.Contains(f.AuthorizationURL, "max_age=0") {
			t.Errorf("the provider may let her pass as she is: %s", f.AuthorizationURL)
		}
		h.Do(t, apitest.Call{
			Method: http.MethodPost, Path: "/v1/auth/step-up/oidc", Token: session.AccessToken, Body: f.Return(p.browse(f.AuthorizationURL, "maria")),
		}).Must(t, http.StatusNoContent)
	})

	t.Run("and in, with the refresh token in a cookie", func(t *testing.T) {
		f := h.BeginSignIn(t, "real", false)
		body := f.Return(p.browse(f.AuthorizationURL, "maria"))
		body["refresh_in"] = "cookie"
		a := h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/oidc/finish", Body: body}).Must(t, http.StatusOK)
		if !strings.HasPrefix(a.Header.Get("Set-Cookie"), "__Host-refresh=rt1.") || strings.Contains(string(a.Body), "refresh_token") {
			t.Errorf("%v %s", a.Header, a.Body)
		}
	})

	t.Run("what was altered on the way is noticed", func(t *testing.T) {
		for name, value := range map[string]string{
			"nonce": "another", "code_challenge": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "client_id": "other",
		} {
			f := h.BeginSignIn(t, "real", false)
			a := finish(f, p.browse(altered(t, f.AuthorizationURL, name, value), "maria"))
			if a.Status != http.StatusUnauthorized || a.Code() != "identity-wrong" {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		f := h.BeginSignIn(t, "real", false)
		refused(t, finish(f, p.browse(altered(t, f.AuthorizationURL, "state", "another"), "maria")), http.StatusUnprocessableEntity, "flow-wrong")
		f = h.BeginSignIn(t, "real", false)
		q := p.browse(f.AuthorizationURL, "maria")
		q.Set("iss", "https://evil.example")
		refused(t, finish(f, q), http.StatusUnauthorized, "identity-wrong")
	})

	t.Run("a code works once", func(t *testing.T) {
		first, second := h.BeginSignIn(t, "real", false), h.BeginSignIn(t, "real", false)
		q := p.browse(first.AuthorizationURL, "maria")
		finish(first, q).Must(t, http.StatusOK)
		other := p.browse(second.AuthorizationURL, "maria")
		other.Set("code", q.Get("code"))
		refused(t, finish(second, other), http.StatusUnauthorized, "identity-wrong")
	})

	t.Run("an address that nobody vouches for makes no account", func(t *testing.T) {
		f := h.BeginSignIn(t, "real", true)
		refused(t, finish(f, p.browse(f.AuthorizationURL, "ines")), http.StatusConflict, "email-unproved")
	})

	t.Run("the provider changes its key", func(t *testing.T) {
		p.keys.rotate(t, "second")
		f := h.BeginSignIn(t, "real", false)
		finish(f, p.browse(f.AuthorizationURL, "maria")).Must(t, http.StatusOK)
	})

	t.Run("the provider goes away and comes back", func(t *testing.T) {
		f := h.BeginSignIn(t, "real", false)
		q := p.browse(f.AuthorizationURL, "maria")
		p.setDown(true)
		a := finish(f, q)
		refused(t, a, http.StatusServiceUnavailable, "provider-unavailable")
		if a.Header.Get("Retry-After") == "" {
			t.Error("it does not say when to try again")
		}
		p.setDown(false)
		f = h.BeginSignIn(t, "real", false)
		finish(f, p.browse(f.AuthorizationURL, "maria")).Must(t, http.StatusOK)
	})
}

func TestAProviderThatIsDownStopsNobodysStart(t *testing.T) {
	t.Parallel()
	p := newRealProvider(t)
	p.setDown(true)
	h := apitest.New(t, p.configure)
	begin := apitest.Call{Method: http.MethodPost, Path: "/v1/auth/oidc/real/begin", Body: map[string]bool{}}
	if a := h.Do(t, begin); a.Status != http.StatusServiceUnavailable || a.Code() != "provider-unavailable" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	h.Person(t, "maria")
	p.setDown(false)
	h.Do(t, begin).Must(t, http.StatusOK)
}
