package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func relay(t *testing.T) (*mailsink.Sink, *mail.Mailer) {
	t.Helper()
	sink, err := mailsink.New(mailsink.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	go sink.ServeSMTP(l)
	t.Cleanup(func() { _ = sink.Close() })
	return sink, mailer(t, "smtp://"+l.Addr().String()+"?tls=none")
}

func mailer(t *testing.T, url string) *mail.Mailer {
	t.Helper()
	m, err := mail.New(mail.Config{URL: url, From: "Women's Tech Conservatory <hello@example.org>", MessageIDDomain: "mail.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func letter() mail.Message {
	return mail.Message{To: "maria@example.org", Subject: "Grüße – 你好", Text: "Schönen Tag\n.\nEnd\n", HTML: "<p>Schönen Tag</p>", Key: "test-1"}
}

func TestSend(t *testing.T) {
	t.Parallel()

	t.Run("a letter arrives whole, as text and as HTML", func(t *testing.T) {
		t.Parallel()
		sink, m := relay(t)
		if err := m.Send(t.Context(), letter()); err != nil {
			t.Fatal(err)
		}
		got := sink.Messages("maria@example.org")
		if len(got) != 1 {
			t.Fatalf("%d letters", len(got))
		}
		if got[0].Subject != letter().Subject || got[0].Text != letter().Text || !strings.Contains(got[0].HTML, "Schönen Tag") {
			t.Errorf("%+v", got[0])
		}
		if got[0].From != "hello@example.org" || got[0].Headers["From"][0] != `"Women's Tech Conservatory" <hello@example.org>` {
			t.Errorf("from %s, %s", got[0].From, got[0].Headers["From"])
		}
	})

	t.Run("the same key makes the same Message-ID", func(t *testing.T) {
		t.Parallel()
		sink, m := relay(t)
		for range 2 {
			if err := m.Send(t.Context(), letter()); err != nil {
				t.Fatal(err)
			}
		}
		for _, got := range sink.Messages("") {
			if id := got.Headers["Message-Id"]; len(id) != 1 || id[0] != "<test-1@mail.example.org>" {
				t.Errorf("Message-ID %q", id)
			}
		}
	})
}

func TestSendLimits(t *testing.T) {
	t.Parallel()

	t.Run("a domain of other letters goes out in ASCII", func(t *testing.T) {
		t.Parallel()
		sink, m := relay(t)
		msg := letter()
		msg.To = "maria@Bücher.example"
		if err := m.Send(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		if n := len(sink.Messages("maria@xn--bcher-kva.example")); n != 1 {
			t.Errorf("%d letters", n)
		}
	})

	t.Run("it refuses inside a transaction", func(t *testing.T) {
		t.Parallel()
		inside := errors.New("inside")
		m, err := mail.New(mail.Config{URL: "smtp://127.0.0.1:1?tls=none", From: "a@example.org", Outside: func(context.Context) error { return inside }})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Send(t.Context(), letter()); !errors.Is(err, inside) {
			t.Error(err)
		}
	})
}

func TestHeaderInjection(t *testing.T) {
	t.Parallel()
	sink, m := relay(t)
	for _, evil := range []string{
		"x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org", "x\rBcc: eve@example.org", "x\u2028Bcc: eve@example.org",
		"x\u0085Bcc: eve@example.org", "x\x00", "", "\xff",
	} {
		for name, spoil := range map[string]func(*mail.Message){
			"subject": func(msg *mail.Message) { msg.Subject = evil },
			"to":      func(msg *mail.Message) { msg.To = evil + "@example.org" },
			"key":     func(msg *mail.Message) { msg.Key = evil },
		} {
			msg := letter()
			spoil(&msg)
			if err := m.Send(t.Context(), msg); !mail.Permanent(err) {
				t.Errorf("%q as %s: %v", evil, name, err)
			}
		}
	}
	for _, to := range []string{"maria", "@example.org", "a@b@example.org", "Maria <m@example.org>", "a@example.org, b@example.org", "a b@example.org"} {
		msg := letter()
		msg.To = to
		if err := m.Send(t.Context(), msg); !mail.Permanent(err) {
			t.Errorf("to %q: %v", to, err)
		}
	}
	if n := len(sink.Messages("")); n != 0 {
		t.Errorf("%d letters went out", n)
	}

	t.Run("a percent escape is only text", func(t *testing.T) {
		msg := letter()
		msg.Subject = "x%0d%0aBcc: eve@example.org"
		if err := m.Send(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		parsed, err := netmail.ReadMessage(strings.NewReader(sink.Messages("")[0].Raw))
		if err != nil || parsed.Header.Get("Bcc") != "" {
			t.Errorf("%v %v", parsed.Header, err)
		}
	})
}

func TestPermanent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code int
		want bool
	}{{421, false}, {451, false}, {550, true}, {554, true}} {
		t.Run(fmt.Sprintf("reply %d is told apart and never quoted", c.code), func(t *testing.T) {
			t.Parallel()
			sink, m := relay(t)
			sink.Fail(1, c.code, "no mail for maria@example.org")
			err := m.Send(t.Context(), letter())
			if err == nil || mail.Permanent(err) != c.want {
				t.Fatalf("permanent is not %v: %v", c.want, err)
			}
			if strings.Contains(err.Error(), "maria") || !strings.Contains(err.Error(), strconv.Itoa(c.code)) {
				t.Errorf("the error says %q", err)
			}
			if err := m.Send(t.Context(), letter()); err != nil {
				t.Errorf("the next try: %v", err)
			}
		})
	}

	t.Run("a recipient the relay does not know is permanent and not named", func(t *testing.T) {
		t.Parallel()
		m := mailer(t, "smtp://"+script(t, map[string]string{"RCPT": "550 5.1.1 <maria@example.org> unknown"})+"?tls=none")
		err := m.Send(t.Context(), letter())
		if !mail.Permanent(err) || strings.Contains(err.Error(), "maria") {
			t.Error(err)
		}
	})
}

func TestTemporary(t *testing.T) {
	t.Parallel()

	t.Run("a relay that refuses our sender may take her later", func(t *testing.T) {
		t.Parallel()
		m := mailer(t, "smtp://"+script(t, map[string]string{"MAIL": "550 5.7.1 sender not verified"})+"?tls=none")
		if err := m.Send(t.Context(), letter()); err == nil || mail.Permanent(err) || !strings.Contains(err.Error(), "550") {
			t.Error(err)
		}
	})

	t.Run("a relay that is away, greets badly or has no TLS may do better later", func(t *testing.T) {
		t.Parallel()
		gone := listen(t)
		_ = gone.Close()
		for _, url := range []string{
			"smtp://" + gone.Addr().String() + "?tls=none",
			"smtp://" + script(t, map[string]string{"": "554 go away maria@example.org"}) + "?tls=none",
			"smtp://" + script(t, nil),
			"smtp://user:secret@" + script(t, nil) + "?tls=none",
		} {
			err := mailer(t, url).Send(t.Context(), letter())
			if err == nil || mail.Permanent(err) || strings.Contains(err.Error(), "maria") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		}
	})

	t.Run("who gives up is not kept waiting", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := mailer(t, "smtp://127.0.0.1:1?tls=none").Send(ctx, letter()); err == nil || mail.Permanent(err) {
			t.Error(err)
		}
	})
}

// script is a relay that answers as told, and 250 otherwise; the answer to ""
// is the greeting.
func script(t *testing.T, answers map[string]string) string {
	t.Helper()
	l := listen(t)
	t.Cleanup(func() { _ = l.Close() })
	say := func(verb, otherwise string) string {
		if answer, ok := answers[verb]; ok {
			return answer + "\r\n"
		}
		return otherwise + "\r\n"
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(say("", "220 here")))
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				verb, _, _ := strings.Cut(lines.Text(), " ")
				_, _ = conn.Write([]byte(say(verb, "250 fine")))
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "localhost:25", "http://example.org", "smtp://", "smtp://example.org?tls=maybe", "smtps://example.org?tls=none",
		"smtp://u:s3cret@exa mple.org",
	} {
		_, err := mail.New(mail.Config{URL: url, From: "a@example.org"})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", url, err)
		}
	}
	for _, from := range []string{"", "conservatory", "a@example.org\r\nBcc: b@example.org"} {
		if _, err := mail.New(mail.Config{URL: "smtp://localhost", From: from}); err == nil {
			t.Errorf("%q is taken as the sender", from)
		}
	}
	for _, url := range []string{"smtp://localhost", "smtp://localhost:2525?tls=starttls", "smtps://user:p%40ss@example.org", "smtp://[::1]:25?tls=none"} {
		if _, err := mail.New(mail.Config{URL: url, From: "a@example.org"}); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestWithheld(t *testing.T) {
	t.Parallel()
	sink, err := mailsink.New(mailsink.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	go sink.ServeSMTP(l)
	t.Cleanup(func() { _ = sink.Close() })
	unsure := errors.New("unsure")
	m, err := mail.New(mail.Config{
		URL: "smtp://" + l.Addr().String() + "?tls=none", From: "hello@example.org",
		Withheld: func(_ context.Context, address string) (bool, error) {
			if address == "unsure@example.org" {
				return false, unsure
			}
			return address == "maria@example.org", nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func(to, key string, anyway bool) error {
		l := letter()
		l.To, l.Key, l.Anyway = to, key, anyway
		return m.Send(t.Context(), l)
	}
	if err := errors.Join(send("maria@example.org", "one", false), send("maria@example.org", "two", true), send("aisha@example.org", "three", false)); err != nil {
		t.Fatal(err)
	}
	if maria, aisha := len(sink.Messages("maria@example.org")), len(sink.Messages("aisha@example.org")); maria != 1 || aisha != 1 {
		t.Errorf("%d letters for one who gets none but that which tells her why, %d for another", maria, aisha)
	}
	if err := send("unsure@example.org", "four", false); !errors.Is(err, unsure) {
		t.Errorf("not knowing whether to send is no reason to send: %v", err)
	}
}
