package account

import (
	"strings"
	"testing"
)

func TestEmailKey(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"maria@example.org":               "maria@example.org",
		"Maria@Example.ORG":               "maria@example.org",
		"MARIA+tag@example.org":           "maria+tag@example.org",
		"m.a.r.i.a@example.org":           "m.a.r.i.a@example.org",
		"ｍａｒｉａ@example.org":               "maria@example.org",
		"stra\u00dfe@example.org":         "strasse@example.org",
		"STRASSE@example.org":             "strasse@example.org",
		"\ufb01na@example.org":            "fina@example.org",
		"jose\u0301@example.org":          "jos\u00e9@example.org",
		"JOS\u00c9@example.org":           "jos\u00e9@example.org",
		"o'brien@example.org":             "o'brien@example.org",
		"maria@B\u00dcCHER.example":       "maria@xn--bcher-kva.example",
		"maria@b\u00fccher.example":       "maria@xn--bcher-kva.example",
		"maria@xn--bcher-kva.example":     "maria@xn--bcher-kva.example",
		"maria@mail\u3002example.org":     "maria@mail.example.org",
		"\u1e9e@example.org":              "ss@example.org",
		"maria@sub.sub.sub.example.co.uk": "maria@sub.sub.sub.example.co.uk",
	} {
		if got, err := emailKey(address); err != nil || got != want {
			t.Errorf("%q becomes %q (%v), want %q", address, got, err, want)
		}
	}
}

func TestEmailKeyOfNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "@", "maria", "maria@", "@example.org", "maria@localhost", "maria@.", "maria@example.", "maria@example..org",
		"maria @example.org", "ma\tria@example.org", "maria\n@example.org", "maria@exam ple.org", "maria\x00@example.org",
		"maria\u200b@example.org", "maria\u202e@example.org", "a\uff20b@example.org", "a@b@example.org",
		"<maria@example.org>", "a,b@example.org", `"maria"@example.org`, "maria@-example.org", "a..b@example.org", ".a@example.org", "a(b)@example.org", "a[b]@example.org", "maria@exa_mple.org",
		"maria@example.org\r\nBcc: eve@example.org", "\xff@example.org", "maria@\u202eexample.org",
		strings.Repeat("a", 250) + "@example.org",
	} {
		key, err := emailKey(address)
		if err == nil {
			t.Errorf("%q is taken for %q", address, key)
			continue
		}
		wantFault(t, err, errEmail, "/email")
	}
}

func FuzzEmailKey(f *testing.F) {
	f.Add("Maria@Example.org")
	f.Add("stra\u00dfe@b\u00fccher.example")
	f.Fuzz(func(t *testing.T, address string) {
		key, err := emailKey(address)
		if err != nil {
			return
		}
		again, err := emailKey(key)
		if err != nil || again != key {
			t.Errorf("the key %q of %q becomes %q (%v): not stable", key, address, again, err)
		}
	})
}
