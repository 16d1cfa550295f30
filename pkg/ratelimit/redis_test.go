package ratelimit_test

import (
	"bytes"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// server is a Redis that a test may stop and start again at its address.
type server struct {
	address string
	start   func(t *testing.T)
	stop    func(t *testing.T)
}

// newServer runs the real program where it is installed, and else one made
// for tests.
func newServer(t *testing.T) *server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return inProcess(t)
	}
	s := &server{address: free(t)}
	var cmd *exec.Cmd
	s.start = func(t *testing.T) {
		t.Helper()
		_, port, _ := net.SplitHostPort(s.address)
		cmd = exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", t.TempDir())
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		reachable(t, s.address)
	}
	s.stop = func(t *testing.T) {
		t.Helper()
		if cmd != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			cmd = nil
		}
	}
	s.start(t)
	t.Cleanup(func() { s.stop(t) })
	return s
}

func inProcess(t *testing.T) *server {
	t.Helper()
	mini := miniredis.RunT(t)
	return &server{
		address: mini.Addr(),
		start: func(t *testing.T) {
			t.Helper()
			if err := mini.Restart(); err != nil {
				t.Fatal(err)
			}
		},
		stop: func(*testing.T) { mini.Close() },
	}
}

func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it only found a port
	return l.Addr().String()
}

func reachable(t *testing.T, address string) {
	t.Helper()
	eventually(t, "the Redis is reachable", func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}
