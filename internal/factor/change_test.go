package factor

import (
	"bytes"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
)

// under is the same domain under another secret, on the same database.
func (r *rig) under(t *testing.T, secret, previous string) *Factor {
	t.Helper()
	cfg := config()
	cfg.Secret, cfg.Previous = bytes.Repeat([]byte(secret), 32), nil
	if previous != "" {
		cfg.Previous = bytes.Repeat([]byte(previous), 32)
	}
	f, err := New(r.db, r.clock, r.accounts, audit.New(r.db, r.clock), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The first secret of the rig is f.
func TestAnotherSecret(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who, app := r.enrolled(ctx, t)
	codes, err := r.MakeRecoveryCodes(ctx, who)
	if err != nil {
		t.Fatal(err)
	}
	want := func(f *Factor, want Sealing) {
		t.Helper()
		if got, err := f.Sealing(ctx); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	want(r.Factor, Sealing{})
	alone, changed := r.under(t, "g", ""), r.under(t, "g", "f")
	r.clock.Advance(time.Minute)

	want(alone, Sealing{Closed: 1})
	if err := alone.ProveTOTP(ctx, who, r.code(t, app, 0)); err == nil {
		t.Error("another secret alone opens an app")
	}
	wantFault(t, alone.ProveRecoveryCode(ctx, who, codes[0]), account.ErrProofWrong)

	want(changed, Sealing{Previous: 1, Codes: recoveryCodes})
	if err := changed.ProveTOTP(ctx, who, r.code(t, app, 0)); err != nil {
		t.Errorf("with the one before her app proves nothing: %v", err)
	}
	if err := changed.ProveRecoveryCode(ctx, who, codes[0]); err != nil {
		t.Errorf("with the one before her code proves nothing: %v", err)
	}

	for range 2 { // twice is once
		if err := changed.SealAnew(ctx); err != nil {
			t.Fatal(err)
		}
		want(changed, Sealing{Codes: recoveryCodes - 1})
	}
	r.clock.Advance(time.Minute)
	if err := alone.ProveTOTP(ctx, who, r.code(t, app, 0)); err != nil {
		t.Errorf("the one before is still needed: %v", err)
	}
	wantFault(t, alone.ProveRecoveryCode(ctx, who, codes[1]), account.ErrProofWrong)
	if codes, err = changed.MakeRecoveryCodes(ctx, who); err != nil {
		t.Fatal(err)
	}
	want(changed, Sealing{})
	if err := alone.ProveRecoveryCode(ctx, who, codes[1]); err != nil {
		t.Errorf("new codes are of the one before: %v", err)
	}
}
