package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

func write(t *testing.T, ctx context.Context, err error) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(rec)
	c.Request = httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	problem.Write(c, err)
	c.Writer.WriteHeaderNow()
	if !c.IsAborted() {
		t.Error("the handling of the request goes on")
	}
	return rec
}

func TestEveryKindHasItsStatus(t *testing.T) {
	t.Parallel()
	for kind, status := range map[fault.Kind]int{
		fault.Internal: 500, fault.Malformed: 400, fault.Invalid: 422, fault.Unauthenticated: 401, fault.PaymentRequired: 402,
		fault.Forbidden: 403, fault.Unknown: 404, fault.Conflict: 409, fault.Gone: 410, fault.Stale: 412, fault.TooLarge: 413,
		fault.UnsupportedMedia: 415, fault.PreconditionRequired: 428, fault.TooMany: 429, fault.Unavailable: 503,
		fault.NotAllowedMethod: 405, fault.NotAcceptable: 406, fault.Kind(99): 500,
	} {
		f := (&fault.Error{Kind: kind, Code: "some-code", Detail: "Words.", Retry: 1500 * time.Millisecond}).
			Because(errors.New("hidden")).At(fault.Field{Pointer: "/a", Code: "b", Detail: "c"})
		rec := write(t, t.Context(), fmt.Errorf("do something: %w", f))
		var p struct {
			Type, Title, Code, Detail string
			Status                    int
			Errors                    []struct{ Pointer, Code, Detail string }
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if rec.Code != status || p.Status != status || p.Title != http.StatusText(status) || p.Type != "/problems/some-code" || len(p.Errors) != 1 {
			t.Errorf("kind %d answered %d: %s", kind, rec.Code, rec.Body)
		}
		if rec.Header().Get("Retry-After") != "2" || rec.Header().Get("Content-Type") != problem.MediaType || strings.Contains(rec.Body.String(), "hidden") {
			t.Errorf("kind %d: %v %s", kind, rec.Header(), rec.Body)
		}
		if got := rec.Header().Get("WWW-Authenticate"); (status == 401) != (got == "Bearer") {
			t.Errorf("kind %d: WWW-Authenticate %q", kind, got)
		}
	}
}

func TestOtherErrors(t *testing.T) {
	t.Parallel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for name, c := range map[string]struct {
		ctx    context.Context
		err    error
		status int
		code   string
	}{
		"unknown to us":              {t.Context(), errors.New("password is hunter2"), 500, "internal"},
		"the database is away":       {t.Context(), fmt.Errorf("read: %w", &pgconn.PgError{Code: "57P01"}), 503, "busy"},
		"it took too long":           {t.Context(), context.DeadlineExceeded, 503, "busy"},
		"the body is too long":       {t.Context(), &http.MaxBytesError{Limit: 2048}, 413, "body-too-large"},
		"the caller has gone":        {gone, gone.Err(), problem.StatusGone, ""},
		"something of ours gave up":  {t.Context(), context.Canceled, 500, "internal"},
		"gone, but it was her fault": {gone, fault.ErrNotFound, 404, "not-found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := write(t, c.ctx, c.err)
			var p struct{ Code string }
			_ = json.Unmarshal(rec.Body.Bytes(), &p) // nothing for who has gone
			if rec.Code != c.status || p.Code != c.code || strings.Contains(rec.Body.String(), "hunter2") {
				t.Errorf("answered %d: %s", rec.Code, rec.Body)
			}
			if c.status == 503 && rec.Header().Get("Retry-After") == "" {
				t.Error("does not say when to come again")
			}
		})
	}
}

func TestHalfAnAnswerIsBrokenOff(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	engine.GET("/", func(c *gin.Context) {
		c.String(http.StatusOK, "id,name\n1,An")
		problem.Write(c, errors.New("the rest is gone"))
	})
	rec := httptest.NewRecorder()
	defer func() {
		if r := recover(); r != http.ErrAbortHandler { //nolint:errorlint // what is panicked is no error to us
			t.Errorf("panicked with %v", r)
		}
		if strings.Contains(rec.Body.String(), "{") {
			t.Errorf("sent %s", rec.Body)
		}
	}()
	engine.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
}
