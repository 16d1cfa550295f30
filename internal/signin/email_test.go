package signin

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func (r *rig) emailOf(t *testing.T, u account.User) string {
	t.Helper()
	return scalar[string](t.Context(), t, r.db, `SELECT email FROM users WHERE id = $1`, u.ID)
}

func TestChangeOfAddress(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	u := r.member(ctx, t, oldPassword)
	here, laptop := r.session(ctx, t, u.ID), r.session(ctx, t, u.ID)
	fresh := newEmail()

	t.Run("nothing changes before it is confirmed", func(t *testing.T) {
		if err := r.ChangeEmail(ctx, here, fresh); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if got := r.emailOf(t, u); got != u.Email || !r.live(ctx, t, laptop) {
			t.Errorf("the address is %s", got)
		}
	})

	t.Run("the link at the new address confirms it, once, and ends the other sessions", func(t *testing.T) {
		token := r.tokenTo(t, fresh, "confirm your new e-mail address")
		if err := r.ConfirmEmail(ctx, token); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if got := r.emailOf(t, u); got != fresh || !r.live(ctx, t, here) || r.live(ctx, t, laptop) {
			t.Errorf("the address is %s", got)
		}
		if r.sink.Messages(fresh)[0].Subject != "Your e-mail address was changed to this one" || r.acts.count("email.change") != 1 {
			t.Error("she is not told")
		}
		if !slices.Contains(r.bills.told, u.ID) {
			t.Error("billing is not told")
		}
		wantFault(t, r.ConfirmEmail(ctx, token), ErrLink, "/token")
	})

	t.Run("the link at the old address takes it back, once, and shuts out whoever was in", func(t *testing.T) {
		token := r.tokenTo(t, u.Email, "is being changed")
		if err := r.UndoEmail(ctx, token); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if got := r.emailOf(t, u); got != u.Email || r.live(ctx, t, here) {
			t.Errorf("the address is %s", got)
		}
		if _, err := r.account.LogIn(ctx, u.Email, oldPassword); !errors.Is(err, account.ErrCredentials) {
			t.Errorf("the password he may know: %v", err)
		}
		if r.acts.count("email.undo") != 1 || r.sink.Messages(u.Email)[0].Subject[:4] != "This" {
			t.Errorf("she is told %q", r.sink.Messages(u.Email)[0].Subject)
		}
		wantFault(t, r.UndoEmail(ctx, token), ErrLink, "/token")
		if !slices.Equal(r.rescues.told, []uuid.UUID{u.ID}) || !r.rescues.since.Equal(noon.Add(-beforeChange)) {
			t.Errorf("other domains are told of %v since %s", r.rescues.told, r.rescues.since)
		}
	})
}

func TestAnAddressInUse(t *testing.T) {
	t.Parallel()

	t.Run("is found out by its mailbox and by nobody else", func(t *testing.T) {
		t.Parallel()
		r := committed(t)
		ctx := t.Context()
		u, other := r.member(ctx, t, ""), r.member(ctx, t, "")
		if err := r.ChangeEmail(ctx, r.session(ctx, t, u.ID), other.Email); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		letters := r.sink.Messages(other.Email)
		if len(letters) != 1 || letters[0].Subject != "This address already has an account" || tokenInLetter.MatchString(letters[0].Text) {
			t.Fatalf("%+v", letters)
		}
		r.tokenTo(t, u.Email, "is being changed") // as it is for a free one
	})

	t.Run("by the time it is confirmed opens nothing", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		u, fresh := r.member(ctx, t, ""), newEmail()
		confirm, _ := r.moving(ctx, t, r.session(ctx, t, u.ID), fresh)
		if _, err := r.account.Create(ctx, account.NewUser{Email: fresh, DisplayName: "Faster"}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.ConfirmEmail(ctx, confirm), ErrLink, "/token")
	})

	t.Run("by the time it is put back is said to whoever has its mailbox", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		u := r.member(ctx, t, "")
		confirm, undo := r.moving(ctx, t, r.session(ctx, t, u.ID), newEmail())
		if err := r.ConfirmEmail(ctx, confirm); err != nil {
			t.Fatal(err)
		}
		if _, err := r.account.Create(ctx, account.NewUser{Email: u.Email, DisplayName: "Again"}); err != nil {
			t.Fatal(err)
		}
		if err := r.UndoEmail(ctx, undo); !errors.Is(err, account.ErrEmailTaken) {
			t.Error(err)
		}
	})
}

