//go:build unix

package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The path of a unix socket is limited to 103 bytes on some systems, and the
// name of the socket itself takes 14.
const longestSocketDir = 88

const socketPort = "5432"

// address is the private directory of the server's unix socket.
type address struct{ dir string }

func (a address) query() url.Values {
	return url.Values{"host": {a.dir}, "port": {socketPort}, "sslmode": {"disable"}}
}

func (a address) settings() map[string]string {
	return map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": a.dir,
		"unix_socket_permissions": "0700",
		"port":                    socketPort,
	}
}

// readAddress returns the address that makeAddress chose.
func (p place) readAddress() (address, error) {
	text, err := os.ReadFile(p.path("socket"))
	if err != nil {
		return address{}, fmt.Errorf("finding the socket: %w", err)
	}
	a := address{dir: strings.TrimSpace(string(text))}
	// The temporary directory is everybody's: it must still be the one we made.
	info, err := os.Lstat(a.dir)
	if err != nil {
		return address{}, fmt.Errorf("finding the socket: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || stat.Uid != p.who.uid || info.Mode().Perm() != 0o700 {
		return address{}, errors.New("the socket directory " + a.dir + " is not a private one of user " + p.who.name)
	}
	return a, nil
}

func (p place) makeAddress() (address, error) {
	if a, err := p.readAddress(); err == nil {
		return a, nil
	}
	base := os.TempDir()
	if len(base)+len("/pg-0123456789") > longestSocketDir || p.who.blockedBy(base) != "" {
		base = "/tmp"
	}
	sweepAddresses(base, p.who, time.Now().Add(-unusedFor))
	dir, err := os.MkdirTemp(base, "pg-")
	if err != nil {
		return address{}, fmt.Errorf("making a directory for the socket: %w", err)
	}
	if err := p.who.give(dir); err != nil {
		return address{}, err
	}
	if err := os.WriteFile(p.path("socket"), []byte(dir+"\n"), 0o600); err != nil {
		return address{}, fmt.Errorf("noting the socket directory: %w", err)
	}
	return address{dir: dir}, nil
}

func (p place) removeAddress(a address) {
	_ = os.RemoveAll(a.dir)
	_ = os.Remove(p.path("socket"))
}

// unusedFor is how old a socket directory without a server is when it is swept:
// a young one may belong to a server that is just being started.
const unusedFor = 10 * time.Minute

// sweepAddresses removes the socket directories of servers that were killed and
// never started again. What does not look exactly like one of ours stays.
func sweepAddresses(base string, who account, before time.Time) {
	knock := net.Dialer{Timeout: time.Second}
	found, _ := filepath.Glob(filepath.Join(base, "pg-[0-9]*"))
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 || !who.owns(info) || info.ModTime().After(before) {
			continue
		}
		socket := filepath.Join(dir, ".s.PGSQL."+socketPort)
		if conn, err := knock.DialContext(context.Background(), "unix", socket); err == nil {
			_ = conn.Close()
			continue
		} else if exists(socket) && !errors.Is(err, syscall.ECONNREFUSED) {
			continue
		}
		_ = os.Remove(socket)
		_ = os.Remove(socket + ".lock")
		_ = os.Remove(dir) // not when anything else is in it
	}
}

type shutdownStep struct {
	signal os.Signal
	wait   time.Duration
}

// shutdownSteps are PostgreSQL's fast and immediate shutdown, and the end.
func shutdownSteps() []shutdownStep {
	return []shutdownStep{
		{syscall.SIGINT, 10 * time.Second},
		{syscall.SIGQUIT, 5 * time.Second},
		{syscall.SIGKILL, 5 * time.Second},
	}
}

func environment(bin binaries) []string {
	return []string{"PATH=" + bin.dir + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}
