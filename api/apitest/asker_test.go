package apitest_test

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

const (
	between  = 40 * time.Millisecond // two requests of one asker
	enough   = 20                    // answers that make sure
	mostAsks = 2000                  // by one asker; she gives up then
	patience = 30 * time.Second      // with what should have happened long ago
)

// question is a request when it began, and how it was answered; 0 when it was
// not.
type question struct {
	at     time.Time
	status int
}

// asker sends the same request to a house, again and again.
type asker struct {
	mu      sync.Mutex
	all     []question
	news    chan struct{}
	cancel  context.CancelFunc
	stopped chan struct{}
}

// asks begins to ask; it ends with the test at the latest.
func asks(t *testing.T, h *apitest.House, c apitest.Call) *asker {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	a := &asker{news: make(chan struct{}, 1), cancel: cancel, stopped: make(chan struct{})}
	request := h.Request(t, c)
	go func() {
		defer close(a.stopped)
		client := &http.Client{Timeout: patience}
		beat := time.NewTicker(between)
		defer beat.Stop()
		for range mostAsks {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				a.ask(client, request.Clone(ctx))
			}
		}
	}()
	t.Cleanup(func() { a.stop() })
	return a
}

func (a *asker) ask(client *http.Client, r *http.Request) {
	q := question{at: time.Now()}
	if resp, err := client.Do(r); err == nil {
		q.status = resp.StatusCode
		_ = resp.Body.Close()
	}
	if r.Context().Err() != nil {
		return // it was told to stop
	}
	a.mu.Lock()
	a.all = append(a.all, q)
	a.mu.Unlock()
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// waits until enough questions are of a kind.
func (a *asker) waits(t *testing.T, what string, kind func(question) bool) {
	t.Helper()
	given := time.After(patience)
	for {
		n := 0
		for _, q := range a.soFar() {
			if kind(q) {
				n++
			}
		}
		if n >= enough {
			return
		}
		select {
		case <-a.news:
		case <-given:
			t.Fatalf("only %d %s", n, what)
		}
	}
}

func (a *asker) soFar() []question {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}

// stop ends it and gives all that was asked.
func (a *asker) stop() []question {
	a.cancel()
	<-a.stopped
	return a.soFar()
}

// listener is an open stream.
type listener struct {
	end chan struct{}
	at  time.Time // when it ended; written before end is closed
}

// listens opens a stream and returns when it is live.
func listens(t *testing.T, h *apitest.House, token string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	request := h.Request(t, apitest.Call{Method: http.MethodGet, Path: "/v1/stream", Token: token}).WithContext(ctx)
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	l := &listener{end: make(chan struct{})}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && lines.Text() != ": ok" {
	}
	if resp.StatusCode != http.StatusOK || lines.Text() != ": ok" {
		t.Errorf("the stream is answered %d, %s", resp.StatusCode, lines.Text())
	}
	go func() {
		defer close(l.end)
		for lines.Scan() {
		}
		l.at = time.Now()
		_ = resp.Body.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-l.end
	})
	return l
}

func (l *listener) over() bool {
	select {
	case <-l.end:
		return true
	default:
		return false
	}
}

// ended waits for the end of the stream and gives its time.
func (l *listener) ended(t *testing.T) time.Time {
	t.Helper()
	select {
	case <-l.end:
	case <-time.After(patience):
		t.Fatal("her stream stays open")
	}
	return l.at
}
