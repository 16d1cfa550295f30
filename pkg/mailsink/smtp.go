package mailsink

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	largestMail = 2 << 20
	idle        = time.Minute
)

func (s *Sink) newSMTP() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{sink: s}, nil
	}))
	server.Domain = "localhost"
	server.MaxMessageBytes = largestMail
	server.MaxRecipients = 100
	server.ReadTimeout, server.WriteTimeout = idle, idle
	server.EnableSMTPUTF8 = true
	server.ErrorLog = slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn)
	return server
}

// ServeSMTP receives mails on l, of up to 2 MiB each, until Close.
func (s *Sink) ServeSMTP(l net.Listener) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		_ = l.Close()
		return nil
	}
	err := s.smtp.Serve(l)
	s.mu.Lock()
	closed = s.closed
	s.mu.Unlock()
	if closed || err == nil {
		_ = l.Close() // Close may have come before the server knew of l
		return nil
	}
	return fmt.Errorf("receiving mails: %w", err)
}

// session is one SMTP connection.
type session struct {
	sink *Sink
	from string
	to   []string
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	if err := s.sink.nextFault(); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if told, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return told // the size limit
	}
	if err != nil {
		return fmt.Errorf("reading the mail: %w", err)
	}
	m := parse(raw)
	m.From, m.To = s.from, s.to
	if err := s.sink.add(m); err != nil {
		s.sink.logger.Error("keeping a mail", "error", err)
		return &smtp.SMTPError{Code: 451, Message: "The mail could not be kept"}
	}
	return nil
}
