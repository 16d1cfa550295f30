package embeddedpg_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/pkg/embeddedpg"
)

func pidOf(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(bytes.SplitN(text, []byte("\n"), 2)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return len(line) > 0
}

func TestServerEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	owner := startHolder(t, dir)
	pid := pidOf(t, dir)
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("the server is in process group %d (%v): Ctrl-C would reach it before us", group, err)
	}
	if err := owner.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server outlives its killed owner")
		}
	}
	mustStop(t, mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})) // tidies up
}

func TestStartRightAfterTheOwnerWasKilled(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	owner := startHolder(t, dir)
	adopter := mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	if !adopter.Adopted() {
		t.Error("the server of another process was not adopted")
	}
	query(t, adopter, "SELECT lo_create(4711)::text")
	if err := owner.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.cmd.Wait()
	successor := mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	if successor.Adopted() {
		t.Error("adopted a server that is ending")
	}
	if got := query(t, successor, "SELECT oid::text FROM pg_largeobject_metadata"); got != "4711" {
		t.Errorf("got %q after the owner was killed", got)
	}
}

func TestAdopterLeavesTheServerRunning(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	owner := startHolder(t, dir)
	adopter := mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	pid := pidOf(t, dir)
	mustStop(t, adopter)
	if !alive(pid) {
		t.Error("stopping an adopted server ended it")
	}
	_ = owner.stdin.Close()
	if err := owner.cmd.Wait(); err != nil {
		t.Errorf("the owner ended with %v", err)
	}
	if alive(pid) {
		t.Error("the server outlives its stopped owner")
	}
}

func TestStartAfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	cfg := embeddedpg.Config{Dir: dir} // the safe settings: the data must be whole
	first := mustStart(t, cfg)
	query(t, first, "SELECT lo_create(4711)::text")
	if err := syscall.Kill(pidOf(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := mustStart(t, cfg)
	if second.Adopted() {
		t.Error("adopted a killed server")
	}
	mustStop(t, first)
	if got := query(t, second, "SELECT oid::text FROM pg_largeobject_metadata"); got != "4711" {
		t.Errorf("got %q after a kill", got)
	}
}

func TestStalePidFileOfALiveProcess(t *testing.T) {
	t.Parallel()
	otherDir, dir := reachableDir(t), reachableDir(t)
	other := mustStart(t, embeddedpg.Config{Dir: otherDir, Fast: true})
	mustStop(t, mustStart(t, embeddedpg.Config{Dir: dir, Fast: true}))
	pidFile, err := os.ReadFile(filepath.Join(otherDir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), pidFile, 0o644); err != nil {
		t.Fatal(err)
	}
	server := mustStart(t, embeddedpg.Config{Dir: dir, Fast: true})
	if server.Adopted() {
		t.Error("adopted the server of another directory")
	}
	query(t, server, "SELECT 'hello'")
	query(t, other, "SELECT 'unharmed'")
}
