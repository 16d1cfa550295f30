package handler_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/handler"
	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const password = "twelve years of logistics"

// accounts gives the handler on the real domain, and somebody who can sign in.
func accounts(t *testing.T) (context.Context, *handler.Account, account.User) {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	a, _ := domain(t, db, "127.0.0.1:1")
	u, err := a.Create(ctx, account.NewUser{Email: uuid.NewString() + "@example.org", Password: password, DisplayName: "Maria", Roles: []account.Role{account.Coach}})
	if err != nil {
		t.Fatal(err)
	}
	return ctx, &handler.Account{Account: a}, u
}

func domain(t *testing.T, db *pg.DB, relay string) (*account.Account, *job.Queue) {
	t.Helper()
	q, err := job.New(db, job.Config{Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.New(mail.Config{URL: "smtp://" + relay + "?tls=none", From: "hello@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewManual(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	keys, err := keyring.New(db, now, keyring.Config{
		Environment: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))}, SealKey: bytes.Repeat([]byte("k"), 32), TokenLife: account.TokenLife,
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := account.New(db, now, q, m, account.Config{
		Keys: keys, Secret: bytes.Repeat([]byte("s"), 32),
		Issuer: "https://api.example.org", Audience: "conservatory", FrontendURL: "https://app.example.org",
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, q
}

// written gives what an answer puts on the wire.
func written(t *testing.T, visit func(http.ResponseWriter) error) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	if err := visit(w); err != nil {
		t.Fatal(err)
	}
	return w.Result()
}

func sessionIn(t *testing.T, r *http.Response) (s openapi.Session) {
	t.Helper()
	if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, header %v", r.StatusCode, r.Header)
	}
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func logIn(ctx context.Context, t *testing.T, h *handler.Account, email string, in openapi.RefreshIn) *http.Response {
	t.Helper()
	answer, err := h.LogIn(ctx, openapi.LogInRequestObject{Body: &openapi.Login{Email: email, Password: password, RefreshIn: in}})
	if err != nil {
		t.Fatal(err)
	}
	return written(t, answer.VisitLogInResponse)
}

func refresh(ctx context.Context, t *testing.T, h *handler.Account, token string) *http.Response {
	t.Helper()
	answer, err := h.RefreshSession(ctx, openapi.RefreshSessionRequestObject{Body: &openapi.Refresh{RefreshToken: token}})
	if err != nil {
		t.Fatal(err)
	}
	return written(t, answer.VisitRefreshSessionResponse)
}

var cookieLine = regexp.MustCompile(`^__Host-refresh=rt1\.[A-Za-z0-9_-]{75}; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$`)

func TestSessionInBody(t *testing.T) {
	t.Parallel()
	ctx, h, u := accounts(t)
	r := logIn(ctx, t, h, u.Email, "")
	s := sessionIn(t, r)
	if r.Header.Get("Set-Cookie") != "" || !strings.HasPrefix(s.RefreshToken, "rt1.") {
		t.Errorf("cookie %q, token %q", r.Header.Get("Set-Cookie"), s.RefreshToken)
	}
	want := openapi.Me{
		ID: u.ID, Email: u.Email, EmailVerified: true, DisplayName: "Maria", TimeZone: "UTC",
		Roles: []openapi.Role{openapi.Coach}, CreatedAt: u.CreatedAt,
	}
	if diff := cmp.Diff(want, s.Member); diff != "" {
		t.Error(diff)
	}
	if s.ExpiresIn != 600 || s.TokenType != openapi.Bearer {
		t.Errorf("%+v", s)
	}

	t.Run("the successor comes in the body, whatever a cookie says", func(t *testing.T) {
		r := refresh(handler.WithRefreshCookie(ctx, "rt1.other"), t, h, s.RefreshToken)
		next := sessionIn(t, r)
		if next.RefreshToken == "" || next.RefreshToken == s.RefreshToken || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("token %q, cookie %q", next.RefreshToken, r.Header.Get("Set-Cookie"))
		}
	})
}

func TestSessionInCookie(t *testing.T) {
	t.Parallel()
	ctx, h, u := accounts(t)
	r := logIn(ctx, t, h, u.Email, openapi.Cookie)
	if s := sessionIn(t, r); s.RefreshToken != "" || !cookieLine.MatchString(r.Header.Get("Set-Cookie")) {
		t.Fatalf("token %q, cookie %q", s.RefreshToken, r.Header.Get("Set-Cookie"))
	}
	cookie := r.Cookies()[0].Value

	t.Run("the successor comes as a cookie", func(t *testing.T) {
		r := refresh(handler.WithRefreshCookie(ctx, cookie), t, h, "")
		if s := sessionIn(t, r); s.RefreshToken != "" || !cookieLine.MatchString(r.Header.Get("Set-Cookie")) {
			t.Errorf("token %q, cookie %q", s.RefreshToken, r.Header.Get("Set-Cookie"))
		}
	})

	t.Run("with neither cookie nor token nothing is refreshed", func(t *testing.T) {
		_, err := h.RefreshSession(ctx, openapi.RefreshSessionRequestObject{Body: &openapi.Refresh{}})
		if f := fault.From(err); f == nil || f.Code != account.ErrRefreshInvalid.Code {
			t.Error(err)
		}
	})

	t.Run("signing out takes the cookie away and ends its session, with or without a body", func(t *testing.T) {
		for _, body := range []*openapi.Logout{nil, {}} {
			answer, err := h.LogOut(handler.WithRefreshCookie(ctx, cookie), openapi.LogOutRequestObject{Body: body})
			if err != nil {
				t.Fatal(err)
			}
			r := written(t, answer.VisitLogOutResponse)
			want := "__Host-refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"
			if r.StatusCode != http.StatusNoContent || r.Header.Get("Set-Cookie") != want || r.Header.Get("Clear-Site-Data") != `"cache","storage"` {
				t.Errorf("status %d, header %v", r.StatusCode, r.Header)
			}
		}
		_, err := h.RefreshSession(handler.WithRefreshCookie(ctx, cookie), openapi.RefreshSessionRequestObject{Body: &openapi.Refresh{}})
		if f := fault.From(err); f == nil || f.Code != account.ErrRefreshInvalid.Code {
			t.Error(err)
		}
	})
}

func TestLogOutByAccessToken(t *testing.T) {
	t.Parallel()
	ctx, h, u := accounts(t)
	s := sessionIn(t, logIn(ctx, t, h, u.Email, ""))
	who, err := h.Account.Authenticate(ctx, s.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.LogOut(account.WithActor(ctx, who), openapi.LogOutRequestObject{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Account.Authenticate(ctx, s.AccessToken); err == nil {
		t.Error("the session lives on")
	}
}

func TestSignUpAndVerify(t *testing.T) {
	t.Parallel()
	ctx, h, u := accounts(t)

	t.Run("a known and a new address get the same answer", func(t *testing.T) {
		for _, email := range []string{u.Email, uuid.NewString() + "@example.org"} {
			answer, err := h.SignUp(ctx, openapi.SignUpRequestObject{Body: &openapi.Signup{Email: email, Password: password, DisplayName: "Eve"}})
			if err != nil {
				t.Fatal(err)
			}
			var started openapi.SignupStarted
			r := written(t, answer.VisitSignUpResponse)
			if err := json.NewDecoder(r.Body).Decode(&started); err != nil || r.StatusCode != http.StatusAccepted {
				t.Errorf("status %d, %v", r.StatusCode, err)
			}
			if started.Message != "If this address can be used, a mail with a code is on its way." || len(started.Signup) != 64 {
				t.Errorf("%+v", started)
			}
		}
	})

	t.Run("a value that is not right is a fault", func(t *testing.T) {
		_, err := h.SignUp(ctx, openapi.SignUpRequestObject{Body: &openapi.Signup{Email: u.Email, Password: "password", DisplayName: "Eve"}})
		if f := fault.From(err); f == nil || f.Fields[0].Code != "password-common" {
			t.Error(err)
		}
		_, err = h.VerifyEmail(ctx, openapi.VerifyEmailRequestObject{Body: &openapi.Verification{Signup: strings.Repeat("A", 64), Code: "123456"}})
		if f := fault.From(err); f == nil || f.Code != account.ErrCode.Code {
			t.Error(err)
		}
	})
}

func TestVerifyAnswersASession(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), pgtest.New(t)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sink, err := mailsink.New(mailsink.Config{})
	if err != nil {
		t.Fatal(err)
	}
	go sink.ServeSMTP(listener)
	t.Cleanup(func() { _ = sink.Close() })
	a, q := domain(t, db, listener.Addr().String())
	if err := q.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Stop(context.Background()) })
	h := &handler.Account{Account: a}
	begun, err := h.SignUp(ctx, openapi.SignUpRequestObject{Body: &openapi.Signup{Email: "ada@example.org", Password: password, DisplayName: "Ada"}})
	if err != nil {
		t.Fatal(err)
	}
	var started openapi.SignupStarted
	if err := json.NewDecoder(written(t, begun.VisitSignUpResponse).Body).Decode(&started); err != nil {
		t.Fatal(err)
	}
	within, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	letter, err := sink.Wait(within, "ada@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`^[0-9]{6}`).FindString(letter.Subject)
	answer, err := h.VerifyEmail(ctx, openapi.VerifyEmailRequestObject{Body: &openapi.Verification{Signup: started.Signup, Code: code, RefreshIn: openapi.Cookie}})
	if err != nil {
		t.Fatal(err)
	}
	r := written(t, answer.VisitVerifyEmailResponse)
	if s := sessionIn(t, r); s.Member.DisplayName != "Ada" || s.RefreshToken != "" || !cookieLine.MatchString(r.Header.Get("Set-Cookie")) {
		t.Errorf("%+v, cookie %q", s, r.Header.Get("Set-Cookie"))
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	ctx, h, u := accounts(t)
	ctx = account.WithActor(ctx, account.Actor{ID: u.ID})
	got, err := h.GetMe(ctx, openapi.GetMeRequestObject{})
	if err != nil {
		t.Fatal(err)
	}
	if tag := written(t, got.VisitGetMeResponse).Header.Get("ETag"); tag != `"m1"` {
		t.Errorf("ETag %s", tag)
	}
	edit := openapi.UpdateMeRequestObject{Params: openapi.UpdateMeParams{IfMatch: `"m1"`}, Body: &openapi.MeEdit{TimeZone: "Europe/Madrid"}}
	changed, err := h.UpdateMe(ctx, edit)
	if err != nil {
		t.Fatal(err)
	}
	r := written(t, changed.VisitUpdateMeResponse)
	var me openapi.Me
	if err := json.NewDecoder(r.Body).Decode(&me); err != nil || me.TimeZone != "Europe/Madrid" || me.DisplayName != "Maria" || r.Header.Get("ETag") != `"m2"` {
		t.Errorf("%+v, %v", me, r.Header)
	}
	if _, err := h.UpdateMe(ctx, edit); fault.From(err) == nil || fault.From(err).Code != fault.ErrStale.Code {
		t.Error(err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	ctx, h, _ := accounts(t)
	got, err := h.GetKeys(ctx, openapi.GetKeysRequestObject{})
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.NewDecoder(written(t, got.VisitGetKeysResponse).Body).Decode(&set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%v %v", set, err)
	}
	if k := set.Keys[0]; k["kty"] != "OKP" || k["crv"] != "Ed25519" || k["alg"] != "EdDSA" || k["use"] != "sig" || len(k["kid"]) != 16 || len(k["x"]) != 43 || len(k) != 6 {
		t.Errorf("%v", k)
	}
}
