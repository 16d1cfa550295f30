package server

import (
	"bytes"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/factor"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestDoctorSaysWhatNeedsTheSecretBefore(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	secret := func(of string) string {
		if of == "" {
			return ""
		}
		return strings.Repeat(of, 40)
	}
	under := func(now, before string) Config {
		return Config{Env: "development", Secret: secret(now), SecretPrevious: secret(before), FrontendURL: "https://app.example.org"}
	}
	says := func(now, before, want string) {
		t.Helper()
		var out bytes.Buffer
		v := &visit{cfg: under(now, before), clock: clock.System{}, out: &out, db: db}
		v.secret(t.Context())
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("under %s after %q: %s", now, before, out.String())
		}
	}
	run := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Pool().Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	says("a", "", "✓ The secret opens what is sealed.")

	ring, err := keyring.New(db, clock.System{}, keyring.Config{SealKey: under("a", "").Derive("keyring"), TokenLife: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Rotate(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	run(`INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
VALUES (gen_random_uuid(), 'a@example.org', 'a@example.org', 'Maria', 'UTC', 'active', 1, now(), now())`)
	run(`INSERT INTO recovery_codes (id, user_id, created_at) SELECT gen_random_uuid(), id, now() FROM users`)
	says("a", "", "✓ The secret opens what is sealed.")
	says("b", "", "! 1 signing keys were sealed with another secret.")
	says("b", "a", "! 1 authenticator apps and signing keys still need CONSERVATORY_SECRET_PREVIOUS, and 1 recovery codes.")

	f, err := factor.New(db, clock.System{}, nil, nil, under("a", "").factors())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Sealing(t.Context()); err != nil || got != (factor.Sealing{}) {
		t.Errorf("%+v, %v", got, err)
	}
	run(`INSERT INTO totp_factors (id, user_id, secret, created_at) SELECT gen_random_uuid(), id, 'nothing of ours', now() FROM users`)
	says("b", "a", "✗ 1 authenticator apps were set up under another secret")
	run(`DELETE FROM totp_factors`)
	run(`DELETE FROM signing_keys`)
	says("b", "a", "! 1 recovery codes still need CONSERVATORY_SECRET_PREVIOUS, and nothing else.")
	run(`UPDATE recovery_codes SET used_at = now()`)
	says("b", "a", "! Nothing needs CONSERVATORY_SECRET_PREVIOUS any more but links and refresh tokens.")
}
