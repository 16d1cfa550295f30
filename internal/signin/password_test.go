package signin

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestReset(t *testing.T) {
	t.Parallel()

	t.Run("a forgotten password is set anew by mail, once, and signs nobody in", func(t *testing.T) {
		t.Parallel()
		r := committed(t)
		ctx := t.Context()
		u := r.member(ctx, t, oldPassword)
		laptop := r.session(ctx, t, u.ID)
		if err := r.Forgot(ctx, strings.ToUpper(u.Email)); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		token := r.tokenTo(t, u.Email, "Choose a new password")
		if err := r.Reset(ctx, token, newPassword); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if r.live(ctx, t, laptop) {
			t.Error("a session goes on")
		}
		if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL`, u.ID); n != 0 {
			t.Errorf("%d sessions were opened", n)
		}
		if n := scalar[int](ctx, t, r.db, `SELECT count(*) FROM outbox WHERE user_id = $1`, u.ID); n == 0 {
			t.Error("streams are not told")
		}
		if letters := r.sink.Messages(u.Email); letters[0].Subject != "Your password was set anew" || r.acts.count("password.reset") != 1 {
			t.Errorf("the last letter is %q", letters[0].Subject)
		}
		if _, err := r.account.LogIn(ctx, u.Email, newPassword); err != nil {
			t.Error(err)
		}
		if _, err := r.account.LogIn(ctx, u.Email, oldPassword); err == nil {
			t.Error("the old password signs in")
		}
		wantFault(t, r.Reset(ctx, token, "another good one indeed"), ErrLink, "/token")
	})

	t.Run("a password that cannot be chosen does not use the link up", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u := r.member(ctx, t, "")
		token := r.resetToken(r.mailed(ctx, t, kindReset, u))
		for _, bad := range []string{"short", "password1", u.Email} {
			wantFault(t, r.Reset(ctx, token, bad), fault.ErrInvalid, "/password")
		}
		if err := r.Reset(ctx, token, newPassword); err != nil {
			t.Errorf("who never had a password: %v", err)
		}
		if _, err := r.account.LogIn(ctx, u.Email, newPassword); err != nil {
			t.Error(err)
		}
	})

	t.Run("second factors stay, and are owed afterwards", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u := r.member(ctx, t, "")
		if err := r.account.SetFactors(ctx, r.session(ctx, t, u.ID), []string{"totp"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Reset(ctx, r.resetToken(r.mailed(ctx, t, kindReset, u)), newPassword); err != nil {
			t.Fatal(err)
		}
		s, err := r.account.LogIn(ctx, u.Email, newPassword)
		if err != nil || !s.FactorOwed {
			t.Errorf("owed: %v, %v", s.FactorOwed, err)
		}
	})

	t.Run("after half an hour it is too late", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		u := r.member(ctx, t, "")
		token := r.resetToken(r.mailed(ctx, t, kindReset, u))
		r.clock.Advance(resetTTL)
		wantFault(t, r.Reset(ctx, token, newPassword), ErrLink, "/token")
	})
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	r := committed(t)
	ctx := t.Context()
	u := r.member(ctx, t, oldPassword)
	here, laptop := r.session(ctx, t, u.ID), r.session(ctx, t, u.ID)
	wantFault(t, r.ChangePassword(ctx, here, oldPassword, u.Email), fault.ErrInvalid, "/password")
	wantFault(t, r.ChangePassword(ctx, here, "", newPassword), fault.ErrInvalid, "/current_password")
	wantFault(t, r.ChangePassword(ctx, here, newPassword, newPassword), account.ErrProofWrong, "/current_password")
	if err := r.ChangePassword(ctx, here, oldPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	r.idle(t)
	if !r.live(ctx, t, here) || r.live(ctx, t, laptop) {
		t.Error("it is not the other session that ends")
	}
	if letters := r.sink.Messages(u.Email); len(letters) != 1 || letters[0].Subject != "Your password was changed" || r.acts.count("password.change") != 1 {
		t.Errorf("%d letters", len(letters))
	}
	if _, err := r.account.LogIn(ctx, u.Email, newPassword); err != nil {
		t.Error(err)
	}
}

// What is open for somebody ends when her password or her address changes,
// whether it was mailed or only asked for; not what is open for others.
func TestAChangeEndsWhatIsOpen(t *testing.T) {
	t.Parallel()
	for what, do := range map[string]func(r *rig, u account.User, a account.Actor) error{
		"a password that was changed": func(r *rig, _ account.User, a account.Actor) error {
			return r.ChangePassword(t.Context(), a, oldPassword, newPassword)
		},
		"a password that was reset": func(r *rig, u account.User, _ account.Actor) error {
			return r.Reset(t.Context(), r.resetToken(r.mailed(t.Context(), t, kindReset, u)), newPassword)
		},
		"an address that was confirmed": func(r *rig, _ account.User, a account.Actor) error {
			confirm, _ := r.moving(t.Context(), t, a, newEmail())
			return r.ConfirmEmail(t.Context(), confirm)
		},
		"an address that was put back": func(r *rig, _ account.User, a account.Actor) error {
			_, undo := r.moving(t.Context(), t, a, newEmail())
			return r.UndoEmail(t.Context(), undo)
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := on(t, pgtest.New(t))
			ctx := t.Context()
			u, other := r.member(ctx, t, ""), r.member(ctx, t, "")
			here := r.session(ctx, t, u.ID)
			code, reset := r.mailed(ctx, t, kindCode, u), r.mailed(ctx, t, kindReset, u)
			confirm, _ := r.moving(ctx, t, here, newEmail())
			bystander := r.mailed(ctx, t, kindCode, other)
			if err := r.RequestCode(ctx, u.Email); err != nil {
				t.Fatal(err)
			}
			asked := scalar[uuid.UUID](ctx, t, r.db, `SELECT id FROM secrets WHERE email_key = $1 AND mailed_at IS NULL`, u.Email)
			if err := do(r, u, here); err != nil {
				t.Fatal(err)
			}
			_, err := r.SignIn(ctx, r.byCode(u, code))
			wantFault(t, err, ErrCode, "/code")
			_, err = r.SignIn(ctx, r.byLink(code))
			wantFault(t, err, ErrCode, "/token")
			wantFault(t, r.Reset(ctx, r.resetToken(reset), newPassword), ErrLink, "/token")
			wantFault(t, r.ConfirmEmail(ctx, confirm), ErrLink, "/token")
			if ok, err := r.claimSecret(ctx, asked, u.Email, u.ID); err != nil || ok {
				t.Errorf("what was asked for before is mailed: %v", err)
			}
			if _, err := r.SignIn(ctx, r.byLink(bystander)); err != nil {
				t.Errorf("somebody else's code: %v", err)
			}
		})
	}
}

// A token opens what it was made for, and only for whom.
func TestTokensAreBound(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	u := r.member(ctx, t, "")
	here := r.session(ctx, t, u.ID)
	code, reset := r.mailed(ctx, t, kindCode, u), r.mailed(ctx, t, kindReset, u)
	confirm, undo := r.moving(ctx, t, here, newEmail())
	good := map[string]string{"code": r.byLink(code).Token, "reset": r.resetToken(reset), "confirm": confirm, "undo": undo}
	purposes := map[string]string{"code": string(kindCode), "reset": string(kindReset), "confirm": forConfirm, "undo": forUndo}
	open := map[string]func(token string) error{
		"code":    func(s string) error { _, err := r.SignIn(ctx, Key{Token: s}); return err },
		"reset":   func(s string) error { return r.Reset(ctx, s, newPassword) },
		"confirm": func(s string) error { return r.ConfirmEmail(ctx, s) },
		"undo":    func(s string) error { return r.UndoEmail(ctx, s) },
	}
	for purpose, try := range open {
		own := good[purpose]
		bad := []string{
			own[:63], own + "A", own + "=", strings.ToLower(own), own[:30] + "\n" + own[31:], strings.Repeat("A", 64), "x",
			r.once.Token(purposes[purpose], uuid.New()),
			r.once.Token(string(kindReset), code), r.once.Token(string(kindCode), reset),
		}
		for other, token := range good {
			if other != purpose {
				bad = append(bad, token)
			}
			if mixed := token[:22] + own[22:]; mixed != own { // two tokens of one row can begin alike
				bad = append(bad, mixed)
			}
		}
		for _, token := range bad {
			f := fault.From(try(token))
			if f == nil || f.Code != ErrLink.Code && f.Code != ErrCode.Code {
				t.Errorf("%s is opened by %q: %v", purpose, token, f)
			}
		}
	}
	for _, purpose := range []string{"code", "undo"} { // undoing ends the others
		if err := open[purpose](good[purpose]); err != nil {
			t.Errorf("the control %s: %v", purpose, err)
		}
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	u := r.member(ctx, t, "")
	r.mailed(ctx, t, kindCode, u)
	r.moving(ctx, t, r.session(ctx, t, u.ID), newEmail())
	count := func() (secrets, changes int) {
		return scalar[int](ctx, t, r.db, `SELECT count(*) FROM secrets`), scalar[int](ctx, t, r.db, `SELECT count(*) FROM email_changes`)
	}
	for _, step := range []struct {
		after            time.Duration
		secrets, changes int
	}{{time.Hour, 1, 1}, {keepSecrets, 0, 1}, {undoTTL, 0, 0}} {
		r.clock.Advance(step.after)
		if err := r.prune(ctx, r.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if s, c := count(); s != step.secrets || c != step.changes {
			t.Errorf("after %v: %d secrets and %d changes, want %d and %d", step.after, s, c, step.secrets, step.changes)
		}
	}
}
