package apitest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

var tokenInLink = regexp.MustCompile(`#token=([A-Za-z0-9_-]{64})`)

// fromMail gives the body of an operation that takes what is mailed, with
// something that was mailed for it a moment ago; nil for other operations.
func (h *House) fromMail(t testing.TB, op middleware.Operation) any {
	t.Helper()
	switch op.ID {
	case "verifyEmail":
		email := "newcomer." + uuid.NewString()[:8] + "@example.org"
		h.post(t, "/v1/auth/signup", "", map[string]string{"email": email, "password": Password, "display_name": "Newcomer"})
		return map[string]string{"token": h.Token(t, email, "is your code"), "password": Password}
	case "signInWithCode":
		who := h.Person(t, "back again")
		h.post(t, "/v1/auth/code", "", map[string]string{"email": who.Email})
		return map[string]string{"token": h.Token(t, who.Email, "is your code")}
	case "resetPassword":
		who := h.Person(t, "forgetful")
		h.post(t, "/v1/auth/password/forgot", "", map[string]string{"email": who.Email})
		return map[string]string{"token": h.Token(t, who.Email, "new password"), "password": "twelve years of logistics"}
	case "confirmEmail", "undoEmail":
		who := h.Person(t, "moving")
		to := "moved." + uuid.NewString()[:8] + "@example.org"
		h.post(t, "/v1/me/email", who.Token, map[string]string{"email": to})
		if op.ID == "undoEmail" {
			return map[string]string{"token": h.Token(t, who.Email, "being changed")}
		}
		return map[string]string{"token": h.Token(t, to, "confirm your new")}
	}
	return nil
}

func (h *House) post(t testing.TB, path, token string, body any) {
	t.Helper()
	h.Do(t, Call{Method: http.MethodPost, Path: path, Token: token, Body: body}).Must(t, http.StatusAccepted)
}

// Token waits for the letter to an address with these words in its subject,
// and gives the token of its link.
func (h *House) Token(t testing.TB, email, subject string) string {
	t.Helper()
	m, err := h.Mail.Wait(t.Context(), email, func(m mailsink.Message) bool { return strings.Contains(m.Subject, subject) })
	if err != nil {
		t.Fatal(err)
	}
	found := tokenInLink.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("no link with a token in\n%s", m.Text)
	}
	return found[1]
}
