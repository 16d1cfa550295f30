// Package mailsink is an SMTP server inside the process that delivers nothing:
// it keeps the mails it is given and shows them, to a developer as web pages
// and to a test as values. It can be told to fail, to see what a sender does.
//
// It trusts its senders and readers, so it belongs on a loopback address.
package mailsink

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

const defaultMax = 500

// Message is a mail as it was received.
type Message struct {
	ID      string    `json:"id"`
	From    string    `json:"from"` // of the envelope: where bounces would go
	To      []string  `json:"to"`   // of the envelope: includes blind copies
	Subject string    `json:"subject"`
	Date    time.Time `json:"date"` // of receipt
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	// Headers are the decoded values under canonical names, in their order.
	Headers map[string][]string `json:"headers"`
	Raw     string              `json:"raw"`
}

func (m *Message) isTo(address string) bool {
	return address == "" || slices.ContainsFunc(m.To, func(to string) bool { return strings.EqualFold(to, address) })
}

// Config says what a Sink keeps, and where.
type Config struct {
	File   string       // keeps the mails over a restart, as JSON lines; "" for memory only
	Max    int          // mails kept, the newest ones; 500 when 0
	Logger *slog.Logger // may be nil
	// Samples are letters to look at although nobody was sent one; asked each
	// time. May be nil.
	Samples func() ([]Sample, error)
}

// Sample is a letter as it would look.
type Sample struct{ Name, Subject, Text, HTML string }

// Sink keeps the newest mails. Its methods may be called concurrently.
type Sink struct {
	max    int
	now    func() time.Time
	logger *slog.Logger
	smtp   *smtp.Server
	web    http.Handler

	samples func() ([]Sample, error) // may be nil

	mu       sync.Mutex
	closed   bool
	messages []Message     // oldest first
	arrived  chan struct{} // closed and replaced at each arrival
	faults   int
	fault    smtp.SMTPError
	journal  *journal // nil without a file
}

// New returns a Sink with the mails that its file holds. The caller must call
// Close.
func New(cfg Config) (*Sink, error) {
	s := &Sink{
		max:     cmp.Or(max(cfg.Max, 0), defaultMax),
		now:     time.Now,
		logger:  cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		arrived: make(chan struct{}),
		samples: cfg.Samples,
	}
	if cfg.File != "" {
		var err error
		if s.journal, s.messages, err = openJournal(cfg.File, s.max, s.logger); err != nil {
			return nil, err
		}
	}
	s.smtp = s.newSMTP()
	s.web = s.routes()
	return s, nil
}

// Messages returns the mails to an address in any case, or all for "", newest
// first. Their contents must not be changed.
func (s *Sink) Messages(to string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest(func(m Message) bool { return m.isTo(to) })
}

func (s *Sink) newest(match func(Message) bool) []Message {
	found := []Message{}
	for _, m := range slices.Backward(s.messages) {
		if match(m) {
			found = append(found, m)
		}
	}
	return found
}

func (s *Sink) message(id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
	if i < 0 {
		return Message{}, false
	}
	return s.messages[i], true
}

// Wait returns the newest mail to an address ("" for any) that match accepts
// (nil for any): one that is here, or else the first to come before ctx ends.
func (s *Sink) Wait(ctx context.Context, to string, match func(Message) bool) (Message, error) {
	for {
		s.mu.Lock()
		arrived := s.arrived
		s.mu.Unlock()
		for _, m := range s.Messages(to) {
			if match == nil || match(m) {
				return m, nil
			}
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("waiting for a mail to %q (%d came, none matched): %w", to, len(s.Messages(to)), ctx.Err())
		}
	}
}

// Fail makes the next n mails fail with an SMTP code and text; n = 0 ends that.
// A code that is not one of failure (400 to 599) counts as 451.
func (s *Sink) Fail(n int, code int, text string) {
	if code < 400 || code > 599 {
		code = 451
	}
	// A line break would begin another SMTP reply.
	text = strings.Join(strings.Fields(text), " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = max(n, 0)
	s.fault = smtp.SMTPError{Code: code, Message: cmp.Or(text, "Failing as told")}
}

// nextFault uses up one of the failures that Fail ordered.
func (s *Sink) nextFault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults == 0 {
		return nil
	}
	s.faults--
	fault := s.fault
	return &fault
}

func (s *Sink) add(m Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("closed")
	}
	m.ID, m.Date = rand.Text(), s.now().UTC()
	kept := slices.Concat(s.messages[max(0, len(s.messages)+1-s.max):], []Message{m})
	if s.journal != nil {
		if err := s.journal.add(m, kept); err != nil {
			return err
		}
	}
	s.messages = kept
	close(s.arrived)
	s.arrived = make(chan struct{})
	return nil
}

func (s *Sink) clear() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = nil
	if s.journal == nil || s.closed {
		return nil
	}
	return s.journal.rewrite(nil)
}

// Close ends ServeSMTP and all its connections. The mails can still be read.
func (s *Sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.smtp.Close()
	if s.journal != nil {
		err = errors.Join(err, s.journal.close())
	}
	if err != nil {
		return fmt.Errorf("closing the mail sink: %w", err)
	}
	return nil
}
