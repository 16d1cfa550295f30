// Package csvsafe streams CSV (RFC 4180) that is safe to open in a spreadsheet
// even when its text was written by strangers: no text is taken for a formula.
package csvsafe

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// bom makes spreadsheets read the file as UTF-8.
const bom = "\ufeff"

// Writer writes rows to an underlying writer, buffered; call Flush at the end.
// The first error sticks: it is returned by every later call.
type Writer struct {
	w       *bufio.Writer
	columns int
	err     error
}

// New returns a Writer that has written the header row, if one is given; every
// row must then have as many cells.
func New(w io.Writer, header ...string) *Writer {
	out := &Writer{w: bufio.NewWriter(w)}
	return out.start(header)
}

// NewBOM is [New] with a UTF-8 byte order mark in front, for spreadsheets that
// would otherwise guess another encoding.
func NewBOM(w io.Writer, header ...string) *Writer {
	out := &Writer{w: bufio.NewWriter(w)}
	_, out.err = out.w.WriteString(bom)
	return out.start(header)
}

func (w *Writer) start(header []string) *Writer {
	if len(header) == 0 || w.err != nil {
		return w
	}
	w.columns = len(header)
	cells := make([]string, len(header))
	for i, h := range header {
		cells[i] = safe(h)
	}
	w.line(cells)
	return w
}

// Row writes one row. A cell may be text (string, []byte, a named string type,
// fmt.Stringer), a number ([Number] or any of Go's), a bool, a time.Time
// (RFC 3339, UTC), a pointer to one of these, or nil for an empty cell. It
// fails, and writes nothing, when the number of cells is not the header's or a
// cell has another type.
func (w *Writer) Row(cells ...any) error {
	if w.err != nil {
		return w.err
	}
	if w.columns == 0 {
		w.columns = len(cells)
	}
	if len(cells) == 0 || len(cells) != w.columns {
		w.err = fmt.Errorf("csvsafe: row has %d cells, want %d", len(cells), w.columns)
		return w.err
	}
	out := make([]string, len(cells))
	for i, c := range cells {
		if out[i], w.err = format(c); w.err != nil {
			w.err = fmt.Errorf("csvsafe: column %d: %w", i+1, w.err)
			return w.err
		}
	}
	w.line(out)
	return w.err
}

// Flush writes out what is buffered and returns the first error of all.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	if err := w.w.Flush(); err != nil {
		w.err = fmt.Errorf("csvsafe: write: %w", err)
	}
	return w.err
}

func (w *Writer) line(cells []string) {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		// A lone empty cell is quoted, or its line would be blank.
		if strings.ContainsAny(c, ",;\"\n\t") || strings.TrimSpace(c) != c || c == "" && len(cells) == 1 {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		b.WriteString(c)
	}
	b.WriteString("\r\n")
	if _, err := w.w.WriteString(b.String()); err != nil {
		w.err = fmt.Errorf("csvsafe: write: %w", err)
	}
}

// safe is text as a spreadsheet may see it: valid UTF-8 without NUL, line
// breaks as LF, and an apostrophe in front if it would start a formula.
func safe(text string) string {
	formula := startsFormula(text)
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.NewReplacer("\x00", "", "\r\n", "\n", "\r", "\n").Replace(text)
	if formula {
		return "'" + text
	}
	return text
}

// startsFormula looks past what spreadsheets and their importers strip.
// https://owasp.org/www-community/attacks/CSV_Injection
func startsFormula(text string) bool {
	for _, r := range text {
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
			return true
		}
		if !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && r != unicode.ReplacementChar {
			return false
		}
	}
	return false
}
