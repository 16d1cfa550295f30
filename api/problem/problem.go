// Package problem turns faults into RFC 9457 problem documents. It is the only
// place that chooses the status of an error.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// MediaType is that of a problem document.
const MediaType = "application/problem+json"

// StatusGone is what logs show for a caller who did not wait; nobody reads it.
const StatusGone = 499

// status is the whole mapping from faults to HTTP.
func status(k fault.Kind) int {
	switch k {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.PaymentRequired:
		return http.StatusPaymentRequired
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Unknown:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.Stale:
		return http.StatusPreconditionFailed
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.UnsupportedMedia:
		return http.StatusUnsupportedMediaType
	case fault.PreconditionRequired:
		return http.StatusPreconditionRequired
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.NotAllowedMethod:
		return http.StatusMethodNotAllowed
	case fault.NotAcceptable:
		return http.StatusNotAcceptable
	case fault.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

var (
	errInternal = &fault.Error{
		Kind: fault.Internal, Code: "internal",
		Detail: "Something went wrong on our side. It has been noted; please try again, and name the request id if you ask about it.",
	}
	errDatabase = &fault.Error{
		Kind: fault.Unavailable, Code: "busy",
		Detail: "This takes longer than it should. Please try again in a moment.", Retry: 2e9,
	}
)

// Write answers with the problem of err and ends the handling of the request.
// An error that is no fault is logged, and shown to nobody. Where an answer
// has begun already it panics with http.ErrAbortHandler, so that nobody takes
// half an answer for a whole one.
func Write(c *gin.Context, err error) {
	ctx := c.Request.Context()
	if c.Writer.Written() {
		slog.WarnContext(ctx, "an answer broke off", "route", c.FullPath(), "err", err)
		panic(http.ErrAbortHandler)
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		c.AbortWithStatus(StatusGone)
		return
	}
	f := faultOf(err)
	code := status(f.Kind)
	if code >= http.StatusInternalServerError {
		slog.ErrorContext(ctx, "request failed", "route", c.FullPath(), "code", f.Code, "err", err)
	}
	h := c.Writer.Header()
	if f.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.Retry.Seconds()))))
	}
	if code == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(f))
	}
	h.Set("Content-Type", MediaType)
	h.Set("Cache-Control", "no-store")
	body, err := json.Marshal(document(ctx, f, code))
	if err != nil {
		slog.ErrorContext(ctx, "encode a problem", "err", err)
	}
	c.Abort()
	c.Writer.WriteHeader(code)
	_, _ = c.Writer.Write(body) // the caller may be gone
}

// challenge says what kind of proof is missing (RFC 6750, RFC 9470).
func challenge(f *fault.Error) string {
	if len(f.Methods) == 0 {
		return "Bearer"
	}
	return `Bearer error="insufficient_user_authentication", error_description="` + f.Code + `", max_age="` +
		strconv.Itoa(int(account.Freshness.Seconds())) + `"`
}

func faultOf(err error) *fault.Error {
	if f := fault.From(err); f != nil {
		return f
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &fault.Error{
			Kind: fault.TooLarge, Code: "body-too-large",
			Detail: "The body may have " + strconv.FormatInt(tooLarge.Limit>>10, 10) + " KiB at most.",
		}
	}
	if pg.Unavailable(err) {
		return errDatabase.Because(err)
	}
	return errInternal.Because(err)
}

// proofAt is where the proof goes that is missing.
func proofAt(f *fault.Error) string {
	if f.Code == account.ErrEnrolmentOwed.Code {
		return "/v1/me/factors/totp"
	}
	return "/v1/auth/step-up"
}

func document(ctx context.Context, f *fault.Error, code int) openapi.Problem {
	p := openapi.Problem{
		Type: "/problems/" + f.Code, Title: http.StatusText(code), Status: code,
		Code: f.Code, Detail: f.Detail, Instance: "urn:request:" + audit.RequestID(ctx),
	}
	if len(f.Methods) > 0 {
		p.StepUp = openapi.StepUp{Operation: proofAt(f), MaxAge: int(account.Freshness.Seconds())}
		for _, method := range f.Methods {
			p.StepUp.Methods = append(p.StepUp.Methods, openapi.ProofMethod(method))
		}
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, openapi.FieldError{Pointer: field.Pointer, Code: field.Code, Detail: field.Detail})
	}
	return p
}
