// Package fault is how the product says no: an error that people may read.
//
// A domain declares its faults as variables beside it and returns them. Every
// other error is internal: it is logged once at the edge and shown to nobody.
//
// Decisions: the kind decides the status at the edge and nowhere else; the
// code is stable and documented in the contract; a detail never repeats what
// was sent.
package fault

import (
	"errors"
	"time"
)

// Kind groups faults by what the caller can do about them.
type Kind int

// The kinds. The edge maps each to one HTTP status.
const (
	Internal             Kind = iota // a fault of ours; never declared by a domain
	Malformed                        // the request cannot be read
	Invalid                          // readable, but a value is not right
	Unauthenticated                  // nobody is signed in, or the proof is wrong
	PaymentRequired                  // needs active membership
	Forbidden                        // known, and may not
	Unknown                          // not there, or not visible: the same
	Conflict                         // does not go together with how things are
	Gone                             // was there once
	Stale                            // changed since it was read
	TooLarge                         // more bytes than allowed
	UnsupportedMedia                 // not a media type we read
	PreconditionRequired             // must say which version it is based on
	TooMany                          // slow down
	Unavailable                      // something we depend on does not answer
	NotAllowedMethod                 // the resource is there, the method is not
	NotAcceptable                    // no representation the caller accepts
)

// Field is one place in the request that is not right.
type Field struct {
	Pointer string // JSON pointer (RFC 6901) into the body, or #/query/x, #/path/x, #/header/x
	Code    string
	Detail  string
}

// Error is a fault. Compare with errors.Is: two faults are the same when
// their codes are.
type Error struct {
	Kind   Kind
	Code   string // kebab-case, stable
	Detail string // a sentence for people, says what to do next where it can
	Fields []Field
	Retry  time.Duration // when to try again, 0 = not said
	// Methods are the proofs one of which would help, when it is not enough
	// to be signed in.
	Methods []string

	cause error
}

// Error gives the code and the hidden cause, for the log.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code
}

// Is reports whether target is a fault with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Unwrap gives the hidden cause.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy with a hidden cause, for the log only.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// At returns a copy that names the places.
func (e *Error) At(fields ...Field) *Error {
	c := *e
	c.Fields = fields
	return &c
}

// After returns a copy that says when to try again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.Retry = d
	return &c
}

// By returns a copy that says which proofs would help.
func (e *Error) By(methods ...string) *Error {
	c := *e
	c.Methods = methods
	return &c
}

// From finds the fault in err; nil when there is none.
func From(err error) *Error {
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return nil
}
