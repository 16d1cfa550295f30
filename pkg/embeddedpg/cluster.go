package embeddedpg

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// initialise makes the data directory when there is none. It is made under
// another name, so that an interrupted initdb leaves nothing that looks whole.
func initialise(ctx context.Context, cfg Config, at place, bin binaries) error {
	if exists(filepath.Join(at.data(), "PG_VERSION")) {
		return nil
	}
	leftovers, _ := filepath.Glob(at.path("data.new-*"))
	for _, dir := range leftovers {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing an unfinished database: %w", err)
		}
	}
	fresh, err := os.MkdirTemp(at.dir, "data.new-")
	if err != nil {
		return fmt.Errorf("making a data directory: %w", err)
	}
	if err := at.who.give(fresh); err != nil {
		return err
	}
	cfg.say("initialising database…")
	if err := initdb(ctx, cfg, at, bin, fresh); err != nil {
		_ = os.RemoveAll(fresh)
		return err
	}
	if err := os.Rename(fresh, at.data()); err != nil {
		return fmt.Errorf("moving the new database into place: %w", err)
	}
	return nil
}

func initdb(ctx context.Context, cfg Config, at place, bin binaries, dir string) error {
	args := []string{"-D", dir, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C"}
	// Sorting stays bytewise and the same everywhere; case mapping knows Unicode.
	switch runtime.GOOS {
	case "linux":
		args = append(args, "--lc-ctype=C.UTF-8")
	case "darwin":
		args = append(args, "--lc-ctype=UTF-8")
	}
	if cfg.Fast {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, bin.program("initdb"), args...)
	cmd.SysProcAttr = at.who.attributes()
	cmd.Dir = at.dir
	cmd.Env = environment(bin)
	if at.who.nameless {
		lendName(cmd.SysProcAttr)
	}
	out, err := cmd.CombinedOutput()
	if err != nil && at.who.nameless {
		return fmt.Errorf("uid %s has no passwd entry, which initdb needs: add one (or run as another user), or set DATABASE_URL: %w\n%s",
			at.who.name, err, bytes.TrimSpace(out))
	}
	if err != nil {
		return fmt.Errorf("making a database with initdb: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}
