package server_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-message"

	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

const (
	lettersBase     = "https://api.example.org"
	lettersFrontend = "https://app.example.org"
)

// previews are the letters of a program that is put together and not running.
func previews(t *testing.T) []mail.Preview {
	t.Helper()
	cfg, err := server.ReadConfig([]string{
		"CONSERVATORY_BASE_URL=" + lettersBase, "CONSERVATORY_FRONTEND_URL=" + lettersFrontend,
		"CONSERVATORY_TOKEN_KEYS=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)),
		"CONSERVATORY_SECRET=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, 48)),
		"DATABASE_URL=postgres://nobody@127.0.0.1:1/nowhere", "SMTP_URL=smtp://127.0.0.1:1?tls=none",
		"STRIPE_SECRET_KEY=sk_test_0000", "STRIPE_WEBHOOK_SECRETS=whsec_0000000000000000000000000000000",
	})
	if err != nil {
		t.Fatal(err)
	}
	app, err := server.New(t.Context(), cfg, clock.System{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	all, err := app.Previews()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryLetterIsPreviewed(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, p := range previews(t) {
		shown[p.Name] = true
	}
	files, err := filepath.Glob("../../internal/*/letters/*.txt")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d letters found (%v): the search is broken", len(files), err)
	}
	for _, file := range files {
		domain := filepath.Base(filepath.Dir(filepath.Dir(file)))
		if name := domain + "/" + strings.TrimSuffix(filepath.Base(file), ".txt"); !shown[name] {
			t.Errorf("the letter %s is in no preview: add it to Previews of its domain, and the domain to App.Previews", name)
		}
	}
}

func TestEveryLetterIsFitToBeSent(t *testing.T) {
	t.Parallel()
	sink, mailer := post(t)
	for _, p := range previews(t) {
		t.Run(p.Name, func(t *testing.T) {
			looksRight(t, p.Message)
			p.Message.Key = strings.ReplaceAll(p.Name, "/", "-")
			for range 2 { // as a job that is done again
				if err := mailer.Send(t.Context(), p.Message); err != nil {
					t.Fatal(err)
				}
			}
			got := sink.Messages("")[:2]
			if a, b := got[0].Headers["Message-Id"], got[1].Headers["Message-Id"]; len(a) != 1 || !slices.Equal(a, b) {
				t.Errorf("a copy is told by its Message-ID, and these are %q and %q", a, b)
			}
			text, html := parts(t, got[0].Raw)
			if text != p.Message.Text || html != p.Message.HTML {
				t.Errorf("arrives as\n%s\n%s", text, html)
			}
			elsewhere(t, got[0].Raw)
		})
	}
}

var (
	anyURL  = regexp.MustCompile(`[a-z]+://[^\s"'<>)]+`)
	fetched = regexp.MustCompile(`(?i)<(img|link|script|iframe|object|embed|video|audio|form|base)\b|\bsrc\s*=|url\(|@import|\bon[a-z]+\s*=`)
)

// looksRight wants both parts, no link but to our own pages and nothing that
// a reader's program would fetch.
func looksRight(t *testing.T, m mail.Message) {
	t.Helper()
	if m.Subject == "" || utf8.RuneCountInString(m.Subject) > 78 {
		t.Errorf("the subject %q does not fit into a list of mails", m.Subject)
	}
	links := anyURL.FindAllString(m.HTML, -1)
	for _, link := range slices.Concat(links, anyURL.FindAllString(m.Text, -1)) {
		if !strings.HasPrefix(link, lettersFrontend+"/") && !strings.HasPrefix(link, lettersBase+"/") {
			t.Errorf("leads to %s", link)
		}
		if !strings.Contains(m.Text, link) {
			t.Errorf("%s is missing in the plain text", link)
		}
	}
	if bad := fetched.FindString(m.HTML); bad != "" {
		t.Errorf("has %q, which fetches or runs something", bad)
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		if utf8.RuneCountInString(line) > 76 && !anyURL.MatchString(line) {
			t.Errorf("a line of the plain text is too long: %s", line)
		}
	}
	if both := strings.ToLower(m.Subject + m.Text); strings.Contains(both, "reject") || strings.Contains(both, "<no value>") {
		t.Errorf("not our words:\n%s", both)
	}
}

// post is a relay that keeps what it is given.
func post(t *testing.T) (*mailsink.Sink, *mail.Mailer) {
	t.Helper()
	sink, err := mailsink.New(mailsink.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = sink.ServeSMTP(l) }() // ends with the sink
	t.Cleanup(func() { _ = sink.Close() })
	mailer, err := mail.New(mail.Config{URL: "smtp://" + l.Addr().String() + "?tls=none", From: "Conservatory <hello@example.org>"})
	if err != nil {
		t.Fatal(err)
	}
	return sink, mailer
}

// parts takes a mail apart by the letter of RFC 5322 and RFC 2045: one
// multipart/alternative, the plain text before the HTML, both in UTF-8.
func parts(t *testing.T, raw string) (text, html string) {
	t.Helper()
	wellFormed(t, raw)
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	var found []string
	for r, want := multipart.NewReader(m.Body, params["boundary"]), []string{"text/plain", "text/html"}; ; want = want[1:] {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && len(want) == 0 {
			return found[0], found[1]
		}
		if err != nil || len(want) == 0 {
			t.Fatalf("%d parts, %v", len(found), err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || kind != want[0] || !strings.EqualFold(params["charset"], "utf-8") || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("part %v (%v), want %s", p.Header, err, want[0])
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil || !utf8.Valid(body) {
			t.Fatalf("the %s is not readable: %v", kind, err)
		}
		found = append(found, strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
}

// wellFormed wants short lines that end in CRLF, and each header once, in
// ASCII.
func wellFormed(t *testing.T, raw string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(raw, "\r\n"), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("not a line of a mail: %q", line)
		}
	}
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	if strings.ContainsFunc(head, func(r rune) bool { return r > 126 }) {
		t.Errorf("a header is not ASCII:\n%s", head)
	}
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted"} {
		if n := strings.Count("\r\n"+strings.ToLower(head), "\r\n"+strings.ToLower(name)+":"); n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
}

// elsewhere reads a mail with another library than ours.
func elsewhere(t *testing.T, raw string) {
	t.Helper()
	entity, err := message.Read(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = entity.Walk(func(path []int, part *message.Entity, err error) error {
		if len(path) > 0 {
			n++
		}
		if err == nil && part.MultipartReader() == nil {
			_, err = io.Copy(io.Discard, part.Body)
		}
		return err
	})
	if err != nil || n != 2 {
		t.Errorf("%d parts, %v", n, err)
	}
}