func TestTheWayBack(t *testing.T) {
	t.Parallel()

	t.Run("works for a week, the confirmation for a day", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		a, b := r.session(ctx, t, r.member(ctx, t, "").ID), r.session(ctx, t, r.member(ctx, t, "").ID)
		confirm, undo := r.moving(ctx, t, a, newEmail())
		_, late := r.moving(ctx, t, b, newEmail())
		r.clock.Advance(confirmTTL)
		wantFault(t, r.ConfirmEmail(ctx, confirm), ErrLink, "/token")
		r.clock.Advance(undoTTL - confirmTTL - time.Second)
		if err := r.UndoEmail(ctx, undo); err != nil {
			t.Error(err)
		}
		r.clock.Advance(time.Second)
		wantFault(t, r.UndoEmail(ctx, late), ErrLink, "/token")
	})

	t.Run("before a confirmation also ends the confirmation", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u := r.member(ctx, t, "")
		confirm, undo := r.moving(ctx, t, r.session(ctx, t, u.ID), newEmail())
		if err := r.UndoEmail(ctx, undo); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.ConfirmEmail(ctx, confirm), ErrLink, "/token")
	})

	t.Run("outlives a new password and a second change, which loses its own", func(t *testing.T) {
		t.Parallel()
		r := on(t, pgtest.New(t))
		ctx := t.Context()
		u := r.member(ctx, t, "")
		thief := r.session(ctx, t, u.ID)
		confirm, undo := r.moving(ctx, t, thief, newEmail())
		if err := r.ConfirmEmail(ctx, confirm); err != nil {
			t.Fatal(err)
		}
		if err := r.ChangePassword(ctx, thief, "", newPassword); err != nil {
			t.Fatal(err)
		}
		second, his := r.moving(ctx, t, thief, newEmail())
		if err := r.ConfirmEmail(ctx, second); err != nil {
			t.Fatal(err)
		}
		if err := r.UndoEmail(ctx, undo); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.UndoEmail(ctx, his), ErrLink, "/token")
		if got := r.emailOf(t, u); got != u.Email {
			t.Errorf("the address is %s", got)
		}
	})
}

func TestLettersAboutAnAddressAreCounted(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	victim := newEmail()
	for range mailsPerHour + 2 {
		u := r.member(ctx, t, "")
		if err := r.ChangeEmail(ctx, r.session(ctx, t, u.ID), victim); err != nil {
			t.Fatal(err)
		}
	}
	one := r.member(ctx, t, "")
	for range mailsPerHour + 2 {
		if err := r.ChangeEmail(ctx, r.session(ctx, t, one.ID), newEmail()); err != nil {
			t.Fatal(err)
		}
	}
	wantFault(t, r.ChangeEmail(ctx, r.session(ctx, t, one.ID), "nowhere"), fault.ErrInvalid, "/email")
	r.idle(t)
	if n := len(r.sink.Messages(victim)); n != mailsPerHour {
		t.Errorf("%d letters to one new address, want %d", n, mailsPerHour)
	}
	if n := len(r.sink.Messages(one.Email)); n != mailsPerHour {
		t.Errorf("%d letters for one person, want %d", n, mailsPerHour)
	}
}

func TestPreviews(t *testing.T) {
	t.Parallel()
	_, r := inTx(t)
	all, err := r.Previews()
	if err != nil || len(all) != len(r.letters) {
		t.Errorf("%d previews, %v", len(all), err)
	}
}
