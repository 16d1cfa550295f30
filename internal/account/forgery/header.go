package forgery

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"hash"
	"strings"
)

// headers are sealed with our true key and say something else.
func (f Forge) headers() map[string]string {
	kid := KeyID(f.Key)
	all := map[string]string{
		"a doubled alg":                     f.sign(`{"alg":"none","alg":"EdDSA","kid":"`+kid+`","typ":"at+jwt","x":1}`, f.payload(nil)),
		"an alg doubled in other letters":   f.sign(`{"alg":"EdDSA","ALG":"none","kid":"`+kid+`","typ":"at+jwt"}`, f.payload(nil)),
		"a doubled kid":                     f.sign(`{"alg":"EdDSA","kid":"0000000000000000","kid":"`+kid+`","typ":"at+jwt","x":1}`, f.payload(nil)),
		"a header that is a list":           f.sign(`["EdDSA"]`, f.payload(nil)),
		"a header that is null":             f.sign(`null`, f.payload(nil)),
		"a header that is empty":            f.sign(`{}`, f.payload(nil)),
		"a header with something behind it": f.sign(f.header(nil)+"{}", f.payload(nil)),
	}
	for _, alg := range []any{
		"none", "None", "NONE", "nOnE", "none ", "", "HS256", "RS256", "PS256", "ES256", "ES256K", "ES512", "Ed448", "Ed25519", "eddsa", "EDDSA", "EdDSA\u0000", 7, nil, []string{"EdDSA"},
	} {
		all[fmt.Sprintf("alg %v (%T)", alg, alg)] = f.head(map[string]any{"alg": alg})
		if name, ok := alg.(string); ok && strings.EqualFold(strings.TrimSpace(name), "none") {
			all[fmt.Sprintf("alg %q without a signature", name)] = input(f.header(map[string]any{"alg": alg}), f.payload(nil)) + "."
		}
	}
	for _, id := range []any{
		"../../dev/null", "/dev/null", "' OR 1=1 --", "x' UNION SELECT 'a", "| cat /etc/passwd", "https://evil.example/jwks", strings.Repeat("k", 10000),
		"", 7, nil, "0000000000000000", strings.ToUpper(kid) + "0", kid + "\u0000", kid[:15],
		[]string{kid},
		map[string]any{"kid": kid},
		true,
	} {
		all[fmt.Sprintf("kid %.24v (%T)", id, id)] = f.head(map[string]any{"kid": id})
	}
	for _, typ := range []any{"JWT", "jwt", "AT+JWT", "application/at+jwt", "id+jwt", "refresh", "", nil, 1, []string{"at+jwt"}} {
		all[fmt.Sprintf("typ %v (%T)", typ, typ)] = f.head(map[string]any{"typ": typ})
	}
	for name, value := range map[string]any{
		"crit": []string{"exp"}, "b64": false, "zip": "DEF", "cty": "JWT", "x5t": "abc", "x5t#S256": "abc", "enc": "A256GCM", "epk": map[string]any{"kty": "OKP"}, "nonce": "n",
	} {
		all["the header "+name] = f.head(map[string]any{name: value})
	}
	return all
}

// embedded bring their own key, or say where it is, and are signed with it.
func (f Forge) embedded(stranger Forge) map[string]string {
	public, _ := stranger.Key.Public().(ed25519.PublicKey)
	jwk := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(public), "kid": KeyID(f.Key)}
	all := map[string]string{}
	for name, value := range map[string]any{
		"jku": "https://evil.example/jwks", "jwk": jwk, "x5u": "https://evil.example/cert", "x5c": []string{"MIIB"}, "jwks": map[string]any{"keys": []any{jwk}},
	} {
		all["a stranger's "+name] = stranger.sign(f.header(map[string]any{name: value}), f.payload(nil))
		all["our key and a header "+name] = f.head(map[string]any{name: value})
	}
	return all
}

// secrets take what everybody knows of our key for a shared secret.
func (f Forge) secrets() map[string]string {
	public, _ := f.Key.Public().(ed25519.PublicKey)
	der, _ := x509.MarshalPKIXPublicKey(public) // an Ed25519 key can be written
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	all := map[string]string{}
	for keyName, key := range map[string][]byte{
		"the public key": public, "its DER": der, "its PEM": text, "its PEM without the last line end": text[:len(text)-1],
		"its JWK": []byte(raw(map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(public)})), "its x": []byte(encode(public)),
		"its kid": []byte(KeyID(f.Key)), "no key": nil,
	} {
		for alg, h := range map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New} {
			m := hmac.New(h, key)
			signed := input(f.header(map[string]any{"alg": alg}), f.payload(nil))
			m.Write([]byte(signed))
			all[alg+" with "+keyName] = signed + "." + encode(m.Sum(nil))
		}
	}
	return all
}

// otherKinds are signed, rightly, with keys of another kind under our kid.
func (f Forge) otherKinds() map[string]string {
	all := map[string]string{
		"an encrypted token": encode([]byte(`{"alg":"dir","enc":"A256GCM","kid":"`+KeyID(f.Key)+`"}`)) + "..AAAA.AAAA.AAAA",
	}
	text := func(alg string) string { return input(f.header(map[string]any{"alg": alg}), f.payload(nil)) }
	all["ES256 of zeroes"] = text("ES256") + "." + encode(make([]byte, 64))
	all["ES384 of zeroes"] = text("ES384") + "." + encode(make([]byte, 96))
	if key, err := rsa.GenerateKey(rand.Reader, 2048); err == nil {
		sum := sha256.Sum256([]byte(text("RS256")))
		signature, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		all["RS256 with a key of its own"] = text("RS256") + "." + encode(signature)
		sum = sha256.Sum256([]byte(text("PS256")))
		signature, _ = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
		all["PS256 with a key of its own"] = text("PS256") + "." + encode(signature)
	}
	if key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {
		sum := sha256.Sum256([]byte(text("ES256")))
		if r, s, err := ecdsa.Sign(rand.Reader, key, sum[:]); err == nil {
			all["ES256 with a key of its own"] = text("ES256") + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
		}
	}
	return all
}
