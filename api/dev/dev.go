// Package dev runs the whole house on one machine with nothing set up: an
// embedded PostgreSQL, the Stripe sandbox, a mailbox, a demo community and the
// API, all below one folder.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/pkg/embeddedpg"
	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// Options of one run.
type Options struct {
	Dir     string // holds everything; git-ignored
	Fresh   bool   // start over
	Environ []string
	Out     io.Writer // the card and progress
	Log     *slog.Logger
	// Ready is told when the API answers; it may be nil.
	Ready func(House)
}

// House is what runs, by address.
type House struct {
	API, Sandbox, Mailbox, Metrics string
	App                            *server.App
	SandboxState                   *stripesandbox.Sandbox
}

// run is one run being put together; what was opened is closed in reverse.
type run struct {
	opt     Options
	cfg     server.Config
	keys    secrets
	pg      *embeddedpg.Server
	sandbox *stripesandbox.Sandbox
	sink    *mailsink.Sink
	phones  *authenticator
	api     server.Listeners
	house   House
	app     atomic.Pointer[server.App] // for the mailbox, which is there before it
	moved   []string                   // ports that were taken
	closers []func()
}

// Run starts everything, prints the card and works until ctx ends. Starting
// again keeps the data.
func Run(ctx context.Context, opt Options) (err error) {
	r := &run{opt: opt}
	defer r.close()
	for _, step := range []func(context.Context) error{r.folder, r.configure, r.database, r.mailbox, r.stripe, r.build} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return r.serve(ctx)
}

func (r *run) close() {
	for _, v := range slices.Backward(r.closers) {
		v()
	}
}

func (r *run) later(f func()) { r.closers = append(r.closers, f) }

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.opt.Out, "  "+format+"\n", args...) }

const marker = "This folder belongs to Conservatory's development mode. `go run ./api --fresh` starts it over.\n"

// lockFile is held while the house runs, so that no second one works in, or
// empties, the folder under it.
const lockFile = "lock"

// folder makes the folder ours alone, or empties one that is ours.
func (r *run) folder(context.Context) error {
	note := filepath.Join(r.opt.Dir, "README")
	text, err := os.ReadFile(note)
	known := err == nil && string(text) == marker
	if r.opt.Fresh && !known && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("--fresh would empty %s, which is not a folder of development mode", r.opt.Dir)
	}
	if err := os.MkdirAll(r.opt.Dir, 0o755); err != nil { //nolint:gosec // the database may run as another user and must get through
		return fmt.Errorf("make the folder for development: %w", err)
	}
	lock := flock.New(filepath.Join(r.opt.Dir, lockFile))
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the folder for development: %w", err)
	}
	if !held {
		return fmt.Errorf("another development server works in %s; stop it first, or give this one a folder of its own with --dir", r.opt.Dir)
	}
	r.later(func() { _ = lock.Unlock() })
	if r.opt.Fresh && known {
		if err := empty(r.opt.Dir); err != nil {
			return fmt.Errorf("start over: %w", err)
		}
	}
	if err := os.WriteFile(note, []byte(marker), 0o644); err != nil { //nolint:gosec // nothing secret in it
		return fmt.Errorf("mark the folder for development: %w", err)
	}
	return nil
}

// empty removes all of a folder but the lock.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == lockFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// configure reads the environment and fills in what development needs.
func (r *run) configure(ctx context.Context) error {
	var err error
	if r.cfg, err = server.ReadConfig(r.opt.Environ); err != nil {
		return err
	}
	if r.cfg.Production() {
		return errors.New("CONSERVATORY_ENV=production: start `serve` and `worker` instead; the sandbox, the mail sink and demo data are not for production")
	}
	if r.keys, err = loadSecrets(filepath.Join(r.opt.Dir, "secrets.json")); err != nil {
		return err
	}
	if len(r.cfg.TokenKeys) == 0 {
		r.cfg.TokenKeys = []string{r.keys.TokenKey}
	}
	if r.cfg.Secret == "" {
		r.cfg.Secret = r.keys.Secret
	}
	if r.api.API, err = r.free(ctx, r.cfg.Addr); err != nil {
		return err
	}
	r.later(func() { _ = r.api.API.Close() })
	if r.api.Admin, err = r.free(ctx, r.cfg.AdminAddr); err != nil {
		return err
	}
	r.later(func() { _ = r.api.Admin.Close() })
	r.house.API = "http://" + r.api.API.Addr().String()
	r.house.Metrics = "http://" + r.api.Admin.Addr().String() + "/metrics"
	if r.cfg.BaseURL == "" {
		r.cfg.BaseURL = r.house.API
	}
	if r.cfg.RateLimitFactor == 1 {
		r.cfg.RateLimitFactor = 100
	}
	return nil
}

