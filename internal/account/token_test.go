package account

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

var b64 = base64.RawURLEncoding

// forge makes tokens by hand, with true keys where it wants.
type forge struct {
	key     ed25519.PrivateKey
	kid     string
	session Session
}

// header gives our header with changes; nil takes a member away.
func (f forge) header(changes map[string]any) string {
	return object(map[string]any{"alg": "EdDSA", "kid": f.kid, "typ": tokenType}, changes)
}

func (f forge) payload(changes map[string]any) string {
	now := noon.Unix()
	// In the order in which we write them, so that a change is the only difference.
	pairs := []any{
		"iss", "https://api.example.org", "aud", "conservatory", "sub", f.session.User.ID.String(), "sid", f.session.ID.String(),
		"jti", "7f3c1de0-58a5-4b1b-9d6a-0d6c3ad5b8f1", "gen", 1, "iat", now, "nbf", now, "exp", now + 600,
	}
	var b bytes.Buffer
	for i := 0; i < len(pairs); i += 2 {
		name, value := pairs[i].(string), pairs[i+1]
		if change, ok := changes[name]; ok {
			if value = change; value == nil {
				continue
			}
		}
		fmt.Fprintf(&b, ",%q:%s", name, raw(value))
	}
	for name, value := range changes {
		if !slices.Contains(pairs, any(name)) {
			fmt.Fprintf(&b, ",%q:%s", name, raw(value))
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
	text, _ := json.Marshal(v)
	return string(text)
}

func object(members, changes map[string]any) string {
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	return raw(members)
}

func (f forge) sign(header, payload string) string {
	text := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	return text + "." + b64.EncodeToString(ed25519.Sign(f.key, []byte(text)))
}

func (f forge) withHeader(changes map[string]any) string {
	return f.sign(f.header(changes), f.payload(nil))
}

func (f forge) withClaims(changes map[string]any) string {
	return f.sign(f.header(nil), f.payload(changes))
}

func (f forge) withMAC(alg string, h func() hash.Hash, key []byte) string {
	text := b64.EncodeToString([]byte(f.header(map[string]any{"alg": alg}))) + "." + b64.EncodeToString([]byte(f.payload(nil)))
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return text + "." + b64.EncodeToString(m.Sum(nil))
}

// alterations change how a good token is written or sealed.
func (f forge) alterations(good string) map[string]string {
	part := strings.Split(good, ".")
	seal := part[2]
	signature, _ := b64.DecodeString(seal)
	zero := b64.EncodeToString(make([]byte, ed25519.SignatureSize))
	all := map[string]string{
		"nothing": "", "dots": "..", "one dot": ".", "5000 dots": strings.Repeat(".", 5000), "a megabyte": strings.Repeat("A", 1<<20),
		"no signature": part[0] + "." + part[1] + ".", "two parts": part[0] + "." + part[1], "five parts": good + ".a.b",
		"a zero signature": part[0] + "." + part[1] + "." + zero, "half a signature": good[:len(good)-43],
		"a padded signature": good + "==", "a space before": " " + good, "a space behind": good + " ",
		"a line break in the signature": part[0] + "." + part[1] + "." + seal[:9] + "\n" + seal[9:],
		"a carriage return in it":       part[0] + "." + part[1] + "." + seal[:9] + "\r" + seal[9:],
		"standard base64":               part[0] + "." + part[1] + "." + base64.StdEncoding.EncodeToString(signature) + "/+",
		"the scheme again":              "Bearer " + good, "lower case": strings.ToLower(good),
		"quotes": `"` + good + `"`, "a NUL": good + "\x00", "a percent escape": strings.Replace(good, ".", "%2E", 1),
		"swapped parts": part[1] + "." + part[0] + "." + seal, "a refresh token": f.session.RefreshToken,
		"another header": b64.EncodeToString([]byte(f.header(map[string]any{"x": 1}))) + "." + part[1] + "." + seal,
		"another payload": part[0] + "." + b64.EncodeToString([]byte(f.payload(map[string]any{"exp": noon.Unix() + 6000}))) +
			"." + seal,
		"a bit of the signature": part[0] + "." + part[1] + "." + b64.EncodeToString(append([]byte{signature[0] ^ 1}, signature[1:]...)),
		"an encrypted token":     "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA",
		"JSON":                   `{"payload":"` + part[1] + `","protected":"` + part[0] + `","signature":"` + seal + `"}`,
	}
	// The last letter of a signature carries four bits that say nothing.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])
	for i := 1; i <= 3; i++ {
		all[fmt.Sprintf("other spelling %d of the last letter", i)] = good[:len(good)-1] + string(alphabet[last^i])
	}
	return all
}

// headers are sealed with our true key and say something else.
func (f forge) headers() map[string]string {
	public := f.key.Public().(ed25519.PublicKey)
	jwk := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64.EncodeToString(public)}
	der, _ := x509.MarshalPKIXPublicKey(public)
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	all := map[string]string{
		"HS256 with the public key":         f.withMAC("HS256", sha256.New, public),
		"HS256 with its DER":                f.withMAC("HS256", sha256.New, der),
		"HS256 with its PEM":                f.withMAC("HS256", sha256.New, pemKey),
		"HS256 with its JWK":                f.withMAC("HS256", sha256.New, []byte(raw(jwk))),
		"HS256 with no key":                 f.withMAC("HS256", sha256.New, nil),
		"HS384 with the public key":         f.withMAC("HS384", sha512.New384, public),
		"HS512 with the public key":         f.withMAC("HS512", sha512.New, public),
		"a doubled alg":                     f.sign(`{"alg":"none","alg":"EdDSA","kid":"`+f.kid+`","typ":"at+jwt","x":1}`, f.payload(nil)),
		"a header that is a list":           f.sign(`["EdDSA"]`, f.payload(nil)),
		"a header that is null":             f.sign(`null`, f.payload(nil)),
		"a header with something behind it": f.sign(f.header(nil)+"{}", f.payload(nil)),
	}
	for _, alg := range []any{"none", "None", "nOnE", "", "HS256", "RS256", "PS256", "ES256", "ES512", "Ed448", "Ed25519", "eddsa", "EDDSA", 7, nil} {
		all[fmt.Sprintf("alg %v", alg)] = f.withHeader(map[string]any{"alg": alg})
	}
	for _, kid := range []any{
		"../../dev/null", "' OR 1=1 --", "https://evil.example/jwks", strings.Repeat("k", 10000), "", 7, nil, "0000000000000000",
		strings.ToUpper(f.kid) + "0",
		[]string{f.kid},
	} {
		all[fmt.Sprintf("kid %.20v", kid)] = f.withHeader(map[string]any{"kid": kid})
	}
	for _, typ := range []any{"JWT", "AT+JWT", "application/at+jwt", "refresh", "", nil, 1} {
		all[fmt.Sprintf("typ %v", typ)] = f.withHeader(map[string]any{"typ": typ})
	}
	for name, value := range map[string]any{
		"jku": "https://evil.example/jwks", "jwk": jwk, "x5u": "https://evil.example/cert", "x5c": []string{"MIIB"},
		"crit": []string{"exp"}, "b64": false, "zip": "DEF", "cty": "JWT", "x5t": "abc",
	} {
		all["the header "+name] = f.withHeader(map[string]any{name: value})
	}
	return all
}

// sealed are claims under our true key that we would not write.
func (f forge) sealed() map[string]string {
	now := noon.Unix()
	all := map[string]string{
		"claims that are a list":           f.sign(f.header(nil), `[]`),
		"claims that are null":             f.sign(f.header(nil), `null`),
		"claims with something behind":     f.sign(f.header(nil), f.payload(nil)+"{}"),
		"claims with a space":              f.sign(f.header(nil), strings.Replace(f.payload(nil), ",", ", ", 1)),
		"claims in other letters":          f.sign(f.header(nil), strings.Replace(f.payload(nil), `"sub"`, `"SUB"`, 1)),
		"a doubled exp":                    f.sign(f.header(nil), strings.Replace(f.payload(nil), `"exp"`, `"exp":1,"exp"`, 1)),
		"a doubled sub":                    f.sign(f.header(nil), strings.Replace(f.payload(nil), `"sub"`, `"sub":"x","sub"`, 1)),
		"a role":                           f.withClaims(map[string]any{"role": "admin"}),
		"a token within a token":           f.sign(f.header(nil), f.sign(f.header(nil), f.payload(nil))),
		"two claims of the same time past": f.withClaims(map[string]any{"exp": now - 31, "nbf": now - 631, "iat": now - 631}),
	}
	for name, values := range map[string][]any{
		"exp": {nil, now - 31, now - 3600, float64(now) + 600.5, strconv.FormatInt(now+600, 10), verbatim("1e400"), -1, 0, verbatim("9e18"), verbatim("null"), true},
		"nbf": {nil, now + 60, now + 3600, strconv.FormatInt(now, 10)},
		"iat": {nil, now + 60, now + 3600, float64(now) + 0.5},
		"aud": {nil, "other", "", []string{"conservatory"}, []string{"other", "conservatory"}, "conservatory ", "Conservatory", 7},
		"iss": {nil, "", "https://evil.example", "https://api.example.org/", "https://api.example.org.evil.example", []string{"https://api.example.org"}},
		"sub": {nil, "", 7, "root", uuid.NewString(), uuid.Nil.String(), strings.ToUpper(f.session.User.ID.String()), "urn:uuid:" + f.session.User.ID.String()},
		"sid": {nil, "", 7, uuid.NewString(), uuid.Nil.String(), "{" + f.session.ID.String() + "}"},
		"jti": {nil, "", "x", 7},
	} {
		for _, v := range values {
			all[fmt.Sprintf("%s %v (%T)", name, v, v)] = f.withClaims(map[string]any{name: v})
		}
	}
	return all
}

func TestForgedAccessTokens(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	f := forge{key: signingKey(1), kid: r.tokens.firstID, session: r.signedIn(ctx, t)}
	rotated := forge{key: signingKey(2), kid: r.tokens.order[1], session: f.session}
	stranger := forge{key: signingKey(9), kid: r.tokens.firstID, session: f.session}

	for name, token := range map[string]string{
		"as we write it": f.session.AccessToken, "by hand": f.withClaims(nil), "by the other key": rotated.withClaims(nil),
		"in the leeway": f.withClaims(map[string]any{"exp": noon.Unix() - 29}),
	} {
		if _, err := r.Authenticate(ctx, token); err != nil {
			t.Errorf("the control %q: %v", name, err)
		}
	}

	bad := map[string]string{"the key of a stranger": stranger.withClaims(nil), "the key of another kid": forge{signingKey(2), f.kid, f.session}.withClaims(nil)}
	for _, more := range []map[string]string{f.alterations(f.session.AccessToken), f.headers(), f.sealed()} {
		maps.Copy(bad, more)
	}
	if len(bad) < 120 {
		t.Errorf("only %d attacks", len(bad))
	}
	want := fault.From(ErrUnauthenticated)
	for name, token := range bad {
		who, err := r.Authenticate(ctx, token)
		if err == nil {
			t.Errorf("%s opens the door to %s", name, who.ID)
			continue
		}
		if got, ok := err.(*fault.Error); !ok || got != want { //nolint:errorlint // not only the same code: the same answer
			t.Errorf("%s: %v, want the same fault for all", name, err)
		}
	}
}

func TestAccessTokenSaysLittle(t *testing.T) {
	t.Parallel()
	s, err := newSigner(config(), clock.NewManual(noon).Now)
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.sign(uuid.New(), uuid.New(), 7)
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(token, ".")
	for i, want := range [][]string{{"alg", "kid", "typ"}, {"aud", "exp", "gen", "iat", "iss", "jti", "nbf", "sid", "sub"}} {
		text, _ := b64.DecodeString(part[i])
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
	}
	sum := sha256.Sum256(signingKey(1).Public().(ed25519.PublicKey))
	if want := hex.EncodeToString(sum[:8]); s.firstID != want {
		t.Errorf("kid %s, want %s", s.firstID, want)
	}
	if who, err := s.read(token); err != nil || !who.ExpiresAt.Equal(noon.Add(10*time.Minute)) || who.generation != 7 {
		t.Errorf("%+v, %v", who, err)
	}
}
