package factor

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestEnrolment(t *testing.T) {
	t.Parallel()

	t.Run("a confirmed authenticator is her factor, proves this session and makes the others owe it", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who := r.person(ctx, t)
		other := r.signIn(ctx, t, who.ID)
		begun, err := r.BeginTOTP(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		uri, err := url.Parse(begun.URI)
		if err != nil || uri.Scheme != "otpauth" || uri.Query().Get("secret") != begun.Secret || uri.Query().Get("issuer") != "Conservatory" {
			t.Errorf("%s, %v", begun.URI, err)
		}
		if set, err := r.Factors(ctx, who); err != nil || set.TOTP != nil {
			t.Errorf("before it is confirmed: %+v, %v", set, err)
		}
		set, err := r.ConfirmTOTP(ctx, who, r.code(t, begun.Secret, 0))
		if err != nil || set.TOTP == nil || !set.TOTP.ConfirmedAt.Equal(noon) {
			t.Fatalf("%+v, %v", set, err)
		}
		if now := r.again(ctx, t, who); now.Owes() || !now.ByFactor || len(now.Factors) != 1 || now.Factors[0] != account.ByTOTP {
			t.Errorf("this session %+v", now)
		}
		if now := r.again(ctx, t, other); !now.Owes() {
			t.Errorf("the other session %+v", now)
		}
		if r.letters(ctx, t, account.FactorAdded) != 1 || r.acts(ctx, t, who.ID, "factor.add") != 1 {
			t.Error("it is not told, or not audited")
		}
	})

	t.Run("who has a role owes a factor before she has one", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who := r.person(ctx, t, account.Coach)
		wantFault(t, who.Owed(), account.ErrEnrolmentOwed)
		if !who.Owes() || !who.Fresh(noon) {
			t.Errorf("%+v", who)
		}
		begun, err := r.BeginTOTP(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.ConfirmTOTP(ctx, who, r.code(t, begun.Secret, 0)); err != nil {
			t.Fatal(err)
		}
		if r.again(ctx, t, who).Owes() {
			t.Error("she still owes")
		}
	})

	for name, spoil := range map[string]func(context.Context, *testing.T, *rig, account.Actor, *string){
		"a wrong code": func(_ context.Context, _ *testing.T, _ *rig, _ account.Actor, code *string) { *code = "000000" },
		"one too late": func(_ context.Context, _ *testing.T, r *rig, _ account.Actor, _ *string) { r.clock.Advance(setUpTTL) },
		"one of before": func(ctx context.Context, _ *testing.T, r *rig, who account.Actor, _ *string) {
			_, _ = r.BeginTOTP(ctx, who)
		},
	} {
		t.Run(name+" confirms nothing", func(t *testing.T) {
			t.Parallel()
			ctx, r := inTx(t)
			who := r.person(ctx, t)
			begun, err := r.BeginTOTP(ctx, who)
			if err != nil {
				t.Fatal(err)
			}
			code := r.code(t, begun.Secret, 0)
			spoil(ctx, t, r, who, &code)
			_, err = r.ConfirmTOTP(ctx, who, code)
			wantFault(t, err, fault.ErrInvalid)
			if set, err := r.Factors(ctx, who); err != nil || set.TOTP != nil {
				t.Errorf("%+v, %v", set, err)
			}
		})
	}
}

