package factor

import (
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

const rounds, hands = 200, 32

// opensOnce lets many hands use one code at once: it proves one, five of the
// others hear that it is wrong, and the rest that these were too many. Then so
// much time passes that tries count anew.
func (r *rig) opensOnce(t *testing.T, use func() error) {
	t.Helper()
	results := make(chan error, hands)
	for range hands {
		go func() { results <- use() }()
	}
	won, looked := 0, 0
	for range hands {
		err := <-results
		switch f := fault.From(err); {
		case err == nil:
			won++
		case f != nil && f.Code == account.ErrProofWrong.Code:
			looked++
		case f == nil || f.Code != ErrTooManyTries.Code:
			t.Fatal(err)
		}
	}
	if won != 1 || looked != maxWrong {
		t.Fatalf("it proved %d hands and was wrong for %d, want 1 and %d", won, looked, maxWrong)
	}
	r.clock.Advance(window)
}

func TestOneRecoveryCodeManyHands(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	who, _ := r.enrolled(ctx, t)
	var codes []string
	for range rounds {
		if len(codes) == 0 {
			var err error
			if codes, err = r.MakeRecoveryCodes(ctx, who); err != nil {
				t.Fatal(err)
			}
		}
		code := codes[0]
		codes = codes[1:]
		r.opensOnce(t, func() error { return r.ProveRecoveryCode(ctx, who, code) })
	}
}

func TestOneCodeOfAnAppManyHands(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	who, secret := r.enrolled(ctx, t)
	r.clock.Advance(time.Minute)
	for range rounds {
		code := r.code(t, secret, 0)
		r.opensOnce(t, func() error { return r.ProveTOTP(ctx, who, code) })
	}
}
