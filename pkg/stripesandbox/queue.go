package stripesandbox

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The states of a delivery.
const (
	statePending   = "pending"
	stateHeld      = "held"
	stateDelivered = "delivered"
	stateDropped   = "dropped"
	stateGivenUp   = "given_up"
)

// defaultEndpoint stands for the endpoint of Config and SetWebhook.
const defaultEndpoint = "default"

// keptDeliveries is how many finished deliveries stay visible.
const keptDeliveries = 500

// delivery is one event on its way to one endpoint. Times are the machine's.
type delivery struct {
	ID         string    `json:"id"`
	Event      string    `json:"event"`
	Type       string    `json:"type"`
	Endpoint   string    `json:"endpoint"`
	APIVersion string    `json:"api_version"`
	State      string    `json:"state"`
	Tries      int       `json:"tries"`
	Since      time.Time `json:"since"`
	NextTry    time.Time `json:"next_try"`
	LastStatus int       `json:"last_status,omitempty"`
	LastError  string    `json:"last_error,omitempty"`
}

// over reports whether the delivery will not be tried any more.
func (d *delivery) over() bool { return d.State != statePending && d.State != stateHeld }

// knobs spoil deliveries on request.
type knobs struct {
	Paused     bool   `json:"paused"`
	Duplicate  int    `json:"duplicate"`   // extra copies of each event
	Reorder    int    `json:"reorder"`     // pick at random among this many due ones
	DelayMS    int    `json:"delay_ms"`    // wait before the first try
	DropNext   int    `json:"drop_next"`   // lose this many for good
	APIVersion string `json:"api_version"` // say another version than the endpoint's
}

// queue adds the deliveries of an event and returns to how many endpoints it goes.
func (s *Sandbox) queue(event object) int {
	targets := map[string]string{}
	if s.cfg.WebhookURL != "" {
		targets[defaultEndpoint] = apiVersion
	}
	for _, endpoint := range s.all("webhook_endpoint", nil) {
		if endpoint.str("status") == "enabled" && wants(endpoint, event.str("type")) {
			targets[endpoint.id()] = endpoint.str("api_version")
		}
	}
	for id, version := range targets {
		for range 1 + s.state.Knobs.Duplicate {
			s.enqueue(event, id, version)
		}
	}
	return len(targets)
}

func wants(endpoint object, kind string) bool {
	return slices.ContainsFunc(endpoint.list("enabled_events"), func(p any) bool {
		return matchesType(p.(string), kind)
	})
}

func (s *Sandbox) enqueue(event object, endpoint, version string) {
	k := &s.state.Knobs
	if version == "" {
		version = apiVersion
	}
	if k.APIVersion != "" {
		version = k.APIVersion
	}
	now := s.wall()
	d := &delivery{
		ID: newID("whd_"), Event: event.id(), Type: event.str("type"), Endpoint: endpoint, APIVersion: version,
		State: statePending, Since: now, NextTry: now.Add(time.Duration(k.DelayMS) * time.Millisecond),
	}
	switch {
	case k.DropNext > 0:
		k.DropNext--
		d.State = stateDropped
	case k.Paused:
		d.State = stateHeld
	}
	s.state.Deliveries = append(s.state.Deliveries, d)
	if d.State == statePending {
		s.wake()
	}
}

// wake tells deliver and WaitIdle that deliveries changed.
func (s *Sandbox) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Sandbox) forgetOldDeliveries() {
	finished := 0
	for _, d := range s.state.Deliveries {
		if d.over() {
			finished++
		}
	}
	if finished <= 2*keptDeliveries {
		return
	}
	s.state.Deliveries = slices.DeleteFunc(s.state.Deliveries, func(d *delivery) bool {
		if !d.over() || finished <= keptDeliveries {
			return false
		}
		finished--
		return true
	})
}

// PauseDeliveries holds the deliveries of events that happen from now on, or,
// with false, sends the held ones. Deliveries queued before a pause go on.
// While deliveries are paused the sandbox is being loaded: the state file may
// be a few seconds behind, and is brought up to date by the end of the pause.
func (s *Sandbox) PauseDeliveries(paused bool) {
	s.mu.Lock()
	s.pauseDeliveries(paused)
	s.mu.Unlock()
	s.keep()
}

func (s *Sandbox) pauseDeliveries(paused bool) {
	s.state.Knobs.Paused = paused
	if !paused {
		s.moveHeld(statePending)
	}
	s.touch()
}

// DropHeld loses the held deliveries for good, as when an endpoint was down for
// longer than Stripe tries. The events stay in the event list.
func (s *Sandbox) DropHeld() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moveHeld(stateDropped)
	s.touch()
}

func (s *Sandbox) moveHeld(to string) {
	for _, d := range s.state.Deliveries {
		if d.State == stateHeld {
			d.State = to
		}
	}
	s.forgetOldDeliveries()
	s.wake()
}

// WaitIdle returns when no delivery is waiting to be sent or tried again. Held
// deliveries do not count. It returns the error of ctx when that ends first.
func (s *Sandbox) WaitIdle(ctx context.Context) error {
	for {
		s.mu.Lock()
		changed := s.changed
		busy := slices.ContainsFunc(s.state.Deliveries, func(d *delivery) bool { return d.State == statePending })
		s.mu.Unlock()
		if !busy {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for webhook deliveries: %w", ctx.Err())
		}
	}
}
