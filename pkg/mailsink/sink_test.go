package mailsink_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/wneessen/go-mail"

	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

// open returns a running sink and its SMTP address.
func open(t *testing.T, cfg mailsink.Config) (*mailsink.Sink, string) {
	t.Helper()
	sink, err := mailsink.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- sink.ServeSMTP(listener) }()
	t.Cleanup(func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Errorf("ServeSMTP ended with %v", err)
		}
	})
	return sink, listener.Addr().String()
}

// send uses plain net/smtp. Lines are ended as SMTP wants them.
func send(address, to, mail string) error {
	return smtp.SendMail(address, nil, "sender@example.org", []string{to}, []byte(strings.ReplaceAll(mail, "\n", "\r\n")))
}

func mustSend(t *testing.T, address, to, mail string) {
	t.Helper()
	if err := send(address, to, mail); err != nil {
		t.Fatal(err)
	}
}

// refusal is the server's own words: the error quotes them since some Go.
func refusal(err error) string {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%d %s", reply.Code, reply.Msg)
}

func only(t *testing.T, sink *mailsink.Sink, to string) mailsink.Message {
	t.Helper()
	found := sink.Messages(to)
	if len(found) != 1 {
		t.Fatalf("%d mails to %q, want 1", len(found), to)
	}
	return found[0]
}

func subjects(messages []mailsink.Message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Subject)
	}
	return strings.Join(all, " ")
}

func TestReceiving(t *testing.T) {
	t.Parallel()
	t.Run("a mail of go-mail with text, HTML and an attachment is taken apart", func(t *testing.T) {
		t.Parallel()
		sink, address := open(t, mailsink.Config{})
		before := time.Now()
		sendWithGoMail(t, address)
		m := only(t, sink, "ANA@example.ORG")
		want := mailsink.Message{
			From: "coach@example.org", To: []string{"ana@example.org", "blind@example.org"}, Subject: "Bienvenue à l’école",
			Text: "Bonjour, ça va ?\n" + strings.Repeat("long ", 30), HTML: "<p>Bonjour, <b>ça</b> va ?</p>",
		}
		got := mailsink.Message{From: m.From, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"<https://example.org/off>"}, m.Headers["List-Unsubscribe"]); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if !strings.Contains(m.Raw, "quoted-printable") || !strings.Contains(m.Raw, "multipart/alternative") {
			t.Error("the test does not send what it says")
		}
		if m.ID == "" || m.Date.Before(before.Add(-time.Second)) || m.Date.After(time.Now()) {
			t.Errorf("id %q, date %v", m.ID, m.Date)
		}
	})
	for name, test := range map[string]struct{ mail, subject, text string }{
		"a plain mail of net/smtp":               {"Subject: Hi\n\nline one\n..dots\n", "Hi", "line one\n..dots\n"},
		"an old character set":                   {"Subject: =?iso-8859-1?q?caf=E9?=\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9", "café", "café\n"},
		"an unknown character set":               {"Subject: x\nContent-Type: text/plain; charset=klingon\n\nnuqneH", "x", "nuqneH\n"},
		"no headers":                             {"\nonly a body", "", "only a body\n"},
		"broken headers":                         {"this is no header\n\nbody", "", "this is no header\r\n\r\nbody\r\n"},
		"a multipart mail that is cut off":       {"Subject: cut\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst part\n--b\nContent-", "cut", "first part"},
		"multipart without parts or boundaries":  {"Subject: none\nContent-Type: multipart/mixed\n\nnothing", "none", ""},
		"bytes that are not UTF-8 in the header": {"Subject: a\xffb\n\nbody", "a\uFFFDb", "body\n"},
	} {
		t.Run(name+" is kept", func(t *testing.T) {
			t.Parallel()
			sink, address := open(t, mailsink.Config{})
			mustSend(t, address, "ana@example.org", test.mail)
			m := only(t, sink, "")
			if m.Subject != test.subject || m.Text != test.text || m.Raw == "" {
				t.Errorf("subject %q, text %q, raw %q", m.Subject, m.Text, m.Raw)
			}
		})
	}
	t.Run("nesting without end is no trouble", func(t *testing.T) {
		t.Parallel()
		sink, address := open(t, mailsink.Config{})
		var deep strings.Builder
		deep.WriteString("Subject: deep\n")
		for i := range 5000 {
			fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		mustSend(t, address, "ana@example.org", deep.String())
		if m := only(t, sink, ""); m.Subject != "deep" {
			t.Errorf("subject %q", m.Subject)
		}
	})
}

