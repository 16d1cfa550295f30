package embeddedpg_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/embeddedpg"
)

func startError(t *testing.T, cfg embeddedpg.Config) string {
	t.Helper()
	server, err := embeddedpg.Start(t.Context(), cfg)
	if err == nil {
		mustStop(t, server)
		t.Fatal("no error")
	}
	return err.Error()
}

func expect(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	t.Run("a missing directory is told", func(t *testing.T) {
		t.Parallel()
		expect(t, startError(t, embeddedpg.Config{}), "no directory given")
	})
	t.Run("data of another major version says what to install", func(t *testing.T) {
		t.Parallel()
		dir := reachableDir(t)
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		expect(t, startError(t, embeddedpg.Config{Dir: dir}), "made by PostgreSQL 9", "install PostgreSQL 9", "DATABASE_URL")
		expect(t, startError(t, embeddedpg.Config{Dir: dir, Download: true}), "no download", "install PostgreSQL 9", "DATABASE_URL")
	})
	t.Run("a server that does not start shows its log and leaves nothing behind", func(t *testing.T) {
		t.Parallel()
		dir := reachableDir(t)
		bad := embeddedpg.Config{Dir: dir, Fast: true, Settings: map[string]string{"max_connections": "many"}}
		expect(t, startError(t, bad), "ended while starting", `invalid value for parameter "max_connections"`, "postgres.log")
		query(t, mustStart(t, embeddedpg.Config{Dir: dir, Fast: true}), "SELECT 'works without it'")
	})
	t.Run("a cancelled context ends the start", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		dir := reachableDir(t)
		if server, err := embeddedpg.Start(ctx, embeddedpg.Config{Dir: dir, Fast: true}); err == nil {
			mustStop(t, server)
			t.Error("started under a cancelled context")
		}
		query(t, mustStart(t, embeddedpg.Config{Dir: dir, Fast: true}), "SELECT 'works afterwards'")
	})
}
