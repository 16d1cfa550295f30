package arch_test

import (
	"go/ast"
	"strings"
	"testing"
)

// A model that is written by gorm, or that names its table, is compared with
// the schema by a test of its package; see pgtest.Drift.
func TestEveryModelIsComparedWithTheSchema(t *testing.T) {
	t.Parallel()
	models, compared := map[string][]string{}, map[string]map[string]bool{}
	for _, s := range sources(t) {
		if !strings.HasPrefix(s.pkg, "internal/") || strings.HasPrefix(s.pkg, "internal/pg") {
			continue
		}
		if s.test {
			if compared[s.pkg] == nil {
				compared[s.pkg] = map[string]bool{}
			}
			driftArguments(s, compared[s.pkg])
			continue
		}
		models[s.pkg] = append(models[s.pkg], modelsOf(s)...)
	}
	found := 0
	for pkg, names := range models {
		for _, name := range names {
			found++
			if !compared[pkg][name] {
				t.Errorf("%s: model %s is in no pgtest.Drift of its package", pkg, name)
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d models found: the search is broken", found)
	}
}

// modelsOf names types with a TableName and types that gorm creates rows of.
func modelsOf(s source) []string {
	var all []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "TableName" && n.Recv != nil {
				all = append(all, typeName(n.Recv.List[0].Type))
			}
		case *ast.SelectorExpr:
			if name := created(n); name != "" {
				all = append(all, name)
			}
		}
		return true
	})
	return all
}

// created gives T of gorm.G[T](…).Create.
func created(sel *ast.SelectorExpr) string {
	call, ok := sel.X.(*ast.CallExpr)
	if !ok || !strings.HasPrefix(sel.Sel.Name, "Create") {
		return ""
	}
	index, ok := call.Fun.(*ast.IndexExpr)
	if !ok {
		return ""
	}
	if g, ok := index.X.(*ast.SelectorExpr); !ok || g.Sel.Name != "G" {
		return ""
	}
	return typeName(index.Index)
}

func driftArguments(s source, into map[string]bool) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "Drift" {
			return true
		}
		for _, arg := range call.Args {
			if lit, ok := arg.(*ast.CompositeLit); ok {
				into[typeName(lit.Type)] = true
			}
		}
		return true
	})
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
