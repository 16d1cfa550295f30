package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
)

// Template makes letters of one kind, as text and as HTML, from one source:
//
//	Subject: Your code
//
//	Hello {{.Name}},
//
//	> {{.Code}}
//
//	=> {{.Link}} Confirm my address
//
// The first line is the subject, empty lines part the paragraphs, `>` sets a
// line apart and `=>` is a link with its label. The blocks are fixed before
// any value is filled in, so a value can neither add one nor write HTML; one
// that comes out empty is left out. What somebody chose who is not the reader,
// such as a name in a letter to an address that is not proved yet, is written
// {{plain .Name}}.
type Template struct {
	subject *template.Template
	blocks  []block
}

type kind string

const (
	paragraph kind = "paragraph"
	emphasis  kind = "emphasis"
	link      kind = "link"
)

type block struct {
	kind kind
	text *template.Template
	url  *template.Template
}

// written is a block with its values, for the layout.
type written struct {
	Kind kind
	Text string
	URL  string
}

//go:embed layout.html
var layoutFile embed.FS

// ParseTemplate reads the source of a kind of letter.
func ParseTemplate(source string) (*Template, error) {
	first, body, _ := strings.Cut(strings.TrimSpace(source), "\n")
	subject, ok := strings.CutPrefix(first, "Subject: ")
	if !ok {
		return nil, errors.New("a mail template begins with its subject")
	}
	t := &Template{}
	var err error
	if t.subject, err = inline(subject); err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(body, "\n\n") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		b, err := parseBlock(part)
		if err != nil {
			return nil, err
		}
		t.blocks = append(t.blocks, b)
	}
	return t, nil
}

func parseBlock(part string) (b block, err error) {
	if rest, ok := strings.CutPrefix(part, "=> "); ok {
		target, label, _ := strings.Cut(rest, " ")
		if b.url, err = inline(target); err != nil {
			return b, err
		}
		b.kind = link
		b.text, err = inline(label)
		return b, err
	}
	b.kind = paragraph
	if rest, ok := strings.CutPrefix(part, "> "); ok {
		b.kind, part = emphasis, rest
	}
	b.text, err = inline(part)
	return b, err
}

func inline(source string) (*template.Template, error) {
	t, err := template.New("").Funcs(template.FuncMap{"plain": plain}).Option("missingkey=error").Parse(source)
	if err != nil {
		return nil, fmt.Errorf("parse a mail template: %w", err)
	}
	return t, nil
}

// plain writes what somebody chose so that no reader of mail makes a link or
// an address of it: the only links in our letters are ours.
func plain(chosen string) string {
	var b strings.Builder
	runes := []rune(chosen)
	for i, r := range runes {
		b.WriteRune(r)
		if strings.ContainsRune(".:/@。．｡", r) && i+1 < len(runes) && runes[i+1] != ' ' {
			b.WriteRune(' ')
		}
	}
	return b.String()
}

// Letter fills in data and addresses the letter.
func (t *Template) Letter(to, key string, data any) (Message, error) {
	subject, err := fill(t.subject, data)
	if err != nil {
		return Message{}, err
	}
	var parts []written
	for _, b := range t.blocks {
		part := written{Kind: b.kind}
		if part.Text, err = fill(b.text, data); err != nil {
			return Message{}, err
		}
		if part.Text == "" {
			continue // its condition does not hold
		}
		if b.url != nil {
			if part.URL, err = fill(b.url, data); err != nil {
				return Message{}, err
			}
		}
		parts = append(parts, part)
	}
	html, err := asHTML(subject, parts)
	return Message{To: to, Key: key, Subject: subject, Text: asText(parts), HTML: html}, err
}

// fill makes one line of it, whatever a value holds.
func fill(t *template.Template, data any) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("fill in a mail template: %w", err)
	}
	return strings.Join(strings.Fields(b.String()), " "), nil
}

func asText(parts []written) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.Kind {
		case emphasis:
			b.WriteString("    " + p.Text)
		case link:
			b.WriteString(p.Text + ":\n" + p.URL)
		default:
			b.WriteString(wrap(p.Text, 72))
		}
		b.WriteString("\n\n")
	}
	return b.String() + "Warmly,\nthe Women's Tech Conservatory\n"
}

func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := len([]rune(word))
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

func asHTML(subject string, parts []written) (string, error) {
	layout, err := htmltemplate.ParseFS(layoutFile, "layout.html")
	if err != nil {
		return "", fmt.Errorf("parse the layout of mails: %w", err)
	}
	var b strings.Builder
	if err := layout.Execute(&b, map[string]any{"Subject": subject, "Parts": parts}); err != nil {
		return "", fmt.Errorf("lay out a mail: %w", err)
	}
	return b.String(), nil
}
