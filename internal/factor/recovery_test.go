package factor

import (
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()

	t.Run("each works once, however it is typed", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, _ := r.enrolled(ctx, t)
		codes, err := r.MakeRecoveryCodes(ctx, who)
		if err != nil || len(codes) != recoveryCodes {
			t.Fatalf("%v, %v", codes, err)
		}
		for i, code := range codes[:3] {
			owing := r.signIn(ctx, t, who.ID)
			typed := []string{code, strings.ToUpper(code), strings.ReplaceAll(code, "-", " ")}[i]
			if err := r.ProveRecoveryCode(ctx, owing, typed); err != nil {
				t.Fatal(err)
			}
			if r.again(ctx, t, owing).Owes() {
				t.Error("she still owes")
			}
			wantFault(t, r.ProveRecoveryCode(ctx, owing, code), account.ErrProofWrong)
		}
		if set, err := r.Factors(ctx, who); err != nil || set.RecoveryCodes != recoveryCodes-3 {
			t.Errorf("%+v, %v", set, err)
		}
		if r.letters(ctx, t, account.RecoveryCodeUsed) != 3 || r.letters(ctx, t, account.RecoveryCodesMade) != 1 {
			t.Error("it is not told")
		}
	})

	t.Run("new ones end the old ones", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, _ := r.enrolled(ctx, t)
		old, err := r.MakeRecoveryCodes(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := r.MakeRecoveryCodes(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.ProveRecoveryCode(ctx, who, old[0]), account.ErrProofWrong)
		if err := r.ProveRecoveryCode(ctx, who, fresh[0]); err != nil {
			t.Error(err)
		}
	})

	t.Run("they are hers alone, and stand in for a factor only", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, _ := r.enrolled(ctx, t)
		other, _ := r.enrolled(ctx, t)
		codes, err := r.MakeRecoveryCodes(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.ProveRecoveryCode(ctx, other, codes[0]), account.ErrProofWrong)
		_, err = r.MakeRecoveryCodes(ctx, r.person(ctx, t))
		wantFault(t, err, ErrMissing)
	})

	t.Run("with the last the method is no longer offered", func(t *testing.T) {
		t.Parallel()
		ctx, r := inTx(t)
		who, _ := r.enrolled(ctx, t)
		codes, err := r.MakeRecoveryCodes(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		if now := r.again(ctx, t, who); !strings.Contains(now.Factors[0], account.ByRecoveryCode) {
			t.Errorf("%+v", now)
		}
		for _, code := range codes {
			if err := r.ProveRecoveryCode(ctx, who, code); err != nil {
				t.Fatal(err)
			}
		}
		if now := r.again(ctx, t, who); now.Factors[0] != account.ByTOTP {
			t.Errorf("%+v", now)
		}
	})
}