func (r *run) database(ctx context.Context) error {
	if r.cfg.DatabaseURL != "" {
		return nil
	}
	var err error
	r.pg, err = embeddedpg.Start(ctx, embeddedpg.Config{
		Dir: filepath.Join(r.opt.Dir, "postgres"), Download: true, Progress: func(line string) { r.say("%s", line) },
	})
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	r.later(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := r.pg.Stop(ctx); err != nil {
			r.opt.Log.Error("stop PostgreSQL", "err", err)
		}
	})
	r.cfg.DatabaseURL = r.pg.URL("conservatory")
	return ensureDatabase(ctx, r.pg.URL("postgres"), "conservatory")
}

func (r *run) mailbox(ctx context.Context) error {
	var err error
	if r.sink, err = mailsink.New(mailsink.Config{File: filepath.Join(r.opt.Dir, "mails.jsonl"), Logger: r.opt.Log, Samples: r.letters}); err != nil {
		return fmt.Errorf("open the mailbox: %w", err)
	}
	r.later(func() { _ = r.sink.Close() })
	web, err := r.free(ctx, "127.0.0.1:8425")
	if err != nil {
		return err
	}
	r.house.Mailbox = "http://" + web.Addr().String()
	if r.phones, err = openAuthenticator(filepath.Join(r.opt.Dir, "authenticator.json")); err != nil {
		return err
	}
	r.web(web, placeholder(r.sink, r.phones))
	if r.cfg.FrontendURL == "" {
		r.cfg.FrontendURL = r.house.Mailbox
	}
	if len(r.cfg.FrontendOrigins) == 0 {
		r.cfg.FrontendOrigins = []string{"http://localhost:3000", "http://localhost:5173", "http://127.0.0.1:3000", "http://127.0.0.1:5173"}
	}
	if r.cfg.SMTPURL != "" {
		return nil
	}
	smtp, err := r.free(ctx, "127.0.0.1:8426")
	if err != nil {
		return err
	}
	r.cfg.SMTPURL = "smtp://" + smtp.Addr().String() + "?tls=none"
	go func() { _ = r.sink.ServeSMTP(smtp) }() // ends with the sink
	return nil
}

func (r *run) stripe(ctx context.Context) error {
	if r.cfg.StripeSecretKey != "" {
		return nil
	}
	listener, err := r.free(ctx, "127.0.0.1:8420")
	if err != nil {
		return err
	}
	r.house.Sandbox = "http://" + listener.Addr().String()
	r.cfg.StripeSecretKey, r.cfg.StripeWebhookSecrets, r.cfg.StripeAPIBase = "sk_test_sandbox", []string{r.keys.WebhookSecret}, r.house.Sandbox
	r.sandbox, err = stripesandbox.New(stripesandbox.Config{
		SecretKey: r.cfg.StripeSecretKey, WebhookURL: r.house.API + "/v1/webhooks/stripe", WebhookSecret: r.keys.WebhookSecret,
		BaseURL: r.house.Sandbox, StateFile: filepath.Join(r.opt.Dir, "stripe.json"), Now: sandboxNow, Logger: r.opt.Log,
	})
	if err != nil {
		return fmt.Errorf("start the Stripe sandbox: %w", err)
	}
	r.later(func() { _ = r.sandbox.Close() })
	r.web(listener, r.sandbox)
	return nil
}

// web serves h until the run is over.
func (r *run) web(l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	r.later(func() { _ = s.Close() })
	go func() { _ = s.Serve(l) }() // ends with Close
}

func (r *run) build(ctx context.Context) error {
	if strings.HasPrefix(r.cfg.BlobURL, "mem:") {
		dir, err := filepath.Abs(filepath.Join(r.opt.Dir, "files"))
		if err != nil {
			return fmt.Errorf("find the folder for files: %w", err)
		}
		r.cfg.BlobURL = "file://" + filepath.ToSlash(dir)
	}
	if err := r.cfg.Check(); err != nil {
		return fmt.Errorf("the configuration is not right:\n%w", err)
	}
	app, err := server.New(ctx, r.cfg, clock.System{}, r.opt.Log)
	if err != nil {
		return err
	}
	r.later(app.Close)
	r.app.Store(app)
	r.house.App, r.house.SandboxState = app, r.sandbox
	if err := app.DB.Migrate(ctx); err != nil {
		return err
	}
	return r.demo(ctx)
}

func (r *run) serve(ctx context.Context) error {
	if r.sandbox != nil {
		r.sandbox.Start(ctx)
	}
	done := make(chan error, 1)
	go func() { done <- r.house.App.Run(ctx, server.Parts{API: true, Worker: true}, r.api) }()
	r.card()
	if r.opt.Ready != nil {
		r.opt.Ready(r.house)
	}
	err := <-done
	fmt.Fprintln(r.opt.Out, "\n  Stopped. Everything is kept in "+r.opt.Dir+".")
	return err
}
