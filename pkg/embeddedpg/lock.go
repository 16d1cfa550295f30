package embeddedpg

import (
	"context"
	"fmt"
	"os"
)

// lock is a held file lock.
type lock struct{ file *os.File }

// release may be called more than once.
func (l *lock) release() { _ = l.file.Close() }

func waitLock(ctx context.Context, path string) (*lock, error) {
	for {
		held, err := tryLock(path, exclusive)
		if held != nil || err != nil {
			return held, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, fmt.Errorf("waiting for another process that holds %s: %w", path, err)
		}
	}
}
