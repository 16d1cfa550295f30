package apitest

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/server"
)

// Log is everything that was logged by the process while it was listened to.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps a line.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String gives all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Listen keeps what the process logs from DEBUG on, until the test ends; give
// the option to the house. One test listens at a time, and hears the others as
// well.
func Listen(t *testing.T) (*Log, Option) {
	t.Helper()
	l, before := &Log{}, slog.Default()
	slog.SetDefault(server.NewLogger(l, slog.LevelDebug))
	t.Cleanup(func() { slog.SetDefault(before) })
	return l, func(cfg *server.Config) { cfg.LogLevel = slog.LevelDebug }
}
