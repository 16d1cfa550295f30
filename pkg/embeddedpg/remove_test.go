//go:build unix

package embeddedpg

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRemove(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "pg")
	server, err := Start(t.Context(), Config{Dir: dir, Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	socket := server.address.dir
	wantRemoved(t, dir, false) // in use
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	// As a kill would leave it.
	if err := os.Mkdir(socket, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := server.place.who.give(socket); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(server.place.path("socket"), []byte(socket), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRemoved(t, dir, true)
	if exists(dir) || exists(socket) {
		t.Error("the directory or its socket is still there")
	}
	wantRemoved(t, dir, false) // not there
}

func TestRemoveTakesTheFallbackToo(t *testing.T) {
	t.Parallel()
	root := openDir(t)
	from := filepath.Join(root, "from")
	at, err := makeFallback(Config{Dir: from}, someone(t), filepath.Join(root, "fallback"))
	if err == nil {
		err = os.Mkdir(from, 0o700)
	}
	if err == nil {
		err = at.claim()
	}
	if err == nil {
		err = os.WriteFile(at.path("owner"), nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := remove(t.Context(), from, filepath.Join(root, "fallback")); !removed || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	if exists(from) || exists(at.dir) {
		t.Error("one of the two directories is still there")
	}
}

func TestRemoveKeepsWhatIsNotADatabase(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	wantRemoved(t, dir, false)
	link := dir + "-link"
	if err := os.WriteFile(filepath.Join(dir, "owner"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(link) })
	wantRemoved(t, link, false)
	if !exists(dir) || !exists(link) {
		t.Error("something was removed")
	}
}

func wantRemoved(t *testing.T, dir string, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got, err := Remove(ctx, dir); got != want || err != nil {
		t.Errorf("Remove returned %v, %v, want %v", got, err, want)
	}
}

func TestSocketsOfKilledServersAreSwept(t *testing.T) {
	t.Parallel()
	base := openDir(t)
	who := someone(t)
	dir := func(name string, mode os.FileMode) string {
		made := filepath.Join(base, name)
		if err := os.Mkdir(made, mode); err != nil {
			t.Fatal(err)
		}
		return made
	}
	socket := func(in string) *net.UnixListener {
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(in, ".s.PGSQL."+socketPort), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		listener.SetUnlinkOnClose(false)
		t.Cleanup(func() { _ = listener.Close() })
		return listener
	}
	empty, dead, live := dir("pg-1", 0o700), dir("pg-2", 0o700), dir("pg-3", 0o700)
	_ = socket(dead).Close()
	socket(live)
	open, full := dir("pg-4", 0o755), dir("pg-5", 0o700)
	if err := os.WriteFile(filepath.Join(full, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sweepAddresses(base, who, time.Now().Add(-time.Hour))
	if !exists(empty) || !exists(dead) {
		t.Error("a young directory was swept")
	}
	sweepAddresses(base, who, time.Now().Add(time.Hour))
	for path, kept := range map[string]bool{empty: false, dead: false, live: true, open: true, full: true} {
		if exists(path) != kept {
			t.Errorf("%s: kept is %v, want %v", filepath.Base(path), !kept, kept)
		}
	}
}
