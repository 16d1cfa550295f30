package account

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestVerify(t *testing.T) {
	t.Parallel()

	t.Run("a body without a proof is told what to send", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		for pointer, v := range map[string]Verification{
			"/token": {}, "/code": {Signup: "x"}, "/signup": {Code: "123456"}, "/password": {Token: "x"},
		} {
			_, err := r.Verify(ctx, v)
			wantFault(t, err, fault.ErrInvalid, pointer)
		}
	})

	t.Run("code and link work once, and for one of them", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		for _, first := range []func(uuid.UUID) Verification{r.byCode, r.byLink} {
			id := r.signUp(ctx, t, newEmail())
			if _, err := r.Verify(ctx, first(id)); err != nil {
				t.Fatal(err)
			}
			_, err := r.Verify(ctx, r.byCode(id))
			wantFault(t, err, ErrCode, "/code")
			_, err = r.Verify(ctx, r.byLink(id))
			wantFault(t, err, ErrCode, "/token")
		}
	})

	t.Run("an attempt works while another is open, and ends it", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email := newEmail()
		old, young := r.signUp(ctx, t, email), r.signUp(ctx, t, email)
		if _, err := r.Verify(ctx, r.byCode(old)); err != nil {
			t.Fatal(err)
		}
		_, err := r.Verify(ctx, r.byCode(young))
		wantFault(t, err, ErrCode, "/code")
		_, err = r.Verify(ctx, r.byLink(young))
		wantFault(t, err, ErrCode, "/token")
	})
}

// A stranger signs up with her address and a password of his just before she
// does. She may take either letter for hers.
func TestAStrangerSignsUpWithHerAddress(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	email := newEmail()
	his := r.begin(ctx, t, email, "the password of a stranger")
	if _, ok, err := r.claimMail(ctx, his, r.clock.Now()); err != nil || !ok {
		t.Fatal(err)
	}
	hers := r.signUp(ctx, t, email)

	_, err := r.Verify(ctx, Verification{Signup: r.once.Token(forBrowser, hers), Code: r.once.Code(forCode, his)})
	wantFault(t, err, ErrCode, "/code")
	_, err = r.Verify(ctx, r.byLink(his))
	wantFault(t, err, ErrCode, "/token")
	_, err = r.Verify(ctx, Verification{Signup: r.once.Token(forBrowser, his), Code: r.once.Code(forCode, hers)})
	wantFault(t, err, ErrCode, "/code")

	if _, err := r.Verify(ctx, r.byCode(hers)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.LogIn(ctx, email, goodPassword); err != nil {
		t.Error(err)
	}
	_, err = r.LogIn(ctx, email, "the password of a stranger")
	wantFault(t, err, ErrCredentials)
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()

	t.Run("after a day neither code nor link works", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		id := r.signUp(ctx, t, newEmail())
		r.clock.Advance(signupTTL)
		_, err := r.Verify(ctx, r.byCode(id))
		wantFault(t, err, ErrCode, "/code")
		_, err = r.Verify(ctx, r.byLink(id))
		wantFault(t, err, ErrCode, "/token")
	})

	t.Run("a code that was never mailed does not work", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		_, err := r.Verify(ctx, r.byCode(r.begin(ctx, t, newEmail(), goodPassword)))
		wantFault(t, err, ErrCode, "/code")
	})

	t.Run("a forged, altered or foreign token is wrong", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		id := r.signUp(ctx, t, newEmail())
		good := r.byLink(id)
		other := r.once.Token(forLink, uuid.New())
		for _, bad := range forged(good.Token, other, r.once.Token(forBrowser, id)) {
			_, err := r.Verify(ctx, Verification{Token: bad, Password: goodPassword})
			wantFault(t, err, ErrCode, "/token")
		}
		for _, bad := range forged(r.once.Token(forBrowser, id), r.once.Token(forBrowser, uuid.New()), good.Token) {
			_, err := r.Verify(ctx, Verification{Signup: bad, Code: r.once.Code(forCode, id)})
			wantFault(t, err, ErrCode, "/code")
		}
		if _, err := r.Verify(ctx, good); err != nil {
			t.Errorf("the control: %v", err)
		}
	})
}

