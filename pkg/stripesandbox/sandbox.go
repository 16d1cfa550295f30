package stripesandbox

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// apiVersion is the Stripe version whose shapes the sandbox speaks.
const apiVersion = "2023-10-16"

// Config says how a sandbox is reached and where it keeps its state. The zero
// value is usable: any key starting with sk_test_ is then accepted.
type Config struct {
	// SecretKey is the only accepted API key; empty accepts every sk_test_ key.
	SecretKey string
	// WebhookURL receives every event; empty means no default endpoint.
	WebhookURL string
	// WebhookSecret signs what is sent to WebhookURL.
	WebhookSecret string
	// BaseURL is the sandbox's own public address, used in page links. When it
	// is empty the Host of the request is used.
	BaseURL string
	// StateFile keeps all state across restarts; empty keeps it in memory.
	StateFile string
	// Now is the base of simulated time, time.Now by default.
	Now func() time.Time
	// Logger receives delivery failures and storage errors; nil discards them.
	Logger *slog.Logger
}

// Sandbox is one simulated Stripe account. It is safe for concurrent use.
type Sandbox struct {
	cfg    Config
	wall   func() time.Time
	log    *slog.Logger
	client *http.Client
	routes []route

	saving  sync.Mutex // of the state file
	saved   uint64     // how many changes the state file has; guarded by saving
	mu      sync.Mutex
	state   *state
	frozen  time.Time // simulated time while due work runs
	settled int64     // last second for which due work was run
	request requestMeta
	host    string
	dice    *rand.Rand
	changes uint64
	encoded archive
	sending map[string]bool // endpoints to which a delivery is on its way
	changed chan struct{}   // closed and replaced when a delivery changes
	dirty   chan struct{}
	stop    context.CancelFunc
	done    context.Context //nolint:containedctx // it is the sandbox's life, from New to Close, not a request's
	workers sync.WaitGroup
	started bool
}

// requestMeta is what events say about the call that caused them.
type requestMeta struct{ id, key string }

// New returns a sandbox with the state of cfg.StateFile, when there is one. It
// fails when that file cannot be read. Webhooks are not sent before Start.
func New(cfg Config) (*Sandbox, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	done, stop := context.WithCancel(context.Background())
	s := &Sandbox{
		cfg: cfg, wall: time.Now, log: cfg.Logger, client: deliveryClient(),
		changed: make(chan struct{}), dirty: make(chan struct{}, 1),
		encoded: newArchive(), sending: map[string]bool{}, done: done, stop: stop,
		dice: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // reorders deliveries, the same way every time
	}
	s.cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	s.routes = apiRoutes()
	if err := s.load(); err != nil {
		stop()
		return nil, err
	}
	if cfg.StateFile != "" {
		s.workers.Add(1)
		go s.keepSaving()
	}
	return s, nil
}

// Close stops deliveries and saves the state. It is safe to call twice.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	s.stop() // under the lock, so that no Start begins during the wait
	s.mu.Unlock()
	s.workers.Wait()
	s.client.CloseIdleConnections()
	return s.save()
}

// SetBaseURL sets the public address used in links to hosted pages.
func (s *Sandbox) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.BaseURL = strings.TrimRight(base, "/")
}

// SetWebhook replaces the default endpoint; an empty url removes it. Deliveries
// already waiting for the default endpoint go to the new one.
func (s *Sandbox) SetWebhook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.WebhookURL, s.cfg.WebhookSecret = url, secret
}

// Now returns the simulated time.
func (s *Sandbox) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Sandbox) now() time.Time {
	if !s.frozen.IsZero() {
		return s.frozen
	}
	return s.cfg.Now().Add(s.state.Offset).UTC()
}

func (s *Sandbox) unix() int64 { return s.now().Unix() }

// pageURL returns the public address of one of the sandbox's own pages.
func (s *Sandbox) pageURL(path string) string {
	if s.cfg.BaseURL != "" {
		return s.cfg.BaseURL + path
	}
	return "http://" + s.host + path
}
