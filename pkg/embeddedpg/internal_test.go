package embeddedpg

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// openDir is like t.TempDir, whose parents only the caller may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "embeddedpg-test-") //nolint:usetesting // the server's user may have to enter
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func someone(t *testing.T) account {
	t.Helper()
	who, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// fakeBuild is a tar.xz with bin/postgres and bin/initdb, scripts that print
// "postgres (PostgreSQL) 15.13", and a link bin/pg_ctl to the latter.
const fakeBuild = `
/Td6WFoAAAFpIt42AgAhARwAAAAQz1jM4Cf/AL5dADEaShsFkZA3OlG9V3Gz1uQT2IkQonAbexNN15tic70r6rNJbkVqC6RLQH26
65UL531xp7xGLwZ7pG058Xs7+ySI1Sfs6EJD6J9vcOEF+LVTtHYCDqyFpsfvWfCQYAt1SDs7l3AN9P4DAwpH6LMQCoTGEDly0NVT
0sQy4eRPYfkVWpj51bAfBgQHgfh6a2ejnwXnrAcYg6oGGFx0VwffvsOFKKcC4DpI7RKx+yCJJEH59MrOWKyzauVtzttn8FQAAAAR
9O0AAAHWAYBQAADUmre7PjANiwIAAAAAAVla`

func fakeJar(t *testing.T) []byte {
	t.Helper()
	build, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(fakeBuild, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	zipped := zip.NewWriter(&jar)
	file, err := zipped.Create("postgres-any.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(build); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// fakeMaven serves the jar and, unless empty, the checksum.
func fakeMaven(t *testing.T, jar []byte, checksum string) (url string, hits *atomic.Int32) {
	t.Helper()
	hits = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		switch {
		case strings.HasSuffix(r.URL.Path, "/15.13.0/embedded-postgres-binaries-"+platform()+"-15.13.0.jar"):
			_, _ = w.Write(jar)
		case strings.HasSuffix(r.URL.Path, ".jar.sha256") && checksum != "":
			_, _ = w.Write([]byte(checksum + "\n"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, hits
}

func TestDownload(t *testing.T) {
	t.Parallel()
	who := someone(t)
	jar := fakeJar(t)
	sum := sha256.Sum256(jar)

	t.Run("a build is fetched once, with progress, and is then in the cache", func(t *testing.T) {
		t.Parallel()
		url, hits := fakeMaven(t, jar, hex.EncodeToString(sum[:]))
		var said []string
		cfg := Config{CacheDir: openDir(t), Progress: func(line string) { said = append(said, line) }}
		for range 2 {
			bin, err := downloadFrom(t.Context(), cfg, who, "", url)
			if err != nil {
				t.Fatal(err)
			}
			if bin.version != "15.13" || !strings.HasPrefix(bin.dir, cfg.CacheDir) {
				t.Errorf("got %+v", bin)
			}
			if _, err := os.Stat(filepath.Join(bin.dir, "pg_ctl")); err != nil {
				t.Errorf("links are not unpacked: %v", err)
			}
		}
		if hits.Load() != 2 {
			t.Errorf("%d requests, want the build and its checksum", hits.Load())
		}
		if len(said) == 0 || said[len(said)-1] != "downloading PostgreSQL 15 … 100 %" {
			t.Errorf("progress: %q", said)
		}
	})
	t.Run("a missing checksum is no obstacle", func(t *testing.T) {
		t.Parallel()
		url, _ := fakeMaven(t, jar, "")
		if _, err := downloadFrom(t.Context(), Config{CacheDir: openDir(t)}, who, "15", url); err != nil {
			t.Error(err)
		}
	})
	t.Run("a wrong checksum is told and nothing is kept", func(t *testing.T) {
		t.Parallel()
		url, _ := fakeMaven(t, jar, strings.Repeat("0", 64))
		cache := openDir(t)
		_, err := downloadFrom(t.Context(), Config{CacheDir: cache}, who, "15", url)
		wantError(t, err, "checksum")
		if left, _ := filepath.Glob(filepath.Join(cache, "*", "bin")); len(left) != 0 {
			t.Errorf("left %v", left)
		}
	})
}

func TestDownloadErrors(t *testing.T) {
	t.Parallel()
	who := someone(t)
	closed := httptest.NewServer(nil)
	closed.Close()
	empty, _ := fakeMaven(t, []byte("no archive"), "")
	for name, test := range map[string]struct{ url, major, says string }{
		"no network":           {closed.URL, "", "connection refused"},
		"no such build":        {empty, "17", "answer 404"},
		"a damaged build":      {empty, "", "unpacking"},
		"a repository by typo": {"nonsense://", "", "nonsense"},
	} {
		t.Run(name+" names the ways out", func(t *testing.T) {
			t.Parallel()
			_, err := downloadFrom(t.Context(), Config{CacheDir: openDir(t)}, who, test.major, test.url)
			wantError(t, err, test.says, "install PostgreSQL (>= 15)", "DATABASE_URL")
		})
	}
}

func TestChooseBinaries(t *testing.T) {
	t.Parallel()
	at := place{dir: openDir(t), who: someone(t)}

	t.Run("none at all names the ways out", func(t *testing.T) {
		t.Parallel()
		_, err := chooseBinaries(t.Context(), Config{}, at, []string{"/nowhere"})
		wantError(t, err, "no server binaries", "install PostgreSQL (>= 15)", "DATABASE_URL")
	})
	t.Run("an old one is passed over for a newer one, and named when it is alone", func(t *testing.T) {
		t.Parallel()
		old, recent := fakeInstall(t, "14.2"), fakeInstall(t, "17.1")
		bin, err := chooseBinaries(t.Context(), Config{}, at, []string{old, recent})
		if err != nil || bin.version != "17.1" {
			t.Errorf("got %+v, %v", bin, err)
		}
		_, err = chooseBinaries(t.Context(), Config{}, at, []string{old})
		wantError(t, err, "only "+old+" (version 14.2)", "install PostgreSQL (>= 15)")
	})
	t.Run("existing data wants its own major version", func(t *testing.T) {
		t.Parallel()
		used := place{dir: openDir(t), who: at.who}
		if err := os.Mkdir(used.data(), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(used.data(), "PG_VERSION"), []byte("16\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		dirs := []string{fakeInstall(t, "17.1"), fakeInstall(t, "16.4")}
		bin, err := chooseBinaries(t.Context(), Config{}, used, dirs)
		if err != nil || bin.version != "16.4" {
			t.Errorf("got %+v, %v", bin, err)
		}
		_, err = chooseBinaries(t.Context(), Config{}, used, dirs[:1])
		wantError(t, err, "made by PostgreSQL 16", "only "+dirs[0]+" (version 17.1)", "install PostgreSQL 16")
	})
}

func fakeInstall(t *testing.T, version string) string {
	t.Helper()
	dir := openDir(t)
	script := []byte("#!/bin/sh\necho 'postgres (PostgreSQL) " + version + " (Debian)'\n")
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, name), script, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPlaceThatTheServerCannotReach(t *testing.T) {
	t.Parallel()
	who := someone(t)
	if !who.drop {
		t.Skip("only root runs the server as somebody else")
	}
	closed := t.TempDir() // its parent is root's alone
	cfg := Config{Dir: filepath.Join(closed, "pg")}
	root := openDir(t)

	t.Run("the data goes elsewhere, and stays there", func(t *testing.T) {
		var said []string
		cfg := Config{Dir: cfg.Dir, Progress: func(line string) { said = append(said, line) }}
		first, err := choosePlace(cfg, who, root)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(first.dir) != root || who.blockedBy(first.dir) != "" {
			t.Errorf("chose %s", first.dir)
		}
		if len(said) != 1 || !strings.Contains(said[0], "the database is kept in "+first.dir) {
			t.Errorf("said %q", said)
		}
		if err := first.claim(); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(first.data(), 0o700); err != nil {
			t.Fatal(err)
		}
		again, err := choosePlace(cfg, who, root)
		if err == nil {
			err = again.claim()
		}
		if err != nil || again != first || !exists(first.data()) {
			t.Errorf("second time: %+v, %v", again, err)
		}
	})
	t.Run("a directory that was removed begins with an empty database", func(t *testing.T) {
		if err := os.RemoveAll(cfg.Dir); err != nil {
			t.Fatal(err)
		}
		at, err := choosePlace(cfg, who, root)
		if err == nil {
			err = at.claim()
		}
		if err != nil {
			t.Fatal(err)
		}
		if exists(at.data()) || !exists(at.path("data.previous")) {
			t.Error("the old data was not moved aside")
		}
	})
	t.Run("without another place the error names the directory and the remedy", func(t *testing.T) {
		_, err := choosePlace(cfg, who, filepath.Join(closed, "lib"))
		blocked := who.blockedBy(closed)
		wantError(t, err, "user "+who.name, "cannot enter "+blocked, "chmod o+x "+blocked)
	})
}