// forged are spellings and mixtures of sealed ids of which none opens.
func forged(sealed string, others ...string) []string {
	return append(others, sealed[:len(sealed)-1], sealed+"A", sealed+"=", strings.ToLower(sealed), sealed[:22]+others[0][22:], "AAAA",
		sealed[:30]+"\n"+sealed[30:], strings.Repeat("A", len(sealed)))
}

func TestVerifyIsTheSameWork(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	open := r.signUp(ctx, t, newEmail())
	used := r.signUp(ctx, t, newEmail())
	if _, err := r.Verify(ctx, r.byCode(used)); err != nil {
		t.Fatal(err)
	}
	for what, v := range map[string][2]Verification{
		"code": {wrong(r.byCode(open)), wrong(r.byCode(used))},
		"link": {wrong(r.byLink(open)), {Token: strings.Repeat("A", 64), Password: goodPassword}},
	} {
		var n [2]int
		for i := range n {
			counted, statements := pg.Count(ctx)
			_, err := r.Verify(counted, v[i])
			wantFault(t, err, ErrCode)
			n[i] = statements.N()
		}
		if n[0] != n[1] || n[0] == 0 {
			t.Errorf("by %s: %d statements for an open attempt, %d for another", what, n[0], n[1])
		}
	}
}

func TestWrongTries(t *testing.T) {
	t.Parallel()

	t.Run("the fifth wrong code or password spends an attempt, committed, and no other", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		email := newEmail()
		bystander := r.signUp(ctx, t, email)
		for _, way := range []func(uuid.UUID) Verification{r.byCode, r.byLink} {
			id := r.signUp(ctx, t, email)
			for range codeTries {
				_, err := r.Verify(ctx, wrong(way(id)))
				wantFault(t, err, ErrCode)
			}
			_, err := r.Verify(ctx, way(id))
			wantFault(t, err, ErrCode)
			if n := scalar[int](ctx, t, r.db, `SELECT tries FROM signups WHERE id = $1`, id); n != codeTries {
				t.Errorf("%d tries are kept, want %d", n, codeTries)
			}
		}
		if _, err := r.Verify(ctx, r.byCode(bystander)); err != nil {
			t.Error(err)
		}
	})

	t.Run("the right code at the fifth try works", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		id := r.signUp(ctx, t, newEmail())
		for range codeTries - 1 {
			_, err := r.Verify(ctx, wrong(r.byCode(id)))
			wantFault(t, err, ErrCode)
		}
		if _, err := r.Verify(ctx, r.byCode(id)); err != nil {
			t.Error(err)
		}
	})

	t.Run("guesses at once are counted one by one", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		id := r.signUp(ctx, t, newEmail())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = r.Verify(ctx, wrong(r.byCode(id))) })
		}
		wg.Wait()
		if n := scalar[int](ctx, t, r.db, `SELECT tries FROM signups WHERE id = $1`, id); n != codeTries {
			t.Errorf("%d guesses were compared, want %d", n, codeTries)
		}
	})
}

// Two hundred attempts, each tried by 32 hands at once, half of them with the
// code and half with the link: one gets in.
func TestOneAttemptManyHands(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	const rounds, hands = 200, 32
	for range rounds {
		id := r.signUp(ctx, t, newEmail())
		results := make(chan error, hands)
		for i := range hands {
			v := r.byCode(id)
			if i%2 == 0 {
				v = r.byLink(id)
			}
			go func() {
				_, err := r.Verify(ctx, v)
				results <- err
			}()
		}
		won := 0
		for range hands {
			if err := <-results; err == nil {
				won++
			} else {
				wantFault(t, err, ErrCode)
			}
		}
		if won != 1 {
			t.Fatalf("%d hands got in, want 1", won)
		}
	}
	if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM users`); n != rounds {
		t.Errorf("%d users, want %d", n, rounds)
	}
}
