package markdown

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Text returns the words of a rendered fragment on one line, cut between words
// to at most limit characters, with an ellipsis (which counts) where something
// was left out. The result is plain text: escape it before it becomes HTML.
func Text(fragment string, limit int) string {
	var b strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(fragment))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return cut(strings.Join(strings.Fields(b.String()), " "), limit)
		case html.TextToken:
			b.Write(tokens.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := tokens.TagName()
			if !inline(atom.Lookup(name)) {
				b.WriteByte(' ')
			}
		}
	}
}

func inline(element atom.Atom) bool {
	switch element {
	case atom.A, atom.Strong, atom.Em, atom.Del, atom.Code:
		return true
	}
	return false
}

// cut shortens line to limit characters, at the last space if there is one in
// the second half.
func cut(line string, limit int) string {
	runes := []rune(line)
	if len(runes) <= limit {
		return line
	}
	if limit < 1 {
		return ""
	}
	end := limit - 1
	for i := end; i > limit/2; i-- {
		if unicode.IsSpace(runes[i]) {
			end = i
			break
		}
	}
	return strings.TrimRightFunc(string(runes[:end]), unicode.IsSpace) + "…"
}

// depth is how many elements of a well-formed fragment are open at most.
func depth(fragment string) int {
	tokens := html.NewTokenizer(strings.NewReader(fragment))
	open, deepest := 0, 0
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return deepest
		case html.StartTagToken:
			if name, _ := tokens.TagName(); !void(atom.Lookup(name)) {
				open++
				deepest = max(deepest, open)
			}
		case html.EndTagToken:
			open--
		}
	}
}

func void(element atom.Atom) bool {
	return element == atom.Br || element == atom.Hr || element == atom.Input
}
