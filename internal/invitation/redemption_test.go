package invitation

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func TestAccept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()

	t.Run("days of access and a seat come together", func(t *testing.T) {
		t.Parallel()
		her, seats := r.person(t, newEmail()), r.run(t, 3)
		_, token := r.made(t, Invite{AccessDays: 30, CohortID: seats})
		out, err := r.Accept(ctx, her, token)
		if err != nil || !out.SeatTaken || !out.AccessUntil.Equal(noon.AddDate(0, 0, 30)) {
			t.Fatalf("%+v, %v", out, err)
		}
		if access, err := r.membership.Access(ctx, her.ID); err != nil || access.Level != membership.Full {
			t.Errorf("%+v, %v", access, err)
		}
		_, err = r.Accept(ctx, her, token)
		wantFault(t, err, ErrOver)
	})

	t.Run("without access the seat waits for her", func(t *testing.T) {
		t.Parallel()
		seats := r.run(t, 3)
		_, token := r.made(t, Invite{CohortID: seats})
		out, err := r.Accept(ctx, r.person(t, newEmail()), token)
		if err != nil || out.SeatTaken || out.CohortID != seats || !out.AccessUntil.IsZero() {
			t.Errorf("%+v, %v", out, err)
		}
	})

	t.Run("a full cohort leaves everything as it was", func(t *testing.T) {
		t.Parallel()
		seats, last := r.run(t, 1), r.person(t, newEmail())
		o, token := r.made(t, Invite{AccessDays: 30, CohortID: seats, Uses: 2})
		if _, err := r.Accept(ctx, last, token); err != nil {
			t.Fatal(err)
		}
		late := r.person(t, newEmail())
		_, err := r.Accept(ctx, late, token)
		wantFault(t, err, cohort.ErrFull)
		access, err := r.membership.Access(ctx, late.ID)
		if err != nil || access.Level == membership.Full {
			t.Errorf("%+v, %v", access, err)
		}
		if used := r.scalar(t, `SELECT used FROM invitations WHERE id = $1`, o.ID); used != 1 {
			t.Errorf("%d uses", used)
		}
	})

	t.Run("an invitation to an address is for nobody else", func(t *testing.T) {
		t.Parallel()
		email := newEmail()
		_, token := r.made(t, Invite{Email: email, AccessDays: 7})
		_, err := r.Accept(ctx, r.person(t, newEmail()), token)
		wantFault(t, err, ErrOver)
		if _, err := r.Accept(ctx, r.person(t, strings.ToUpper(email)), token); err != nil {
			t.Error(err)
		}
	})

	t.Run("whatever is wrong with a link, the answer is one", func(t *testing.T) {
		t.Parallel()
		her := r.person(t, newEmail())
		admin := r.person(t, newEmail(), account.Admin)
		revoked, token := r.made(t, Invite{})
		if err := r.Revoke(ctx, admin, revoked.ID); err != nil {
			t.Fatal(err)
		}
		altered := "B" + token[1:] // ids of this century begin with A
		for name, bad := range map[string]string{"withdrawn": token, "altered": altered, "cut off": token[:20], "nobody's": r.token(uuid.New()), "none": ""} {
			_, accept := r.Accept(ctx, her, bad)
			_, look := r.Look(ctx, bad)
			_, join := r.Join(ctx, Newcomer{Token: bad, DisplayName: "Maria", Password: goodPassword})
			for _, err := range []error{accept, look, join} {
				if !errors.Is(err, ErrOver) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}

func TestAnInvitationEndsByTheClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	her := r.person(t, newEmail())
	o, token := r.made(t, Invite{Days: 1})
	if terms, err := r.Look(t.Context(), token); err != nil || !terms.ExpiresAt.Equal(noon.AddDate(0, 0, 1)) {
		t.Fatalf("%+v, %v", terms, err)
	}
	r.clock.Advance(24 * time.Hour)
	_, err := r.Accept(t.Context(), her, token)
	wantFault(t, err, ErrOver)
	if err := r.store.prune(t.Context(), r.clock.Now().Add(-keep)); err != nil {
		t.Fatal(err)
	}
	if n := r.scalar(t, `SELECT count(*) FROM invitations WHERE id = $1`, o.ID); n != 1 {
		t.Error("it is forgotten at once")
	}
	if err := r.store.prune(t.Context(), r.clock.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if n := r.scalar(t, `SELECT count(*) FROM invitations WHERE id = $1`, o.ID); n != 0 {
		t.Error("it is kept for good")
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	six := regexp.MustCompile(`(?m)^    ([0-9]{6})$`)

	t.Run("the reader of the letter is in at once", func(t *testing.T) {
		email := newEmail()
		_, token := r.made(t, Invite{Email: email, AccessDays: 14})
		in, err := r.Join(ctx, Newcomer{Token: token, DisplayName: "Maria", Password: goodPassword})
		if err != nil || in.Session == nil || in.Session.User.Email != email || !in.Session.User.Verified {
			t.Fatalf("%+v, %v", in, err)
		}
		r.idle(t)
		if letters := r.sink.Messages(email); len(letters) != 1 || !strings.HasPrefix(letters[0].Subject, "You are in") {
			t.Errorf("%+v", letters)
		}
		_, err = r.Join(ctx, Newcomer{Token: token, DisplayName: "Maria", Password: goodPassword})
		wantFault(t, err, ErrOver)
	})

	t.Run("an address with an account signs in first, and nothing is used", func(t *testing.T) {
		email := newEmail()
		her := r.person(t, email)
		_, token := r.made(t, Invite{Email: email})
		_, err := r.Join(ctx, Newcomer{Token: token, DisplayName: "Maria", Password: goodPassword})
		wantFault(t, err, ErrSignIn)
		if _, err := r.Accept(ctx, her, token); err != nil {
			t.Error(err)
		}
	})

	t.Run("an open link is taken up when the address is confirmed", func(t *testing.T) {
		email := newEmail()
		o, token := r.made(t, Invite{AccessDays: 14})
		in, err := r.Join(ctx, Newcomer{Token: token, DisplayName: "Maria", Password: goodPassword, Email: email})
		if err != nil || in.Session != nil || in.Attempt == "" {
			t.Fatalf("%+v, %v", in, err)
		}
		r.idle(t)
		if n := r.scalar(t, `SELECT used FROM invitations WHERE id = $1`, o.ID); n != 0 {
			t.Error("used before the address is confirmed")
		}
		code := six.FindStringSubmatch(r.sink.Messages(email)[0].Text)
		s, err := r.account.Verify(ctx, account.Verification{Signup: in.Attempt, Code: code[1]})
		if err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if access, err := r.membership.Access(ctx, s.User.ID); err != nil || access.Level != membership.Full {
			t.Errorf("%+v, %v", access, err)
		}
	})

	t.Run("who comes too late is told kindly, and has her account", func(t *testing.T) {
		email := newEmail()
		_, token := r.made(t, Invite{AccessDays: 14})
		in, err := r.Join(ctx, Newcomer{Token: token, DisplayName: "Maria", Password: goodPassword, Email: email})
		if err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if _, err := r.Accept(ctx, r.person(t, newEmail()), token); err != nil {
			t.Fatal(err)
		}
		code := six.FindStringSubmatch(r.sink.Messages(email)[0].Text)
		if _, err := r.account.Verify(ctx, account.Verification{Signup: in.Attempt, Code: code[1]}); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if letters := r.sink.Messages(email); len(letters) != 2 || !strings.Contains(letters[0].Subject, "one thing about your invitation") {
			t.Errorf("%+v", letters)
		}
	})

	t.Run("a link without an address asks for one, a letter does not", func(t *testing.T) {
		_, open := r.made(t, Invite{})
		_, mailed := r.made(t, Invite{Email: newEmail()})
		for _, n := range []Newcomer{{Token: open}, {Token: mailed, Email: newEmail()}} {
			n.DisplayName, n.Password = "Maria", goodPassword
			_, err := r.Join(ctx, n)
			if f := fault.From(err); f == nil || f.Fields[0].Pointer != "/email" {
				t.Errorf("%v", err)
			}
		}
	})
}
