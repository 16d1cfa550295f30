package middleware

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/idempotency"
)

// replayed are the headers that belong to an answer and are kept with it.
func replayed() []string { return []string{"Content-Type", "ETag", "Location"} }

// Idempotent answers a request whose key it knows with the answer of the
// first. It stands after Validate, so that only requests which can be worked
// on take a key.
func Idempotent(contract *Contract, keys *idempotency.Keys) gin.HandlerFunc {
	return func(c *gin.Context) {
		op, key := contract.Find(c), c.GetHeader("Idempotency-Key")
		actor, signedIn := account.ActorFrom(c.Request.Context())
		if op == nil || !op.Idempotent || key == "" || !signedIn {
			c.Next()
			return
		}
		r := idempotency.Request{UserID: actor.ID, Key: key, Route: op.Method + " " + c.Request.URL.Path, Fingerprint: fingerprint(c)}
		stored, err := keys.Begin(c.Request.Context(), r)
		switch {
		case err != nil:
			problem.Write(c, err)
		case stored != nil:
			replay(c, *stored)
		default:
			once(c, keys, r)
		}
	}
}

func fingerprint(c *gin.Context) [sha256.Size]byte {
	body, _ := io.ReadAll(c.Request.Body) // Validate left it in memory: it cannot fail
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return sha256.Sum256(body)
}

func replay(c *gin.Context, resp idempotency.Response) {
	for name, value := range resp.Header {
		c.Header(name, value)
	}
	c.Header("Idempotency-Replayed", "true")
	c.Abort()
	c.Writer.WriteHeader(resp.Status)
	_, _ = c.Writer.Write(resp.Body) // the caller may be gone
}

// once works on the request and keeps a final answer. Whatever else happens
// the key is free again.
func once(c *gin.Context, keys *idempotency.Keys, r idempotency.Request) {
	copying := &copyWriter{ResponseWriter: c.Writer}
	c.Writer = copying
	final := false
	defer func() {
		// The request may be over; its answer must be kept all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), 3*time.Second)
		defer cancel()
		var err error
		if final {
			err = keys.Finish(ctx, r, copying.response())
		} else {
			err = keys.Release(ctx, r)
		}
		if err != nil {
			slog.ErrorContext(ctx, "keep an idempotent answer", "err", err)
		}
	}()
	c.Next()
	final = isFinal(c.Writer.Status())
}

// isFinal tells answers that stay true from those that another try may
// change. Nothing was done for a caller who had gone, so she may come again.
func isFinal(status int) bool {
	switch status {
	case http.StatusConflict, http.StatusTooManyRequests, problem.StatusGone:
		return false
	}
	return status < http.StatusInternalServerError
}

type copyWriter struct {
	gin.ResponseWriter
	body bytes.Buffer
}

// Write sends b and keeps a copy.
func (w *copyWriter) Write(b []byte) (int, error) {
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

func (w *copyWriter) response() idempotency.Response {
	resp := idempotency.Response{Status: w.Status(), Header: map[string]string{}, Body: w.body.Bytes()}
	for _, name := range replayed() {
		if value := w.Header().Get(name); value != "" {
			resp.Header[name] = value
		}
	}
	return resp
}
