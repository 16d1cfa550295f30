package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Parts says what a process does.
type Parts struct {
	API    bool
	Worker bool
}

const (
	// What runs longest has begun just before: a file that arrives slowly.
	drainTimeout = uploadDeadline + requestDeadline + 5*time.Second
	maxHeader    = 16 << 10
)

// Listeners are where a process is reached. Admin may be nil.
type Listeners struct {
	API   net.Listener
	Admin net.Listener
}

// Listen opens the addresses of the configuration.
func (c Config) Listen(ctx context.Context, parts Parts) (Listeners, error) {
	var l Listeners
	var config net.ListenConfig
	var err error
	if parts.API {
		if l.API, err = config.Listen(ctx, "tcp", c.Addr); err != nil {
			return l, fmt.Errorf("listen for the API (CONSERVATORY_ADDR): %w", err)
		}
	}
	if c.AdminAddr != "" {
		if l.Admin, err = config.Listen(ctx, "tcp", c.AdminAddr); err != nil {
			return l, fmt.Errorf("listen for metrics (CONSERVATORY_ADMIN_ADDR): %w", err)
		}
	}
	return l, nil
}

// Run works until ctx ends, then stops in order: readiness goes off, new
// connections end, streams are told to reconnect, requests and jobs finish.
func (a *App) Run(ctx context.Context, parts Parts, l Listeners) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	failed := make(chan error, 3)
	var background sync.WaitGroup
	var servers []*http.Server
	if parts.API {
		api, err := a.apiServer()
		if err != nil {
			return err
		}
		servers = append(servers, api)
		background.Go(func() { a.Hub.Run(running) })
		background.Go(func() { a.Keyring.Follow(running) })
		go serve(api, l.API, failed)
	}
	if l.Admin != nil {
		admin := newServer(a.AdminHandler())
		admin.WriteTimeout = 2 * time.Minute // a profile takes as long as it is asked to
		servers = append(servers, admin)
		go serve(admin, l.Admin, failed)
	}
	if parts.Worker {
		if err := a.Queue.Start(running); err != nil {
			failed <- err
		}
	}
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-failed:
	}
	err := a.stop(parts, servers)
	stop()
	background.Wait()
	return errors.Join(cause, err)
}

func (a *App) stop(parts Parts, servers []*http.Server) error {
	a.draining.Store(true)
	if parts.API && a.Config.DrainDelay > 0 {
		time.Sleep(a.Config.DrainDelay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	var all []error
	if parts.API {
		a.Hub.Close()
	}
	for _, s := range servers {
		all = append(all, s.Shutdown(ctx))
	}
	if parts.Worker {
		all = append(all, a.Queue.Stop(ctx))
	}
	return errors.Join(all...)
}

func (a *App) apiServer() (*http.Server, error) {
	h, err := a.Handler()
	if err != nil {
		return nil, err
	}
	return newServer(h), nil
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 90 * time.Second, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(quiet{slog.Default().Handler()}, slog.LevelWarn),
	}
}

func serve(s *http.Server, l net.Listener, failed chan<- error) {
	if err := s.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
}

// quiet drops what strangers on the network cause and nobody can mend.
type quiet struct{ slog.Handler }

// Handle logs r unless it is such noise.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "TLS handshake error") || strings.Contains(r.Message, "URL query contains semicolon") {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}