func TestTOTP(t *testing.T) {
	t.Parallel()

	for steps, good := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		ctx, r := inTx(t)
		who, secret := r.enrolled(ctx, t)
		r.clock.Advance(time.Hour)
		owing := r.signIn(ctx, t, who.ID)
		err := r.ProveTOTP(ctx, owing, r.code(t, secret, steps))
		if good != (err == nil) || good == r.again(ctx, t, owing).Owes() {
			t.Errorf("a code %d steps off: %v", steps, err)
		}
	}

	t.Run("a code works once, and none before it works any more", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, secret := r.enrolled(ctx, t)
		wantFault(t, r.ProveTOTP(ctx, who, r.code(t, secret, 0)), account.ErrProofWrong) // it has confirmed
		if err := r.ProveTOTP(ctx, who, r.code(t, secret, 1)); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(period * time.Second)
		wantFault(t, r.ProveTOTP(ctx, who, r.code(t, secret, 0)), account.ErrProofWrong)
		wantFault(t, r.ProveTOTP(ctx, who, r.code(t, secret, -1)), account.ErrProofWrong)
	})

	t.Run("the code of somebody else proves nothing", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		_, secret := r.enrolled(ctx, t)
		who, _ := r.enrolled(ctx, t)
		bare := r.person(ctx, t)
		r.clock.Advance(time.Minute)
		wantFault(t, r.ProveTOTP(ctx, who, r.code(t, secret, 0)), account.ErrProofWrong)
		wantFault(t, r.ProveTOTP(ctx, bare, r.code(t, secret, 0)), account.ErrProofWrong)
	})

	t.Run("a new authenticator takes the place of the old one", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, old := r.enrolled(ctx, t, account.Admin)
		begun, err := r.BeginTOTP(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.ConfirmTOTP(ctx, who, r.code(t, begun.Secret, 0)); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(time.Minute)
		wantFault(t, r.ProveTOTP(ctx, who, r.code(t, old, 0)), account.ErrProofWrong)
		if err := r.ProveTOTP(ctx, who, r.code(t, begun.Secret, 0)); err != nil {
			t.Error(err)
		}
	})
}

func TestTries(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who, secret := r.enrolled(ctx, t)
	r.clock.Advance(time.Minute)
	for range maxWrong {
		wantFault(t, r.ProveTOTP(ctx, who, "000000"), account.ErrProofWrong)
	}
	if r.letters(ctx, t, account.FactorGuessed) != 1 || r.acts(ctx, t, who.ID, "factor.guess") != 1 {
		t.Error("she is not warned")
	}
	r.clock.Advance(window - time.Second)
	err := r.ProveTOTP(ctx, who, r.code(t, secret, 0))
	wantFault(t, err, ErrTooManyTries)
	if f := fault.From(err); f.Retry != time.Second {
		t.Errorf("wait %v, want a second", f.Retry)
	}
	r.clock.Advance(time.Second)
	if err := r.ProveTOTP(ctx, who, r.code(t, secret, 0)); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// Guesses at once are counted one by one, whatever they are guesses at: five
// are looked at, then the right code waits too.
func TestTriesAtOnce(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	who, secret := r.enrolled(ctx, t)
	r.clock.Advance(time.Minute)
	const hands = 40
	results := make(chan error, hands)
	for i := range hands {
		go func() {
			if i%2 == 0 {
				results <- r.ProveTOTP(ctx, who, "000000")
				return
			}
			results <- r.ProveRecoveryCode(ctx, who, "aaaa-bbbb-cccc")
		}()
	}
	looked := 0
	for range hands {
		switch f := fault.From(<-results); {
		case f == nil:
			t.Fatal("a guess was right, or something broke")
		case f.Code == account.ErrProofWrong.Code:
			looked++
		case f.Code != ErrTooManyTries.Code:
			t.Fatal(f)
		}
	}
	if looked != maxWrong {
		t.Errorf("%d of %d guesses were looked at, want %d", looked, hands, maxWrong)
	}
	wantFault(t, r.ProveTOTP(ctx, who, r.code(t, secret, 0)), ErrTooManyTries)
}

func TestRemoveTOTP(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	who, secret := r.enrolled(ctx, t)
	if _, err := r.MakeRecoveryCodes(ctx, who); err != nil {
		t.Fatal(err)
	}
	if err := r.RemoveTOTP(ctx, who); err != nil {
		t.Fatal(err)
	}
	if set, err := r.Factors(ctx, who); err != nil || set.TOTP != nil || set.RecoveryCodes != 0 {
		t.Errorf("%+v, %v", set, err)
	}
	if now := r.again(ctx, t, who); len(now.Factors) != 0 || r.signIn(ctx, t, who.ID).Owes() {
		t.Errorf("%+v", now)
	}
	r.clock.Advance(time.Minute)
	wantFault(t, r.ProveTOTP(ctx, who, r.code(t, secret, 0)), account.ErrProofWrong)
	wantFault(t, r.RemoveTOTP(ctx, who), fault.ErrNotFound)
	if r.letters(ctx, t, account.FactorRemoved) != 1 || r.acts(ctx, t, who.ID, "factor.remove") != 1 {
		t.Error("it is not told, or not audited")
	}

	coach, _ := r.enrolled(ctx, t, account.Coach)
	wantFault(t, r.RemoveTOTP(ctx, coach), ErrNeeded)
}
