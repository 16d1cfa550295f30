package billing_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// call is one place in the code that asks Stripe, and the route it asks.
type call struct {
	name   string // the function and the method of the library
	method string
	path   string // with {id}
}

// intent is something that somebody wants, and must get once.
type intent struct {
	name  string
	calls []call // that it makes, each of which fails in turn
	want  string // the effects there and here
	// begin arranges for a person of her own. do is what she asks for, and may
	// be repeated; effects counts what came of it.
	begin func(r *rig) (do func() error, effects func() string)
}

// faultsOrdered are the ways in which Stripe fails. Slow is an answer that
// comes after we have hung up, and the work is done all the same.
func faultsOrdered() map[string]string {
	return map[string]string{
		"slow": "latency", "down": "503", "too many": "429", "failed for good": "500", "done and the answer lost": "commit_then_drop",
	}
}

// line watches one route: it counts what goes over it and hangs up early.
type line struct {
	mu           sync.Mutex
	method, path string
	slow         bool
	asked        int
}

func (l *line) disturb(c call, slow bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.method, l.path, l.slow, l.asked = c.method, c.path, slow, 0
}

func (l *line) watch(req *http.Request) (*http.Request, context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if req.Method != l.method || !fits(l.path, req.URL.Path) {
		return req, func() {}
	}
	l.asked++
	if !l.slow {
		return req, func() {}
	}
	ctx, cancel := context.WithTimeout(req.Context(), 20*time.Millisecond)
	return req.WithContext(ctx), cancel
}

func (l *line) times() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

func fits(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && want[i] != "{id}" {
			return false
		}
	}
	return true
}

// Every request that we send to Stripe fails in every way, until it has been
// given up. When Stripe is well again and she asks once more, she has what she
// wanted, once, and both sides say the same.
func TestEveryCallFailsInEveryWayAndNothingHappensTwice(t *testing.T) {
	t.Parallel()
	for _, i := range intents() {
		t.Run(i.name, func(t *testing.T) {
			t.Parallel()
			r := newIdleRig(t)
			r.billing.RetryAtOnce()
			r.hold()
			wire := &line{}
			r.referee.watch = wire.watch
			for _, c := range i.calls {
				for name, kind := range faultsOrdered() {
					r.breakOnce(wire, i, c, name, kind)
				}
			}
			r.agree()
		})
	}
}

// breakOnce lets one call fail in one way.
func (r *rig) breakOnce(wire *line, i intent, c call, name, kind string) {
	r.t.Helper()
	do, effects := i.begin(r)
	wire.disturb(c, kind == "latency")
	latency := ""
	if kind == "latency" {
		latency = `,"latency_ms":120000`
	}
	r.control("POST", "faults", `{"kind":"`+kind+`","method":"`+c.method+`","path":"`+c.path+`","exact":true,"count":-1`+latency+`}`)
	broken := do()
	r.control("DELETE", "faults", "")
	if wire.times() == 0 {
		r.t.Errorf("%s: it was never asked", c.name)
	}
	wire.disturb(call{}, false)
	err := do()
	if err != nil { // what failed for good is kept for a day
		r.box.Advance(25 * time.Hour)
		r.tidy()
		err = do()
	}
	if got := effects(); err != nil || got != i.want {
		r.t.Errorf("%s %s: %v, then %v; %s, want %s", c.name, name, broken, err, got, i.want)
	}
}

func (r *rig) tidy() {
	r.t.Helper()
	if _, err := r.billing.ReconcileUnsettled(r.t.Context()); err != nil {
		r.t.Error(err)
	}
}

// agree compares both sides twice: what the first look heals is healed.
func (r *rig) agree() {
	r.t.Helper()
	first, err := r.billing.Reconcile(r.t.Context())
	if err != nil || len(first.Problems) > 0 {
		r.t.Errorf("%+v, %v", first, err)
	}
	if again := r.reconcile(); again.Healed > 0 {
		r.t.Errorf("%+v", again)
	}
	truth, err := r.billing.Proof(r.t.Context())
	if err != nil || len(truth.Twice) > 0 || len(truth.WithoutAccess) > 0 {
		r.t.Errorf("%+v, %v", truth, err)
	}
}

// A new call to Stripe needs an intent above that makes it.
func TestEveryCallIsBrokenSomewhere(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, i := range intents() {
		for _, c := range i.calls {
			broken[c.name] = true
		}
	}
	there := callsInTheCode(t)
	for name := range there {
		if !broken[name] {
			t.Errorf("%s is never broken", name)
		}
	}
	for name := range broken {
		if !there[name] {
			t.Errorf("%s is broken and not in the code", name)
		}
	}
}

// callsInTheCode finds api.Resource.Method(…) and the function it is in.
func callsInTheCode(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if asked := askedOf(n); asked != "" {
					found[f.Name.Name+" "+asked] = true
				}
				return true
			})
		}
	}
	return found
}

func askedOf(n ast.Node) string {
	c, ok := n.(*ast.CallExpr)
	if !ok {
		return ""
	}
	method, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	resource, ok := method.X.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	api, ok := resource.X.(*ast.SelectorExpr)
	if !ok || api.Sel.Name != "api" {
		return ""
	}
	return resource.Sel.Name + "." + method.Sel.Name
}
