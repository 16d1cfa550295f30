package embeddedpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fallbackRoot is where root keeps data that the server's user could not reach.
const fallbackRoot = "/var/lib/embeddedpg"

// place is the directory in which everything of one server lives.
type place struct {
	dir  string
	who  account
	from string // the configured directory, when dir is a fallback for it
}

func (p place) path(name string) string { return filepath.Join(p.dir, name) }
func (p place) data() string            { return p.path("data") }

// choosePlace makes cfg.Dir, or a fallback that the server's user can reach.
func choosePlace(cfg Config, who account, fallback string) (place, error) {
	if err := makeDir(cfg.Dir, who); err != nil {
		return place{}, err
	}
	// One name for the directory, whichever way it was reached: a running server
	// is recognised by it.
	resolved, err := filepath.EvalSymlinks(cfg.Dir)
	if err != nil {
		return place{}, fmt.Errorf("finding the directory: %w", err)
	}
	cfg.Dir = resolved
	blocked := who.blockedBy(cfg.Dir)
	if blocked == "" && !exists(filepath.Join(cfg.Dir, "elsewhere")) {
		return place{dir: cfg.Dir, who: who}, nil
	}
	at, err := makeFallback(cfg, who, fallback)
	if err != nil {
		return place{}, fmt.Errorf("user %s, who has to run the server, cannot enter %s, which is above %s; "+
			"run `chmod o+x %s`, or choose another directory (using %s instead did not work: %w)",
			who.name, blocked, cfg.Dir, blocked, fallback, err)
	}
	if blocked != "" {
		cfg.say("user %s cannot enter %s: the database is kept in %s", who.name, blocked, at.dir)
	}
	return at, nil
}

func makeFallback(cfg Config, who account, root string) (place, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return place{}, err
	}
	if blocked := who.blockedBy(root); blocked != "" {
		return place{}, fmt.Errorf("%s cannot be entered either", blocked)
	}
	sum := sha256.Sum256([]byte(cfg.Dir))
	dir := filepath.Join(root, hex.EncodeToString(sum[:8]))
	return place{dir: dir, who: who, from: cfg.Dir}, makeDir(dir, who)
}

// claim binds a fallback to its directory. When the pointer is missing, the
// directory was removed and made anew: its owner expects an empty database, so
// what an earlier one left is moved aside.
func (p place) claim() error {
	if p.from == "" {
		return nil
	}
	pointer := filepath.Join(p.from, "elsewhere")
	if exists(pointer) {
		return nil
	}
	if exists(p.data()) && !p.postmaster().running() {
		old := p.path("data.previous")
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("removing old data: %w", err)
		}
		if err := os.Rename(p.data(), old); err != nil {
			return fmt.Errorf("moving old data aside: %w", err)
		}
	}
	if err := os.WriteFile(pointer, []byte(p.dir+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting where the data is: %w", err)
	}
	return nil
}

func makeDir(dir string, who account) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the directory: %w", err)
	}
	if who.canEnter(dir) {
		return nil
	}
	return who.give(dir)
}

// major returns the major version that made the data, "" when there is none.
func (p place) major() (string, error) {
	text, err := os.ReadFile(filepath.Join(p.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the version of the data: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
