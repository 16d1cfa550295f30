package arch_test

import (
	"go/ast"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	conservatory "github.com/womens-tech-conservatory/conservatory"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	maxFile     = 400
	maxFunction = 60
)

func TestFilesAndFunctionsAreShort(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if lines := s.fset.Position(s.file.End()).Line; lines > maxFile {
			t.Errorf("%s has %d lines, at most %d: it is two files", s.path, lines, maxFile)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncDecl)
			if !ok {
				return true
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if lines > maxFunction && (!s.test || !strings.HasPrefix(f.Name.Name, "Test")) {
				t.Errorf("%s: %s has %d lines, at most %d", s.path, f.Name.Name, lines, maxFunction)
			}
			return true
		})
	}
}

// What math/rand gives can be told by who has seen some of it.
func TestChanceIsOfCryptoRand(t *testing.T) {
	t.Parallel()
	harmless := []string{
		"api/stream/wire.go",           // when a browser asks again
		"pkg/stripesandbox/sandbox.go", // in which order events come
	}
	found := false
	for _, s := range sources(t) {
		for _, i := range s.file.Imports {
			found = found || i.Path.Value == `"crypto/rand"`
			if strings.HasPrefix(i.Path.Value, `"math/rand`) && !s.test && !slices.Contains(harmless, s.path) {
				t.Errorf("%s takes its chances from math/rand", s.path)
			}
		}
	}
	if !found {
		t.Error("nothing imports crypto/rand: the imports are not read")
	}
}

func TestTimeAndEnvironmentAreAskedInOnePlace(t *testing.T) {
	t.Parallel()
	allowed := func(call string, s source) bool {
		switch call {
		case "time.Now":
			// The toolbox takes a clock and falls back to this; the edge measures with it, marked at the line.
			return s.pkg == "internal/clock" || strings.HasPrefix(s.path, "pkg/") || marked(s)
		default:
			return s.pkg == "api" || strings.HasPrefix(s.path, "pkg/embeddedpg/")
		}
	}
	calls := []string{"time.Now", "os.Getenv", "os.LookupEnv", "os.Environ"}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok {
				if call := x.Name + "." + sel.Sel.Name; slices.Contains(calls, call) && !allowed(call, s) {
					t.Errorf("%s: %s belongs to the clock or the configuration", s.fset.Position(n.Pos()), call)
				}
			}
			return true
		})
	}
}

// marked reports whether a file says beside its time.Now that it only
// measures.
func marked(s source) bool {
	for _, group := range s.file.Comments {
		if strings.Contains(group.Text(), "measures, decides nothing") || slices.ContainsFunc(group.List, func(c *ast.Comment) bool {
			return strings.Contains(c.Text, "nolint:forbidigo // measures, decides nothing")
		}) {
			return true
		}
	}
	return false
}

func TestGormTrapsAreNotUsed(t *testing.T) {
	t.Parallel()
	traps := []string{"Save", "FirstOrCreate", "FirstOrInit", "AutoMigrate", "Preload"}
	for _, s := range sources(t) {
		if s.test || !slices.ContainsFunc(s.imports(), func(i string) bool { return strings.HasPrefix(i, "gorm.io/") }) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(traps, sel.Sel.Name) {
				t.Errorf("%s: gorm's %s does more than it says", s.fset.Position(n.Pos()), sel.Sel.Name)
			}
			return true
		})
	}
}

func TestNamesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	vague := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "manager", "base", "misc", "types"}
	for _, s := range sources(t) {
		if slices.Contains(vague, filepath.Base(s.pkg)) || slices.Contains(vague, strings.TrimSuffix(filepath.Base(s.path), ".go")) {
			t.Errorf("%s: a name without meaning attracts anything", s.path)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: no init", s.path)
			}
			return true
		})
	}
}

func TestEveryOperationSaysWhoMayCallIt(t *testing.T) {
	t.Parallel()
	contract, err := middleware.LoadContract(t.Context(), conservatory.Contract)
	if err != nil {
		t.Fatal(err)
	}
	if len(contract.Operations) < 30 {
		t.Errorf("only %d operations: the contract is not read", len(contract.Operations))
	}
}

func TestEveryOperationHasAnExample(t *testing.T) {
	t.Parallel()
	contract, err := middleware.LoadContract(t.Context(), conservatory.Contract)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range contract.Operations {
		example := false
		if body := op.Route.Operation.RequestBody; body != nil {
			for _, media := range body.Value.Content {
				example = example || media.Example != nil || len(media.Examples) > 0
			}
		}
		for _, resp := range op.Route.Operation.Responses.Map() {
			for _, media := range resp.Value.Content {
				example = example || media.Example != nil
			}
		}
		if !example && op.Method != http.MethodDelete {
			t.Errorf("%s shows no example", op.ID)
		}
	}
}

// Work that goes on side by side takes numbers that are apart, so there may be
// gaps; there is one migration of each number.
func TestMigrationsAreNumberedInOrder(t *testing.T) {
	t.Parallel()
	before := "0000"
	for _, name := range pg.MigrationNames() {
		found := regexp.MustCompile(`^migrations/([0-9]{4})_[a-z_]+\.sql$`).FindStringSubmatch(name)
		if len(found) < 2 || found[1] <= before {
			t.Errorf("%s comes behind number %s", name, before)
			continue
		}
		before = found[1]
	}
}
