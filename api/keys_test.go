package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
)

func TestTheListOfKeysSaysWhatWillHappenWhen(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key := func(id string, state keyring.State, signs, retires, gone time.Time) keyring.Listed {
		return keyring.Listed{Key: keyring.Key{ID: id, SignsAt: signs, RetiresAt: retires, GoneAt: gone}, State: state}
	}
	environment := key("eeee", keyring.Accepted, time.Time{}, time.Time{}, time.Time{})
	environment.Environment = true
	first := environment
	first.ID, first.State = "ffff", keyring.Signing
	soon, later := noon.Add(10*time.Minute), noon.Add(25*time.Minute)
	var out bytes.Buffer
	err := writeKeys(&out, []keyring.Listed{
		key("aaaa", keyring.Announced, soon, time.Time{}, time.Time{}), key("bbbb", keyring.Signing, noon, soon, later),
		key("cccc", keyring.Signing, noon, time.Time{}, time.Time{}), key("dddd", keyring.Retired, noon, soon, later), environment, first,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"aaaa  announced  accepted already; signs from 2026-11-23 12:10:00 UTC",
		"bbbb  signing    signs until 2026-11-23 12:10:00 UTC; accepted until 2026-11-23 12:25:00 UTC",
		"cccc  signing    signs since 2026-11-23 12:00:00 UTC; the next is made on 2027-02-21 12:00:00 UTC",
		"dddd  retired    signed until 2026-11-23 12:10:00 UTC; accepted until 2026-11-23 12:25:00 UTC",
		"eeee  accepted   of CONSERVATORY_TOKEN_KEYS; accepted as long as it is there",
		"ffff  signing    of CONSERVATORY_TOKEN_KEYS; signs until a key of the database does",
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	out.Reset()
	if err := writeKeys(&out, nil); err != nil || !strings.Contains(out.String(), "no key yet") {
		t.Errorf("%v, %s", err, out.String())
	}
}
