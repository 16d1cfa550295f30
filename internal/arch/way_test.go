package arch_test

import (
	"go/ast"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	decisions = "deployments/security/authentication.md"
	session   = "#/components/responses/Session"
)

// Whoever adds a way to sign in says what it is worth, and leads it through
// the one door.
func TestEveryWayInIsWrittenDown(t *testing.T) {
	t.Parallel()
	text := document(t, decisions)
	ways := 0
	for _, op := range contract(t).Operations {
		for _, answer := range op.Route.Operation.Responses.Map() {
			if answer.Ref != session && op.ID != "joinByInvitation" {
				continue
			}
			ways++
			if !strings.Contains(text, "\n| `"+op.ID+"` |") {
				t.Errorf("%s starts a session, and is not in the table of %s", op.ID, decisions)
			}
			break
		}
	}
	if ways < 6 {
		t.Errorf("only %d ways in: the contract is not read", ways)
	}
	if callers := callersOf(t, "internal/account", "insertSession"); !slices.Equal(callers, []string{"startSession"}) {
		t.Errorf("sessions are made by %v", callers)
	}
}

// callersOf are the functions of a package that call one of its methods.
func callersOf(t *testing.T, pkg, method string) (callers []string) {
	t.Helper()
	for _, s := range sources(t) {
		if s.pkg != pkg || s.test {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == method {
					callers = append(callers, f.Name.Name)
				}
				return true
			})
		}
	}
	return callers
}

func TestTheWordsAroundTheProductAreNoPasswords(t *testing.T) {
	t.Parallel()
	_, listed, _ := strings.Cut(document(t, decisions), "Words around the product")
	words := regexp.MustCompile(`(?m)^    (.+)$`).FindAllString(listed, -1)
	refused := strings.Split(document(t, "internal/account/common.txt"), "\n")
	if len(words) == 0 {
		t.Error("no words are listed")
	}
	for word := range strings.FieldsSeq(strings.Join(words, " ")) {
		if !slices.Contains(refused, word) {
			t.Errorf("%q is listed and may be a password", word)
		}
	}
}

func TestNobodyIsAskedSecretQuestions(t *testing.T) {
	t.Parallel()
	asks := regexp.MustCompile(`(?i)hint|question|maiden|pet_name|birth`)
	for name, schema := range contract(t).Doc.Components.Schemas {
		for property := range schema.Value.Properties {
			if asks.MatchString(property) {
				t.Errorf("%s has a %s", name, property)
			}
		}
	}
}

// What changes how somebody gets in, who is in, or what somebody may, is not
// done by whoever has found an open browser.
func TestWhatOpensAnAccountWantsAFreshProof(t *testing.T) {
	t.Parallel()
	places := []string{
		"/v1/me/password", "/v1/me/email", "/v1/me/factors", "/v1/me/passkeys", "/v1/me/identities", "/v1/me/sessions", "/v1/admin/members",
	}
	harmless := []string{"renamePasskey"}
	found := 0
	for _, op := range contract(t).Operations {
		if op.Method == http.MethodGet || slices.Contains(harmless, op.ID) ||
			!slices.ContainsFunc(places, func(place string) bool { return strings.HasPrefix(op.Path, place) }) {
			continue
		}
		found++
		if !op.Access.StepUp {
			t.Errorf("%s asks for no fresh proof", op.ID)
		}
	}
	if found < 15 {
		t.Errorf("only %d operations: the contract is not read", found)
	}
}
