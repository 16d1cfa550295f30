// Package mail hands letters to an SMTP relay.
//
// Decisions: a letter is handed over once per try, by a job that repeats it
// with the same Message-ID, so that a relay or a reader can tell a copy; an
// error carries the reply code and never an address or the relay's words,
// which repeat it; nothing is sent inside a transaction.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"
)

const timeout = 10 * time.Second

// Message is one letter to one person.
type Message struct {
	To      string
	Subject string
	Text    string
	HTML    string // may be empty
	Key     string // names the letter for good: two with one key are copies
	// Unsubscribe is where mailboxes post to when the reader wants no more of
	// these, with one click (RFC 8058); may be empty.
	Unsubscribe string
	// Anyway sends it also to whom letters are withheld from: it tells her why.
	Anyway bool
}

// Config says where the relay is and who writes.
type Config struct {
	// URL is smtps://user:password@host:port, or smtp:// with ?tls=starttls
	// (the default: no letter leaves in the clear) or ?tls=none.
	URL             string
	From            string // an address, with a name if wanted: Conservatory <hello@example.org>
	MessageIDDomain string // "" takes the domain of From
	// Outside refuses when ctx is inside a transaction; pg.DB.Outside. May be nil.
	Outside func(ctx context.Context) error
	// Withheld says, as a letter is sent, whether its recipient gets none. May
	// be nil.
	Withheld func(ctx context.Context, address string) (bool, error)
}

// Mailer sends letters. It is safe for concurrent use.
type Mailer struct {
	host     string
	options  []gomail.Option
	from     *mail.Address
	domain   string
	outside  func(context.Context) error
	withheld func(context.Context, string) (bool, error)
}

// New reads the configuration; it does not connect.
func New(cfg Config) (*Mailer, error) {
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, errors.New("the sender of mails is not an address")
	}
	m := &Mailer{from: from, domain: cfg.MessageIDDomain, outside: cfg.Outside, withheld: cfg.Withheld}
	if m.domain == "" {
		m.domain = from.Address[strings.LastIndex(from.Address, "@")+1:]
	}
	if !isHeaderToken(m.domain) {
		return nil, errors.New("the Message-ID domain is not a host name")
	}
	if m.outside == nil {
		m.outside = func(context.Context) error { return nil }
	}
	if m.withheld == nil {
		m.withheld = func(context.Context, string) (bool, error) { return false, nil }
	}
	if err := m.relay(cfg.URL); err != nil {
		return nil, err
	}
	if _, err := gomail.NewClient(m.host, m.options...); err != nil {
		return nil, fmt.Errorf("the URL of the mail relay: %w", err)
	}
	return m, nil
}

// relay reads the URL. Errors do not repeat it: it holds a password.
func (m *Mailer) relay(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return errors.New("the URL of the mail relay is not smtp://host or smtps://host")
	}
	m.host = u.Hostname()
	m.options = []gomail.Option{gomail.WithTimeout(timeout), gomail.WithHELO(m.domain), gomail.WithoutNoop()}
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if p, err := strconv.Atoi(u.Port()); err == nil {
		port = p
	}
	m.options = append(m.options, gomail.WithPort(port))
	switch mode := u.Query().Get("tls"); {
	case u.Scheme == "smtps" && mode == "":
		m.options = append(m.options, gomail.WithSSL())
	case u.Scheme == "smtp" && (mode == "" || mode == "starttls"):
		m.options = append(m.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case u.Scheme == "smtp" && mode == "none":
		m.options = append(m.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return errors.New("the URL of the mail relay is smtps://…, or smtp://… with tls=starttls or tls=none")
	}
	m.options = append(m.options, gomail.WithTLSConfig(&tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}))
	if password, ok := u.User.Password(); ok {
		m.options = append(m.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return nil
}

// Send hands a letter to the relay within ten seconds. It refuses inside a
// transaction, and a letter whose headers hold a line break. A letter that is
// withheld is dropped, which is no error. After an error
// the letter may have gone out all the same: sending it again under the same
// key makes a recognisable copy. See Permanent.
func (m *Mailer) Send(ctx context.Context, msg Message) error {
	if err := m.outside(ctx); err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	letter, err := m.compose(msg)
	if err != nil {
		return err
	}
	if !msg.Anyway {
		if withheld, err := m.withheld(ctx, msg.To); err != nil || withheld {
			return err
		}
	}
	// A client is one connection with its state, so each letter has its own.
	client, err := gomail.NewClient(m.host, m.options...)
	if err != nil {
		return fmt.Errorf("prepare to send a mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() {
		return nil // delivered: what went wrong after it, in parting, does not matter
	}
	return reason(err)
}

func (m *Mailer) compose(msg Message) (*gomail.Msg, error) {
	if msg.Unsubscribe != "" && !isHeaderText(msg.Unsubscribe) || !isHeaderText(msg.Subject) || !isHeaderText(msg.To) || !isHeaderToken(msg.Key) {
		return nil, unsendable("a header of a mail holds a control character or is empty")
	}
	to, err := recipient(msg.To)
	if err != nil {
		return nil, err
	}
	letter := gomail.NewMsg()
	letter.FromMailAddress(m.from)
	letter.ToMailAddress(to)
	letter.Subject(msg.Subject)
	letter.SetDate()
	letter.SetMessageIDWithValue(msg.Key + "@" + m.domain)
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	if msg.Unsubscribe != "" {
		letter.SetGenHeader("List-Unsubscribe", "<"+msg.Unsubscribe+">")
		letter.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	letter.SetBodyString(gomail.TypeTextPlain, msg.Text)
	if msg.HTML != "" {
		letter.AddAlternativeString(gomail.TypeTextHTML, msg.HTML)
	}
	return letter, nil
}

// recipient takes one bare address; a domain of other letters goes out in its
// ASCII form.
func recipient(address string) (*mail.Address, error) {
	at := strings.LastIndex(address, "@")
	if at < 1 {
		return nil, unsendable("the recipient of a mail is not an address")
	}
	domain, err := idna.Lookup.ToASCII(address[at+1:])
	if err != nil {
		return nil, unsendable("the domain of a recipient is not a host name")
	}
	to := &mail.Address{Address: address[:at] + "@" + domain}
	if parsed, err := mail.ParseAddress(to.Address); err != nil || *parsed != *to {
		return nil, unsendable("the recipient of a mail is not an address")
	}
	return to, nil
}

func isHeaderText(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}

func isHeaderToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r)
	})
}
