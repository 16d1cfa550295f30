package keyring

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestTheTableHoldsNoSeed(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	r := on(t, db, clock.NewManual(noon))
	if err := r.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	_, private, err := r.Signing()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := r.rows(ctx)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	public, _ := private.Public().(ed25519.PublicKey)
	for _, secret := range [][]byte{private.Seed(), public, private} {
		if bytes.Contains(rows[0].Sealed, secret) {
			t.Error("the row holds the key in plain")
		}
	}
}

// Who can write the table, but has not the secret, adds no key.
func TestARowThatWasAlteredIsNoKey(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	now := clock.NewManual(noon)
	r := on(t, db, now)
	if err := r.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	good := r.signs()
	rows, _ := r.rows(ctx)
	other, err := newSeal(bytes.Repeat([]byte("o"), 32), nil)
	if err != nil {
		t.Fatal(err)
	}
	mine := newKey(envKey(7))
	flipped := append([]byte{}, rows[0].Sealed...)
	flipped[len(flipped)-1] ^= 1
	for id, sealed := range map[string][]byte{
		mine.ID: other.close(mine), "1111111111111111": rows[0].Sealed, "2222222222222222": flipped, "3333333333333333": nil, "4444444444444444": mine.private.Seed(),
	} {
		if err := r.exec(ctx, "forge", insertSQL, id, append([]byte{}, sealed...), noon, noon); err != nil {
			t.Fatal(err)
		}
	}
	r.load(ctx)
	if keys := r.Published(); len(keys) != 1 || r.signs() != good {
		t.Errorf("%+v, %s signs", keys, r.signs())
	}
	if !strings.Contains(r.log.String(), "cannot be used") {
		t.Error("nobody is told")
	}
}

func TestBadConfigurationStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"a short seal":        {SealKey: make([]byte, 31), TokenLife: tokenLife},
		"no life":             {SealKey: make([]byte, 32)},
		"half a key":          {SealKey: make([]byte, 32), TokenLife: tokenLife, Environment: []ed25519.PrivateKey{make([]byte, 5)}},
		"no seal":             {TokenLife: tokenLife},
		"a key without bytes": {SealKey: make([]byte, 32), TokenLife: tokenLife, Environment: []ed25519.PrivateKey{nil}},
	} {
		if _, err := New(nil, clock.System{}, cfg); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestKeysAreSealedAnewUnderAnotherSecret(t *testing.T) {
	t.Parallel()
	ctx, db := pgtest.Tx(t)
	now := clock.NewManual(noon)
	before := on(t, db, now)
	if err := before.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	under := func(secret, previous []byte) *Keyring {
		t.Helper()
		k, err := New(db, now, Config{SealKey: secret, PreviousKey: previous, TokenLife: tokenLife})
		if err == nil {
			err = k.Load(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	want := func(k *Keyring, signs bool, previous, closed int) {
		t.Helper()
		if id, _, err := k.Signing(); signs != (err == nil && id == before.signs()) {
			t.Errorf("signs with %s, %v", id, err)
		}
		if p, c, err := k.Sealing(ctx); err != nil || p != previous || c != closed {
			t.Errorf("%d keys need the secret before and %d none, %v, want %d and %d", p, c, err, previous, closed)
		}
	}
	old, fresh := bytes.Repeat([]byte("k"), 32), bytes.Repeat([]byte("n"), 32)
	want(under(old, nil), true, 0, 0)
	want(under(fresh, nil), false, 0, 1)
	changed := under(fresh, old)
	want(changed, true, 1, 0)
	for range 2 { // twice is once
		if err := changed.keep(ctx); err != nil {
			t.Fatal(err)
		}
		want(changed, true, 0, 0)
	}
	want(under(fresh, nil), true, 0, 0)
	want(under(old, fresh), true, 1, 0) // a process that is still to change
}