func sendWithGoMail(t *testing.T, address string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(address)
	var number int
	_, _ = fmt.Sscan(port, &number)
	m := mail.NewMsg()
	err := errors.Join(m.From("coach@example.org"), m.To("Ana <ana@example.org>"), m.Bcc("blind@example.org"))
	m.Subject("Bienvenue à l’école")
	m.SetGenHeader("List-Unsubscribe", "<https://example.org/off>")
	m.SetBodyString(mail.TypeTextPlain, "Bonjour, ça va ?\n"+strings.Repeat("long ", 30))
	m.AddAlternativeString(mail.TypeTextHTML, "<p>Bonjour, <b>ça</b> va ?</p>")
	err = errors.Join(err, m.AttachReader("notes.txt", strings.NewReader("not the text"), mail.WithFileContentType(mail.TypeTextPlain)))
	client, clientErr := mail.NewClient(host, mail.WithPort(number), mail.WithTLSPolicy(mail.NoTLS))
	if err := errors.Join(err, clientErr); err != nil {
		t.Fatal(err)
	}
	if err := client.DialAndSend(m); err != nil {
		t.Fatal(err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	sink, address := open(t, mailsink.Config{Max: 3})
	t.Run("a mail above 2 MiB is refused with 552 and not kept", func(t *testing.T) {
		line := strings.Repeat("x", 998) + "\n"
		err := send(address, "ana@example.org", "Subject: big\n\n"+strings.Repeat(line, 2200))
		if err == nil || !strings.HasPrefix(err.Error(), "552 ") {
			t.Errorf("got %v", err)
		}
		mustSend(t, address, "ana@example.org", "Subject: fits\n\n"+strings.Repeat(line, 2000))
		if m := only(t, sink, ""); m.Subject != "fits" || len(m.Text) != 2000*999 {
			t.Errorf("kept %q with %d bytes", m.Subject, len(m.Text))
		}
	})
	t.Run("only the newest are kept", func(t *testing.T) {
		for i := range 4 {
			mustSend(t, address, "ana@example.org", fmt.Sprintf("Subject: %d\n\n", i))
		}
		if got := subjects(sink.Messages("")); got != "3 2 1" {
			t.Errorf("kept %q", got)
		}
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	sink, address := open(t, mailsink.Config{})
	mustSend(t, address, "ana@example.org", "Subject: first\n\n")

	t.Run("a mail that is here is found at once", func(t *testing.T) {
		m, err := sink.Wait(t.Context(), "Ana@Example.org", nil)
		if err != nil || m.Subject != "first" {
			t.Errorf("got %q, %v", m.Subject, err)
		}
	})
	t.Run("a mail that comes later is waited for, others are passed over", func(t *testing.T) {
		sent := make(chan error, 1)
		asked := false
		m, err := sink.Wait(t.Context(), "ana@example.org", func(m mailsink.Message) bool {
			if !asked { // so we are waiting already
				asked = true
				go func() {
					sent <- errors.Join(
						send(address, "bea@example.org", "Subject: third\n\n"),
						send(address, "ana@example.org", "Subject: second\n\n"),
						send(address, "ana@example.org", "Subject: third\n\n"))
				}()
			}
			return m.Subject == "third"
		})
		if err := errors.Join(err, <-sent); err != nil || m.Subject != "third" || m.To[0] != "ana@example.org" {
			t.Errorf("got %q to %q, %v", m.Subject, m.To, err)
		}
	})
	t.Run("the end of the context ends the waiting and says what is missing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := sink.Wait(ctx, "nobody@example.org", nil)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "nobody@example.org") {
			t.Errorf("got %v", err)
		}
	})
}

func TestFail(t *testing.T) {
	t.Parallel()
	sink, address := open(t, mailsink.Config{})
	sink.Fail(2, 452, "Full\r\n250 OK")
	for range 2 {
		if err := send(address, "ana@example.org", "Subject: lost\n\n"); refusal(err) != "452 4.0.0 Full 250 OK" {
			t.Errorf("got %v", err)
		}
	}
	mustSend(t, address, "ana@example.org", "Subject: kept\n\n")
	if got := subjects(sink.Messages("")); got != "kept" {
		t.Errorf("kept %q", got)
	}
	sink.Fail(1, 200, "")
	if err := send(address, "ana@example.org", "Subject: lost\n\n"); err == nil || !strings.HasPrefix(err.Error(), "451 ") {
		t.Errorf("a code of success was used: %v", err)
	}
	sink.Fail(5, 451, "")
	sink.Fail(0, 451, "")
	mustSend(t, address, "ana@example.org", "Subject: kept\n\n")
}

func TestFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mails.jsonl")
	session := func(name string, use func(t *testing.T, sink *mailsink.Sink, address string)) {
		t.Run(name, func(t *testing.T) {
			sink, address := open(t, mailsink.Config{File: file, Max: 2})
			use(t, sink, address)
		})
	}
	var before []mailsink.Message
	session("mails are written, and the file does not grow for ever", func(t *testing.T, sink *mailsink.Sink, address string) {
		for i := range 9 {
			mustSend(t, address, "ana@example.org", fmt.Sprintf("Subject: %d\n\nbody", i))
		}
		before = sink.Messages("")
		text, err := os.ReadFile(file)
		if lines := strings.Count(string(text), "\n"); err != nil || lines > 4 {
			t.Errorf("%d lines, %v", lines, err)
		}
	})
	session("mails are there after a restart", func(t *testing.T, sink *mailsink.Sink, _ string) {
		if diff := cmp.Diff(before, sink.Messages("")); diff != "" || len(before) != 2 {
			t.Errorf("-before +after:\n%s", diff)
		}
	})
	cut, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = cut.WriteString(`{"id":"cut o`)
		err = errors.Join(err, cut.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	session("a line that a crash cut off harms neither old nor new mails", func(t *testing.T, sink *mailsink.Sink, address string) {
		mustSend(t, address, "ana@example.org", "Subject: new\n\n")
		if got := subjects(sink.Messages("")); got != "new 8" {
			t.Errorf("got %q", got)
		}
	})
	session("the new one was kept too", func(t *testing.T, sink *mailsink.Sink, _ string) {
		if got := subjects(sink.Messages("")); got != "new 8" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a file that cannot be read is told", func(t *testing.T) {
		if _, err := mailsink.New(mailsink.Config{File: filepath.Dir(file)}); err == nil {
			t.Error("a directory was taken for a file")
		}
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	sink, address := open(t, mailsink.Config{})
	mustSend(t, address, "ana@example.org", "Subject: x\n\n")
	if err := errors.Join(sink.Close(), sink.Close()); err != nil {
		t.Error(err)
	}
	if err := send(address, "ana@example.org", "Subject: y\n\n"); err == nil {
		t.Error("a closed sink takes mails")
	}
	if got := subjects(sink.Messages("")); got != "x" {
		t.Errorf("after Close: %q", got)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.ServeSMTP(listener); err != nil {
		t.Errorf("serving after Close: %v", err)
	}
}
