package arch_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	conservatory "github.com/womens-tech-conservatory/conservatory"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
)

// named is what a document may name: symbols of packages, names of subtests
// and operations of the contract.
type named struct {
	symbols    map[string]map[string]bool // by package
	subtests   map[string]map[string]bool // by package and test
	operations map[string]bool
}

func catalogue(t *testing.T) named {
	t.Helper()
	all := named{map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}}
	for _, s := range sources(t) {
		if all.symbols[s.pkg] == nil {
			all.symbols[s.pkg] = map[string]bool{}
		}
		declared(s, all.symbols[s.pkg])
		if s.test {
			subtests(s, all.subtests)
		}
	}
	for _, op := range contract(t).Operations {
		all.operations[op.ID] = true
	}
	return all
}

func contract(t *testing.T) *middleware.Contract {
	t.Helper()
	c, err := middleware.LoadContract(t.Context(), conservatory.Contract)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// declared are the names of functions, methods, types, constants and
// variables. A test counts only in a file of tests.
func declared(s source, into map[string]bool) {
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if s.test == strings.HasPrefix(d.Name.Name, "Test") {
				into[d.Name.Name] = true
			}
		case *ast.GenDecl:
			if s.test || d.Tok == token.IMPORT {
				continue
			}
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					into[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						into[name.Name] = true
					}
				}
			}
		}
	}
}

// subtests are the names that t.Run is given in one piece, by the function
// that gives them.
func subtests(s source, into map[string]map[string]bool) {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if name := subtest(n); name != "" {
				test := s.pkg + "." + f.Name.Name
				if into[test] == nil {
					into[test] = map[string]bool{}
				}
				into[test][name] = true
			}
			return true
		})
	}
}

// subtest is the name in a call of t.Run; "" for anything else.
func subtest(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return ""
	}
	if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "Run" {
		return ""
	}
	name, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, err := strconv.Unquote(name.Value)
	if err != nil {
		return ""
	}
	return text
}

// missing says why there is no such thing; "" when there is. A name is a
// path, a package and a symbol (internal/account.SignIn), with a test also one
// of its subtests (internal/account.TestX/a sentence), or an operation
// (openapi.yaml#logIn).
func (n named) missing(root, name string) string {
	if op, ok := strings.CutPrefix(name, "openapi.yaml#"); ok {
		if !n.operations[op] {
			return "no such operation"
		}
		return ""
	}
	symbol, subtest := name, ""
	if i := strings.Index(name, ".Test"); i >= 0 {
		test, rest, _ := strings.Cut(name[i:], "/")
		symbol, subtest = name[:i]+test, rest
	}
	dot := strings.LastIndex(symbol, ".")
	if dot < 0 || n.symbols[symbol[:dot]] == nil {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil || !strings.ContainsAny(name, "./") {
			return "no such file or package"
		}
		return ""
	}
	switch pkg, symbol := symbol[:dot], symbol[dot+1:]; {
	case !n.symbols[pkg][symbol]:
		return "no such symbol"
	case subtest != "" && !n.subtests[pkg+"."+symbol][subtest]:
		return "no such subtest"
	}
	return ""
}
