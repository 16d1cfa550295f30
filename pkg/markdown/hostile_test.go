package markdown

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fill repeats unit up to size bytes.
func fill(unit string, size int) string {
	return strings.Repeat(unit, size/len(unit)+1)[:size]
}

// halves is one unit repeated, then another.
func halves(first, second string, size int) string {
	return fill(first, size/2) + fill(second, size/2)
}

func stairs(marker string, size int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		b.WriteString(strings.Repeat(" ", n*len(marker)) + marker + "a\n")
	}
	return b.String()[:size]
}

func numbered(format string, size int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, format, n)
	}
	return b.String()[:size]
}

// growing is runs of mark, each longer by one, between letters.
func growing(mark string, size int) string {
	var b strings.Builder
	for n := 1; b.Len() < size; n++ {
		b.WriteString(strings.Repeat(mark, n) + "a")
	}
	return b.String()[:size]
}

// hostile maps a name to a text of a size that is known or suspected to make
// Markdown parsers slow or their output large.
func hostile(size int) map[string]string {
	out := map[string]string{}
	for _, group := range []func(int) map[string]string{containers, links, emphasis, addresses, blocks} {
		maps.Copy(out, group(size))
	}
	return out
}

func containers(size int) map[string]string {
	return map[string]string{
		"quotes in one line":           fill(">", size),
		"spaced quotes in one line":    fill("> ", size),
		"lists in one line":            fill("- ", size),
		"numbers in one line":          fill("1. ", size),
		"lists and quotes in one line": fill("- > ", size),
		"a staircase of lists":         stairs("- ", size),
		"a staircase in a quote":       strings.ReplaceAll(stairs("- ", size), "\n", "\n> "),
		"a staircase of numbers":       stairs("1. ", size),
		"allowed nesting, many times":  fill(strings.Repeat("> ", 19)+"a\n\n", size),
		"allowed lists, many times":    fill(strings.Repeat("- ", 9)+"a\n", size),
		"many items":                   fill("- a\n", size),
		"many empty items":             fill("-\n", size),
		"items with blank lines":       fill("- a\n\n", size),
		"lazy quotes":                  ">" + fill("a\n", size-1),
	}
}

func links(size int) map[string]string {
	return map[string]string{
		"links without end":           fill("[a](", size),
		"open brackets":               fill("[", size),
		"image openers":               fill("![", size),
		"link definitions":            numbered("[%d]: /x\n", size),
		"link uses of one definition": "[a]: http://a/" + fill("x", size/2) + "\n\n" + fill("[a] ", min(size/2, 1900)),
		"link uses of a fair length":  "[a]: http://a/" + fill("x", 2000) + "\n\n" + fill("[a] ", 1900),
		"allowed brackets, then text": fill("[", MaxBrackets) + fill("a", size-MaxBrackets),
		"allowed links, long titles":  fill("[a](b \"", 7*MaxBrackets) + fill("x ", size-7*MaxBrackets),
		"open parentheses":            "[a](" + fill("(", size-4),
		"closing brackets":            fill("]", size),
	}
}

func emphasis(size int) map[string]string {
	return map[string]string{
		"backticks of growing length": growing("`", size),
		"single backticks in pairs":   fill("`a``", size),
		"tildes of growing length":    growing("~", size),
		"stars of growing length":     growing("*", size),
		"nested strong":               halves("**", "**", size-1) + "a",
		"nested emphasis":             halves("*_", "_*", size),
		"emphasis that never closes":  fill("*a ", size),
		"emphasis that never opens":   fill("a* ", size),
		"two kinds that never meet":   halves("*a ", "b_ ", size),
		"as much emphasis as allowed": fill(fill("*a ", 1500)+fill("b_ ", 1480)+"\n\n", size),
		"mixed kinds that never meet": halves("*a ", "b_ ~~c b~~ ", size),
		"open or close":               fill("a**b", size),
		"thirds that never match":     halves("a***b ", "a*b_c ", size),
		"underscore in words":         fill("a_", size),
		"strike openers and closers":  halves("~~a ", "b~ ", size),
	}
}

func addresses(size int) map[string]string {
	return map[string]string{
		"auto-links":                  fill("http://a.b ", size),
		"one long auto-link":          "http://" + fill("a.", size-7),
		"www prefixes":                fill("www.", size),
		"auto-links with parentheses": "http://a.b/" + halves("(", ")", size-11),
		"auto-links with entities":    "http://a.b/" + fill("&a;", size-11),
		"e-mail halves":               fill("a@", size),
		"e-mail words":                fill("a@a.a ", size),
		"long e-mail local parts":     fill(" "+fill("a", 200), size),
		"angle openers":               fill("<", size),
		"angle auto-link openers":     fill("<http:", size),
		"tag openers":                 fill("<a ", size),
		"comment openers":             fill("<!--", size),
		"CDATA openers":               fill("<![CDATA[", size),
		"instruction openers":         fill("<?", size),
		"entities":                    fill("&amp;", size),
		"long numeric entities":       fill("&#99999999;", size),
		"ampersands":                  fill("&", size),
		"backslashes":                 fill("\\", size),
	}
}

