package stripesandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

func deliveryClient() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// pause before the next try, compressed: Stripe spreads its tries over three days.
func backoff(tries int) time.Duration {
	steps := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute}
	if tries <= len(steps) {
		return steps[max(0, tries-1)]
	}
	return 5 * time.Minute
}

// giveUpAfter is for how long an event is tried, as at Stripe.
const giveUpAfter = 72 * time.Hour

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

// deliver sends what is due until ctx ends. Every endpoint has one delivery on
// its way at a time, so that a slow one keeps only itself waiting.
func (s *Sandbox) deliver(ctx context.Context) {
	defer s.workers.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unlink := context.AfterFunc(s.done, cancel)
	defer unlink()
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
		s.workers.Go(func() {
			status, err := s.send(ctx, job)
			if err == nil || ctx.Err() == nil {
				s.finish(d, status, err)
			}
		})
	}
}

// nap is how long deliver may sleep: until the next try, at most a second.
func (s *Sandbox) nap() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	nap, now := time.Second, s.wall()
	for _, d := range s.state.Deliveries {
		if d.State == statePending && !s.sending[d.Endpoint] {
			nap = min(nap, d.NextTry.Sub(now))
		}
	}
	return max(nap, time.Millisecond)
}

// job is what is sent while the sandbox is unlocked.
type job struct {
	url, secret string
	body        []byte
}

// take returns the next delivery that is due and marks its endpoint as busy, or
// a channel that closes when there may be one.
func (s *Sandbox) take() (*delivery, job, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	due := s.due()
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
	s.sending[d.Endpoint] = true
	return d, j, s.changed
}

// due returns the first deliveries that may be sent now, all to one endpoint:
// one, or as many as the reorder window holds.
func (s *Sandbox) due() []*delivery {
	var due []*delivery
	now := s.wall()
	for _, d := range s.state.Deliveries {
		if d.State != statePending || s.sending[d.Endpoint] || d.NextTry.After(now) {
			continue
		}
		if len(due) == 0 || d.Endpoint == due[0].Endpoint {
			due = append(due, d)
		}
		if len(due) >= max(1, s.state.Knobs.Reorder) {
			break
		}
	}
	return due
}

// send posts a signed event. The signature carries the machine's time.
func (s *Sandbox) send(ctx context.Context, j job) (int, error) {
	if j.url == "" {
		return 0, noEndpointError{}
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

// noEndpointError ends deliveries whose endpoint is gone.
type noEndpointError struct{}

// Error says what happened to the endpoint.
func (noEndpointError) Error() string { return "the endpoint does not exist any more" }

func (s *Sandbox) finish(d *delivery, status int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sending, d.Endpoint)
	d.Tries++
	d.LastStatus, d.LastError = status, ""
	_, gone := errors.AsType[noEndpointError](err)
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
