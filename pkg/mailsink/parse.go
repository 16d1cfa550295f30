package mailsink

import (
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails are not all UTF-8
)

const deepestNesting = 20

// parse takes a mail apart as far as it can: a broken one still has its Raw.
func parse(raw []byte) Message {
	m := Message{Raw: text(raw), Headers: map[string][]string{}}
	entity, err := message.Read(bytes.NewReader(raw))
	if entity == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		m.Text = m.Raw
		return m
	}
	for fields := entity.Header.Fields(); fields.Next(); {
		value, err := fields.Text()
		if err != nil {
			value = fields.Value()
		}
		name := textproto.CanonicalMIMEHeaderKey(fields.Key())
		m.Headers[name] = append(m.Headers[name], text([]byte(value)))
	}
	if subjects := m.Headers["Subject"]; len(subjects) > 0 {
		m.Subject = subjects[0]
	}
	// What was read before a broken part is worth showing.
	_ = entity.Walk(func(path []int, part *message.Entity, err error) error {
		if len(path) > deepestNesting {
			return errors.New("nested too deeply")
		}
		if part == nil {
			return err
		}
		m.addPart(part)
		return nil
	})
	return m
}

// addPart takes the first text and the first HTML that is not an attachment.
func (m *Message) addPart(part *message.Entity) {
	kind, _, err := part.Header.ContentType()
	if err != nil || kind == "" {
		kind = "text/plain"
	}
	if disposition, _, _ := part.Header.ContentDisposition(); disposition == "attachment" {
		return
	}
	target := map[string]*string{"text/plain": &m.Text, "text/html": &m.HTML}[kind]
	if target == nil || *target != "" {
		return
	}
	body, _ := io.ReadAll(part.Body)
	*target = strings.ReplaceAll(text(body), "\r\n", "\n")
}

func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
