package signin

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestCodeByMail(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	u := r.member(ctx, t, "")

	t.Run("an address with an account gets a code and a link, of which one works once", func(t *testing.T) {
		if err := r.RequestCode(ctx, strings.ToUpper(u.Email)); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		letters := r.sink.Messages(u.Email)
		if len(letters) != 1 {
			t.Fatalf("%d letters, want 1", len(letters))
		}
		code := regexp.MustCompile(`(?m)^    ([0-9]{6})$`).FindStringSubmatch(letters[0].Text)
		if len(code) == 0 || !strings.HasPrefix(letters[0].Subject, code[1]) {
			t.Fatalf("no code in\n%s", letters[0].Text)
		}
		s, err := r.SignIn(ctx, Key{Email: u.Email, Code: code[1]})
		if err != nil || s.User.ID != u.ID || s.FactorOwed {
			t.Fatalf("%+v, %v", s, err)
		}
		_, err = r.SignIn(ctx, Key{Token: r.tokenTo(t, u.Email, "is your code to sign in")})
		wantFault(t, err, ErrCode, "/token")
	})

	t.Run("an address without an account gets no letter", func(t *testing.T) {
		nobody := newEmail()
		if err := r.RequestCode(ctx, nobody); err != nil {
			t.Fatal(err)
		}
		if err := r.Forgot(ctx, nobody); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if n := len(r.sink.Messages(nobody)); n != 0 {
			t.Errorf("%d letters", n)
		}
	})

	t.Run("job arguments hold an id and nothing else", func(t *testing.T) {
		if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM river_job WHERE args::text !~ '^\{"[a-z]+_id": "[0-9a-f-]{36}"\}$' AND kind LIKE 'signin.%mail'`); n != 0 {
			t.Errorf("%d jobs carry more", n)
		}
	})
}

func TestLettersAreCounted(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	u := r.member(ctx, t, "")
	tryHard := func() int {
		for range mailsPerHour + 2 {
			if err := r.RequestCode(ctx, u.Email); err != nil {
				t.Fatal(err)
			}
		}
		r.idle(t)
		return len(r.sink.Messages(u.Email))
	}
	if n := tryHard(); n != mailsPerHour {
		t.Errorf("%d letters in one hour, want %d", n, mailsPerHour)
	}
	for range 4 {
		r.clock.Advance(time.Hour + time.Second)
		tryHard()
	}
	if n := len(r.sink.Messages(u.Email)); n != mailsPerDay {
		t.Errorf("%d letters on one day, want %d", n, mailsPerDay)
	}
	// A stranger who has used them up does not keep her from her password.
	if err := r.Forgot(ctx, u.Email); err != nil {
		t.Fatal(err)
	}
	r.idle(t)
	r.tokenTo(t, u.Email, "Choose a new password")
	before := len(r.sink.Messages(u.Email))
	r.clock.Advance(24 * time.Hour)
	if n := tryHard(); n != before+mailsPerHour {
		t.Errorf("%d letters by the next day, want %d", n, before+mailsPerHour)
	}
}

func TestCode(t *testing.T) {
	t.Parallel()

	t.Run("a body without a key is told what to send", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		for pointer, k := range map[string]Key{"/token": {}, "/code": {Email: newEmail()}, "/email": {Code: "123456"}} {
			_, err := r.SignIn(ctx, k)
			wantFault(t, err, fault.ErrInvalid, pointer)
		}
		_, err := r.SignIn(ctx, Key{Email: "maria", Code: "123456"})
		wantFault(t, err, fault.ErrInvalid, "/email")
	})

	t.Run("after ten minutes neither code nor link works", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u := r.member(ctx, t, "")
		id := r.mailed(ctx, t, kindCode, u)
		r.clock.Advance(codeTTL - time.Second)
		young := r.mailed(ctx, t, kindCode, u)
		r.clock.Advance(time.Second)
		_, err := r.SignIn(ctx, r.byCode(u, id))
		wantFault(t, err, ErrCode, "/code")
		_, err = r.SignIn(ctx, r.byLink(id))
		wantFault(t, err, ErrCode, "/token")
		if _, err := r.SignIn(ctx, r.byCode(u, young)); err != nil {
			t.Errorf("a younger one: %v", err)
		}
	})

	t.Run("who has a second factor still owes it", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u := r.member(ctx, t, "")
		if err := r.account.SetFactors(ctx, r.session(ctx, t, u.ID), []string{"totp"}); err != nil {
			t.Fatal(err)
		}
		s, err := r.SignIn(ctx, r.byLink(r.mailed(ctx, t, kindCode, u)))
		if err != nil || !s.FactorOwed {
			t.Errorf("owed: %v, %v", s.FactorOwed, err)
		}
	})

	t.Run("a code whose letter did not go out opens nothing", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u := r.member(ctx, t, "")
		if err := r.RequestCode(ctx, u.Email); err != nil {
			t.Fatal(err)
		}
		id := scalar[uuid.UUID](ctx, t, r.db, `SELECT id FROM secrets WHERE email_key = $1`, u.Email)
		_, err := r.SignIn(ctx, r.byCode(u, id))
		wantFault(t, err, ErrCode, "/code")
		_, err = r.SignIn(ctx, r.byLink(id))
		wantFault(t, err, ErrCode, "/token")
	})

	t.Run("who may not sign in, or whose address is not confirmed, is answered like everybody", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		for _, change := range []string{`state = 'suspended'`, `email_verified_at = NULL`} {
			u := r.member(ctx, t, "")
			id, reset := r.mailed(ctx, t, kindCode, u), r.mailed(ctx, t, kindReset, u)
			tx, _ := r.db.Tx(ctx)
			if _, err := tx.Exec(ctx, `UPDATE users SET `+change+` WHERE id = $1`, u.ID); err != nil {
				t.Fatal(err)
			}
			_, err := r.SignIn(ctx, r.byCode(u, id))
			wantFault(t, err, ErrCode, "/code")
			_, err = r.SignIn(ctx, r.byLink(id))
			wantFault(t, err, ErrCode, "/token")
			wantFault(t, r.Reset(ctx, r.resetToken(reset), newPassword), ErrLink, "/token")
		}
	})
}

func TestWrongCodes(t *testing.T) {
	t.Parallel()

	t.Run("the fifth spends every open code of the address, committed, and the links stay good", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		u := r.member(ctx, t, "")
		ids := []uuid.UUID{r.mailed(ctx, t, kindCode, u), r.mailed(ctx, t, kindCode, u)}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = r.SignIn(ctx, Key{Email: u.Email, Code: r.noCode(ids...)}) })
		}
		wg.Wait()
		for _, id := range ids {
			if n := scalar[int](ctx, t, r.db, `SELECT tries FROM secrets WHERE id = $1`, id); n != codeTries {
				t.Errorf("%d tries are kept, want %d", n, codeTries)
			}
			_, err := r.SignIn(ctx, r.byCode(u, id))
			wantFault(t, err, ErrCode, "/code")
		}
		if _, err := r.SignIn(ctx, r.byLink(ids[0])); err != nil {
			t.Errorf("the link: %v", err)
		}
	})

	t.Run("the right one at the fifth try works, and those of others are not counted", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u, other := r.member(ctx, t, ""), r.member(ctx, t, "")
		id, bystander := r.mailed(ctx, t, kindCode, u), r.mailed(ctx, t, kindCode, other)
		for range codeTries - 1 {
			_, err := r.SignIn(ctx, Key{Email: u.Email, Code: r.noCode(id)})
			wantFault(t, err, ErrCode, "/code")
		}
		if n := scalar[int](ctx, t, r.db, `SELECT tries FROM secrets WHERE id = $1`, bystander); n != 0 {
			t.Errorf("%d tries against a bystander", n)
		}
		if _, err := r.SignIn(ctx, r.byCode(u, id)); err != nil {
			t.Error(err)
		}
	})
}

// noCode is none of the codes.
func (r *rig) noCode(ids ...uuid.UUID) string {
	for _, code := range []string{"000000", "000001", "000002"} {
		right := false
		for _, id := range ids {
			right = right || r.once.Code(forDigits, id) == code
		}
		if !right {
			return code
		}
	}
	return "000003"
}

// Nothing that can be measured in the database tells an address with an
// account from one without.
func TestItIsTheSameWorkForEveryAddress(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	u := r.member(ctx, t, "")
	for what, do := range map[string]func(ctxCounted) error{
		"ask for a code":  func(c ctxCounted) error { return r.RequestCode(c, c.email) },
		"ask for a reset": func(c ctxCounted) error { return r.Forgot(c, c.email) },
		"a wrong code": func(c ctxCounted) error {
			_, err := r.SignIn(c, Key{Email: c.email, Code: "000000"})
			if f := fault.From(err); f == nil || f.Code != ErrCode.Code {
				return err
			}
			return nil
		},
	} {
		least := map[bool]int{}
		for _, known := range []bool{true, false} {
			email := u.Email
			if !known {
				email = newEmail()
			}
			if err := r.RequestCode(ctx, email); err != nil {
				t.Fatal(err)
			}
			least[known] = 100
			for range 4 { // the queue wakes its workers now and then, for whomever
				counted, n := pg.Count(ctx)
				if err := do(ctxCounted{counted, email}); err != nil {
					t.Fatal(err)
				}
				least[known] = min(least[known], n.N())
			}
		}
		if least[true] != least[false] || least[true] == 0 {
			t.Errorf("%s: %d statements for an address with an account, %d without", what, least[true], least[false])
		}
	}
	tried := `SELECT count(DISTINCT tries) FROM secrets WHERE kind = 'code' AND tries > 0`
	if n := scalar[int](ctx, t, r.db, tried); n != 1 {
		t.Errorf("tries are counted in %d ways", n)
	}
}

type ctxCounted struct {
	context.Context
	email string
}
