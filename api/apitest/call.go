package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
)

// Call is one request. Body is sent as JSON unless Raw is set.
type Call struct {
	Method string
	Path   string
	Token  string
	Body   any
	Raw    []byte
	Header map[string]string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a call and checks the answer against the contract.
func (h *House) Do(t testing.TB, c Call) Answer {
	t.Helper()
	req := h.Request(t, c)
	resp, err := h.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", c.Method, c.Path, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", c.Method, c.Path, err)
	}
	a := Answer{resp.StatusCode, resp.Header, body}
	h.check(t, req, a)
	return a
}

// Request makes the HTTP request of a call.
func (h *House) Request(t testing.TB, c Call) *http.Request {
	t.Helper()
	body := c.Raw
	if body == nil && c.Body != nil {
		var err error
		if body, err = json.Marshal(c.Body); err != nil {
			t.Fatal(err)
		}
	}
	var reader io.Reader = http.NoBody
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), c.Method, h.URL+c.Path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for name, value := range c.Header {
		req.Header.Set(name, value)
	}
	return req
}

// check holds an answer against the contract: status, media type, every
// member of the body.
func (h *House) check(t testing.TB, req *http.Request, a Answer) {
	t.Helper()
	op, params := h.Operation(req.Method, req.URL.Path)
	if op == nil {
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: op.Route, QueryParams: url.Values{}},
		Status:                 a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if len(a.Body) == 0 && (a.Status == http.StatusNoContent || a.Status == http.StatusNotModified) {
		in.Options.ExcludeResponseBody = true
	}
	if media := a.Header.Get("Content-Type"); strings.HasPrefix(media, "text/") || strings.HasPrefix(media, "image/") || media == "application/zip" {
		in.Options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(context.WithoutCancel(req.Context()), in); err != nil {
		t.Errorf("%s %s answered %d, which is not in the contract: %v\n%s", req.Method, req.URL.Path, a.Status, err, a.Body)
	}
}

// Operation finds the operation of a path.
func (h *House) Operation(method, path string) (*middleware.Operation, map[string]string) {
	for i, op := range h.App.Contract.Operations {
		if op.Method != method {
			continue
		}
		if params, ok := match(op.Path, path); ok {
			return &h.App.Contract.Operations[i], params
		}
	}
	return nil, nil
}

func match(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, part := range want {
		switch {
		case strings.HasPrefix(part, "{"):
			params[strings.Trim(part, "{}")] = got[i]
		case part != got[i]:
			return nil, false
		}
	}
	return params, true
}

// Must fails the test unless the status is the one wanted.
func (a Answer) Must(t testing.TB, status int) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("answered %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Into reads the body.
func (a Answer) Into(t testing.TB, dst any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, dst); err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
}

// Code is the code of a problem, or nothing.
func (a Answer) Code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.Body, &p) // an answer that is no problem has no code
	return p.Code
}
