package markdown_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

const rel = ` rel="nofollow noopener noreferrer ugc"`

func TestWhatWritersUseIsRendered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"nothing":         {"", ""},
		"emphasis":        {"*a* **b** ***c***", "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em></p>\n"},
		"strikethrough":   {"~~a~~", "<p><del>a</del></p>\n"},
		"heading":         {"## a #", "<h2>a</h2>\n"},
		"hard break":      {"a  \nb", "<p>a<br>\nb</p>\n"},
		"rule":            {"a\n\n* * *", "<p>a</p>\n<hr>\n"},
		"quote":           {"> a", "<blockquote>\n<p>a</p>\n</blockquote>\n"},
		"numbers from 3":  {"3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
		"code":            {"`<b>`", "<p><code>&lt;b&gt;</code></p>\n"},
		"code block":      {"```go\na < b\n```", "<pre><code class=\"language-go\">a &lt; b\n</code></pre>\n"},
		"odd language":    {"```a\"b\nx\n```", "<pre><code>x\n</code></pre>\n"},
		"table":           {"|a|b|\n|:-:|-|\n|1|2|", "<table>\n<thead>\n<tr>\n<th align=\"center\">a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"center\">1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"},
		"task list":       {"- [x] a\n- [ ] b", "<ul>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> a</li>\n<li><input disabled=\"\" type=\"checkbox\"> b</li>\n</ul>\n"},
		"link":            {`[a](https://x.example/?q=1&r=2 "title")`, `<p><a href="https://x.example/?q=1&amp;r=2"` + rel + ">a</a></p>\n"},
		"link definition": {"[a]\n\n[a]: https://x.example", `<p><a href="https://x.example"` + rel + ">a</a></p>\n"},
		"auto-link":       {"https://x.example/a.", `<p><a href="https://x.example/a"` + rel + ">https://x.example/a</a>.</p>\n"},
		"www auto-link":   {"www.x.example", `<p><a href="http://www.x.example"` + rel + ">www.x.example</a></p>\n"},
		"e-mail":          {"a@x.example", `<p><a href="mailto:a@x.example"` + rel + ">a@x.example</a></p>\n"},
		"upper-case link": {"[a](HTTPS://x.example)", `<p><a href="https://x.example"` + rel + ">a</a></p>\n"},
		"script link":     {"[*a*](javascript:x)", "<p><em>a</em></p>\n"},
		"relative link":   {"[a](/b) [c](//d.example) [e](#f)", "<p>a c e</p>\n"},
		"hostless link":   {"[a](https:b) [c](http:///d)", "<p>a c</p>\n"},
		"ftp link":        {"<ftp://x.example> [a](ftp://x.example)", "<p>ftp://x.example a</p>\n"},
		"image":           {"![a *b*](https://x.example/c.png)", "<p>a <em>b</em></p>\n"},
		"linked image":    {"[![a](b)](https://x.example)", `<p><a href="https://x.example"` + rel + ">a</a></p>\n"},
		"raw HTML":        {"<b onclick=x>a</b>", "<p>&lt;b onclick=x&gt;a&lt;/b&gt;</p>\n"},
		"HTML block":      {"<div>\na\n</div>", "<p>&lt;div&gt;\na\n&lt;/div&gt;</p>\n"},
		"comment":         {"a <!-- b --> c", "<p>a &lt;!-- b --&gt; c</p>\n"},
		"entity":          {"&copy; &lt;", "<p>© &lt;</p>\n"},
		"NUL":             {"a\x00b", "<p>a\ufffdb</p>\n"},
		"invalid UTF-8":   {"a\xffb", "<p>a\ufffdb</p>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := markdown.Render(c.src)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLengthIsLimited(t *testing.T) {
	t.Parallel()
	if _, err := markdown.Render(strings.Repeat("a", markdown.MaxBytes)); err != nil {
		t.Errorf("as long as allowed: %v", err)
	}
	_, err := markdown.Render(strings.Repeat("a", markdown.MaxBytes+1))
	var reason *markdown.Error
	if !errors.Is(err, markdown.ErrTooLong) || !errors.As(err, &reason) || reason.Code != "text-too-long" {
		t.Errorf("a byte longer: %v", err)
	}
	if _, err := markdown.New(10).Render("12345678901"); !errors.Is(err, markdown.ErrTooLong) {
		t.Errorf("own limit: %v", err)
	}
}

func TestALongLinkShowsAsItsText(t *testing.T) {
	t.Parallel()
	got, err := markdown.Render("[a](https://x.example/" + strings.Repeat("b", markdown.MaxLink) + ")")
	if err != nil || got != "<p>a</p>\n" {
		t.Errorf("got %.80q, %v", got, err)
	}
}

func TestEmphasisCannotNestWithoutEnd(t *testing.T) {
	t.Parallel()
	src := strings.Repeat("**", 100) + "a" + strings.Repeat("**", 100)
	if _, err := markdown.Render(src); !errors.Is(err, markdown.ErrTooNested) {
		t.Errorf("got %v", err)
	}
}

func TestTextIsTheWordsOfTheFragment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fragment string
		limit    int
		want     string
	}{
		{"", 10, ""},
		{"<p>a</p>\n<p>b</p>", 10, "a b"},
		{"<ul><li>a</li><li>b</li></ul>c<br>d", 20, "a b c d"},
		{"<p>in<strong>ter</strong>rupted <code>&lt;b&gt;</code> &amp; c</p>", 40, "interrupted <b> & c"},
		{"<p>one two three</p>", 13, "one two three"},
		{"<p>one two three</p>", 12, "one two…"},
		{"<p>one two three</p>", 8, "one two…"},
		{"<p>abcdefghij</p>", 5, "abcd…"},
		{"<p>ééééé ééééé</p>", 7, "ééééé…"},
		{"<p>a b</p>", 1, "…"},
		{"<p>a b</p>", 0, ""},
		{"<p>a b</p>", -1, ""},
		{"<table><tr><td>a</td><td>b</td></tr></table>", 9, "a b"},
	} {
		got := markdown.Text(c.fragment, c.limit)
		if got != c.want || len([]rune(got)) > max(c.limit, 0) {
			t.Errorf("%q to %d: got %q, want %q", c.fragment, c.limit, got, c.want)
		}
	}
}
