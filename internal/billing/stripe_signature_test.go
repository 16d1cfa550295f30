package billing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
)

// signed gives the header of a payload.
func signed(payload, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(payload), Secret: secret, Timestamp: at}).Header
}

func eventText(id, kind, version string, livemode bool) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","type":%q,"api_version":%q,"livemode":%t,"created":1767225600,
		"data":{"object":{"id":"cus_x","object":"customer"}}}`, id, kind, version, livemode)
}

func TestForgedSignatures(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	body := eventText("evt_forged", "customer.updated", "2023-10-16", false)
	now := time.Now()
	good := signed(body, webhookSecret, now)
	cases := []struct{ name, body, header string }{
		{"no header", body, ""},
		{"nonsense", body, "nonsense"},
		{"a time and no signature", body, fmt.Sprintf("t=%d", now.Unix())},
		{"a signature and no time", body, strings.TrimPrefix(good, good[:strings.Index(good, ",")+1])},
		{"another secret", body, signed(body, "whsec_somebody_elses_secret", now)},
		{"an empty secret", body, signed(body, "", now)},
		{"another body", body + " ", good},
		{"six minutes old", body, signed(body, webhookSecret, now.Add(-6*time.Minute))},
		{"six minutes ahead", body, signed(body, webhookSecret, now.Add(6*time.Minute))},
		{"two days ahead", body, signed(body, webhookSecret, now.Add(48*time.Hour))},
		{"an old one with a new time before it", body, fmt.Sprintf("t=%d,", now.Unix()) + signed(body, webhookSecret, now.Add(-time.Hour))},
		{"an old one with a new time behind it", body, signed(body, webhookSecret, now.Add(-time.Hour)) + fmt.Sprintf(",t=%d", now.Unix())},
		{"only the older scheme", body, strings.Replace(good, "v1=", "v0=", 1)},
	}
	for _, c := range cases {
		if err := r.billing.Receive(t.Context(), []byte(c.body), c.header); !errors.Is(err, billing.ErrSignature) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE id = 'evt_forged'`); n != 0 {
		t.Errorf("%d forged events were stored", n)
	}
	if err := r.billing.Receive(t.Context(), []byte(body), good); err != nil {
		t.Errorf("the true one: %v", err)
	}
}

func TestSignaturesThatAreAccepted(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	now := time.Now()
	for name, secret := range map[string]string{"the new secret": webhookSecret, "the old secret": "whsec_of_the_year_before"} {
		body := eventText("evt_"+name, "customer.updated", "2023-10-16", false)
		header := signed(body, secret, now.Add(-4*time.Minute)) + ",v1=" + strings.Repeat("ab", 32) + ",v0=00"
		if err := r.billing.Receive(t.Context(), []byte(body), header); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEventsThatAreNotForUs(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	now := time.Now()
	for _, c := range []struct {
		name, body string
		want       error
	}{
		{"of the other mode", eventText("evt_live", "invoice.paid", "2023-10-16", true), billing.ErrLivemode},
		{"no JSON", `{`, billing.ErrEvent},
		{"no event", `{"id":"cus_1","object":"customer"}`, billing.ErrEvent},
	} {
		if err := r.billing.Receive(t.Context(), []byte(c.body), signed(c.body, webhookSecret, now)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	body := eventText("evt_unknown", "terminal.reader.action_failed", "2023-10-16", false)
	if err := r.billing.Receive(t.Context(), []byte(body), signed(body, webhookSecret, now)); err != nil {
		t.Errorf("an unknown type: %v", err)
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE id = 'evt_unknown' AND state = 'ignored' AND settled_at IS NOT NULL`); n != 1 {
		t.Errorf("%d ignored events", n)
	}
	if n := r.number(`SELECT count(*) FROM river_job WHERE kind = 'billing.apply_event' AND args->>'event_id' = 'evt_unknown'`); n != 0 {
		t.Errorf("%d jobs for nothing", n)
	}
}

func TestAnotherVersionIsToldAndApplied(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	cfg := config(r.url, nil, acts{})
	var told []string
	cfg.VersionMismatch = func(version string) { told = append(told, version) }
	b := r.second(cfg)
	body := eventText("evt_new", "invoice.paid", "2025-03-31.basil", false)
	if err := b.Receive(t.Context(), []byte(body), signed(body, webhookSecret, time.Now())); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0] != "2025-03-31.basil" || r.number(`SELECT count(*) FROM stripe_events WHERE id = 'evt_new' AND state = 'received'`) != 1 {
		t.Errorf("told %v", told)
	}
}

func TestBillingDoesNotStartWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*billing.Config){
		"no key":            func(c *billing.Config) { c.SecretKey = "" },
		"no webhook secret": func(c *billing.Config) { c.WebhookSecrets = nil },
		"an empty secret":   func(c *billing.Config) { c.WebhookSecrets = []string{webhookSecret, ""} },
		"a short secret":    func(c *billing.Config) { c.WebhookSecrets = []string{"whsec_short"} },
	} {
		cfg := config("http://stripe.test", nil, acts{})
		spoil(&cfg)
		if _, err := billing.New(nil, nil, nil, nil, cfg, nil); err == nil {
			t.Errorf("%s: it starts", name)
		}
	}
}
