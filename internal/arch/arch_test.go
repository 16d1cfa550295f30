// Package arch holds the rules of the house that a test can check.
package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/womens-tech-conservatory/conservatory"

// source is one Go file of ours; generated ones are left out.
type source struct {
	path string // from the root of the module, with slashes
	pkg  string // its folder
	test bool
	fset *token.FileSet
	file *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != "." && d.Name() != ".." || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".gen.go") {
			return nil
		}
		s, err := parse(t, path)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files: the walk is broken", len(all))
	}
	return all
}

func parse(t *testing.T, path string) (source, error) {
	t.Helper()
	rel, err := filepath.Rel(root(t), path)
	if err != nil {
		return source{}, err
	}
	s := source{path: filepath.ToSlash(rel), fset: token.NewFileSet(), test: strings.HasSuffix(path, "_test.go")}
	s.pkg = filepath.ToSlash(filepath.Dir(rel))
	s.file, err = parser.ParseFile(s.fset, path, nil, parser.ParseComments)
	return s, err
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s source) imports() []string {
	var all []string
	for _, i := range s.file.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		all = append(all, path)
	}
	return all
}

// tier of each package below internal. Imports point to a lower one only.
func tiers() map[string]int {
	return map[string]int{
		"fault": 0, "clock": 0, "pg": 0, "job": 0, "mail": 0, "blob": 0, "outbox": 0, "keyring": 0,
		"account": 1, "audit": 1, "idempotency": 1,
		"factor": 2, "identity": 2, "profile": 2, "membership": 2, "notification": 2, "signin": 2,
		"billing": 3, "cohort": 3, "grant": 3,
		"forum": 4, "message": 4, "pause": 4, "programme": 4, "coaching": 4, "invitation": 4, "gift": 4, "scholarship": 4, "sponsor": 4, "ask": 4, "reminder": 4,
		"prospect": 5, "jobsearch": 5, "report": 5, "admin": 5, "privacy": 5,
	}
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for _, path := range s.imports() {
			inside, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			if why := wrongWay(s, inside); why != "" {
				t.Errorf("%s imports %s: %s", s.path, inside, why)
			}
		}
	}
}

func wrongWay(s source, imported string) string {
	layer := func(pkg string) string { top, _, _ := strings.Cut(pkg, "/"); return top }
	switch from, to := layer(s.pkg), layer(imported); {
	case from == "pkg" && to != "pkg":
		return "the toolbox knows nothing of the product"
	case from == "internal" && to == "api" && s.pkg != "internal/arch":
		return "the product knows nothing of the edge"
	case from != "internal" || to != "internal" || s.pkg == "internal/arch" || s.test:
		return ""
	}
	return upwards(strings.TrimPrefix(s.pkg, "internal/"), strings.TrimPrefix(imported, "internal/"))
}

func upwards(from, to string) string {
	name := func(pkg string) string { top, _, _ := strings.Cut(pkg, "/"); return top }
	a, known := tiers()[name(from)]
	if !known {
		return from + " has no tier; give it one in this test"
	}
	b, known := tiers()[name(to)]
	switch {
	case !known:
		return to + " has no tier; give it one in this test"
	case name(from) == name(to) || b < a:
		return ""
	case a == 0 && b == 0 && (name(to) == "pg" || name(to) == "clock" || name(to) == "fault" || name(to) == "job"):
		return "" // the ground floor stands on the database, the clock and the queue
	}
	return "a domain may import lower tiers only; use a job, an event, or an interface filled in api/server"
}

// where says which files may see a library; tests see all.
func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	in := func(dirs ...string) func(source) bool {
		return func(s source) bool {
			for _, dir := range dirs {
				if s.pkg == dir || strings.HasPrefix(s.pkg, dir+"/") {
					return true
				}
			}
			return false
		}
	}
	named := func(prefix string) func(source) bool {
		return func(s source) bool { return strings.HasPrefix(filepath.Base(s.path), prefix) }
	}
	either := func(a, b func(source) bool) func(source) bool {
		return func(s source) bool { return a(s) || b(s) }
	}
	both := func(a, b func(source) bool) func(source) bool {
		return func(s source) bool { return a(s) && b(s) }
	}
	rules := map[string]func(source) bool{
		"github.com/gin-gonic/gin":     in("api"),
		"gorm.io/":                     either(in("internal/pg", "internal/report"), both(in("internal"), named("store"))),
		"github.com/stripe/stripe-go/": either(in("api/webhook", "pkg/stripesandbox"), both(in("internal/billing"), named("stripe"))),
		"github.com/golang-jwt/":       func(s source) bool { return s.path == "internal/account/token.go" },
		"github.com/coreos/go-oidc/":   both(in("internal/identity"), named("openid")),
		"golang.org/x/oauth2":          both(in("internal/identity"), named("openid")),
		"github.com/go-webauthn/":      both(in("internal/factor"), named("webauthn")),
		"github.com/zitadel/":          func(source) bool { return false },
		"github.com/throttled/":        in("pkg/ratelimit"),
		"github.com/gomodule/redigo":   in("pkg/ratelimit"),
		"github.com/alicebob/":         in("pkg/ratelimit/redistest"),
		"github.com/riverqueue/river":  either(in("internal/job", "internal/pg"), both(in("internal"), named("job.go"))),
	}
	for _, s := range sources(t) {
		for _, path := range s.imports() {
			for library, allowed := range rules {
				if strings.HasPrefix(path, library) && !s.test && !allowed(s) {
					t.Errorf("%s imports %s, which is not seen there", s.path, path)
				}
			}
		}
	}
}
