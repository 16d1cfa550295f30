package factor

import (
	"encoding/base32"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// Who has the database has no second factor of anybody.
func TestNoSecretIsInTheDatabase(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who, secret := r.enrolled(ctx, t)
	begun, err := r.BeginTOTP(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := r.MakeRecoveryCodes(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	tx, _ := r.db.Tx(ctx)
	if found := pgtest.Find(ctx, t, tx, who.ID.String()); found["totp_factors"] == "" || found["recovery_codes"] == "" {
		t.Fatalf("she is found in %v: the search finds nothing", found)
	}
	secrets := []string{secret, begun.Secret, hex.EncodeToString(seed(t, secret)), hex.EncodeToString(seed(t, begun.Secret))}
	for _, code := range codes {
		raw := ungrouped(code)
		bytes, err := base32.StdEncoding.DecodeString(strings.ToUpper(raw))
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, code, raw, strings.ToUpper(raw), hex.EncodeToString(bytes))
	}
	for _, secret := range secrets {
		for table, row := range pgtest.Find(ctx, t, tx, secret) {
			t.Errorf("%s holds a secret: %.200s", table, row)
		}
	}
}

// Every bit of a seed is sometimes set and sometimes not, which nothing counted
// or taken from a clock is.
func TestSeedsAreRandom(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who := r.person(ctx, t)
	const many = 64
	seen, set := map[string]bool{}, [secretBytes * 8]int{}
	for range many {
		begun, err := r.BeginTOTP(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		raw := seed(t, begun.Secret)
		if len(raw) != 20 || seen[begun.Secret] {
			t.Fatalf("a seed of %d bytes, seen before: %v", len(raw), seen[begun.Secret])
		}
		seen[begun.Secret] = true
		for i := range set {
			set[i] += int(raw[i/8] >> (i % 8) & 1)
		}
	}
	for i, n := range set {
		if n == 0 || n == many {
			t.Errorf("bit %d is always the same", i)
		}
	}
}

func seed(t *testing.T, typed string) []byte {
	t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(typed)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
