package onetime_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/onetime"
)

func maker(t *testing.T, key byte) onetime.Maker {
	t.Helper()
	m, err := onetime.New(bytes.Repeat([]byte{key}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestToken(t *testing.T) {
	t.Parallel()
	m, id := maker(t, 1), [16]byte{7, 6, 5}

	t.Run("opens for its purpose and gives its id", func(t *testing.T) {
		t.Parallel()
		token := m.Token("reset", id)
		if got, ok := m.Open("reset", token); !ok || got != id {
			t.Errorf("%v, %v", got, ok)
		}
		if len(token) != 64 || token != m.Token("reset", id) {
			t.Errorf("%q", token)
		}
	})

	t.Run("opens in no other way", func(t *testing.T) {
		t.Parallel()
		good, other := m.Token("reset", id), m.Token("reset", [16]byte{1})
		for what, bad := range map[string]string{
			"nothing": "", "another purpose": m.Token("rese", id), "another key": maker(t, 2).Token("reset", id),
			"cut": good[:63], "longer": good + "A", "padded": good + "=", "small letters": strings.ToLower(good),
			"a line break": good[:30] + "\n" + good[31:], "the id of another": other[:22] + good[22:], "zeros": strings.Repeat("A", 64),
		} {
			if got, ok := m.Open("reset", bad); ok || got != [16]byte{} {
				t.Errorf("%s opens", what)
			}
		}
	})
}

func TestCode(t *testing.T) {
	t.Parallel()
	m := maker(t, 1)
	seen := map[string]bool{}
	for n := range 200 {
		code := m.Code("sign-in", [16]byte{byte(n)})
		if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(code) {
			t.Fatalf("%q", code)
		}
		seen[code] = true
	}
	if len(seen) < 195 {
		t.Errorf("only %d different codes of 200", len(seen))
	}
	if m.Code("sign-in", [16]byte{1}) == m.Code("sign-up", [16]byte{1}) {
		t.Error("two purposes have one code")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	if _, err := onetime.New(make([]byte, 31)); err == nil {
		t.Error("a short key is taken")
	}
}

func TestTheKeyBefore(t *testing.T) {
	t.Parallel()
	id := [16]byte{7}
	changed, err := onetime.New(bytes.Repeat([]byte{2}, 32), nil, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[byte]bool{1: true, 2: true, 3: false} {
		if got, ok := changed.Open("reset", maker(t, key).Token("reset", id)); ok != want || ok && got != id {
			t.Errorf("a token of key %d opens: %v, want %v", key, ok, want)
		}
		if _, ok := changed.Open("code", maker(t, key).Token("reset", id)); ok {
			t.Errorf("a token of key %d opens for another purpose", key)
		}
	}
	if changed.Token("reset", id) != maker(t, 2).Token("reset", id) {
		t.Error("a token is made with the key before")
	}
	if _, err := onetime.New(bytes.Repeat([]byte{2}, 32), make([]byte, 31)); err == nil {
		t.Error("a short key is taken")
	}
}
