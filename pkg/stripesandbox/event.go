package stripesandbox

import (
	"reflect"
	"slices"

	"github.com/stripe/stripe-go/v76"
)

func eventRoutes() []route {
	return []route{
		{"GET", "/v1/events", stripe.EventListParams{}, listEvents},
		{"GET", "/v1/events/{id}", stripe.EventParams{}, retrieve("event")},
		{"POST", "/v1/webhook_endpoints", stripe.WebhookEndpointParams{}, createEndpoint},
		{"GET", "/v1/webhook_endpoints", stripe.WebhookEndpointListParams{}, listing("webhook_endpoint")},
		{"GET", "/v1/webhook_endpoints/{id}", stripe.WebhookEndpointParams{}, retrieve("webhook_endpoint")},
		{"POST", "/v1/webhook_endpoints/{id}", stripe.WebhookEndpointParams{}, updateEndpoint},
		{"DELETE", "/v1/webhook_endpoints/{id}", stripe.WebhookEndpointParams{}, deleteEndpoint},
	}
}

func listEvents(c *call) (object, *apiError) {
	types := c.in.list("types")
	want := c.in.str("type")
	delete(c.in, "type")
	return c.page("event", func(o object) bool {
		kind := o.str("type")
		return (want == "" || matchesType(want, kind)) && (len(types) == 0 || slices.Contains(types, any(kind)))
	})
}

// matchesType reports whether a type fits a pattern such as "*" or "invoice.*".
func matchesType(pattern, kind string) bool {
	if n := len(pattern); n > 0 && pattern[n-1] == '*' {
		return len(kind) >= n-1 && kind[:n-1] == pattern[:n-1]
	}
	return pattern == kind
}

// emit records that something happened to o and queues its deliveries.
func (s *Sandbox) emit(kind string, o object) { s.emitEvent(kind, o, nil) }

// emitUpdate is emit with the values that changed since before; when nothing
// changed there is no event.
func (s *Sandbox) emitUpdate(kind string, o, before object) {
	if previous := difference(before.public(), o.public()); len(previous) > 0 {
		s.emitEvent(kind, o, previous)
	}
}

// change applies fn to o and emits an update when it changed something.
func (s *Sandbox) change(o object, kind string, fn func()) {
	before := o.clone()
	fn()
	s.emitUpdate(kind, o, before)
}

func (s *Sandbox) emitEvent(kind string, o, previous object) {
	data := object{"object": o.public()}
	if previous != nil {
		data["previous_attributes"] = previous
	}
	var id, key any
	if s.request.id != "" && s.frozen.IsZero() {
		id = s.request.id
	}
	if s.request.key != "" && s.frozen.IsZero() {
		key = s.request.key
	}
	event := s.add("evt_", "event", struct{}{}, object{
		"api_version": apiVersion, "data": data, "type": kind, "request": object{"id": id, "idempotency_key": key},
	})
	event["pending_webhooks"] = int64(s.queue(event))
}

// difference returns the old values of what is not the same any more. Objects are
// compared field by field; a field that did not exist before is null.
func difference(before, after object) object {
	diff := object{}
	for key, now := range after {
		old, existed := before[key]
		if reflect.DeepEqual(old, now) {
			continue
		}
		oldObject, a := old.(object)
		nowObject, b := now.(object)
		switch {
		case !existed:
			diff[key] = nil
		case a && b:
			diff[key] = difference(oldObject, nowObject)
		default:
			diff[key] = old
		}
	}
	for key, old := range before {
		if !after.has(key) {
			diff[key] = old
		}
	}
	return diff
}

const (
	sampleEmit = `{"type":"invoice.finalization_failed"}`
	sampleTell = `{"object":"ID","type":"subscription_schedule.aborted"}`
)

// controlEmit sends an event of any type about an object. What Stripe sends
// without an id, the invoice that is to come, is sent without one.
func (s *Sandbox) controlEmit(c *controlCall) (any, error) {
	in := struct {
		Type   string `json:"type"`
		Object string `json:"object"`
	}{Object: c.id}
	if err := c.read(&in, sampleEmit); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	o, known := s.state.Objects[in.Object]
	if !known || in.Type == "" {
		return nil, badInput("Name an object and a type of event, for instance %s", sampleTell)
	}
	if in.Type == "invoice.upcoming" {
		o = o.public()
		delete(o, "id")
	}
	s.emit(in.Type, o)
	return object{"status": "queued", "type": in.Type}, nil
}

func createEndpoint(c *call) (object, *apiError) {
	if c.in.str("url") == "" {
		return nil, required("url")
	}
	if len(c.in.list("enabled_events")) == 0 {
		return nil, required("enabled_events")
	}
	secret := newID("whsec_")
	fields := object{"status": "enabled", "_secret": secret}
	fields.copyFrom(c.in, "api_version", "description", "enabled_events", "url")
	fields.mergeMetadata(c.in)
	endpoint := c.add("we_", "webhook_endpoint", stripe.WebhookEndpoint{}, fields)
	// The secret is shown once, as at Stripe.
	shown := endpoint.clone()
	shown["secret"] = secret
	return shown, nil
}

func updateEndpoint(c *call) (object, *apiError) {
	endpoint, e := c.findLive("webhook_endpoint", c.id, "id")
	if e != nil {
		return nil, e
	}
	endpoint.copyFrom(c.in, "description", "enabled_events", "url")
	endpoint.mergeMetadata(c.in)
	if c.in.has("disabled") {
		endpoint["status"] = "enabled"
		if c.in.flag("disabled") {
			endpoint["status"] = "disabled"
		}
	}
	return endpoint, nil
}

func deleteEndpoint(c *call) (object, *apiError) {
	endpoint, e := c.findLive("webhook_endpoint", c.id, "id")
	if e != nil {
		return nil, e
	}
	return c.remove(endpoint), nil
}
