package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// RequestID gives every request an id, the caller's if it is a plain one,
// and sends it back.
func RequestID(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !plain(id) {
		id = uuid.NewString()
	}
	c.Header("X-Request-Id", id)
	c.Request = c.Request.WithContext(audit.WithRequestID(c.Request.Context(), id))
	c.Next()
}

func plain(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// Recover turns a panic into a problem and leaves the process alive. Where an
// answer has begun the connection is broken off instead (http.ErrAbortHandler).
func Recover(c *gin.Context) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if r == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is panicked, as net/http documents
			panic(r)
		}
		slog.ErrorContext(c.Request.Context(), "panic", "route", c.FullPath(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		problem.Write(c, fmt.Errorf("panic: %v", r))
	}()
	c.Next()
}

// Observed is what is known of a request when it is over.
type Observed struct {
	Operation  string // operationId, or "none"
	Status     int
	Duration   time.Duration
	Statements int
}

// Log writes one line for each request and tells observe about it. The line
// has the route, never the path: a path may hold what is nobody's business.
func Log(contract *Contract, observe func(Observed)) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now() //nolint:forbidigo // measures, decides nothing
		ctx, counter := pg.Count(c.Request.Context())
		c.Request = c.Request.WithContext(ctx)
		defer func() { // an answer that breaks off is a panic
			o := Observed{Operation: "none", Status: c.Writer.Status(), Duration: time.Since(start), Statements: counter.N()}
			if op := contract.Find(c); op != nil {
				o.Operation = op.ID
			}
			observe(o)
			logRequest(c, o)
		}()
		c.Next()
	}
}

func logRequest(c *gin.Context, o Observed) {
	if quiet := o.Operation == "getHealth" || o.Operation == "getReadiness"; quiet && o.Status == http.StatusOK {
		return
	}
	slog.InfoContext(c.Request.Context(), "request", "operation", o.Operation, "method", c.Request.Method, "status", o.Status,
		"ms", o.Duration.Milliseconds(), "sql", o.Statements, "bytes", c.Writer.Size())
}

// Headers sets what every answer of an API should say.
func Headers(secure bool) gin.HandlerFunc {
	fixed := map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-site",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"X-Frame-Options":              "DENY",
		"Permissions-Policy":           "geolocation=(), camera=(), microphone=()",
		"Cache-Control":                "no-store",
	}
	if secure {
		fixed["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
	}
	return func(c *gin.Context) {
		h := c.Writer.Header()
		for name, value := range fixed {
			h.Set(name, value)
		}
		h.Add("Vary", "Authorization")
		h.Add("Vary", "Origin")
		c.Next()
	}
}

const (
	corsMethods = "GET, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id"
	corsExpose  = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, X-Request-Id"
)

// CORS lets exactly the listed origins in, with credentials. Any other origin
// is answered as if CORS did not exist.
func CORS(origins []string) gin.HandlerFunc {
	return func(c *gin.Context) {
		origin := c.GetHeader("Origin")
		if origin == "" || !slices.Contains(origins, origin) {
			if preflight(c) {
				c.AbortWithStatus(http.StatusNoContent)
				return
			}
			c.Next()
			return
		}
		c.Header("Access-Control-Allow-Origin", origin)
		c.Header("Access-Control-Allow-Credentials", "true")
		c.Header("Access-Control-Expose-Headers", corsExpose)
		if preflight(c) {
			c.Header("Access-Control-Allow-Methods", corsMethods)
			c.Header("Access-Control-Allow-Headers", corsHeaders)
			c.Header("Access-Control-Max-Age", "600")
			c.AbortWithStatus(http.StatusNoContent)
			return
		}
		c.Next()
	}
}

func preflight(c *gin.Context) bool {
	return c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != ""
}
