package stripesandbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// poll asks until the answer is yes; there is nothing to wait on for these.
func poll(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !yes(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen in ten seconds", what)
		}
	}
}

// receiver answers with the status that fn gives and counts what it gets.
func receiver(t *testing.T, fn func(*http.Request) int) (url string, got *atomic.Int64) {
	t.Helper()
	got = &atomic.Int64{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the caller has gone
		got.Add(1)
		w.WriteHeader(fn(r))
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

// started is a sandbox whose machine time is moved by the returned function.
func started(t *testing.T, hook string) (s *Sandbox, wait func(time.Duration)) {
	t.Helper()
	s, err := New(Config{WebhookURL: hook, WebhookSecret: "whsec_x"})
	if err != nil {
		t.Fatal(err)
	}
	began, offset := time.Now(), &atomic.Int64{}
	s.wall = func() time.Time { return began.Add(time.Duration(offset.Load())) }
	s.Start(t.Context())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, func(d time.Duration) {
		offset.Add(int64(d))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.wake()
	}
}

func (s *Sandbox) happen(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit(kind, object{"id": "x", "object": "thing"})
}

func (s *Sandbox) delivery(i int) delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.state.Deliveries[i]
}

func TestDeliveryIsGivenUpAfterThreeDays(t *testing.T) {
	t.Parallel()
	hook, _ := receiver(t, func(*http.Request) int { return http.StatusTeapot })
	s, wait := started(t, hook)
	s.happen("thing.made")
	tries := 1
	for range 11 { // a try when it happens, then one each time the wait is over
		poll(t, "the try", func() bool { return s.delivery(0).Tries >= tries })
		if d := s.delivery(0); d.State != statePending || d.LastStatus != http.StatusTeapot || d.Tries != tries {
			t.Fatalf("after %d tries: %+v", tries, d)
		}
		wait(7 * time.Hour)
		tries++
	}
	poll(t, "the last try", func() bool { return s.delivery(0).State == stateGivenUp })
	if d := s.delivery(0); d.Tries != tries {
		t.Errorf("given up after %d tries, want %d: %+v", d.Tries, tries, d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.WaitIdle(ctx); err != nil {
		t.Errorf("what was given up is still waited for: %v", err)
	}
}

func TestEachEndpointIsServedByItself(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	slow, slowGot := receiver(t, func(r *http.Request) int {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
		return http.StatusOK
	})
	quick, quickGot := receiver(t, func(*http.Request) int { return http.StatusOK })
	s, _ := started(t, slow)
	s.mu.Lock()
	s.add("we_", "webhook_endpoint", struct{}{}, object{
		"url": quick, "status": "enabled", "enabled_events": texts("*"), "_secret": "whsec_y", "api_version": nil,
	})
	s.mu.Unlock()
	for range 5 {
		s.happen("thing.made")
	}
	poll(t, "delivery to the quick endpoint", func() bool { return quickGot.Load() == 5 })
	poll(t, "delivery to the slow endpoint", func() bool { return slowGot.Load() > 0 })
	if n := slowGot.Load(); n != 1 {
		t.Errorf("the slow endpoint has %d events at once", n)
	}
	close(stuck)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.WaitIdle(ctx); err != nil || slowGot.Load() != 5 {
		t.Errorf("the slow endpoint got %d of 5: %v", slowGot.Load(), err)
	}
}

func TestCloseDoesNotWaitForAReceiver(t *testing.T) {
	t.Parallel()
	hook, got := receiver(t, func(r *http.Request) int {
		<-r.Context().Done()
		return http.StatusOK
	})
	s, _ := started(t, hook)
	s.happen("thing.made")
	poll(t, "the try", func() bool { return got.Load() == 1 })
	began := time.Now()
	if err := s.Close(); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("closing took %v: %v", time.Since(began), err)
	}
	if d := s.delivery(0); d.State != statePending || d.Tries != 0 {
		t.Errorf("a try that was cut short counts: %+v", d)
	}
}
