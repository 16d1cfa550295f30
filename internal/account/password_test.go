package account

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	h := newHasher()
	for password, want := range map[string]string{
		"twelve years of logistics":            "",
		"8 chars!":                             "",
		"\u00e9\u00e9\u00e9\u4e2d\u6587 abc":   "",
		"   leading and trailing   ":           "",
		strings.Repeat("xyz7", 64):             "",
		strings.Repeat("\u4e2d\u6587ab", 64):   "",
		"seven77":                              "minLength",
		"\u4e2d\u6587\u4e2d\u6587\u4e2d\u6587": "minLength",
		"":                                     "minLength",
		"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8":     "minLength",
		strings.Repeat("xyz7", 64) + "x":       "maxLength",
		"password":                             "password-common",
		"Password":                             "password-common",
		"PASSWORD123!":                         "password-common",
		"qwertyuiop":                           "password-common",
		"conservatory2026":                     "password-common",
		"Womenstech!":                          "password-common",
		"1234567890":                           "password-common",
		"aaaaaaaaaaaa":                         "password-common",
		"\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d": "password-common",
		"maria.lopez@example.org":                          "password-common",
		"MARIA.LOPEZ":                                      "password-common",
		"Maria Lopez y Vega":                               "password-common",
	} {
		err := h.check(password, "Maria.Lopez@example.org", "Maria Lopez y Vega")
		if want == "" {
			if err != nil {
				t.Errorf("%q is not taken: %v", password, err)
			}
			continue
		}
		wantFault(t, err, errEmail, "/password") // all invalid fields share one code
		if got := fieldCode(t, err); got != want {
			t.Errorf("%q: %s, want %s", password, got, want)
		}
	}
}

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	h := newHasher()

	t.Run("a hash verifies its password and no other, character for character", func(t *testing.T) {
		t.Parallel()
		phc, err := h.hash(t.Context(), " p\u00e9ch\u00e9 d'or ")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("PHC string %q", phc)
		}
		for password, want := range map[string]bool{
			" p\u00e9ch\u00e9 d'or ": true, "p\u00e9ch\u00e9 d'or": false, " pe\u0301che\u0301 d'or ": false, "": false,
		} {
			if ok, outdated, err := h.verify(t.Context(), password, phc); ok != want || outdated || err != nil {
				t.Errorf("%q: %v %v %v, want %v", password, ok, outdated, err, want)
			}
		}
	})

	t.Run("two hashes of one password differ", func(t *testing.T) {
		t.Parallel()
		a, _ := h.hash(t.Context(), goodPassword)
		b, _ := h.hash(t.Context(), goodPassword)
		if a == b {
			t.Error("the salt is not random")
		}
	})

	t.Run("nobody's hash is compared and never fits", func(t *testing.T) {
		t.Parallel()
		if ok, _, err := h.verify(t.Context(), goodPassword, ""); ok || err != nil {
			t.Errorf("%v %v", ok, err)
		}
	})
}

func TestPasswordHashOfOtherDays(t *testing.T) {
	t.Parallel()
	h := newHasher()

	t.Run("a hash of lower cost asks for a new one", func(t *testing.T) {
		t.Parallel()
		old := cost{memory: 64, time: 1, threads: 1}.derive(goodPassword, randomSalt())
		if ok, outdated, err := h.verify(t.Context(), goodPassword, old); !ok || !outdated || err != nil {
			t.Errorf("%v %v %v", ok, outdated, err)
		}
		if _, outdated, _ := h.verify(t.Context(), "another one", old); outdated {
			t.Error("a wrong password leads to a new hash")
		}
	})

	t.Run("a broken hash is an error, not a no", func(t *testing.T) {
		t.Parallel()
		for _, phc := range []string{"x", "$2a$10$abc", "$argon2id$v=19$m=a,t=1,p=1$YQ$YQ", "$argon2id$v=19$m=64,t=1,p=1$!$YQ"} {
			if _, _, err := h.verify(t.Context(), goodPassword, phc); err == nil {
				t.Errorf("%q is taken", phc)
			}
		}
	})
}

func TestPasswordQueue(t *testing.T) {
	t.Parallel()

	t.Run("no more hash at once than there are processors", func(t *testing.T) {
		t.Parallel()
		h := newHasher()
		var mu sync.Mutex
		now, most := 0, 0
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				_ = h.run(context.Background(), func() {
					mu.Lock()
					now++
					most = max(most, now)
					mu.Unlock()
					runtime.Gosched()
					mu.Lock()
					now--
					mu.Unlock()
				})
			})
		}
		wg.Wait()
		if most > runtime.NumCPU() {
			t.Errorf("%d at once", most)
		}
	})
}

func TestPasswordQueueIsFinite(t *testing.T) {
	t.Parallel()

	t.Run("who waits too long, or comes to a full queue, is told to come back", func(t *testing.T) {
		t.Parallel()
		h := newHasher()
		h.wait = time.Millisecond
		for range cap(h.slots) {
			h.slots <- struct{}{}
		}
		wantFault(t, h.run(t.Context(), func() { t.Error("ran") }), ErrBusy)
		h.wait = time.Minute
		h.queued.Store(hashQueue)
		wantFault(t, h.run(t.Context(), func() { t.Error("ran") }), ErrBusy)
		if n := h.queued.Load(); n != hashQueue {
			t.Errorf("the queue counts %d, want %d", n, hashQueue)
		}
	})

	t.Run("who goes away does not wait", func(t *testing.T) {
		t.Parallel()
		h := newHasher()
		for range cap(h.slots) {
			h.slots <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.run(ctx, func() { t.Error("ran") }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestCommonPasswords(t *testing.T) {
	t.Parallel()
	h := newHasher()
	if n := len(h.common); n < 10_000 {
		t.Errorf("knows %d common passwords, want 10,000 at least", n)
	}
	allowed := 0
	for word := range h.common {
		if len(word) >= shortestPassword {
			allowed++
		}
	}
	if allowed < 3_000 {
		t.Errorf("knows %d common passwords that are long enough, want 3,000 at least", allowed)
	}
	for _, word := range []string{"womenstechconservatory", "careercoach", "returntowork"} {
		if !h.isCommon(word) {
			t.Errorf("%q, a word around the product, is not common", word)
		}
	}
	for word := range h.common {
		if word != strings.ToLower(word) || word != strings.TrimSpace(word) || len(word) < 6 {
			t.Errorf("%q can never match", word)
		}
	}
}
