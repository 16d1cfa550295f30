// Package strictjson is a JSON decoder for bodies sent by strangers. It accepts
// exactly one well-formed RFC 8259 value whose text can be stored as UTF-8 in
// a database, and says by code and JSON Pointer why it turned anything else away.
//
// It is stricter than encoding/json: duplicate keys, keys that differ only in
// case, lone surrogates, NUL characters and trailing data are all errors, and
// nesting and collection sizes are bounded.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The codes an [Error] can carry. They are stable.
const (
	CodeBodyEmpty      = "body-empty"       // nothing but white space
	CodeMalformed      = "json-malformed"   // not JSON; Detail tells the byte offset
	CodeTrailing       = "json-trailing"    // something follows the value
	CodeTooDeep        = "json-too-deep"    // more nesting than Limits.Depth
	CodeArrayTooLong   = "array-too-long"   // more elements than Limits.Elements
	CodeObjectTooLarge = "object-too-large" // more keys than Limits.Keys
	CodeTextInvalid    = "text-invalid"     // invalid UTF-8 or a lone surrogate
	CodeTextNUL        = "text-nul"         // a NUL character in a string or key
	CodeKeyDuplicate   = "key-duplicate"    // a key appears twice in one object
	CodeFieldUnknown   = "field-unknown"    // Decode: the destination has no such field
	CodeTypeWrong      = "type-wrong"       // Decode: the value does not fit its field
)

// maxPointer bounds Error.Pointer, since keys come from the sender.
const maxPointer = 256

// Limits bounds the shape of a body. A zero field means the default.
type Limits struct {
	Depth    int // nested arrays and objects; 32 by default
	Elements int // elements of any one array; 1000 by default
	Keys     int // keys of any one object; 200 by default
}

func (l Limits) withDefaults() Limits {
	if l.Depth == 0 {
		l.Depth = 32
	}
	if l.Elements == 0 {
		l.Elements = 1000
	}
	if l.Keys == 0 {
		l.Keys = 200
	}
	return l
}

// Error tells why a body was turned away. Detail is fit for the sender and
// never contains a submitted value. Pointer (RFC 6901) names the place; it may
// contain submitted keys, but none with broken text and none that would make
// it longer than 256 bytes: then it names the nearest parent.
type Error struct {
	Code    string
	Pointer string
	Detail  string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Pointer == "" {
		return "strictjson: " + e.Code + ": " + e.Detail
	}
	return "strictjson: " + e.Code + " at " + e.Pointer + ": " + e.Detail
}

// Check reads body once and returns nil if it is exactly one acceptable JSON
// value, or an *[Error].
func Check(body []byte, limit Limits) error {
	if len(bytes.Trim(body, " \t\r\n")) == 0 {
		return &Error{Code: CodeBodyEmpty, Detail: "the body is empty"}
	}
	c := checker{
		body:  body,
		dec:   jsontext.NewDecoder(bytes.NewBuffer(body)),
		limit: limit.withDefaults(),
		// An unescaped NUL is a syntax error, so only the escape needs a search.
		mayHoldNUL: bytes.Contains(body, []byte(`\u0000`)),
	}
	for {
		if err := c.token(); err != nil {
			return err
		}
		if c.dec.StackDepth() == 0 {
			break
		}
	}
	if _, err := c.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return &Error{Code: CodeTrailing, Detail: "the body must hold one JSON value and nothing after it"}
	}
	return nil
}

type checker struct {
	body       []byte
	dec        *jsontext.Decoder
	limit      Limits
	mayHoldNUL bool
}

// token consumes one token and checks it.
func (c *checker) token() error {
	tok, err := c.dec.ReadToken()
	if err != nil {
		return c.syntax(err)
	}
	switch tok.Kind() {
	case '{', '[':
		if c.dec.StackDepth() > c.limit.Depth {
			return c.fail(CodeTooDeep, c.dec.StackPointer(),
				fmt.Sprintf("arrays and objects nest deeper than %d levels", c.limit.Depth))
		}
	case '"':
		if err := c.text(tok); err != nil {
			return err
		}
	}
	return c.size(tok.Kind())
}

func (c *checker) text(tok jsontext.Token) error {
	if !c.mayHoldNUL || !strings.ContainsRune(tok.String(), 0) {
		return nil
	}
	at := c.dec.StackPointer()
	if c.isKey() {
		at = at.Parent()
	}
	return c.fail(CodeTextNUL, at, "text must not contain the NUL character")
}

// isKey tells whether the last token was an object key.
func (c *checker) isKey() bool {
	kind, n := c.dec.StackIndex(c.dec.StackDepth())
	return kind == '{' && n%2 == 1
}

// size checks the collection that the last token was added to.
func (c *checker) size(last jsontext.Kind) error {
	level := c.dec.StackDepth()
	if last == '{' || last == '[' {
		level--
	}
	kind, n := c.dec.StackIndex(level)
	switch {
	case kind == '[' && n > int64(c.limit.Elements):
		return c.fail(CodeArrayTooLong, c.container(level),
			fmt.Sprintf("an array may hold at most %d elements", c.limit.Elements))
	case kind == '{' && (n+1)/2 > int64(c.limit.Keys):
		return c.fail(CodeObjectTooLarge, c.container(level),
			fmt.Sprintf("an object may hold at most %d keys", c.limit.Keys))
	}
	return nil
}

// container is the pointer of the array or object open at level.
func (c *checker) container(level int) jsontext.Pointer {
	p := c.dec.StackPointer()
	for strings.Count(string(p), "/") >= level {
		p = p.Parent()
	}
	return p
}

func (c *checker) fail(code string, at jsontext.Pointer, detail string) error {
	return &Error{Code: code, Pointer: bounded(at), Detail: detail}
}

// syntax turns an error of the tokenizer into one of ours.
func (c *checker) syntax(err error) error {
	var syn *jsontext.SyntacticError
	if !errors.As(err, &syn) {
		// The reader is a buffer, so this is its end in mid-value.
		return malformed(int64(len(c.body)), "")
	}
	switch {
	case errors.Is(syn.Err, jsontext.ErrDuplicateName):
		return c.fail(CodeKeyDuplicate, syn.JSONPointer, "this key appears more than once in its object")
	case syn.ByteOffset < int64(len(c.body)) && c.body[syn.ByteOffset] == 0:
		return c.fail(CodeTextNUL, syn.JSONPointer.Parent(), "text must not contain the NUL character")
	case c.readsPast(syn.ByteOffset):
		return c.fail(CodeTextInvalid, c.dec.StackPointer(),
			fmt.Sprintf("text at byte %d is not valid Unicode", syn.ByteOffset))
	}
	return malformed(syn.ByteOffset, bounded(syn.JSONPointer))
}

// readsPast tells whether invalid text is all that is wrong at offset: whether
// a tokenizer that tolerates it gets further.
func (c *checker) readsPast(offset int64) bool {
	dec := jsontext.NewDecoder(bytes.NewBuffer(c.body),
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	for dec.InputOffset() <= offset {
		if _, err := dec.ReadToken(); err != nil {
			var syn *jsontext.SyntacticError
			return errors.As(err, &syn) && syn.ByteOffset > offset
		}
	}
	return true
}

func malformed(offset int64, at string) error {
	return &Error{Code: CodeMalformed, Pointer: at, Detail: fmt.Sprintf("not valid JSON at byte %d", offset)}
}

// bounded is p, or its nearest ancestor that is short enough.
func bounded(p jsontext.Pointer) string {
	for len(p) > maxPointer {
		p = p.Parent()
	}
	return string(p)
}
