// Package markdown renders text written by strangers as HTML that is safe to
// show to others: GitHub-flavoured Markdown (tables, strikethrough, autolinks,
// task lists) without raw HTML and without images, reduced to an own list of
// elements and attributes.
//
// The parser below is super-linear on hostile input and cannot be cancelled, so
// a linear scan first turns away text whose nesting or number of links would
// make it slow.
package markdown

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
)

// Version changes whenever the same text would render differently. Store it
// with the HTML, to know what to render again.
const Version = 1

// The limits of [Render].
const (
	MaxBytes    = 32 << 10 // length of the text
	MaxNesting  = 20       // quotes and lists within each other
	MaxBrackets = 500      // '[' characters, the makings of links
	MaxCells    = 4000     // cells of tables, given or filled in
	MaxRuns     = 1000     // runs of emphasis characters between two blank lines
	MaxLink     = 2048     // length of a link's destination; longer ones show as their text
	MaxDepth    = 32       // elements within each other in the result
	MaxGrowth   = 16       // times the result may be longer than the text
)

// Error is the reason why a text is not rendered. Its values are the Err
// variables of this package.
type Error struct {
	Code   string // stable, for programs
	Detail string // for the writer of the text
}

// Error implements error.
func (e *Error) Error() string { return "markdown: " + e.Detail }

// The reasons why a text is not rendered.
var (
	ErrTooLong         = &Error{"text-too-long", "the text is too long"}
	ErrTooNested       = &Error{"text-too-nested", "quotes, lists, or emphasis are nested too deeply"}
	ErrTooManyLinks    = &Error{"text-too-many-links", "the text has too many links or square brackets"}
	ErrTableTooLarge   = &Error{"text-table-too-large", "the tables have too many cells"}
	ErrTooMuchEmphasis = &Error{"text-too-much-emphasis", "a paragraph has too many emphasis characters"}
)

// Renderer turns Markdown into HTML. It is safe for concurrent use.
type Renderer struct {
	max    int
	engine goldmark.Markdown
	policy *bluemonday.Policy
}

// New returns a Renderer of texts of at most maxBytes bytes. The time limits
// were measured up to 64 KiB.
func New(maxBytes int) *Renderer {
	return &Renderer{max: maxBytes, engine: newEngine(), policy: newPolicy()}
}

var standard = sync.OnceValue(func() *Renderer { return New(MaxBytes) }) //nolint:gochecknoglobals // made once, changed never

// Render renders src of at most [MaxBytes]; see [Renderer.Render].
func Render(src string) (html string, err error) {
	return standard().Render(src)
}

// Render returns src as an HTML fragment. Raw HTML in src shows as the text it
// is; images show as their description; links that do not go to http, https or
// mailto show as their text; all others carry
// rel="nofollow noopener noreferrer ugc". Equal texts give equal results.
//
// It returns an *[Error], and does no costly work, when src is too long, too
// nested, or holds too many links, table cells, or emphasis characters.
func (r *Renderer) Render(src string) (html string, err error) {
	if len(src) > r.max {
		return "", ErrTooLong
	}
	src = strings.ToValidUTF8(src, "\ufffd")
	if err := scan(src); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := r.engine.Convert([]byte(src), &out); err != nil {
		return "", fmt.Errorf("markdown: render: %w", err)
	}
	html = r.policy.SanitizeReader(&out).String()
	if len(html) > MaxGrowth*len(src)+1024 {
		// Only many uses of one long link definition get here.
		return "", ErrTooManyLinks
	}
	if depth(html) > MaxDepth {
		return "", ErrTooNested
	}
	return html, nil
}
