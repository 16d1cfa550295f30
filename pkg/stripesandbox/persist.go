package stripesandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// What bounds how long a change may be unsaved.
const (
	saveEvery        = 50 * time.Millisecond
	saveEveryLoading = 2 * time.Second
)

// touch notes that the state changed; it is saved soon.
func (s *Sandbox) touch() {
	s.changes++
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *Sandbox) keepSaving() {
	defer s.workers.Done()
	for {
		select {
		case <-s.done.Done():
			return
		case <-s.dirty:
		}
		wait := saveEvery
		if s.loading() {
			wait = saveEveryLoading
		}
		select {
		case <-s.done.Done():
			return
		case <-time.After(wait):
		}
		if err := s.save(); err != nil {
			s.log.Error("sandbox state not saved", "error", err)
		}
	}
}

// loading reports whether deliveries are paused, as they are while a sandbox is
// filled: saving each step of that would cost more than the steps.
func (s *Sandbox) loading() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Knobs.Paused
}

// keep saves what a request has changed before the request is answered:
// whoever saw the answer finds it again after a crash.
func (s *Sandbox) keep() {
	if s.cfg.StateFile == "" || s.loading() {
		return
	}
	if err := s.save(); err != nil {
		s.log.Error("sandbox state not saved", "error", err)
	}
}

// save replaces the state file in one step, so that a crash leaves a whole file.
// It does nothing when another call has just saved the same.
func (s *Sandbox) save() error {
	if s.cfg.StateFile == "" {
		return nil
	}
	s.mu.Lock()
	wanted := s.changes
	s.mu.Unlock()
	s.saving.Lock()
	defer s.saving.Unlock()
	if s.saved >= wanted {
		return nil
	}
	s.mu.Lock()
	data, err := s.encodeState()
	has := s.changes
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("encoding the sandbox state: %w", err)
	}
	if err := replaceFile(s.cfg.StateFile, data); err != nil {
		return err
	}
	s.saved = has
	return nil
}

func replaceFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return fmt.Errorf("making the folder of the sandbox state: %w", err)
	}
	fresh := name + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return fmt.Errorf("writing the sandbox state: %w", err)
	}
	if err := os.Rename(fresh, name); err != nil {
		return fmt.Errorf("replacing the sandbox state: %w", err)
	}
	return nil
}

// load reads the state file. A sandbox without one has a change to save: that
// it exists.
func (s *Sandbox) load() error {
	s.state = newState()
	s.changes = 1
	if s.cfg.StateFile == "" {
		return nil
	}
	data, err := os.ReadFile(s.cfg.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the sandbox state: %w", err)
	}
	if err := json.Unmarshal(data, s.state); err != nil {
		return fmt.Errorf("decoding the sandbox state in %s (delete the file to start over): %w", s.cfg.StateFile, err)
	}
	s.saved = s.changes
	s.pruneKeys()
	return nil
}
