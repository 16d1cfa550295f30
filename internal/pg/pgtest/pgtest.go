// Package pgtest gives tests a real PostgreSQL: one server for each test
// binary, started when first asked for and stopped by Main.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/embeddedpg"
)

// server is the one of this test binary.
type server struct {
	once    sync.Once
	err     error
	dir     string
	pg      *embeddedpg.Server
	admin   *pgx.Conn
	mu      sync.Mutex // of admin
	shared  *pg.DB
	created atomic.Int64
}

var only server //nolint:gochecknoglobals // a test binary has one database server

// Main runs the tests of a package and stops the server they used:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	only.stop()
	os.Exit(code)
}

// Tx gives a context whose transaction is rolled back when the test ends, and
// the database it is for. It costs less than a millisecond. Tests in parallel
// see nothing of each other, but wait for each other's unique keys: use names
// of their own.
func Tx(t testing.TB) (context.Context, *pg.DB) {
	t.Helper()
	s := started(t)
	ctx, done, err := s.shared.ForTest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return ctx, s.shared
}

// New gives a database of its own, a copy of the migrated one, for tests in
// which commits matter. It is dropped when the test ends.
func New(t testing.TB) *pg.DB {
	t.Helper()
	s := started(t)
	url := s.clone(t)
	db, err := pg.Open(t.Context(), pg.Config{URL: url, MaxConns: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// URL gives the address of a database of its own, migrated and empty.
func URL(t testing.TB) string {
	t.Helper()
	return started(t).clone(t)
}

// BinDir is where pg_dump is.
func BinDir(t testing.TB) string {
	t.Helper()
	return started(t).pg.BinDir()
}

func started(t testing.TB) *server {
	t.Helper()
	only.once.Do(func() { only.err = only.start() })
	if only.err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", only.err)
	}
	return &only
}

func (s *server) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	sweep(ctx)
	var err error
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return err
	}
	s.pg, err = embeddedpg.Start(ctx, embeddedpg.Config{
		Dir: s.dir, Fast: true, Download: true,
		Settings: map[string]string{"max_connections": "300"},
	})
	if err != nil {
		return err
	}
	if s.admin, err = pgx.Connect(ctx, s.pg.URL("postgres")); err != nil {
		return err
	}
	if err := s.make(ctx, "template"); err != nil {
		return err
	}
	if _, err := s.admin.Exec(ctx, `CREATE DATABASE shared TEMPLATE template STRATEGY FILE_COPY`); err != nil {
		return err
	}
	s.shared, err = pg.Open(ctx, pg.Config{URL: s.pg.URL("shared"), MaxConns: 32})
	return err
}

func (s *server) make(ctx context.Context, name string) error {
	if _, err := s.admin.Exec(ctx, `CREATE DATABASE `+name); err != nil {
		return err
	}
	db, err := pg.Open(ctx, pg.Config{URL: s.pg.URL(name)})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

func (s *server) clone(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.created.Add(1))
	s.exec(t, `CREATE DATABASE `+name+` TEMPLATE template STRATEGY FILE_COPY`)
	t.Cleanup(func() { s.exec(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return s.pg.URL(name)
}

func (s *server) exec(t testing.TB, sql string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := s.admin.Exec(ctx, sql); err != nil {
		t.Errorf("%s: %v", strings.Fields(sql)[0], err)
	}
}

func (s *server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if s.shared != nil {
		s.shared.Close()
	}
	if s.admin != nil {
		_ = s.admin.Close(ctx)
	}
	if s.pg != nil {
		if err := s.pg.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL for tests:", err)
		}
	}
	if s.dir == "" {
		return
	}
	if removed, _ := embeddedpg.Remove(ctx, s.dir); !removed {
		_ = os.RemoveAll(s.dir) // it never got as far as a server
	}
}

// sweep removes what test binaries that were killed have left behind.
func sweep(ctx context.Context) {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "pgtest[0-9]*"))
	for _, dir := range left {
		_, _ = embeddedpg.Remove(ctx, dir) // what cannot be removed is in nobody's way
	}
}
