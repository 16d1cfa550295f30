package forgery

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// alterations change how a good token is written or sealed.
func (f Forge) alterations() map[string]string {
	good := f.Good()
	part := strings.Split(good, ".")
	head, seal := part[0]+"."+part[1]+".", part[2]
	signature, _ := base64.RawURLEncoding.DecodeString(seal)
	all := map[string]string{
		"nothing": "", "dots": "..", "one dot": ".", "5000 dots": strings.Repeat(".", 5000), "a megabyte": strings.Repeat("A", 1<<20),
		"a megabyte behind it": good + strings.Repeat("A", 1<<20), "a word": "token", "null": "null", "undefined": "undefined",
		"no signature": head, "two parts": part[0] + "." + part[1], "four parts": good + ".", "five parts": good + ".a.b",
		"a zero signature": head + encode(make([]byte, ed25519.SignatureSize)), "half a signature": head + seal[:43],
		"a doubled signature": head + seal + seal, "a letter more": good + "A",
		"a padded signature": good + "==", "a padded payload": part[0] + "." + part[1] + "=." + seal,
		"a space before": " " + good, "a space within": part[0] + ". " + part[1] + "." + seal, "a tab within": part[0] + ".\t" + part[1] + "." + seal,
		"a line break in the signature": head + seal[:9] + "\n" + seal[9:], "a carriage return in it": head + seal[:9] + "\r" + seal[9:],
		"standard base64":  head + base64.StdEncoding.EncodeToString(append([]byte{0xfb, 0xff, 0xfe}, signature[3:]...)),
		"the scheme again": "Bearer " + good, "lower case": strings.ToLower(good), "upper case": strings.ToUpper(good),
		"quotes": `"` + good + `"`, "a NUL": good + "\x00", "a percent escape": strings.Replace(good, ".", "%2E", 1),
		"a comma and another": good + "," + good, "letters beyond ASCII": "é" + good, "a zero-width space": good + "\u200b",
		"swapped parts": part[1] + "." + part[0] + "." + seal, "a refresh token": f.Refresh,
		"another header":         encode([]byte(f.header(map[string]any{"x": 1}))) + "." + part[1] + "." + seal,
		"another payload":        part[0] + "." + encode([]byte(f.payload(map[string]any{"exp": f.Now.Unix() + 6000}))) + "." + seal,
		"a bit of the signature": head + encode(append([]byte{signature[0] ^ 1}, signature[1:]...)),
		"JSON serialisation":     `{"payload":"` + part[1] + `","protected":"` + part[0] + `","signature":"` + seal + `"}`,
		"a token within a token": f.sign(f.header(map[string]any{"cty": "JWT"}), good),
		"a token as the claims":  f.sign(f.header(nil), good),
	}
	// The last letter of a signature carries four bits that say nothing.
	last := strings.IndexByte(alphabet, good[len(good)-1])
	for i := 1; i <= 3; i++ {
		all[fmt.Sprintf("other spelling %d of the last letter", i)] = good[:len(good)-1] + string(alphabet[last^i])
	}
	return all
}

// whole are claims under our true key that are not as we write them.
func (f Forge) whole() map[string]string {
	seal := func(payload string) string { return f.sign(f.header(nil), payload) }
	ours, now := f.payload(nil), f.Now.Unix()
	nbf := fmt.Sprintf(`,"nbf":%d`, now)
	return map[string]string{
		"claims that are a list": seal(`[]`), "claims that are null": seal(`null`), "claims that are empty": seal(`{}`), "no claims": seal(``),
		"claims with something behind": seal(ours + "{}"), "claims with a space": seal(strings.Replace(ours, ",", ", ", 1)),
		"claims with a BOM":        seal("\ufeff" + ours),
		"claims in other letters":  seal(strings.Replace(ours, `"sub"`, `"SUB"`, 1)),
		"claims with an escape":    seal(strings.Replace(ours, `"sub"`, `"\u0073ub"`, 1)),
		"claims in another order":  seal(strings.TrimSuffix(strings.Replace(ours, nbf, "", 1), "}") + nbf + "}"),
		"a doubled exp":            seal(strings.Replace(ours, `"exp"`, `"exp":1,"exp"`, 1)),
		"a doubled sub":            seal(strings.Replace(ours, `"sub"`, `"sub":"x","sub"`, 1)),
		"a doubled iss":            seal(strings.Replace(ours, `"iss"`, `"iss":"https://evil.example","iss"`, 1)),
		"a doubled aud behind":     seal(ours[:len(ours)-1] + `,"aud":"other"}`),
		"a role":                   f.claims(map[string]any{"role": "admin"}),
		"scopes":                   f.claims(map[string]any{"scope": "openid admin"}),
		"a prototype":              f.claims(map[string]any{"__proto__": map[string]any{"admin": true}}),
		"an id token":              f.sign(f.header(map[string]any{"typ": "JWT"}), f.payload(map[string]any{"nonce": "n", "email": "maria@example.org"})),
		"all its times gone by":    f.claims(map[string]any{"exp": now - 31, "nbf": now - 631, "iat": now - 631}),
		"all its times to come":    f.claims(map[string]any{"exp": now + 4000, "nbf": now + 3600, "iat": now + 3600}),
		"deep claims":              seal(strings.Repeat(`{"a":`, 600) + "1" + strings.Repeat("}", 600)),
		"broken UTF-8 in a claim":  seal(strings.Replace(ours, jti, "\xff\xfe", 1)),
		"a lone surrogate in them": seal(strings.Replace(ours, jti, `\ud800`, 1)),
	}
}

// single are our claims under our true key with one of them changed.
func (f Forge) single() map[string]string {
	now, user, session := f.Now.Unix(), f.User.String(), f.Session.String()
	all := map[string]string{}
	for name, values := range map[string][]any{
		"exp": {nil, now - 31, now - 3600, float64(now) + 600.5, strconv.FormatInt(now+600, 10), verbatim("1e400"), verbatim("1e10"), -1, 0, verbatim("9e18"), verbatim("null"), true, []int64{now + 600}},
		"nbf": {nil, now + 60, now + 3600, strconv.FormatInt(now, 10), verbatim("null")},
		"iat": {nil, now + 60, now + 3600, float64(now) + 0.5, strconv.FormatInt(now, 10)},
		"aud": {nil, "other", "", []string{f.Audience}, []string{"other", f.Audience}, f.Audience + " ", strings.ToUpper(f.Audience), 7, map[string]any{"0": f.Audience}},
		"iss": {nil, "", "https://evil.example", f.Issuer + "/", f.Issuer + ".evil.example", strings.ToUpper(f.Issuer), []string{f.Issuer}, 7},
		"sub": {nil, "", 7, "root", "019ab5c0-0000-7000-8000-00000000ffff", "00000000-0000-0000-0000-000000000000", strings.ToUpper(user), "urn:uuid:" + user, "{" + user + "}", strings.ReplaceAll(user, "-", ""), user + "\u0000"},
		"sid": {nil, "", 7, "019ab5c0-0000-7000-8000-00000000fffe", "00000000-0000-0000-0000-000000000000", "{" + session + "}", strings.ToUpper(session), user},
		"jti": {nil, "", "x", 7, strings.ToUpper(jti)},
		"gen": {nil, 0, -1, "1", 1.5, verbatim("1e0"), verbatim("01"), verbatim("99999999999999999999"), true},
	} {
		for _, v := range values {
			all[fmt.Sprintf("%s %v (%T)", name, v, v)] = f.claims(map[string]any{name: v})
		}
	}
	return all
}
