package account

import (
	"context"
	"fmt"
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

// signUp makes an attempt whose mail has gone out, past the job, and gives
// its id.
func (r *rig) signUp(ctx context.Context, t *testing.T, email string) uuid.UUID {
	t.Helper()
	if err := r.SignUp(ctx, NewSignup{Email: email, Password: goodPassword, DisplayName: "Maria"}); err != nil {
		t.Fatal(err)
	}
	id := scalar[uuid.UUID](ctx, t, r.db, `SELECT id FROM signups WHERE email = $1 ORDER BY id DESC LIMIT 1`, email)
	if _, ok, err := r.claimMail(ctx, id, r.clock.Now()); err != nil || !ok {
		t.Fatalf("the mail is not to be sent: %v", err)
	}
	return id
}

func newEmail() string { return uuid.NewString() + "@example.org" }

// wrongCode is no code of any attempt.
func (r *rig) wrongCode(ids ...uuid.UUID) string {
	codes := map[string]bool{}
	for _, id := range ids {
		codes[r.signupCode(id)] = true
	}
	for n := range 1_000_000 {
		if code := fmt.Sprintf("%06d", n); !codes[code] {
			return code
		}
	}
	panic("every code is right")
}

func TestSignUpMails(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	sixDigits := regexp.MustCompile(`(?m)^    ([0-9]{6})$`)

	t.Run("a new address gets a code and a link, and both work once", func(t *testing.T) {
		if err := r.SignUp(ctx, NewSignup{Email: "Maria@Example.org", Password: goodPassword, DisplayName: "Maria <3"}); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		letters := r.sink.Messages("Maria@Example.org")
		if len(letters) != 1 {
			t.Fatalf("%d mails, want 1", len(letters))
		}
		code := sixDigits.FindStringSubmatch(letters[0].Text)
		_, token, _ := strings.Cut(letters[0].Text, "https://app.example.org/verify#token=")
		if code == nil || token == "" || !strings.Contains(letters[0].HTML, "Maria &lt;3") {
			t.Fatalf("the mail is\n%s\n%s", letters[0].Text, letters[0].HTML)
		}
		if at := r.clock.Now().UTC().Format("2 January 2006, 15:04 UTC"); !strings.Contains(strings.Join(strings.Fields(letters[0].Text), " "), "Maria <3 of "+at) {
			t.Errorf("the mail does not say of which attempt it is:\n%s", letters[0].Text)
		}
		s, err := r.Verify(ctx, Verification{Email: "maria@example.ORG", Code: code[1]})
		if err != nil {
			t.Fatal(err)
		}
		if s.User.Email != "Maria@Example.org" || !s.User.Verified || s.User.DisplayName != "Maria <3" {
			t.Errorf("user %+v", s.User)
		}
		_, err = r.Verify(ctx, Verification{Token: strings.Fields(token)[0]})
		wantFault(t, err, ErrCode, "/token")
		if r.acts.count("account.join") != 1 {
			t.Error("joining is not audited once")
		}
	})

	t.Run("a known address gets a mail that says so, without a code", func(t *testing.T) {
		if err := r.SignUp(ctx, NewSignup{Email: "MARIA@example.org", Password: goodPassword, DisplayName: "Eve"}); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		letters := r.sink.Messages("")
		if len(letters) != 2 || !strings.Contains(letters[0].Subject, "already have an account") || letters[0].To[0] != "MARIA@example.org" {
			t.Fatalf("%d mails, the last is %q to %v", len(letters), letters[0].Subject, letters[0].To)
		}
		if sixDigits.MatchString(letters[0].Text) || strings.Contains(letters[0].Text, "token=") {
			t.Errorf("the mail opens a door:\n%s", letters[0].Text)
		}
	})

	t.Run("nothing secret and no address is in the arguments of a job", func(t *testing.T) {
		n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM river_job WHERE args::text !~ '^\{"signup_id": "[0-9a-f-]{36}"\}$' AND kind LIKE 'account.%mail'`)
		if n != 0 {
			t.Errorf("%d jobs carry more than an id", n)
		}
	})
}

func TestSignUpMailLimits(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	for range mailsPerDay + 3 {
		if err := r.SignUp(ctx, NewSignup{Email: "many@example.org", Password: goodPassword, DisplayName: "Many"}); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
	}
	if n := len(r.sink.Messages("many@example.org")); n != mailsPerDay {
		t.Errorf("%d mails on one day, want %d", n, mailsPerDay)
	}
	r.clock.Advance(24*time.Hour + time.Second)
	if err := r.SignUp(ctx, NewSignup{Email: "many@example.org", Password: goodPassword, DisplayName: "Many"}); err != nil {
		t.Fatal(err)
	}
	r.idle(t)
	if n := len(r.sink.Messages("many@example.org")); n != mailsPerDay+1 {
		t.Errorf("%d mails on the next day, want %d", n, mailsPerDay+1)
	}
}

func TestSignUpIsTheSameWork(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	known, _ := r.member(ctx, t)
	least := map[string]int{known: 100, newEmail(): 100}
	for email := range least {
		for range 5 { // the queue wakes its workers now and then, for whomever
			counted, n := pg.Count(ctx)
			if err := r.SignUp(counted, NewSignup{Email: email, Password: goodPassword, DisplayName: "Maria"}); err != nil {
				t.Fatal(err)
			}
			least[email] = min(least[email], n.N())
		}
	}
	for email, n := range least {
		if n != 2 {
			t.Errorf("%d statements, want 2 (known: %v)", n, email == known)
		}
	}
}

func TestSignUpValues(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	good := NewSignup{Email: newEmail(), Password: goodPassword, DisplayName: "Maria"}
	for pointer, spoil := range map[string]func(*NewSignup){
		"/email":        func(n *NewSignup) { n.Email = "maria" },
		"/password":     func(n *NewSignup) { n.Password = "password1" },
		"/display_name": func(n *NewSignup) { n.DisplayName = " \u202e " },
	} {
		n := good
		spoil(&n)
		wantFault(t, r.SignUp(ctx, n), fault.ErrInvalid, pointer)
	}
	if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM signups WHERE email = $1`, good.Email); n != 0 {
		t.Errorf("%d attempts were kept", n)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()

	t.Run("a body without a proof is told what to send", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		for pointer, v := range map[string]Verification{"/token": {}, "/code": {Email: newEmail()}, "/email": {Code: "123456"}} {
			_, err := r.Verify(ctx, v)
			wantFault(t, err, fault.ErrInvalid, pointer)
		}
	})

	t.Run("the password of that attempt is the one that signs in", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email := newEmail()
		first := r.signUp(ctx, t, email)
		if err := r.SignUp(ctx, NewSignup{Email: email, Password: "quite another password", DisplayName: "Other"}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Verify(ctx, Verification{Token: r.signupToken(first)}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.LogIn(ctx, email, goodPassword); err != nil {
			t.Error(err)
		}
		_, err := r.LogIn(ctx, email, "quite another password")
		wantFault(t, err, ErrCredentials)
	})

	t.Run("the code of an older open attempt works too, and ends the others", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email := newEmail()
		old, young := r.signUp(ctx, t, email), r.signUp(ctx, t, email)
		if _, err := r.Verify(ctx, Verification{Email: email, Code: r.signupCode(old)}); err != nil {
			t.Fatal(err)
		}
		_, err := r.Verify(ctx, Verification{Email: email, Code: r.signupCode(young)})
		wantFault(t, err, ErrCode, "/code")
		_, err = r.Verify(ctx, Verification{Token: r.signupToken(young)})
		wantFault(t, err, ErrCode, "/token")
	})
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()

	t.Run("after a day neither code nor link works", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email := newEmail()
		id := r.signUp(ctx, t, email)
		r.clock.Advance(signupTTL)
		_, err := r.Verify(ctx, Verification{Email: email, Code: r.signupCode(id)})
		wantFault(t, err, ErrCode, "/code")
		_, err = r.Verify(ctx, Verification{Token: r.signupToken(id)})
		wantFault(t, err, ErrCode, "/token")
	})

	t.Run("a code that was never mailed does not work", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email := newEmail()
		if err := r.SignUp(ctx, NewSignup{Email: email, Password: goodPassword, DisplayName: "Maria"}); err != nil {
			t.Fatal(err)
		}
		id := scalar[uuid.UUID](ctx, t, r.db, `SELECT id FROM signups WHERE email = $1`, email)
		_, err := r.Verify(ctx, Verification{Email: email, Code: r.signupCode(id)})
		wantFault(t, err, ErrCode, "/code")
	})

	t.Run("a forged, altered or foreign token is wrong", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		token := r.signupToken(r.signUp(ctx, t, newEmail()))
		other := r.signupToken(uuid.New())
		for _, bad := range []string{
			token[:len(token)-1], token + "A", token + "=", strings.ToLower(token), token[:22] + other[22:], other, "AAAA",
			token[:30] + "\n" + token[30:], strings.Repeat("A", len(token)),
		} {
			_, err := r.Verify(ctx, Verification{Token: bad})
			wantFault(t, err, ErrCode, "/token")
		}
		if _, err := r.Verify(ctx, Verification{Token: token}); err != nil {
			t.Errorf("the control: %v", err)
		}
	})
}

