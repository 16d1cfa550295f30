package cursor_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

type position struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
}

const scope = "GET /topics?space=7 viewer=42"

func here() position {
	return position{At: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC), ID: "0195-aa"}
}

type watch struct{ at time.Time }

func (w *watch) now() time.Time { return w.at }

func newSealer(t *testing.T, fill byte) (*cursor.Sealer, *watch) {
	t.Helper()
	w := &watch{at: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}
	s, err := cursor.New(bytes.Repeat([]byte{fill}, 32), time.Hour, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return s, w
}

func seal(t *testing.T, s *cursor.Sealer, v any) string {
	t.Helper()
	token, err := s.Seal(scope, v)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAPositionComesBackAsItWasSealed(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	token := seal(t, s, here())
	var got position
	if err := s.Open(scope, token, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(here(), got); diff != "" {
		t.Error(diff)
	}
	if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("token %q needs escaping in a URL", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || bytes.Contains(raw, []byte("0195-aa")) {
		t.Errorf("the token shows its position (%v)", err)
	}
}

func TestSealingTwiceGivesDifferentTokens(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	if once, twice := seal(t, s, here()), seal(t, s, here()); once == twice {
		t.Error("the same token came twice: the nonce is not random")
	}
}

func TestEveryFlippedBitInvalidates(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	token := seal(t, s, here())
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(raw) * 8 {
		forged := bytes.Clone(raw)
		forged[bit/8] ^= 1 << (bit % 8)
		expectInvalid(t, s, scope, base64.RawURLEncoding.EncodeToString(forged))
	}
	for bit := range len(token) * 8 {
		forged := []byte(token)
		forged[bit/8] ^= 1 << (bit % 8)
		expectInvalid(t, s, scope, string(forged))
	}
}

func TestEveryOtherSpellingOfATokenIsInvalid(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	token := seal(t, s, here())
	for n := range len(token) {
		expectInvalid(t, s, scope, token[:n])
		expectInvalid(t, s, scope, token[n+1:])
		expectInvalid(t, s, scope, token[:n]+"\n"+token[n:])
		expectInvalid(t, s, scope, token[:n]+"\r"+token[n:])
	}
	for _, tail := range []string{"=", "==", "A", "AAAA", " ", "\n", "\r\n", "\x00", strings.Repeat("A", 1<<20)} {
		expectInvalid(t, s, scope, token+tail)
	}
}

func TestUnusedTrailingBitsMustBeZero(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, id := range []string{"", "1", "12"} {
		token := seal(t, s, id)
		for _, last := range alphabet {
			if other := token[:len(token)-1] + string(last); other != token {
				expectInvalid(t, s, scope, other)
			}
		}
	}
}

func expectInvalid(t *testing.T, s *cursor.Sealer, scope, token string) {
	t.Helper()
	var got position
	if err := s.Open(scope, token, &got); !errors.Is(err, cursor.ErrInvalid) {
		t.Errorf("token %.60q: got %v, want ErrInvalid", token, err)
	}
}

func TestATokenIsOnlyGoodForItsScopeAndKey(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	other, _ := newSealer(t, 2)
	token := seal(t, s, here())
	for _, wrong := range []string{"", scope + " ", scope[1:], "GET /topics?space=8 viewer=42", "GET /topics?space=7 viewer=43"} {
		expectInvalid(t, s, wrong, token)
	}
	expectInvalid(t, other, scope, token)
}

func TestATokenExpiresAfterItsLifetime(t *testing.T) {
	t.Parallel()
	s, w := newSealer(t, 1)
	token := seal(t, s, here())
	w.at = w.at.Add(time.Hour - time.Second)
	var got position
	if err := s.Open(scope, token, &got); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	w.at = w.at.Add(time.Second)
	expectInvalid(t, s, scope, token)
}

func TestAPositionOfAnotherFormIsInvalid(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	expectInvalid(t, s, scope, seal(t, s, []int{1, 2}))
}

func TestATooLongPositionIsAnErrorOfTheCaller(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t, 1)
	longest := 512*6/8 - 12 - 16 - 8 - len(`""`)
	if token := seal(t, s, strings.Repeat("x", longest)); len(token) != cursor.MaxLen {
		t.Errorf("the longest token has %d bytes, want %d", len(token), cursor.MaxLen)
	}
	if _, err := s.Seal(scope, strings.Repeat("x", longest+1)); err == nil {
		t.Error("a longer position was sealed")
	}
	if _, err := s.Seal(scope, func() {}); err == nil {
		t.Error("a function was sealed")
	}
}

func TestWeakSettingsAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := cursor.New(make([]byte, 31), time.Hour, nil); err == nil {
		t.Error("a key of 31 bytes was accepted")
	}
	if _, err := cursor.New(make([]byte, 32), 0, nil); err == nil {
		t.Error("a lifetime of 0 was accepted")
	}
	if _, err := cursor.New(make([]byte, 64), time.Hour, nil); err != nil {
		t.Errorf("a longer key: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	s, err := cursor.New(make([]byte, 32), time.Hour, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("AAAA")
	f.Add(strings.Repeat("A", 100))
	f.Fuzz(func(t *testing.T, token string) {
		var got position
		if err := s.Open(scope, token, &got); !errors.Is(err, cursor.ErrInvalid) {
			t.Errorf("forged %q: %v", token, err)
		}
	})
}
