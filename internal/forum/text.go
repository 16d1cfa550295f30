package forum

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

const (
	minTitle = 3
	maxTitle = 200
)

// cleanTitle trims a title. Fault: fault.ErrInvalid at /title.
func cleanTitle(title string) (string, error) {
	title = strings.TrimSpace(title)
	if n := utf8.RuneCountInString(title); n < minTitle || n > maxTitle || !utf8.ValidString(title) {
		return "", fault.InvalidField("/title", "title-length", "A title has 3 to 200 characters.")
	}
	if strings.ContainsFunc(title, unicode.IsControl) || !legible(title) {
		return "", fault.InvalidField("/title", "title-characters", "A title is one line of text.")
	}
	return title, nil
}

// textCodes are ours for what Markdown is not rendered for.
var textCodes = map[error]string{ //nolint:gochecknoglobals // a constant table
	markdown.ErrTooLong:         "body-too-long",
	markdown.ErrTooNested:       "body-nesting",
	markdown.ErrTooManyLinks:    "body-links",
	markdown.ErrTableTooLarge:   "body-table",
	markdown.ErrTooMuchEmphasis: "body-emphasis",
}

// render gives the HTML of a post. Fault: fault.ErrInvalid at /body.
func render(body string) (string, error) {
	html, err := markdown.Render(body)
	var no *markdown.Error
	switch {
	case errors.As(err, &no):
		return "", fault.InvalidField("/body", textCodes[no], sentence(no.Detail))
	case err != nil:
		return "", err
	case strings.ContainsRune(body, 0):
		return "", fault.InvalidField("/body", "body-characters", "The text holds a NUL character.")
	case !legible(markdown.Text(html, len(html))):
		return "", fault.InvalidField("/body", "body-empty", "Nothing of the text would show.")
	}
	return html, nil
}

// legible reports whether there is anything to see: spaces and characters
// without a shape of their own do not count.
func legible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) })
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
