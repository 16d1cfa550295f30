package stripesandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// control is one operation under /_sandbox. Sample is a body that works.
type control struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Purpose string `json:"purpose"`
	Sample  string `json:"sample,omitempty"`
	run     func(*Sandbox, *controlCall) (any, error)
}

// controlCall is a control request: the id of its path and its body as JSON.
type controlCall struct {
	r    *http.Request
	id   string
	body []byte
}

// controlError is a control answer other than 200.
type controlError struct {
	status int
	body   object
}

// Error returns the message that is shown to the caller.
func (e *controlError) Error() string { return e.body.str("message") }

func badInput(format string, args ...any) *controlError {
	return &controlError{400, object{"status": "error", "message": fmt.Sprintf(format, args...)}}
}

func controls() []control {
	return slices.Concat(actionControls(), steerControls(), moneyControls(), faultControls())
}

// read decodes the body strictly into v; an empty body leaves v alone.
func (c *controlCall) read(v any, sample string) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return badInput("The body is not understood: %v. Send JSON such as %s", err, sample)
	}
	return nil
}

func (s *Sandbox) serveControl(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case path == "/_sandbox" && r.Method == http.MethodGet:
		s.serveManual(w, r)
		return
	case path == "/_sandbox/style.css":
		serveStyle(w)
		return
	}
	for _, op := range controls() {
		rt := route{method: op.Method, pattern: op.Path}
		if id, ok := rt.match(r.Method, path); ok {
			s.runControl(w, r, op, id)
			return
		}
	}
	writeJSON(w, 404, object{"status": "error", "message": "No such operation. GET /_sandbox/ lists all of them."})
}

func (s *Sandbox) runControl(w http.ResponseWriter, r *http.Request, op control, id string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		writeJSON(w, 413, object{"status": "error", "message": "The body is longer than 1 MiB."})
		return
	}
	fromPage := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if fromPage && r.Method == http.MethodPost {
		body = formAsJSON(body)
	}
	result, err := op.run(s, &controlCall{r: r, id: id, body: body})
	status := http.StatusOK
	var refused *controlError
	var stripe *apiError
	switch {
	case errors.As(err, &refused):
		status, result = refused.status, refused.body
	case errors.As(err, &stripe):
		status, result = stripe.status, describe(stripe)
	}
	changed := status == http.StatusOK && r.Method != http.MethodGet
	if changed {
		s.mu.Lock()
		s.touch()
		s.mu.Unlock()
	}
	s.keep()
	if fromPage && strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.backToPage(w, r, status, result)
		return
	}
	writeJSON(w, status, result)
}

// backToPage answers a form of the dashboard: with the dashboard, or with why not.
func (s *Sandbox) backToPage(w http.ResponseWriter, r *http.Request, status int, result any) {
	if status == http.StatusOK {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	refusal, _ := result.(object)
	s.render(status, "message.html", notice{"Not possible", refusal.str("message"), "/", "Back to the dashboard"}).write(w)
}

// describe tells why Stripe would have refused.
func describe(e *apiError) object {
	status := "error"
	switch {
	case e.code == "authentication_required":
		status = "requires_action"
	case e.status == http.StatusPaymentRequired:
		status = "declined"
	}
	out := object{"status": status, "message": e.message}
	if e.code != "" {
		out["code"] = e.code
	}
	if e.declineCode != "" {
		out["decline_code"] = e.declineCode
	}
	return out
}

// formAsJSON lets the dashboard's forms use the same operations: numbers and
// true/false lose their quotes.
func formAsJSON(body []byte) []byte {
	values, err := url.ParseQuery(string(body))
	if err != nil || !bytes.Contains(body, []byte("=")) {
		return body
	}
	fields := map[string]any{}
	for key := range values {
		text := values.Get(key)
		fields[key] = text
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && key != "card" {
			fields[key] = n
		}
		if text == "true" || text == "false" {
			fields[key] = text == "true"
		}
	}
	return encode(fields)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(encode(v), '\n'))
}
