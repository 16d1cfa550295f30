package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"
)

// sendError says how far a letter came, in words of our own.
type sendError struct {
	what      string
	code      int // reply of the relay; 0 without one
	permanent bool
	cause     error // nil where its text may hold an address
}

func (e *sendError) Error() string {
	switch {
	case e.code != 0:
		return fmt.Sprintf("send a mail: %s: reply %d", e.what, e.code)
	case e.cause != nil:
		return fmt.Sprintf("send a mail: %s: %v", e.what, e.cause)
	}
	return "send a mail: " + e.what
}

func (e *sendError) Unwrap() error { return e.cause }

func unsendable(what string) error { return &sendError{what: what, permanent: true} }

// Permanent reports whether the same letter can never be sent: the relay
// answered 5xx to it, or it is no letter at all. A relay that is away, does
// not let us in or refuses our sender is not permanent: that is mended, and
// then the letter goes out.
func Permanent(err error) bool {
	e, ok := errors.AsType[*sendError](err)
	return ok && e.permanent
}

// reason keeps of an error what cannot hold an address.
func reason(err error) error {
	if send, ok := errors.AsType[*gomail.SendError](err); ok {
		code := send.ErrorCode()
		return &sendError{what: send.Reason.String(), code: code, permanent: code >= 500 && code < 600 && send.Reason != gomail.ErrSMTPMailFrom}
	}
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return &sendError{what: "greet the relay", code: reply.Code}
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok {
		return &sendError{what: "reach the relay", cause: dial}
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return &sendError{what: "reach the relay", cause: known}
		}
	}
	return &sendError{what: "talk to the relay"}
}
