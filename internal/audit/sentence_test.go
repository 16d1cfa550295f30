package audit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// noActs are texts that look like the code of an act and are none: events of
// streams and of Stripe, files, settings.
var noActs = regexp.MustCompile(`^((access|membership)\.changed|(topic|post)\.(created|updated|deleted|moved)|(checkout|customer|invoice|charge|price|product|radar|data)\..*|.*\.(html|json|jsonl|txt|csv|zip|test|org|com))$`)

var looksLikeAct = regexp.MustCompile(`^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$`)

func TestEveryActThatIsRecordedHasASentence(t *testing.T) {
	t.Parallel()
	found := 0
	for action, where := range acts(t) {
		s, has := sentences()[action]
		switch {
		case noActs.MatchString(action):
		case !has:
			t.Errorf("%q in %s: if it is recorded, put its sentence into internal/audit/sentence.go; if it is no act, add it to noActs in this test", action, where)
		case s == (sentence{}):
			t.Errorf("%q has no words", action)
		default:
			found++
		}
	}
	if found < 40 {
		t.Errorf("only %d acts: the code is not read", found)
	}
}

// acts gives what may be the code of an act, in the product's own files, with
// a place where it is. The kind of a job is none.
func acts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			path == filepath.Join("..", "audit", "sentence.go") || strings.HasPrefix(filepath.Base(path), "tags_") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.FuncDecl); ok {
				return f.Name.Name != "Kind"
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && looksLikeAct.MatchString(text) {
					all[text] = path
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSentencesAreSentences(t *testing.T) {
	t.Parallel()
	for action, s := range sentences() {
		for _, text := range []string{s.about, s.did} {
			if text != "" && (!strings.HasSuffix(text, ".") || strings.ToUpper(text[:1]) != text[:1] || strings.Contains(strings.ToLower(text), "reject")) {
				t.Errorf("%s: %q", action, text)
			}
		}
	}
}

func TestASentenceDependsOnWhoReads(t *testing.T) {
	t.Parallel()
	maria, admin := uuid.New(), uuid.New()
	hers := func(action string) Recorded {
		return Recorded{Entry: Entry{ActorID: admin, Action: action, TargetKind: "post", TargetID: "p", SubjectID: maria}}
	}
	entry := func(action, kind, id string) Recorded {
		return Recorded{Entry: Entry{ActorID: admin, Action: action, TargetKind: kind, TargetID: id}}
	}
	for name, c := range map[string]struct {
		entry  Recorded
		reader uuid.UUID
		want   string
	}{
		"to whom it was done":           {entry("role.take", "user", maria.String()), maria, "A role of yours has ended."},
		"who did it":                    {entry("role.take", "user", maria.String()), admin, "You ended a role of somebody."},
		"who did it to herself":         {entry("role.take", "user", admin.String()), admin, "A role of yours has ended."},
		"who did it to a thing":         {entry("topic.delete", "topic", maria.String()), admin, "You deleted a topic."},
		"to whose thing it was done":    {hers("post.delete"), maria, "A post of yours was deleted by somebody who looks after its space."},
		"who did it to hers":            {hers("post.delete"), admin, "You deleted a post of somebody."},
		"an act with one sentence only": {entry("password.change", "user", maria.String()), admin, "Your password was changed."},
		"an act of another version":     {entry("wish.grant", "user", maria.String()), maria, unknown},
	} {
		if got := c.entry.Says(c.reader); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestADetailNamesNobodyElse(t *testing.T) {
	t.Parallel()
	maria, aisha := uuid.New().String(), uuid.New()
	r := Recorded{Entry: Entry{Detail: map[string]string{"author_id": maria, "actor_id": aisha.String(), "about": maria, "target_id": "p", "space_id": "s"}}}
	if got := r.DetailFor(aisha); len(got) != 2 || got["actor_id"] != aisha.String() || got["space_id"] != "s" || len(r.Detail) != 5 {
		t.Errorf("%v of %v", got, r.Detail)
	}
}
