package markdown

import (
	"errors"
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"
)

func TestNestingIsAllowedUpToTheLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		src  string
		want error
	}{
		"20 quotes":                {strings.Repeat(">", 20) + " a", nil},
		"21 quotes":                {strings.Repeat(">", 21) + " a", ErrTooNested},
		"20 lists in a line":       {strings.Repeat("- ", 20) + "a", nil},
		"21 lists in a line":       {strings.Repeat("1) ", 21) + "a", ErrTooNested},
		"10 lists and 10 quotes":   {strings.Repeat("> - ", 10) + "a", nil},
		"11 lists and 10 quotes":   {strings.Repeat("- > ", 10) + "- a", ErrTooNested},
		"a thousand siblings":      {strings.Repeat("- a\n", 1000), nil},
		"siblings below":           {strings.Repeat("- a\n  - b\n    - c\n", 300), nil},
		"code that is indented":    {"```\n" + strings.Repeat(" ", 80) + "- x\n```", nil},
		"a deep staircase":         {stairs("* ", 600), ErrTooNested},
		"bold text is no list":     {strings.Repeat("**a** ", 30), nil},
		"years are no list":        {strings.Repeat("1999.5 ", 30), nil},
		"500 brackets":             {strings.Repeat("[", 500), nil},
		"501 brackets":             {strings.Repeat("[", 501), ErrTooManyLinks},
		"a table of 10 × 100":      {tableOf(10, 100, 1<<20), nil},
		"a table of 100 × 100":     {tableOf(100, 100, 1<<20), ErrTableTooLarge},
		"emphasis in paragraphs":   {strings.Repeat(strings.Repeat("*a* ", 400)+"\n\n", 20), nil},
		"emphasis in no paragraph": {strings.Repeat(strings.Repeat("*a* ", 400)+"\n", 2), ErrTooMuchEmphasis},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := scan(c.src); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// containersDeep is how deep block quotes and list items really nest.
func containersDeep(n ast.Node) int {
	deepest := 0
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		deepest = max(deepest, containersDeep(c))
	}
	if n.Kind() == ast.KindBlockquote || n.Kind() == ast.KindListItem {
		deepest++
	}
	return deepest
}

func TestTheScanNeverSeesLessNestingThanTheParser(t *testing.T) {
	t.Parallel()
	engine := newEngine()
	piece := rapid.SampledFrom([]string{
		">", "> ", "- ", "* ", "+\t", "-", "1. ", "12) ", " ", "  ", "   ", "\t", "a", "\n", "\n\n", "    ", "```\n", "\n  - ", "\n> - ", "\n>   - ",
	})
	rapid.Check(t, func(t *rapid.T) {
		src := strings.Join(rapid.SliceOfN(piece, 1, 40).Draw(t, "pieces"), "")
		var n nesting
		seen := 0
		for line := range strings.Lines(src) {
			seen = max(seen, n.enter(strings.TrimRight(line, "\r\n")))
		}
		deep := containersDeep(engine.Parser().Parse(text.NewReader([]byte(src))))
		if seen <= MaxNesting && deep > seen {
			t.Errorf("%q nests %d deep, but the scan saw %d", src, deep, seen)
		}
	})
}
