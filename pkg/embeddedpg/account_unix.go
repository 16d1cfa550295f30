//go:build unix

package embeddedpg

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user who runs the server.
type account struct {
	name     string
	uid, gid uint32
	drop     bool // we are root and become this user, as PostgreSQL refuses root
	nameless bool // the user has no passwd entry, which initdb insists on
}

func serverAccount() (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		own := account{uid: uint32(uid), gid: uint32(os.Getegid()), name: strconv.Itoa(uid)} //nolint:gosec // the system's are 32 bits
		if found, err := user.LookupId(own.name); err == nil {
			own.name = found.Username
		} else {
			own.nameless = true
		}
		return own, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return dropTo(found)
		}
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody: " +
		"run as an ordinary user, or set DATABASE_URL")
}

func dropTo(found *user.User) (account, error) {
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("reading the uid of %s: %w", found.Username, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("reading the gid of %s: %w", found.Username, err)
	}
	return account{name: found.Username, uid: uint32(uid), gid: uint32(gid), drop: true}, nil
}

// give makes a path the account's own.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	if err := os.Lchown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("giving %s to user %s: %w", path, a.name, err)
	}
	return nil
}

// owns tells whether what info describes is the account's, or ours.
func (a account) owns(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (stat.Uid == a.uid || int(stat.Uid) == os.Geteuid())
}

// canEnter tells whether the account may search one directory.
func (a account) canEnter(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !a.drop {
		return true // as ourselves: the system tells when it matters
	}
	switch {
	case stat.Uid == a.uid:
		return info.Mode()&0o100 != 0
	case stat.Gid == a.gid:
		return info.Mode()&0o010 != 0
	}
	return info.Mode()&0o001 != 0
}

// blockedBy returns the topmost directory on the way to dir that the account
// may not enter, or "".
func (a account) blockedBy(dir string) string {
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	if parent := filepath.Dir(dir); parent != dir {
		if blocked := a.blockedBy(parent); blocked != "" {
			return blocked
		}
	}
	if a.canEnter(dir) {
		return ""
	}
	return dir
}

// attributes describes a child that runs as the account, in a process group of
// its own so that Ctrl-C in the terminal reaches only us.
func (a account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if a.drop {
		attributes.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attributes
}
