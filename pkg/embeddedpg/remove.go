package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Remove deletes a directory that was given to Start, with all that belongs to
// it elsewhere: the socket, and data that the server's user could only reach in
// another place. A server left behind there is ended first. While a process
// owns a server in the directory, Remove changes nothing and returns false. It
// does the same with what is not such a directory: a folder of somebody else,
// or one in which no server was ever started. Nobody may be about to call Start.
func Remove(ctx context.Context, dir string) (removed bool, err error) {
	removed, err = remove(ctx, dir, fallbackRoot)
	if err != nil {
		return false, fmt.Errorf("removing the database in %s: %w", dir, err)
	}
	return removed, nil
}

func remove(ctx context.Context, dir, fallback string) (bool, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	who, err := serverAccount()
	if err != nil {
		return false, err
	}
	// A link in a temporary directory, which is everybody's, is not followed.
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !who.owns(info) {
		return false, ignoreMissing(err)
	}
	at := place{dir: dir, who: who}
	if exists(at.path("elsewhere")) {
		if at, err = choosePlace(Config{Dir: dir}, who, fallback); err != nil {
			return false, err
		}
	}
	if !exists(at.path("owner")) {
		return false, nil
	}
	return at.remove(ctx)
}

// remove holds the locks, so that what it deletes is nobody's.
func (p place) remove(ctx context.Context) (bool, error) {
	var locks []*lock
	defer func() {
		for _, held := range locks {
			held.release()
		}
	}()
	for _, name := range []string{"lock", "owner"} {
		held, err := tryLock(p.path(name), exclusive)
		if held == nil {
			return false, err
		}
		locks = append(locks, held)
	}
	if err := p.postmaster().end(ctx); err != nil {
		return false, err
	}
	if address, err := p.readAddress(); err == nil {
		p.removeAddress(address)
	}
	if err := os.RemoveAll(p.data()); err != nil {
		return false, err
	}
	for _, held := range locks {
		held.release() // Windows deletes no open file
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return false, err
	}
	if p.from == "" {
		return true, nil
	}
	return true, os.RemoveAll(p.from)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
