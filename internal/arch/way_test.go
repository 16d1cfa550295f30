package arch_test

import (
	"go/ast"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
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
	doc := contract(t).Doc
	names := properties(doc)
	for name := range names {
		if asks.MatchString(name) {
			t.Errorf("somebody is asked for a %s", name)
		}
	}
	if len(names) < 100 || !names["email"] {
		t.Errorf("only %d names: the contract is not read", len(names))
	}
	hint := openapi3.NewObjectSchema().WithProperty("inner", openapi3.NewArraySchema().WithItems(
		&openapi3.Schema{OneOf: openapi3.SchemaRefs{openapi3.NewObjectSchema().WithProperty("password_hint", openapi3.NewStringSchema()).NewRef()}}))
	doc.Paths.Value("/v1/auth/login").Post.RequestBody.Value.Content["application/json"].Schema = hint.NewRef()
	if !properties(doc)["password_hint"] {
		t.Error("one that stands deep in the body of one operation is not found")
	}
}

// properties are the names of all that a client sends or is sent, wherever it
// is declared: parameters, and schemas with names or without, to their ends.
func properties(doc *openapi3.T) map[string]bool {
	names, seen := map[string]bool{}, map[*openapi3.Schema]bool{}
	for _, schema := range doc.Components.Schemas {
		collect(schema, names, seen)
	}
	for _, path := range doc.Paths.Map() {
		for _, op := range path.Operations() {
			for _, p := range append(slices.Clone(path.Parameters), op.Parameters...) {
				names[p.Value.Name] = true
				collect(p.Value.Schema, names, seen)
			}
			bodies := []openapi3.Content{}
			if op.RequestBody != nil {
				bodies = append(bodies, op.RequestBody.Value.Content)
			}
			for _, answer := range op.Responses.Map() {
				bodies = append(bodies, answer.Value.Content)
			}
			for _, body := range bodies {
				for _, kind := range body {
					collect(kind.Schema, names, seen)
				}
			}
		}
	}
	return names
}

func collect(ref *openapi3.SchemaRef, names map[string]bool, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	s := ref.Value
	seen[s] = true
	for name, property := range s.Properties {
		names[name] = true
		collect(property, names, seen)
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, openapi3.SchemaRefs{s.Items, s.Not, s.AdditionalProperties.Schema}) {
		collect(part, names, seen)
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
