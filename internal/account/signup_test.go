package account

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
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
	id, ok := r.once.Open(forBrowser, attempt)
	if !ok {
		t.Fatalf("%q is not of an attempt", attempt)
	}
	return id
}

// byCode and byLink are what whoever began an attempt sends.
func (r *rig) byCode(id uuid.UUID) Verification {
	return Verification{Signup: r.once.Token(forBrowser, id), Code: r.once.Code(forCode, id)}
}

func (r *rig) byLink(id uuid.UUID) Verification {
	return Verification{Token: r.once.Token(forLink, id), Password: goodPassword}
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

	t.Run("whoever signs up with an address writes no link of his into its mailbox", func(t *testing.T) {
		if _, err := r.SignUp(ctx, NewSignup{Email: "victim@example.org", Password: goodPassword, DisplayName: "Gift at https://evil.example"}); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		for _, m := range r.sink.Messages("victim@example.org") {
			if strings.Contains(m.Text+m.HTML+m.Subject, "evil.example") || strings.Contains(m.Text+m.HTML, "https://evil") {
				t.Errorf("the mail is\n%s", m.Text)
			}
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
