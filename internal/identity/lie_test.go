package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/identity/oidctest"
)

func claim(name string, value any) oidctest.Lie {
	return oidctest.Lie{Claims: func(c map[string]any) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}}
}

func header(name string, value any) oidctest.Lie {
	return oidctest.Lie{Header: func(h map[string]any) {
		if h[name] = value; value == nil {
			delete(h, name)
		}
	}}
}

func token(change func(signed string) string) oidctest.Lie { return oidctest.Lie{IDToken: change} }

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// none takes signature and algorithm off.
func none(signed string) string {
	return b64(`{"alg":"none"}`) + "." + strings.Split(signed, ".")[1] + "."
}

// symmetric signs with what everybody knows.
func symmetric(signed string) string {
	input := b64(`{"alg":"HS256"}`) + "." + strings.Split(signed, ".")[1]
	m := hmac.New(sha256.New, []byte(oidctest.ClientSecret))
	m.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func stranger(string) string {
	return oidctest.Sign(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)), map[string]any{"alg": "EdDSA"}, map[string]any{"sub": "maria"})
}

// An ID token that is wrong in one thing lets nobody in.
func TestALyingProviderLetsNobodyIn(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	r.joined(ctx, who)
	past, future := noon.Add(-time.Second).Unix(), noon.Add(time.Hour).Unix()
	for name, lie := range map[string]oidctest.Lie{
		"another nonce": claim("nonce", "of another flow"), "no nonce": claim("nonce", nil), "a nonce that is a number": claim("nonce", 7),
		"another issuer": claim("iss", "https://evil.example"), "no issuer": claim("iss", nil), "the issuer with a slash": claim("iss", r.there.URL+"/"),
		"another audience": claim("aud", "somebody-else"), "no audience": claim("aud", nil), "an empty audience": claim("aud", []string{}),
		"two audiences and no party": claim("aud", []string{"somebody-else", oidctest.ClientID}),
		"another party":              claim("azp", "somebody-else"),
		"over":                       claim("exp", past), "no end": claim("exp", nil), "an end in words": claim("exp", "tomorrow"),
		"not yet": claim("nbf", future), "made in the future": claim("iat", future),
		"no subject": claim("sub", nil), "an empty subject": claim("sub", ""), "a subject that is a number": claim("sub", 7),
		"an endless subject":        claim("sub", strings.Repeat("s", 256)),
		"the hash of another token": claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"an algorithm that is none": header("alg", "none"), "RS256 in name": header("alg", "RS256"), "HS256 in name": header("alg", "HS256"),
		"an unknown critical extension": header("crit", []string{"x"}),
		"an embedded key":               header("jwk", map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}),
		"an unknown key":                header("kid", "unknown"),
		"no signature":                  token(none), "a shared secret": token(symmetric), "a stranger's key": token(stranger),
		"nothing": token(func(string) string { return "" }), "no token": token(func(string) string { return "x.y.z" }),
		"five parts":         token(func(s string) string { return s + ".a.b" }),
		"a megabyte":         token(func(s string) string { return s + strings.Repeat("A", 900<<10) }),
		"an altered payload": token(func(s string) string { return strings.Replace(s, ".", "."+b64(`{"a":1,`), 1) }),
	} {
		r.there.Lie(lie)
		_, err := r.SignIn(ctx, r.visit(ctx, false, who))
		if f := fault.From(err); f == nil || !errors.Is(f, ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, lie := range map[string]oidctest.Lie{
		"us as the party of two audiences": {Claims: func(c map[string]any) { c["aud"], c["azp"] = []string{"other", oidctest.ClientID}, oidctest.ClientID }},
		"the hash of its token":            claim("at_hash", "true"),
		"a clock that is ahead a little":   claim("iat", noon.Add(time.Minute).Unix()),
	} {
		r.there.Lie(lie)
		if _, err := r.SignIn(ctx, r.visit(ctx, false, who)); err != nil {
			t.Errorf("the control %q: %v", name, err)
		}
	}
}

func TestMixedUpIssuersAreNoticed(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	r.joined(ctx, who)
	for _, issuer := range []string{"https://evil.example", r.there.URL + "/", ""} { // this provider always names itself
		back := r.visit(ctx, false, who)
		back.Issuer = issuer
		_, err := r.SignIn(ctx, back)
		wantFault(t, err, ErrWrong)
	}
	r.there.Lie(oidctest.Lie{Discovery: func(d map[string]any) { delete(d, "authorization_response_iss_parameter_supported") }})
	r.now.Advance(believedFor)
	back := r.visit(ctx, false, who)
	back.Issuer = "" // and this one says that it does not
	if _, err := r.SignIn(ctx, back); err != nil {
		t.Error(err)
	}
}

func TestACodeIsBoundToItsFlow(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who, attacker := maria(), maria()
	r.joined(ctx, who)
	mine, hers := r.visit(ctx, false, who), r.visit(ctx, false, attacker)
	mine.Code = hers.Code // injected: the code verifier does not fit
	_, err := r.SignIn(ctx, mine)
	wantFault(t, err, ErrWrong)
	if strings.Contains(err.Error(), hers.Code) {
		t.Errorf("the log would show a code: %v", err)
	}
	again := r.visit(ctx, false, who)
	again.Code = "made-up"
	_, err = r.SignIn(ctx, again)
	wantFault(t, err, ErrWrong)
}

func TestAProviderThatIsDownLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	page500 := func(at string) oidctest.Lie {
		return oidctest.Lie{Answer: func(w http.ResponseWriter, path string) bool {
			if path != at {
				return false
			}
			http.Error(w, strings.Repeat("<html>down\n", 2000), http.StatusInternalServerError)
			return true
		}}
	}
	endless := oidctest.Lie{Answer: func(w http.ResponseWriter, path string) bool {
		if path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(bytes.Repeat([]byte(" "), longestReply+1))
			_, _ = w.Write([]byte("{}"))
		}
		return path == "/token"
	}}
	moved := oidctest.Lie{Answer: func(w http.ResponseWriter, path string) bool {
		if path == "/token" {
			w.Header().Set("Location", "https://evil.example/token")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
		return path == "/token"
	}}
	secret := oidctest.Lie{Answer: func(w http.ResponseWriter, path string) bool {
		if path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
		}
		return path == "/token"
	}}
	for name, lie := range map[string]oidctest.Lie{
		"the token endpoint fails": page500("/token"), "its answer does not end": endless, "it sends us elsewhere": moved,
		"it does not take our secret": secret, "the keys cannot be fetched": page500("/keys"), "user info fails": page500("/userinfo"),
	} {
		ctx, r := inTx(t)
		who := maria()
		told := who
		told.Email = "" // only by user info
		back := r.visit(ctx, true, told)
		r.there.Lie(lie)
		_, err := r.SignIn(ctx, back)
		if f := fault.From(err); f == nil || !errors.Is(f, ErrProvider) || f.Retry == 0 {
			t.Errorf("%s: %v", name, err)
		} else if len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the log gets a page: %q", name, err)
		}
		r.there.Lie(oidctest.Lie{})
		if _, err := r.SignIn(ctx, r.visit(ctx, true, who)); err != nil {
			t.Errorf("%s: she begins again: %v", name, err)
		}
	}
}

