package apitest_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
)

// held is a body of which nothing is sent before it is let go.
type held struct {
	*bytes.Reader

	once  sync.Once
	asked chan struct{} // closed when the server waits for it
	sent  chan struct{}
}

// Read waits.
func (h *held) Read(p []byte) (int, error) {
	h.once.Do(func() { close(h.asked) })
	<-h.sent
	return h.Reader.Read(p)
}

// holdBack sends the headers of a call, and its body when meanwhile has
// happened, which is when the server has said that it waits for it (RFC 9110,
// section 10.1.1).
func holdBack(t *testing.T, h *apitest.House, c apitest.Call, meanwhile func()) (status int) {
	t.Helper()
	req := h.Request(t, c)
	all, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	body := &held{Reader: bytes.NewReader(all), asked: make(chan struct{}), sent: make(chan struct{})}
	req.Body, req.GetBody = io.NopCloser(body), nil
	req.Header.Set("Expect", "100-continue")
	transport := &http.Transport{ExpectContinueTimeout: patience}
	defer transport.CloseIdleConnections()
	answered := make(chan int, 1)
	go func() {
		resp, err := (&http.Client{Transport: transport, Timeout: patience}).Do(req)
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close() // only the status is asked for
		answered <- resp.StatusCode
	}()
	select {
	case <-body.asked:
	case status := <-answered:
		t.Fatalf("%s %s: answered %d before the body was there", c.Method, c.Path, status)
	}
	meanwhile()
	close(body.sent)
	return <-answered
}

// What changes ways in, roles or money is asked for with headers that are good
// and a body that comes when they are no more.
func TestABodyThatWaitsOpensNothingThatWasClosed(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	tried := 0
	for _, op := range h.App.Contract.Operations {
		if !op.Upload.Is() && (!op.Access.StepUp || op.Route.Operation.RequestBody == nil) {
			continue
		}
		tried++
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			c, _ := heldCall(t, h, w, op)
			if status := holdBack(t, h, c, func() {}); status >= 300 {
				t.Errorf("with nothing closed it is answered %d", status)
			}
			for what, take := range takings(op) {
				c, who := heldCall(t, h, w, op)
				acts := actsOf(t, h, who)
				if status := holdBack(t, h, c, func() { take(t, h, w, who) }); !slices.Contains([]int{401, 403, 404}, status) {
					t.Errorf("%s meanwhile: answered %d", what, status)
				}
				if n := actsOf(t, h, who); n != acts {
					t.Errorf("%s meanwhile: %d acts of hers", what, n-acts)
				}
			}
		})
	}
	if tried < 10 {
		t.Errorf("only %d operations", tried)
	}
}

// heldCall is by somebody made for it who may do everything.
func heldCall(t *testing.T, h *apitest.House, w apitest.World, op middleware.Operation) (apitest.Call, apitest.Someone) {
	t.Helper()
	who := h.Person(t, "able", account.Admin)
	h.Grant(t, &who)
	h.Enrol(t, who, w.CohortA)
	c := w.Fresh(t, op, who)
	actor, err := h.App.Account.Authenticate(t.Context(), c.Token) // she may have somebody who stands in
	if err != nil {
		t.Fatal(err)
	}
	return c, apitest.Someone{ID: actor.ID}
}

func takings(op middleware.Operation) map[string]func(*testing.T, *apitest.House, apitest.World, apitest.Someone) {
	all := map[string]func(*testing.T, *apitest.House, apitest.World, apitest.Someone){
		"her sessions end": func(t *testing.T, h *apitest.House, _ apitest.World, who apitest.Someone) {
			t.Helper()
			if err := h.App.Account.EndSessions(t.Context(), who.ID, uuid.Nil, account.EndedByPassword); err != nil {
				t.Error(err)
			}
		},
		"she is suspended": func(t *testing.T, h *apitest.House, _ apitest.World, who apitest.Someone) {
			t.Helper()
			h.Suspend(t, who.ID, admin.Everything)
		},
	}
	if op.Access.Who == middleware.Admin {
		all["her role is taken"] = func(t *testing.T, h *apitest.House, w apitest.World, who apitest.Someone) {
			t.Helper()
			losesRole(t, town{World: w}, h, who)
		}
	}
	return all
}

// actsOf counts what the audit log says that she did.
func actsOf(t *testing.T, h *apitest.House, who apitest.Someone) (n int) {
	t.Helper()
	if err := h.App.DB.Pool().QueryRow(t.Context(), `SELECT count(*) FROM audit_log WHERE actor_id = $1`, who.ID).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOneFileOfEachPersonIsOnItsWay(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	her, other := h.Person(t, "her"), h.Person(t, "other")
	file := func(who apitest.Someone) apitest.Call {
		return apitest.Call{
			Method: http.MethodPut, Path: "/v1/me/avatar", Token: who.Token, Raw: apitest.Picture(t), Header: map[string]string{"Content-Type": "image/png"},
		}
	}
	first := holdBack(t, h, file(her), func() {
		second := h.Do(t, file(her)).Must(t, http.StatusServiceUnavailable)
		if second.Code() != "uploads-busy" || second.Header.Get("Retry-After") == "" {
			t.Errorf("a second file of hers: %s, to come again after %q", second.Code(), second.Header.Get("Retry-After"))
		}
		h.Do(t, file(other)).Must(t, http.StatusOK)
	})
	if first != http.StatusOK {
		t.Errorf("the first is answered %d", first)
	}
	h.Do(t, file(her)).Must(t, http.StatusOK)
}
