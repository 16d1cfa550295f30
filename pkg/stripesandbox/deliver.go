package stripesandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
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

// knobs spoil deliveries on request.
type knobs struct {
	Paused     bool   `json:"paused"`
	Duplicate  int    `json:"duplicate"`   // extra copies of each event
	Reorder    int    `json:"reorder"`     // pick at random among this many due ones
	DelayMS    int    `json:"delay_ms"`    // wait before the first try
	DropNext   int    `json:"drop_next"`   // lose this many for good
	APIVersion string `json:"api_version"` // say another version than the endpoint's
}

func deliveryClient() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// pause before the next try, compressed: Stripe spreads its tries over three days.
func backoff(tries int) time.Duration {
	steps := []time.Duration{1, 2, 5, 15, 60}
	if tries <= len(steps) {
		return steps[max(0, tries-1)] * time.Second
	}
	return 5 * time.Minute
}

const giveUpAfter = 72 * time.Hour

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
	if len(targets) > 0 {
		s.wake()
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
}

// wake tells the worker and WaitIdle that deliveries changed.
func (s *Sandbox) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Start begins sending webhooks, and lets what is due by the simulated clock
// happen by itself. It ends with ctx or Close. A second call does nothing.
func (s *Sandbox) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.done.Err() != nil {
		return
	}
	s.started = true
	s.workers.Add(1)
	go s.deliver(ctx)
}

func (s *Sandbox) deliver(ctx context.Context) {
	defer s.workers.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.done, cancel)()
	for ctx.Err() == nil {
		d, job, changed := s.take()
		if d == nil {
			select {
			case <-ctx.Done():
			case <-changed:
			case <-time.After(s.nap()):
			}
			continue
		}
		status, err := s.send(ctx, job)
		if ctx.Err() != nil {
			return
		}
		s.finish(d, status, err)
	}
}

// nap is how long the worker may sleep: until the next try, at most a second.
func (s *Sandbox) nap() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	nap := time.Second
	for _, d := range s.state.Deliveries {
		if d.State == statePending {
			nap = min(nap, d.NextTry.Sub(s.wall()))
		}
	}
	return max(nap, time.Millisecond)
}

// job is what the worker sends while the sandbox is unlocked.
type job struct {
	url, secret string
	body        []byte
}

// take returns the next delivery that is due, or a channel that closes when
// there may be one.
func (s *Sandbox) take() (*delivery, job, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	var due []*delivery
	for _, d := range s.state.Deliveries {
		if d.State == statePending && !d.NextTry.After(s.wall()) {
			due = append(due, d)
			if len(due) >= max(1, s.state.Knobs.Reorder) {
				break
			}
		}
	}
	if len(due) == 0 {
		return nil, job{}, s.changed
	}
	d := due[s.dice.IntN(len(due))]
	event := s.state.Objects[d.Event].public()
	event["api_version"] = d.APIVersion
	j := job{url: s.cfg.WebhookURL, secret: s.cfg.WebhookSecret, body: encode(event)}
	if d.Endpoint != defaultEndpoint {
		endpoint := s.state.Objects[d.Endpoint]
		j.url, j.secret = endpoint.str("url"), endpoint.str("_secret")
	}
	return d, j, s.changed
}

// send posts a signed event. The signature carries the machine's time.
func (s *Sandbox) send(ctx context.Context, j job) (int, error) {
	if j.url == "" {
		return 0, errNoEndpoint{}
	}
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: j.body, Secret: j.secret, Timestamp: s.wall()})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.url, bytes.NewReader(j.body))
	if err != nil {
		return 0, fmt.Errorf("building the delivery to %s: %w", j.url, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Stripe-Signature", signed.Header)
	res, err := s.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("delivering to %s: %w", j.url, err)
	}
	_ = res.Body.Close()
	return res.StatusCode, nil
}

// errNoEndpoint ends deliveries whose endpoint is gone.
type errNoEndpoint struct{}

// Error says what happened to the endpoint.
func (errNoEndpoint) Error() string { return "the endpoint does not exist any more" }

func (s *Sandbox) finish(d *delivery, status int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.Tries++
	d.LastStatus, d.LastError = status, ""
	var errNoEndpoint errNoEndpoint
	gone := errors.As(err, &errNoEndpoint)
	if err != nil {
		d.LastError = err.Error()
	}
	switch now := s.wall(); {
	case status >= 200 && status < 300:
		d.State = stateDelivered
		if event := s.state.Objects[d.Event]; event.num("pending_webhooks") > 0 {
			event["pending_webhooks"] = event.num("pending_webhooks") - 1
		}
	case gone || now.Sub(d.Since) >= giveUpAfter:
		d.State = stateGivenUp
	default:
		d.NextTry = now.Add(backoff(d.Tries))
		s.log.Warn("webhook not accepted", "event", d.Type, "status", status, "error", d.LastError, "tries", d.Tries)
	}
	s.forgetOldDeliveries()
	s.wake()
	s.touch()
}

func (s *Sandbox) forgetOldDeliveries() {
	finished := 0
	for _, d := range s.state.Deliveries {
		if d.State != statePending && d.State != stateHeld {
			finished++
		}
	}
	if finished <= 2*keptDeliveries {
		return
	}
	s.state.Deliveries = slices.DeleteFunc(s.state.Deliveries, func(d *delivery) bool {
		if d.State == statePending || d.State == stateHeld || finished <= keptDeliveries {
			return false
		}
		finished--
		return true
	})
}

// PauseDeliveries holds the deliveries of events that happen from now on, or,
// with false, sends the held ones. Deliveries queued before a pause go on.
func (s *Sandbox) PauseDeliveries(paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pauseDeliveries(paused)
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
