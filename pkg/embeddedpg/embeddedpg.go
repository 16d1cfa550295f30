// Package embeddedpg runs a private PostgreSQL server for development and
// tests, with nothing to set up: it finds the binaries of the machine (or
// downloads them), makes a data directory, starts the server on a private unix
// socket without TCP, and ends it together with the calling process.
//
// Several processes may name the same directory. One of them, the owner, starts
// the server; the others adopt it. The server lives as long as its owner:
//
//   - Stop of the owner waits for the adopters until its context ends;
//   - an owner that is killed takes the server with it (on Linux at once,
//     elsewhere at the next Start), and adopters then see lost connections.
//
// An adopter that must survive that calls Start again: it adopts the successor
// or becomes the owner itself.
package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	superuser = "postgres"
	// How long a server may take for one step that normally takes well below a
	// second, before the caller is told.
	patience = 60 * time.Second
	pause    = 20 * time.Millisecond
)

// Config says where a server lives and how it is run.
type Config struct {
	// Dir holds data/, the pointer to the socket directory, the locks and
	// postgres.log. It is made with mode 0700. When root runs the server (as
	// the user postgres or nobody) and Dir cannot be reached by that user, the
	// data is kept below /var/lib/embeddedpg instead and Dir points to it.
	Dir string
	// Fast trades the safety of the data for speed: for tests only.
	Fast bool
	// Settings are further server settings, as in postgresql.conf.
	Settings map[string]string
	// Progress receives one-line messages about steps that take time.
	Progress func(string)
	// Download allows to fetch binaries when the machine has none.
	Download bool
	// CacheDir is where downloads are kept; the default is embeddedpg in the
	// cache directory of the user.
	CacheDir string
}

func (c Config) say(format string, args ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, args...))
	}
}

// Server is a running PostgreSQL server that accepts connections.
type Server struct {
	cfg     Config
	place   place
	bin     binaries
	address address
	process *process  // nil when adopted
	owner   *lock     // held while process lives
	user    *lock     // held by an adopter while it uses the server
	once    sync.Once // Stop has an effect once
}

// Start returns a server on cfg.Dir that accepts connections: one that another
// process runs already, or a new one on the existing or a fresh data directory.
// The context bounds the start, not the life of the server. The caller must
// call Stop.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Dir == "" {
		return nil, errors.New("starting PostgreSQL: no directory given")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*patience) // a download is slow
	defer cancel()
	server, err := start(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	return server, nil
}

func start(ctx context.Context, cfg Config) (*Server, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the directory: %w", err)
	}
	cfg.Dir = dir
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	at, err := choosePlace(cfg, who, fallbackRoot)
	if err != nil {
		return nil, err
	}
	gate, err := waitLock(ctx, at.path("lock"))
	if err != nil {
		return nil, err
	}
	defer gate.release()
	if err := at.claim(); err != nil {
		return nil, err
	}
	return startOrAdopt(ctx, cfg, at)
}

// startOrAdopt runs under the gate, so at most one process is here per place.
func startOrAdopt(ctx context.Context, cfg Config, at place) (*Server, error) {
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		owner, err := tryLock(at.path("owner"), exclusive)
		if err != nil {
			return nil, err
		}
		if owner != nil {
			server, err := own(ctx, cfg, at, owner)
			if err != nil {
				owner.release()
			}
			return server, err
		}
		if master := at.postmaster(); master.running() {
			server, err := adopt(ctx, cfg, at)
			if err == nil || master.running() {
				return server, err
			}
		}
		// The owner lives but its server has just ended: it lets go in a moment.
		if err := sleep(limit, pause); err != nil {
			return nil, fmt.Errorf("waiting for the process that owns %s: %w", at.dir, err)
		}
	}
}

func own(ctx context.Context, cfg Config, at place, owner *lock) (*Server, error) {
	// What still runs here without an owner is ending, or was left behind.
	if err := at.postmaster().end(ctx); err != nil {
		return nil, err
	}
	// Who still holds the lock of an earlier server does not use this one.
	_ = os.Remove(at.path("users"))
	bin, err := findBinaries(ctx, cfg, at)
	if err != nil {
		return nil, err
	}
	if err := initialise(ctx, cfg, at, bin); err != nil {
		return nil, err
	}
	address, err := at.makeAddress()
	if err != nil {
		return nil, err
	}
	process, err := launch(ctx, cfg, at, bin, address)
	if err != nil {
		at.removeAddress(address)
		return nil, err
	}
	go func() {
		<-process.done
		owner.release()
	}()
	return &Server{cfg: cfg, place: at, bin: bin, address: address, process: process, owner: owner}, nil
}

func adopt(ctx context.Context, cfg Config, at place) (*Server, error) {
	user, err := tryLock(at.path("users"), shared)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, fmt.Errorf("the server of %s is being stopped", at.dir)
	}
	address, err := at.readAddress()
	if err == nil {
		err = awaitReady(ctx, address, at.postmaster().running)
	}
	var bin binaries
	if err == nil {
		bin, err = findBinaries(ctx, cfg, at)
	}
	if err != nil {
		user.release()
		return nil, fmt.Errorf("adopting the running server of %s: %w", at.dir, err)
	}
	return &Server{cfg: cfg, place: at, bin: bin, address: address, user: user}, nil
}

// URL returns the connection string of a database of this server, for its
// superuser. pgx and libpq understand it.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database}
	u.RawQuery = s.address.query().Encode()
	return u.String()
}

// Adopted tells whether another process started the server; Stop then leaves
// it running.
func (s *Server) Adopted() bool { return s.process == nil }

// Version returns the version of the server's binaries, such as "15.18".
func (s *Server) Version() string { return s.bin.version }

// BinDir returns the directory of the binaries. Those of an installed PostgreSQL
// include pg_dump and its kin; downloaded ones are the bare server.
func (s *Server) BinDir() string { return s.bin.dir }

// Stop ends the use of the server. An adopted server keeps running. The owner
// waits until no adopter is left or ctx ends, and then shuts the server down:
// transactions in progress are rolled back. A second call does nothing.
func (s *Server) Stop(ctx context.Context) error {
	var err error
	s.once.Do(func() { err = s.stop(ctx) })
	return err
}

func (s *Server) stop(ctx context.Context) error {
	if s.process == nil {
		s.user.release()
		return nil
	}
	gate := s.awaitLastUser(ctx)
	if gate != nil {
		defer gate.release()
	}
	crashed := !s.process.running()
	if err := s.process.shutDown(ctx); err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	s.owner.release() // also done when the process ends, but perhaps a moment later
	// After a crash, or without the gate, a successor may use the address already.
	if gate != nil && !crashed {
		s.place.removeAddress(s.address)
	}
	return nil
}

// awaitLastUser returns the gate, so that nobody adopts what is about to end,
// or nil when ctx ended first.
func (s *Server) awaitLastUser(ctx context.Context) *lock {
	told := false
	for {
		gate, _ := tryLock(s.place.path("lock"), exclusive)
		if gate != nil {
			if users, _ := tryLock(s.place.path("users"), exclusive); users != nil {
				users.release()
				return gate
			}
			if ctx.Err() != nil {
				return gate
			}
			gate.release()
			if !told {
				s.cfg.say("PostgreSQL is used by another process, waiting for it to end…")
				told = true
			}
		}
		if sleep(ctx, pause) != nil && gate == nil {
			return nil
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