func TestWhatAProviderSaysOfItselfIsChecked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(d map[string]any){
		"another issuer":           func(d map[string]any) { d["issuer"] = "https://evil.example" },
		"no token endpoint":        func(d map[string]any) { delete(d, "token_endpoint") },
		"no keys":                  func(d map[string]any) { delete(d, "jwks_uri") },
		"a plain address":          func(d map[string]any) { d["authorization_endpoint"] = "http://evil.example/authorize" },
		"a script as an address":   func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" },
		"a plain token endpoint":   func(d map[string]any) { d["token_endpoint"] = "http://evil.example/token" },
		"plain keys":               func(d map[string]any) { d["jwks_uri"] = "http://evil.example/keys" },
		"plain user info":          func(d map[string]any) { d["userinfo_endpoint"] = "http://evil.example/me" },
		"no authorization codes":   func(d map[string]any) { d["response_types_supported"] = []string{"id_token"} },
		"an address with a secret": func(d map[string]any) { d["token_endpoint"] = "https://user:password@evil.example/token" },
	} {
		ctx, r := inTx(t)
		r.there.Lie(oidctest.Lie{Discovery: change})
		_, err := r.Begin(ctx, "example", true)
		if f := fault.From(err); f == nil || !errors.Is(f, ErrProvider) {
			t.Errorf("%s: %v", name, err)
		}
		if err := Check(ctx, r.described(t)[0], page, r.now); err == nil || strings.Contains(err.Error(), ErrProvider.Code) {
			t.Errorf("%s: the operator is told %v", name, err)
		}
	}
	ctx, r := inTx(t)
	if err := Check(ctx, r.described(t)[0], page, r.now); err != nil {
		t.Errorf("a sound provider: %v", err)
	}
	_, err := r.Begin(ctx, "unknown", true)
	wantFault(t, err, fault.ErrNotFound)
}

func TestKeysOfAProviderRotate(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	r.joined(ctx, who)
	r.there.RotateKey()
	if _, err := r.SignIn(ctx, r.visit(ctx, false, who)); err != nil {
		t.Errorf("the new key is not fetched: %v", err)
	}
}

func TestUserInfoFillsInWhatTheTokenDidNotSay(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := maria()
	silent := func(c map[string]any) {
		for _, name := range []string{"email", "email_verified", "name"} {
			delete(c, name)
		}
	}
	r.there.Lie(oidctest.Lie{Claims: silent, UserInfo: func(c map[string]any) { c["email_verified"] = "true" }}) // as text, as some do
	if s := r.joined(ctx, who); s.User.Email != who.Email || s.User.DisplayName != "Maria" {
		t.Errorf("%+v", s.User)
	}
	r.there.Lie(oidctest.Lie{Claims: silent, UserInfo: func(c map[string]any) { c["sub"] = "somebody else" }})
	_, err := r.SignIn(ctx, r.visit(ctx, true, maria()))
	wantFault(t, err, ErrWrong)
}
