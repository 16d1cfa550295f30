package stripesandbox

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds of faults that can be ordered for API calls.
const (
	faultLatency    = "latency"
	fault429        = "429"
	fault500        = "500"
	fault503        = "503"
	faultCommitDrop = "commit_then_drop"
	faultReset      = "reset_mid_body"
	faultMalformed  = "malformed_json"
)

func faultKinds() []string {
	return []string{faultLatency, fault429, fault500, fault503, faultCommitDrop, faultReset, faultMalformed}
}

// fault is an ordered failure of the next Count matching calls; -1 is forever.
// Path is the beginning of a path or, when Exact, the whole of it, in which
// {id} stands for any part.
type fault struct {
	Kind      string `json:"kind"`
	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`
	Exact     bool   `json:"exact,omitempty"`
	Count     int    `json:"count"`
	LatencyMS int    `json:"latency_ms,omitempty"`
}

func (f *fault) matches(method, path string) bool {
	if f.Exact {
		_, ok := (&route{method: f.Method, pattern: f.Path}).match(method, path)
		return ok
	}
	return (f.Method == "" || strings.EqualFold(f.Method, method)) && strings.HasPrefix(path, f.Path)
}

// takeFault uses up one call of the first fault that matches.
func (s *Sandbox) takeFault(method, path string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.state.Faults {
		if !f.matches(method, path) {
			continue
		}
		taken := *f
		if f.Count > 0 {
			f.Count--
		}
		if f.Count == 0 {
			s.state.Faults = slices.Delete(s.state.Faults, i, i+1)
		}
		return &taken
	}
	return &fault{}
}

func (f *fault) wait(ctx context.Context) {
	if f.Kind != faultLatency {
		return
	}
	select {
	case <-time.After(time.Duration(f.LatencyMS) * time.Millisecond):
	case <-ctx.Done():
	}
}

// instead returns the answer given without doing any work, if there is one.
func (f *fault) instead(requestID string) (reply, bool) {
	var e *apiError
	header := map[string]string{}
	switch f.Kind {
	case fault429:
		e = &apiError{status: 429, kind: "invalid_request_error", code: "rate_limit", message: "Too many requests hit the API too quickly."}
		header["Retry-After"] = "1"
	case fault500:
		e = &apiError{status: 500, kind: "api_error", message: "An unknown error occurred."}
	case fault503:
		e = &apiError{status: 503, kind: "api_error", message: "Stripe is temporarily unavailable."}
		header["Retry-After"] = "1"
	default:
		return reply{}, false
	}
	a := failure(e, requestID)
	a.header = header
	return a, true
}

// write sends an answer, spoilt in the way the fault asks for.
func (f *fault) write(w http.ResponseWriter, a reply, requestID string) {
	switch f.Kind {
	case faultCommitDrop:
		panic(http.ErrAbortHandler)
	case faultReset:
		resetMidBody(w, a)
	case faultMalformed:
		a.body = append(slices.Clone(a.body[:len(a.body)/2]), "\x00<oops"...)
		a.write(w, requestID)
	default:
		a.write(w, requestID)
	}
}

// resetMidBody promises a whole body, sends half of it and resets the connection.
func resetMidBody(w http.ResponseWriter, a reply) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, buf, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	_, _ = buf.WriteString("HTTP/1.1 " + strconv.Itoa(a.status) + " X\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(a.body)) + "\r\n\r\n")
	_, _ = buf.Write(a.body[:len(a.body)/2])
	_ = buf.Flush()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}
