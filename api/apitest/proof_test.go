package apitest_test

import (
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// What a session has proved is another dimension of the matrix: every
// operation, asked by somebody who may do everything, but whose session owes a
// second factor, has none yet, or proved it too long ago.
func TestProofMatrix(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	bare := unenrolled(t, h)
	closed := 0
	for _, op := range h.App.Contract.Operations {
		if op.Access.Who == middleware.Anyone || op.Raw {
			continue
		}
		if !op.Access.Owing || op.Access.StepUp {
			closed++
		}
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			admin := h.Person(t, "admin", account.Admin)
			owing := h.PasswordLogIn(t, admin.Email)
			forget(t, h, admin.Token)
			for _, cell := range []struct {
				name, token, want string
				shut              bool
			}{
				// A provider stands in for no second factor that she has.
				{"owes a second factor", owing, account.ErrFactorOwed.Code, !op.Access.Owing || op.ID == "beginProof" || op.ID == "proveIdentity"},
				{"has no second factor", bare, account.ErrEnrolmentOwed.Code, !op.Access.Owing},
				{"owes a proof", owing, account.ErrStepUp.Code, op.Access.Owing && op.Access.StepUp},
				{"proved too long ago", admin.Token, account.ErrStepUp.Code, op.Access.StepUp},
			} {
				if op.ID == "openStream" && !cell.shut {
					continue // it has no end
				}
				c := w.Example(t, op)
				c.Token = cell.token
				a := h.Do(t, c)
				if got := a.Code() == cell.want; got != cell.shut {
					t.Errorf("who %s: %s is %v, want %v (%d %s)", cell.name, cell.want, got, cell.shut, a.Status, a.Body)
				}
			}
		})
	}
	if closed < 20 {
		t.Errorf("only %d operations ask for a proof", closed)
	}
}

// forget sets the proof of a session back beyond what is fresh.
func forget(t *testing.T, h *apitest.House, token string) {
	t.Helper()
	who, err := h.App.Account.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE sessions SET proved_at = proved_at - interval '11 minutes' WHERE id = $1`, who.SessionID); err != nil {
		t.Fatal(err)
	}
}

// unenrolled is an administrator who has just been made.
func unenrolled(t *testing.T, h *apitest.House) string {
	t.Helper()
	const email = "first@example.org"
	_, err := h.App.Account.Create(t.Context(), account.NewUser{
		Email: email, Password: apitest.Password, DisplayName: "First", Roles: []account.Role{account.Admin},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.PasswordLogIn(t, email)
}
