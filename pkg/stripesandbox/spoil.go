package stripesandbox

import (
	"slices"
	"strings"
)

const (
	sampleFault = `{"kind":"503","method":"POST","path":"/v1/customers","count":1}`
	sampleKnobs = `{"paused":true}`
)

func faultControls() []control {
	return []control{
		{"POST", "/_sandbox/faults", "Orders a failure of the next count API calls whose method and path prefix match (-1: until deleted), or with exact only those of one route, such as /v1/customers/{id}. Kinds: " +
			strings.Join(faultKinds(), ", ") + ". latency takes latency_ms; 500 is cached for the call's idempotency key; commit_then_drop does the work and closes the connection.", sampleFault, (*Sandbox).controlAddFault},
		{"GET", "/_sandbox/faults", "The failures still to come.", "", (*Sandbox).controlFaults},
		{"DELETE", "/_sandbox/faults", "Forgets them.", "", (*Sandbox).controlClearFaults},
		{"POST", "/_sandbox/deliveries", "Spoils webhook deliveries of later events: paused (false sends the held ones), drop_held, duplicate (extra copies), reorder (window), delay_ms, drop_next, api_version. Only the fields given change.", sampleKnobs, (*Sandbox).controlKnobs},
		{"GET", "/_sandbox/deliveries", "Waiting and recent deliveries with their attempts, and the settings.", "", (*Sandbox).controlDeliveries},
	}
}

func (s *Sandbox) controlAddFault(c *controlCall) (any, error) {
	f := &fault{Count: 1}
	if err := c.read(f, sampleFault); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(faultKinds(), f.Kind):
		return nil, badInput("\"kind\" must be one of %s, for instance %s", strings.Join(faultKinds(), ", "), sampleFault)
	case f.Count == 0 || f.Count < -1:
		return nil, badInput("\"count\" must be at least 1, or -1 for every call until the faults are deleted.")
	case f.Kind == faultLatency && f.LatencyMS <= 0:
		return nil, badInput("A latency needs \"latency_ms\", for instance {\"kind\":\"latency\",\"latency_ms\":500}.")
	case f.LatencyMS > 120_000:
		return nil, badInput("\"latency_ms\" is at most 120000.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Faults = append(s.state.Faults, f)
	return map[string]any{"status": "ok", "faults": s.faultList()}, nil
}

func (s *Sandbox) faultList() []fault {
	list := []fault{}
	for _, f := range s.state.Faults {
		list = append(list, *f)
	}
	return list
}

func (s *Sandbox) controlFaults(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"faults": s.faultList()}, nil
}

func (s *Sandbox) controlClearFaults(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Faults = nil
	return object{"status": "ok"}, nil
}

func (s *Sandbox) controlKnobs(c *controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := struct {
		knobs
		DropHeld bool `json:"drop_held"`
	}{knobs: s.state.Knobs}
	if err := c.read(&in, sampleKnobs); err != nil {
		return nil, err
	}
	if min(in.Duplicate, in.Reorder, in.DelayMS, in.DropNext) < 0 || max(in.Duplicate, in.Reorder) > 1000 {
		return nil, badInput("Numbers must not be negative, and duplicate and reorder at most 1000; 0 switches a setting off.")
	}
	s.state.Knobs = in.knobs
	if in.DropHeld {
		s.moveHeld(stateDropped)
	}
	s.pauseDeliveries(in.Paused)
	return map[string]any{"status": "ok", "settings": s.state.Knobs}, nil
}

func (s *Sandbox) controlDeliveries(*controlCall) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{"settings": s.state.Knobs, "deliveries": s.deliveryList()}, nil
}

// deliveryList returns copies, newest first.
func (s *Sandbox) deliveryList() []delivery {
	list := []delivery{}
	for _, d := range slices.Backward(s.state.Deliveries) {
		list = append(list, *d)
	}
	return list
}
