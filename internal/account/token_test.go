package account

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account/forgery"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

func (r *rig) forge(s Session) forgery.Forge {
	return forgery.Forge{
		Key: signingKey(1), Issuer: r.tokens.issuer, Audience: r.tokens.audience, User: s.User.ID, Session: s.ID, Refresh: s.RefreshToken, Now: noon,
	}
}

func TestForgedAccessTokens(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	f := r.forge(r.signedIn(ctx, t))
	controls := append(f.Controls(), f.With(signingKey(2)).Controls()...) // the other key of the environment
	for _, control := range controls {
		if _, err := r.Authenticate(ctx, control.Text); err != nil {
			t.Errorf("the control %q: %v", control.Name, err)
		}
	}
	attacks, distinct := f.Attacks(), map[string]bool{}
	want := fault.From(ErrUnauthenticated)
	for _, attack := range attacks {
		distinct[attack.Text] = true
		who, err := r.Authenticate(ctx, attack.Text)
		if err == nil {
			t.Errorf("%s opens the door to %s", attack.Name, who.ID)
			continue
		}
		if got, ok := err.(*fault.Error); !ok || got != want { //nolint:errorlint // not only the same code: the same answer
			t.Errorf("%s: %v, want the same fault for all", attack.Name, err)
		}
	}
	if len(distinct) < 250 {
		t.Errorf("only %d attacks", len(distinct))
	}
}

// A forgery costs less than a millisecond, however large it is.
func BenchmarkForgery(b *testing.B) {
	s, err := newSigner(config(b, nil), func() time.Time { return noon })
	if err != nil {
		b.Fatal(err)
	}
	attacks := forgery.Forge{Key: signingKey(1), Issuer: s.issuer, Audience: s.audience, User: uuid.New(), Session: uuid.New(), Now: noon}.Attacks()
	for b.Loop() {
		for _, attack := range attacks {
			_, _ = s.read(b.Context(), attack.Text)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(attacks)), "ns/token")
}

func TestAccessTokenSaysLittle(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	token, err := r.tokens.sign(uuid.New(), uuid.New(), 7)
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(token, ".")
	for i, want := range [][]string{{"alg", "kid", "typ"}, {"aud", "exp", "gen", "iat", "iss", "jti", "nbf", "sid", "sub"}} {
		text, _ := base64.RawURLEncoding.DecodeString(part[i])
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for name := range members {
			got = append(got, name)
		}
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
			t.Error(diff)
		}
		if i == 0 && members["kid"] != forgery.KeyID(signingKey(1)) {
			t.Errorf("kid %v", members["kid"])
		}
	}
	if who, err := r.tokens.read(ctx, token); err != nil || !who.ExpiresAt.Equal(noon.Add(10*time.Minute)) || who.generation != 7 {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestPublishedKeysAreThoseThatVerify(t *testing.T) {
	t.Parallel()
	_, r := inTx(t)
	keys := r.Keys()
	if len(keys) != 2 || keys[0].Kid != forgery.KeyID(signingKey(1)) || keys[0].Crv != "Ed25519" || keys[0].Use != "sig" {
		t.Fatalf("%+v", keys)
	}
	x, err := base64.RawURLEncoding.DecodeString(keys[0].X)
	if public := signingKey(1).Public().(ed25519.PublicKey); err != nil || !bytes.Equal(x, public) {
		t.Errorf("%s, %v", keys[0].X, err)
	}
}
