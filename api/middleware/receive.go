package middleware

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Body is one that has arrived whole. It stays in memory, and Bytes gives it
// without another copy.
type Body struct {
	unread *bytes.Reader
	all    []byte
	cause  error // why it did not arrive
}

func hold(all []byte) *Body { return &Body{unread: bytes.NewReader(all), all: all} }

// Bytes is all of it; it must not be changed.
func (b *Body) Bytes() []byte { return b.all }

// Read reads it, or says why it did not arrive.
func (b *Body) Read(p []byte) (int, error) {
	if b.cause != nil {
		return 0, b.cause
	}
	return b.unread.Read(p) //nolint:wrapcheck // io.EOF is the end, and nothing else goes wrong
}

// Close does nothing.
func (*Body) Close() error { return nil }

// Receive waits for the body, of the size that the contract bounds, before
// anything is asked about who sends it. A caller decides how long her body
// takes: whoever lost her session or her role meanwhile would otherwise be let
// in by what was true when she began. What is wrong with a body is said where
// it is validated, to those who may call. Files are too large for that; see
// Uploads.
func Receive(contract *Contract) gin.HandlerFunc {
	return func(c *gin.Context) {
		if op := contract.Find(c); op != nil && !op.Raw && !op.Upload.Is() {
			all, err := receive(c, op)
			body := hold(all)
			body.cause = err
			c.Request.Body = body
		}
		c.Next()
	}
}

// receive reads a body, which may have been read before.
func receive(c *gin.Context, op *Operation) ([]byte, error) {
	if b, ok := c.Request.Body.(*Body); ok {
		return b.all, b.cause
	}
	all, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, op.limit()))
	if err == nil {
		return all, nil
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	return nil, (&fault.Error{Kind: fault.Malformed, Code: "body-broken", Detail: "The body ended before it was complete."}).Because(err)
}