func TestWrongCodes(t *testing.T) {
	t.Parallel()

	t.Run("the fifth wrong code spends it, committed, and the link stays good", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		email := newEmail()
		id := r.signUp(ctx, t, email)
		for range codeTries {
			_, err := r.Verify(ctx, Verification{Email: email, Code: r.wrongCode(id)})
			wantFault(t, err, ErrCode, "/code")
		}
		_, err := r.Verify(ctx, Verification{Email: email, Code: r.signupCode(id)})
		wantFault(t, err, ErrCode, "/code")
		if n := scalar[int](ctx, t, r.db, `SELECT tries FROM signups WHERE id = $1`, id); n != codeTries {
			t.Errorf("%d tries are kept, want %d", n, codeTries)
		}
		if _, err := r.Verify(ctx, Verification{Token: r.signupToken(id)}); err != nil {
			t.Errorf("the link: %v", err)
		}
	})

	t.Run("the right code at the fifth try works", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email := newEmail()
		id := r.signUp(ctx, t, email)
		for range codeTries - 1 {
			_, err := r.Verify(ctx, Verification{Email: email, Code: r.wrongCode(id)})
			wantFault(t, err, ErrCode)
		}
		if _, err := r.Verify(ctx, Verification{Email: email, Code: r.signupCode(id)}); err != nil {
			t.Error(err)
		}
	})
}

