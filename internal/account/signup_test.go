package account

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

// signUp makes an attempt whose mail has gone out, past the job, and gives
// its id.
func (r *rig) signUp(ctx context.Context, t *testing.T, email string) uuid.UUID {
	t.Helper()
	id := r.begin(ctx, t, email, goodPassword)
	if _, ok, err := r.claimMail(ctx, id, r.clock.Now()); err != nil || !ok {
		t.Fatalf("the mail is not to be sent: %v", err)
	}
	return id
}

// begin makes an attempt whose mail has not gone out.
func (r *rig) begin(ctx context.Context, t *testing.T, email, password string) uuid.UUID {
	t.Helper()
	attempt, err := r.SignUp(ctx, NewSignup{Email: email, Password: password, DisplayName: "Maria"})
	if err != nil {
		t.Fatal(err)
	}
	id, ok := r.unseal(sealAttempt, attempt)
	if !ok {
		t.Fatalf("%q is not of an attempt", attempt)
	}
	return id
}

// byCode and byLink are what whoever began an attempt sends.
func (r *rig) byCode(id uuid.UUID) Verification {
	return Verification{Signup: r.seal(sealAttempt, id), Code: r.signupCode(id)}
}

func (r *rig) byLink(id uuid.UUID) Verification {
	return Verification{Token: r.seal(sealSignup, id), Password: goodPassword}
}

func newEmail() string { return uuid.NewString() + "@example.org" }

// wrong is the same with a code or a password that does not belong to it.
func wrong(v Verification) Verification {
	switch {
	case v.Token != "":
		v.Password = "some other password"
	case v.Code == "000000":
		v.Code = "000001"
	default:
		v.Code = "000000"
	}
	return v
}

func TestSignUpMails(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	sixDigits := regexp.MustCompile(`(?m)^    ([0-9]{6})$`)

	t.Run("a new address gets a code and a link, and both work once", func(t *testing.T) {
		attempt, err := r.SignUp(ctx, NewSignup{Email: "Maria@Example.org", Password: goodPassword, DisplayName: "Maria <3"})
		if err != nil {
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
		s, err := r.Verify(ctx, Verification{Signup: attempt, Code: code[1]})
		if err != nil {
			t.Fatal(err)
		}
		if s.User.Email != "Maria@Example.org" || !s.User.Verified || s.User.DisplayName != "Maria <3" {
			t.Errorf("user %+v", s.User)
		}
		_, err = r.Verify(ctx, Verification{Token: strings.Fields(token)[0], Password: goodPassword})
		wantFault(t, err, ErrCode, "/token")
		if r.acts.count("account.join") != 1 {
			t.Error("joining is not audited once")
		}
	})

	t.Run("a known address gets a mail that says so, without a code", func(t *testing.T) {
		if _, err := r.SignUp(ctx, NewSignup{Email: "MARIA@example.org", Password: goodPassword, DisplayName: "Eve"}); err != nil {
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
	email := newEmail()
	tryHard := func() int {
		for range mailsPerHour + 2 {
			r.begin(ctx, t, email, goodPassword)
		}
		r.idle(t)
		return len(r.sink.Messages(email))
	}
	if n := tryHard(); n != mailsPerHour {
		t.Errorf("%d mails in one hour, want %d", n, mailsPerHour)
	}
	for range 5 {
		r.clock.Advance(time.Hour + time.Second)
		tryHard()
	}
	if n := len(r.sink.Messages(email)); n != mailsPerDay {
		t.Errorf("%d mails on one day, want %d", n, mailsPerDay)
	}
	r.clock.Advance(24 * time.Hour)
	if n := tryHard(); n != mailsPerDay+mailsPerHour {
		t.Errorf("%d mails by the next day, want %d", n, mailsPerDay+mailsPerHour)
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
			if _, err := r.SignUp(counted, NewSignup{Email: email, Password: goodPassword, DisplayName: "Maria"}); err != nil {
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
		_, err := r.SignUp(ctx, n)
		wantFault(t, err, fault.ErrInvalid, pointer)
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

	_, err := r.Verify(ctx, Verification{Signup: r.seal(sealAttempt, hers), Code: r.signupCode(his)})
	wantFault(t, err, ErrCode, "/code")
	_, err = r.Verify(ctx, r.byLink(his))
	wantFault(t, err, ErrCode, "/token")
	_, err = r.Verify(ctx, Verification{Signup: r.seal(sealAttempt, his), Code: r.signupCode(hers)})
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
		other := r.seal(sealSignup, uuid.New())
		for _, bad := range forged(good.Token, other, r.seal(sealAttempt, id)) {
			_, err := r.Verify(ctx, Verification{Token: bad, Password: goodPassword})
			wantFault(t, err, ErrCode, "/token")
		}
		for _, bad := range forged(r.seal(sealAttempt, id), r.seal(sealAttempt, uuid.New()), good.Token) {
			_, err := r.Verify(ctx, Verification{Signup: bad, Code: r.signupCode(id)})
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