func blocks(size int) map[string]string {
	return map[string]string{
		"a wide table":               tableOf(size/6, size/6, size),
		"a wide table with few rows": tableOf(800, 4, size),
		"pipes":                      fill("|", size),
		"delimiter rows":             fill("|-|-|\n", size),
		"escaped pipes in code":      "|a|\n|-|\n|" + fill("`\\|", size-10),
		"fences":                     fill("```\n", size),
		"fences with words":          fill("``` a\n~~~ b\n", size),
		"headings":                   fill("# a\n", size),
		"underlined headings":        fill("a\n=\n", size),
		"rules":                      fill("---\n", size),
		"indented code":              fill("    a\n", size),
		"blank lines":                fill("\n", size),
		"tabs":                       fill("\t", size),
		"hard breaks":                fill("a  \n", size),
		"carriage returns":           fill("\r", size),
		"NUL":                        fill("\x00", size),
		"invalid UTF-8":              fill("\xff", size),
		"wide runes":                 fill("\U0001F600", size),
		"task boxes":                 fill("- [ ] a\n", size),
		"spaces":                     fill(" ", size-1) + "a",
		"a paragraph of short lines": fill("a\n", size),
	}
}

// tableOf is a table whose rows are shorter than its head.
func tableOf(columns, rows, size int) string {
	head := fill("|a", 2*columns) + "|\n" + fill("|-", 2*columns) + "|\n"
	text := head + fill("|\n", 2*rows)
	return text[:min(len(text), size)]
}

func TestHostileTextIsTurnedAwayOrStaysSmall(t *testing.T) {
	t.Parallel()
	for _, size := range []int{4 << 10, MaxBytes, 64 << 10} {
		r := New(size)
		for name, text := range hostile(size) {
			t.Run(fmt.Sprintf("%s, %d KiB", name, size>>10), func(t *testing.T) {
				t.Parallel()
				html, err := r.Render(text[:min(len(text), size)])
				var reason *Error
				switch {
				case err != nil && (!errors.As(err, &reason) || html != ""):
					t.Errorf("got %d bytes and %v, want nothing and an *Error", len(html), err)
				case len(html) > MaxGrowth*size+1024:
					t.Errorf("%d bytes became %d", size, len(html))
				case depth(html) > MaxDepth:
					t.Errorf("elements nest %d deep", depth(html))
				}
			})
		}
	}
}

func TestWhatIsSlowIsTurnedAwayBeforeParsing(t *testing.T) {
	t.Parallel()
	texts := hostile(MaxBytes)
	for name, want := range map[string]*Error{
		"quotes in one line":           ErrTooNested,
		"spaced quotes in one line":    ErrTooNested,
		"lists in one line":            ErrTooNested,
		"numbers in one line":          ErrTooNested,
		"lists and quotes in one line": ErrTooNested,
		"a staircase of lists":         ErrTooNested,
		"a staircase in a quote":       ErrTooNested,
		"a staircase of numbers":       ErrTooNested,
		"links without end":            ErrTooManyLinks,
		"open brackets":                ErrTooManyLinks,
		"image openers":                ErrTooManyLinks,
		"link definitions":             ErrTooManyLinks,
		"task boxes":                   ErrTooManyLinks,
		"two kinds that never meet":    ErrTooMuchEmphasis,
		"mixed kinds that never meet":  ErrTooMuchEmphasis,
		"nested emphasis":              ErrTooMuchEmphasis,
		"open or close":                ErrTooMuchEmphasis,
		"a wide table":                 ErrTableTooLarge,
		"delimiter rows":               ErrTableTooLarge,
		"escaped pipes in code":        ErrTableTooLarge,
		"headings":                     nil,
		"many items":                   nil,
		"as much emphasis as allowed":  nil,
	} {
		text, ok := texts[name]
		if !ok {
			t.Errorf("no text is called %q", name)
		}
		if err := scan(text); !errors.Is(err, asError(want)) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

// asError keeps a nil *Error from becoming a non-nil error.
func asError(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

func BenchmarkHostile(b *testing.B) {
	for _, size := range []int{32 << 10, 64 << 10} {
		texts := hostile(size)
		names := make([]string, 0, len(texts))
		for name := range texts {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			b.Run(name+"/"+strconv.Itoa(size>>10), func(b *testing.B) {
				r := New(4 * size)
				var html string
				var err error
				for b.Loop() {
					html, err = r.Render(texts[name])
				}
				if reason, ok := errors.AsType[*Error](err); ok {
					b.Logf("refused: %s", reason.Code)
				}
				b.ReportMetric(float64(len(html))/float64(size), "out/in")
			})
		}
	}
}
