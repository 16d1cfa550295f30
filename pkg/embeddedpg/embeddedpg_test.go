package embeddedpg_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/pkg/embeddedpg"
)

// reachableDir is like t.TempDir, whose parents only the caller may enter.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "embeddedpg-test-") //nolint:usetesting // the server's user may have to enter
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "pg")
}

func mustStart(t *testing.T, cfg embeddedpg.Config) *embeddedpg.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := embeddedpg.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustStop(t, server) })
	return server
}

func mustStop(t *testing.T, server *embeddedpg.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func query(t *testing.T, server *embeddedpg.Server, sql string) string {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var answer string
	if err := conn.QueryRow(ctx, sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	var said []string
	cfg := embeddedpg.Config{
		Dir: dir, Fast: true,
		Settings: map[string]string{"max_connections": "17"},
		Progress: func(line string) { said = append(said, line) },
	}
	first := mustStart(t, cfg)

	t.Run("the server is a fresh one with the asked settings and no TCP", func(t *testing.T) {
		if first.Adopted() {
			t.Error("adopted, although nobody else runs a server")
		}
		if diff := cmp.Diff([]string{"initialising database…"}, said); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
		for name, want := range map[string]string{
			"max_connections": "17", "fsync": "off", "wal_level": "minimal",
			"listen_addresses": "", "server_encoding": "UTF8", "TimeZone": "UTC",
		} {
			if got := query(t, first, "SHOW "+name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
		if got := query(t, first, "SELECT upper('é')"); got != "É" {
			t.Errorf("upper('é') = %q: case mapping is not Unicode's", got)
		}
	})
	t.Run("version and binaries belong to the server", func(t *testing.T) {
		if got := query(t, first, "SHOW server_version"); !strings.HasPrefix(got, first.Version()) {
			t.Errorf("Version() = %q, the server says %q", first.Version(), got)
		}
		if _, err := os.Stat(filepath.Join(first.BinDir(), "pg_dump")); err != nil {
			t.Error(err)
		}
	})
	t.Run("data outlives a restart", func(t *testing.T) {
		query(t, first, "WITH made AS (SELECT set_config('x.y', 'z', false)) SELECT 'done' FROM made")
		query(t, first, "SELECT lo_create(4711)::text")
		url := first.URL("postgres")
		mustStop(t, first)
		if conn, err := pgx.Connect(t.Context(), url); err == nil {
			conn.Close(t.Context())
			t.Error("the stopped server still accepts connections")
		}
		second := mustStart(t, cfg)
		if got := query(t, second, "SELECT oid::text FROM pg_largeobject_metadata"); got != "4711" {
			t.Errorf("got %q from the restarted server", got)
		}
	})
}

func TestConcurrentStarts(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	servers := make([]*embeddedpg.Server, 4)
	var all sync.WaitGroup
	for i := range servers {
		all.Go(func() {
			server, err := embeddedpg.Start(t.Context(), embeddedpg.Config{Dir: dir, Fast: true})
			if err != nil {
				t.Error(err)
			}
			servers[i] = server
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	var owner *embeddedpg.Server
	for _, server := range servers {
		if !server.Adopted() {
			if owner != nil {
				t.Error("two servers were started")
			}
			owner = server
		}
		query(t, server, "SELECT 'hello'")
	}
	if owner == nil {
		t.Fatal("everybody adopted, nobody started")
	}
	stopped := make(chan error)
	go func() { stopped <- owner.Stop(context.Background()) }()
	for _, server := range servers {
		if server.Adopted() {
			query(t, server, "SELECT 'the owner waits'")
			mustStop(t, server)
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	owner := mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	adopter := mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := owner.Stop(ctx); err != nil {
		t.Error(err)
	}
	if conn, err := pgx.Connect(t.Context(), adopter.URL("postgres")); err == nil {
		conn.Close(t.Context())
		t.Error("the server still runs")
	}
	successor := mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	if successor.Adopted() {
		t.Error("adopted a stopped server")
	}
	mustStop(t, successor) // although the first adopter was never told
}

func TestOneDirectoryUnderTwoNames(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	link := dir + "-link"
	if err := os.Symlink(dir, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	if other := mustStart(t, embeddedpg.Config{Dir: link, Fast: true}); !other.Adopted() {
		t.Error("two servers run on one directory")
	}
}
