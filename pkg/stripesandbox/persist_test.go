package stripesandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// kept is a sandbox whose state is in a file.
func kept(t *testing.T, file string) *Sandbox {
	t.Helper()
	s, err := New(Config{StateFile: file, WebhookURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStateFileHoldsEverything(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	s := kept(t, file)
	odd := "quote \" slash \\ line\n tab\t null\x00 é 日本 <&> \u2028"
	s.mu.Lock()
	s.emit("thing.made", s.add("th_", "thing", struct{}{}, object{
		odd: odd, "int": int64(-1 << 62), "half": 0.5, "yes": true, "none": nil, "_own": "x",
		"deep": object{"list": []any{object{}, []any{}, int64(1), "x", nil}},
	}))
	s.state.Saved["key"] = savedReply{Print: "p", Status: 200, Body: []byte(odd), At: s.now()}
	s.record(Entry{Kind: "call", Path: odd})
	s.state.Faults = []*fault{{Kind: fault500, Count: 2}}
	s.state.Offset = time.Hour
	s.touch()
	s.mu.Unlock()
	same := func(when string) {
		t.Helper()
		if err := s.save(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.state, kept(t, file).state, cmp.AllowUnexported(state{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s the file has another state: %s", when, diff)
		}
	}
	same("at first")
	s.mu.Lock()
	s.all("event", nil)[0]["pending_webhooks"] = int64(0)
	delete(s.state.Saved, "key")
	s.remember("key", "q", reply{status: 500, body: []byte("other")})
	s.record(Entry{Kind: "charge", Amount: 7})
	s.touch()
	s.mu.Unlock()
	same("after a change")
}

func TestStateFileForgetsOldEvents(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	s := kept(t, file)
	many := func() {
		for range keptEvents + 10 {
			s.happen("thing.made")
		}
		s.DropHeld()
		if err := s.save(); err != nil {
			t.Fatal(err)
		}
	}
	s.PauseDeliveries(true)
	many()
	ids := s.state.Order["event"]
	again := kept(t, file).state
	if got := again.Order["event"]; !cmp.Equal(got, ids[10:]) || len(again.Objects) != keptEvents {
		t.Errorf("the file has %d events and %d objects, want the newest %d", len(got), len(again.Objects), keptEvents)
	}
	s.state.Deliveries[len(s.state.Deliveries)-1].State = statePending
	waiting := s.state.Deliveries[len(s.state.Deliveries)-1].Event
	many()
	if got := kept(t, file).state; got.Order["event"][0] != waiting || got.Objects[waiting] == nil {
		t.Error("an event is forgotten before it is delivered")
	}
	if len(s.state.Order["event"]) != 2*(keptEvents+10) {
		t.Error("a living sandbox forgets events")
	}
}

func TestSavingWaitsForTheEndOfAPause(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	s := kept(t, file)
	s.happen("thing.made")
	s.PauseDeliveries(true)
	s.happen("thing.made")
	s.mu.Lock()
	s.touch()
	s.mu.Unlock()
	s.keep()
	if _, err := os.Stat(file); err == nil {
		t.Error("a call during the pause was saved at once")
	}
	s.PauseDeliveries(false)
	if got := len(kept(t, file).state.Order["event"]); got != 2 {
		t.Errorf("after the pause the file has %d events", got)
	}
}

func TestABrokenStateFileIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte(`{"Objects":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{StateFile: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a broken file gave %v", err)
	}
}
