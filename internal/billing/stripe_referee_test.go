package billing_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"
)

// referee passes requests on and shows each of them to stripe-mock, which
// knows every parameter of the API version and nothing else.
type referee struct {
	t    *testing.T
	next http.RoundTripper
	rule func() (*server.StubServer, error)
	// watch sees every request before it is sent, and may cut its time short.
	watch func(*http.Request) (*http.Request, context.CancelFunc)
}

var rules = sync.OnceValues(func() (*server.StubServer, error) {
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		return nil, err
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		return nil, err
	}
	return server.NewStubServer(fixtures, spec, true, false)
})

func newReferee(t *testing.T) *referee {
	t.Helper()
	return &referee{t: t, next: &http.Transport{}, rule: rules}
}

// RoundTrip reports what Stripe's specification would not accept.
func (r *referee) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.judge(req, body)
	if r.watch != nil {
		watched, hangUp := r.watch(req)
		res, err := r.next.RoundTrip(watched)
		if err != nil {
			hangUp()
		}
		return res, err
	}
	return r.next.RoundTrip(req)
}

func (r *referee) judge(req *http.Request, body []byte) {
	rule, err := r.rule()
	if err != nil {
		r.t.Error(err)
		return
	}
	again := req.Clone(req.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.RequestURI = req.URL.RequestURI()
	answer := httptest.NewRecorder()
	rule.HandleRequest(answer, again)
	if answer.Code >= http.StatusBadRequest {
		r.t.Errorf("Stripe's specification does not accept %s %s %s: %d %s", req.Method, req.URL.RequestURI(), body, answer.Code, answer.Body)
	}
	if version := req.Header.Get("Stripe-Version"); version != stripe.APIVersion {
		r.t.Errorf("%s %s is of version %s", req.Method, req.URL.Path, version)
	}
	if req.Method == http.MethodPost && req.Header.Get("Idempotency-Key") == "" {
		r.t.Errorf("POST %s has no idempotency key", req.URL.Path)
	}
}

func TestTheRefereeSeesAWrongParameter(t *testing.T) {
	t.Parallel()
	rule, err := rules()
	if err != nil {
		t.Fatal(err)
	}
	for form, want := range map[string]int{"email=a@x.test": http.StatusOK, "emial=a@x.test": http.StatusBadRequest} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/customers", bytes.NewBufferString(form))
		req.Header.Set("Authorization", "Bearer sk_test_123")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Stripe-Version", stripe.APIVersion)
		answer := httptest.NewRecorder()
		rule.HandleRequest(answer, req)
		if answer.Code != want {
			t.Errorf("%s: %d %s", form, answer.Code, answer.Body)
		}
	}
}
