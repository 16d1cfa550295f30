package embeddedpg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// postmaster is the server that the pid file of a data directory speaks of.
type postmaster struct {
	place place
	pid   int // 0: none
}

func (p place) postmaster() postmaster {
	text, err := os.ReadFile(p.pidFile())
	if err != nil {
		return postmaster{place: p}
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid < 1 {
		return postmaster{place: p}
	}
	return postmaster{place: p, pid: pid}
}

func (p place) pidFile() string { return filepath.Join(p.data(), "postmaster.pid") }

// running tells whether the process lives and is a server of this data: pids
// are used again, and PostgreSQL itself would believe a stale file then.
func (m postmaster) running() bool {
	if m.pid == 0 {
		return false
	}
	line := commandLine(m.pid)
	return strings.Contains(line, "postgres") && strings.Contains(line, m.place.data())
}

func commandLine(pid int) string {
	if runtime.GOOS == "linux" {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return string(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if runtime.GOOS == "windows" {
		out, _ := exec.CommandContext(ctx, "wmic", "process", "where", fmt.Sprintf("processid=%d", pid), "get", "commandline").Output()
		return string(out)
	}
	out, _ := exec.CommandContext(ctx, "ps", "-ww", "-p", strconv.Itoa(pid), "-o", "command=").Output()
	return string(out)
}

// end shuts down a server that nobody owns and removes a stale pid file.
func (m postmaster) end(ctx context.Context) error {
	for _, step := range shutdownSteps() {
		if !m.running() {
			break
		}
		if running, err := os.FindProcess(m.pid); err == nil {
			_ = running.Signal(step.signal)
		}
		limit, cancel := context.WithTimeout(ctx, step.wait)
		for m.running() && sleep(limit, pause) == nil {
		}
		cancel()
	}
	if m.running() {
		return fmt.Errorf("a server that nobody owns (process %d) does not end", m.pid)
	}
	if err := os.Remove(m.place.pidFile()); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("removing a stale pid file: %w", err)
	}
	return nil
}
