package stripesandbox

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// route is one Stripe operation: params is the stripe-go struct that names and
// types its parameters.
type route struct {
	method  string
	pattern string
	params  any
	run     func(*call) (object, *apiError)
}

// call is one API request on its way through a route. The sandbox is locked.
type call struct {
	*Sandbox
	id   string
	path string
	in   object
}

func apiRoutes() []route {
	var all []route
	for _, group := range [][]route{
		customerRoutes(), methodRoutes(), catalogueRoutes(), couponRoutes(), checkoutRoutes(), subscriptionRoutes(), scheduleRoutes(),
		invoiceRoutes(), paymentRoutes(), refundRoutes(), disputeRoutes(), creditNoteRoutes(), eventRoutes(), portalRoutes(),
	} {
		all = append(all, group...)
	}
	return all
}

// match reports whether path fits the pattern, and what stands for {id}.
func (rt *route) match(method, path string) (id string, ok bool) {
	if rt.method != method {
		return "", false
	}
	want, got := strings.Split(rt.pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i, part := range want {
		switch {
		case part == "{id}" && got[i] != "":
			id = got[i]
		case part != got[i]:
			return "", false
		}
	}
	return id, true
}

// ServeHTTP answers the Stripe API under /v1/, hosted pages under /pay/,
// /invoice/ and /portal/, control operations under /_sandbox/ and the dashboard
// at /.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/v1/"):
		s.serveAPI(w, r)
	case strings.HasPrefix(path, "/_sandbox"):
		s.serveControl(w, r)
	default:
		s.servePage(w, r)
	}
}

func (s *Sandbox) serveAPI(w http.ResponseWriter, r *http.Request) {
	requestID := newID("req_")
	if err := readForm(r); err != nil {
		failure(invalid("", "The request body cannot be read as a form."), requestID).write(w, requestID)
		return
	}
	f := s.takeFault(r.Method, r.URL.Path)
	f.wait(r.Context())
	answer := s.answer(r, requestID, f)
	s.keep()
	f.write(w, answer, requestID)
}

// readForm is ParseForm that also reads the body of a DELETE, where stripe-go
// puts the parameters and net/http does not look.
func readForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("reading the parameters: %w", err)
	}
	if r.Method != http.MethodDelete {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	maps.Copy(r.Form, values)
	return nil
}

// answer gives the reply to an API request and writes the journal.
func (s *Sandbox) answer(r *http.Request, requestID string, f *fault) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = r.Host
	s.settle()
	key := ""
	if r.Method == http.MethodPost {
		key = r.Header.Get("Idempotency-Key")
	}
	s.request = requestMeta{id: requestID, key: key}
	a := s.decide(r, f, requestID, key)
	s.request = requestMeta{}
	s.record(Entry{
		Kind: "call", RequestID: requestID, Method: r.Method, Path: r.URL.Path, IdempotencyKey: key,
		Form: r.Form, Status: a.status, Replayed: a.replayed, Fault: f.Kind,
	})
	if r.Method != http.MethodGet {
		s.touch()
	}
	a.key = key
	return a
}

func (s *Sandbox) decide(r *http.Request, f *fault, requestID, key string) reply {
	if e := s.authenticate(r); e != nil {
		return failure(e, requestID)
	}
	mark := fingerprint(r.Method, r.URL.Path, r.Form)
	if key != "" {
		saved, e := s.replay(key, mark)
		if e != nil {
			return failure(e, requestID)
		}
		if saved != nil {
			return *saved
		}
	}
	a, faulty := f.instead(requestID)
	if !faulty {
		a = s.perform(r.Method, r.URL.Path, r.Form, requestID)
	}
	if key != "" {
		s.remember(key, mark, a)
	}
	return a
}

func (s *Sandbox) authenticate(r *http.Request) *apiError {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, _ = r.BasicAuth()
	}
	switch {
	case key == "":
		return &apiError{status: 401, kind: "invalid_request_error", message: "You did not provide an API key."}
	case s.cfg.SecretKey == "" && strings.HasPrefix(key, "sk_test_"), key == s.cfg.SecretKey:
		return nil
	}
	return &apiError{status: 401, kind: "invalid_request_error", message: "Invalid API Key provided: " + mask(key)}
}

func mask(key string) string {
	if len(key) < 12 {
		return "****"
	}
	return key[:8] + "****" + key[len(key)-4:]
}

// perform finds the route, types the parameters, runs it and encodes the result.
func (s *Sandbox) perform(method, path string, form url.Values, requestID string) reply {
	for i := range s.routes {
		rt := &s.routes[i]
		id, ok := rt.match(method, path)
		if !ok {
			continue
		}
		result, e := s.run(rt, id, path, form)
		if e != nil {
			return failure(e, requestID)
		}
		return reply{status: http.StatusOK, body: encode(result)}
	}
	return failure(&apiError{
		status: 404, kind: "invalid_request_error",
		message: "Unrecognized request URL (" + method + ": " + path + "). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
	}, requestID)
}

func (s *Sandbox) run(rt *route, id, path string, form url.Values) (object, *apiError) {
	tree, e := parseTree(form)
	if e != nil {
		return nil, e
	}
	in, e := coerce(tree, reflect.TypeOf(rt.params), "")
	if e != nil {
		return nil, e
	}
	result, e := rt.run(&call{Sandbox: s, id: id, path: path, in: in})
	if e != nil {
		return nil, e
	}
	result = result.public()
	return result, s.expandAll(result, in.list("expand"))
}

// retrieve returns a route's handler that fetches an object of one kind.
func retrieve(kind string) func(*call) (object, *apiError) {
	return func(c *call) (object, *apiError) { return c.find(kind, c.id, "id") }
}

// listing returns a route's handler that lists a kind with equality filters.
func listing(kind string, fields ...string) func(*call) (object, *apiError) {
	return func(c *call) (object, *apiError) { return c.page(kind, nil, fields...) }
}
