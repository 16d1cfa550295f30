package server_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
)

// node is one more process of a house, which a test may stop.
type node struct {
	app    *server.App
	url    string
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, cfg server.Config, parts server.Parts) *node {
	t.Helper()
	app, err := server.New(t.Context(), cfg, clock.System{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	n := &node{app: app, done: make(chan error, 1)}
	var l server.Listeners
	if parts.API {
		if l.API, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		n.url = "http://" + l.API.Addr().String()
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	go func() {
		n.done <- app.Run(ctx, parts, l)
		app.Close()
	}()
	return n
}

func (n *node) stopped(t *testing.T) {
	t.Helper()
	n.cancel()
	select {
	case err := <-n.done:
		if err != nil {
			t.Errorf("stop: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("does not stop")
	}
}

func (n *node) request(t *testing.T, path, token string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req
}

func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{MaxIdleConnsPerHost: 50}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second}
}

// status asks for path; closes says that the connection may not be used again.
func (n *node) status(t *testing.T, c *http.Client, path, token string) (status int, closes bool) {
	t.Helper()
	resp, err := c.Do(n.request(t, path, token))
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return 0, false
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Errorf("%s broke off: %v", path, err)
	}
	return resp.StatusCode, resp.Close
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// A rolling deployment: a balancer sends requests until readiness goes off;
// none of them may fail, neither those meanwhile nor those under way.
func TestStoppingUnderLoadFailsNobody(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	cfg := h.App.Config
	cfg.DrainDelay = 1500 * time.Millisecond
	n := start(t, cfg, server.Parts{API: true, Worker: true})
	c := client(t)
	ready := func(want int) func() bool {
		return func() bool { s, _ := n.status(t, c, "/readyz", ""); return s == want }
	}
	eventually(t, "ready", ready(http.StatusOK))
	streams := n.listen(t, c, w.A.Token, 5)
	var balanced sync.WaitGroup
	var off atomic.Bool
	var served atomic.Int64
	for range 8 {
		balanced.Go(func() {
			for !off.Load() {
				if s, _ := n.status(t, c, "/v1/unread", w.A.Token); s != http.StatusOK {
					t.Errorf("a request was answered %d", s)
				}
				served.Add(1)
			}
		})
	}
	eventually(t, "load", func() bool { return served.Load() > 50 })

	n.cancel()
	eventually(t, "readiness goes off", ready(http.StatusServiceUnavailable))
	off.Store(true)
	balanced.Wait()
	n.lastRequests(t, h, c, streams)
	n.stopped(t)
}

// lastRequests are under way when the listener closes: they wait for a lock
// that is given back after the streams have ended.
func (n *node) lastRequests(t *testing.T, h *apitest.House, c *http.Client, streams []<-chan string) {
	t.Helper()
	if _, closes := n.status(t, c, "/healthz", ""); !closes {
		t.Error("a connection may be used again although the node stops")
	}
	tx, err := h.App.DB.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	if _, err := tx.Exec(t.Context(), `LOCK TABLE plans IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	var slow sync.WaitGroup
	for range 4 {
		slow.Go(func() {
			if s, _ := n.status(t, c, "/v1/plans", ""); s != http.StatusOK {
				t.Errorf("a request under way was answered %d", s)
			}
		})
	}
	eventually(t, "four requests wait for the lock", func() bool {
		var waiting int
		err := tx.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'plans'::regclass`).Scan(&waiting)
		return err == nil && waiting == 4
	})
	for _, end := range streams {
		if text := <-end; !strings.Contains(text, "event: reconnect") {
			t.Errorf("a stream was not told to reconnect: %q", text)
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	slow.Wait()
}

// listen opens streams and gives the whole text of each when it has ended.
func (n *node) listen(t *testing.T, c *http.Client, token string, count int) (ends []<-chan string) {
	t.Helper()
	for range count {
		resp, err := c.Do(n.request(t, "/v1/stream", token))
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("open a stream: %v", err)
		}
		end := make(chan string, 1)
		ends = append(ends, end)
		go func() {
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			end <- string(text)
		}()
	}
	return ends
}
