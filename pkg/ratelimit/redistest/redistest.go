// Package redistest runs a Redis for a test: the real program where it is
// installed, and else one made for tests. Either way the test runs.
package redistest

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

const patience = 15 * time.Second

// Server is a Redis that a test may stop and start again at its address.
type Server struct {
	Address string
	URL     string
	start   func(t testing.TB)
	stop    func()
}

// Run runs one until the test ends.
func Run(t testing.TB) *Server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return inProcess(t)
	}
	s := &Server{Address: Free(t)}
	s.URL = "redis://" + s.Address
	_, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var cmd *exec.Cmd
	s.start = func(t testing.TB) {
		t.Helper()
		// It outlives the context of the test, to be stopped by the clean-up.
		cmd = exec.CommandContext(context.WithoutCancel(t.Context()), program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", dir) //nolint:gosec // the program is found by its name
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.await(t)
	}
	s.stop = func() {
		if cmd != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			cmd = nil
		}
	}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

// Stop ends it, with everything it holds.
func (s *Server) Stop() { s.stop() }

// Start starts it again, empty.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.start(t)
}

func inProcess(t testing.TB) *Server {
	t.Helper()
	mini := miniredis.NewMiniRedis()
	if err := mini.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mini.Close)
	return &Server{
		Address: mini.Addr(), URL: "redis://" + mini.Addr(), stop: mini.Close,
		start: func(t testing.TB) {
			t.Helper()
			mini.FlushAll()
			if err := mini.Restart(); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// Free gives a loopback address where nobody listens.
func Free(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it only found a port
	return l.Addr().String()
}

func (s *Server) await(t testing.TB) {
	t.Helper()
	dialer := net.Dialer{Timeout: time.Second}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err := dialer.DialContext(t.Context(), "tcp", s.Address)
		if err == nil {
			_ = conn.Close() // it was only knocked at
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the Redis does not answer: %v", err)
		}
	}
}
