package stripesandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// saveEvery bounds how long a change may be unsaved.
const saveEvery = 50 * time.Millisecond

// touch notes that the state changed; it is saved soon.
func (s *Sandbox) touch() {
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
		select {
		case <-s.done.Done():
			return
		case <-time.After(saveEvery):
		}
		if err := s.save(); err != nil {
			s.log.Error("sandbox state not saved", "error", err)
		}
	}
}

// keep saves what a request has changed before the request is answered:
// whoever saw the answer finds it again after a crash. While deliveries are
// paused the sandbox is being loaded, and saving soon is enough.
func (s *Sandbox) keep(r *http.Request) {
	if s.cfg.StateFile == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return
	}
	s.mu.Lock()
	loading := s.state.Knobs.Paused
	s.mu.Unlock()
	if loading {
		return
	}
	if err := s.save(); err != nil {
		s.log.Error("sandbox state not saved", "error", err)
	}
}

// save replaces the state file in one step, so that a crash leaves a whole file.
func (s *Sandbox) save() error {
	if s.cfg.StateFile == "" {
		return nil
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	data, err := json.Marshal(s.state)
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("encoding the sandbox state: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(s.cfg.StateFile), 0o750); err != nil {
		return fmt.Errorf("making the folder of the sandbox state: %w", err)
	}
	fresh := s.cfg.StateFile + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return fmt.Errorf("writing the sandbox state: %w", err)
	}
	if err := os.Rename(fresh, s.cfg.StateFile); err != nil {
		return fmt.Errorf("replacing the sandbox state: %w", err)
	}
	return nil
}

func (s *Sandbox) load() error {
	s.state = newState()
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
		return fmt.Errorf("decoding the sandbox state in %s: %w", s.cfg.StateFile, err)
	}
	return nil
}