func TestWrongCodesAreCounted(t *testing.T) {
	t.Parallel()

	t.Run("a wrong code counts against every open attempt of the address and no other", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		email, other := newEmail(), newEmail()
		ids := []uuid.UUID{r.signUp(ctx, t, email), r.signUp(ctx, t, email)}
		bystander := r.signUp(ctx, t, other)
		_, err := r.Verify(ctx, Verification{Email: email, Code: r.wrongCode(ids...)})
		wantFault(t, err, ErrCode)
		if n := scalar[int](ctx, t, r.db, `SELECT sum(tries) FROM signups WHERE email = $1`, email); n != 2 {
			t.Errorf("%d tries over two attempts, want 2", n)
		}
		if n := scalar[int](ctx, t, r.db, `SELECT tries FROM signups WHERE id = $1`, bystander); n != 0 {
			t.Errorf("%d tries against a bystander", n)
		}
	})

	t.Run("guesses at once are counted one by one", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		email := newEmail()
		id := r.signUp(ctx, t, email)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = r.Verify(ctx, Verification{Email: email, Code: r.wrongCode(id)}) })
		}
		wg.Wait()
		if n := scalar[int](ctx, t, r.db, `SELECT tries FROM signups WHERE id = $1`, id); n != codeTries {
			t.Errorf("%d guesses were compared, want %d", n, codeTries)
		}
	})
}

func TestOneCodeManyHands(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	email := newEmail()
	id := r.signUp(ctx, t, email)
	results := make(chan error, 32)
	for i := range cap(results) {
		v := Verification{Email: email, Code: r.signupCode(id)}
		if i%2 == 0 {
			v = Verification{Token: r.signupToken(id)}
		}
		go func() {
			_, err := r.Verify(ctx, v)
			results <- err
		}()
	}
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else {
			wantFault(t, err, ErrCode)
		}
	}
	if won != 1 {
		t.Errorf("%d hands got in, want 1", won)
	}
	if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM users`); n != 1 {
		t.Errorf("%d users", n)
	}
}
