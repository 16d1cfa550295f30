package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// gateway is everything asked of Stripe. Its methods refuse to run inside a
// transaction, run ten at a time, and return ErrPaymentsUnavailable when
// Stripe cannot answer.
type gateway struct {
	api   *client.API
	db    *pg.DB
	slots chan struct{}
}

const (
	callTimeout     = 12 * time.Second
	concurrentCalls = 10
)

func newGateway(db *pg.DB, cfg Config) *gateway {
	backend := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Timeout: callTimeout, Transport: cfg.Transport},
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		MaxNetworkRetries: stripe.Int64(2),
		EnableTelemetry:   new(false),
	}
	if cfg.APIBase != "" {
		backend.URL = new(strings.TrimRight(cfg.APIBase, "/"))
	}
	b := stripe.GetBackendWithConfig(stripe.APIBackend, backend)
	return &gateway{
		api: client.New(cfg.SecretKey, &stripe.Backends{API: b, Connect: b, Uploads: b}),
		db:  db, slots: make(chan struct{}, concurrentCalls),
	}
}

// call runs one call, or one page of a list.
func (g *gateway) call(ctx context.Context, ask func() error) error {
	if err := g.db.Outside(ctx); err != nil {
		return err
	}
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	case <-ctx.Done():
		return ErrPaymentsUnavailable.Because(ctx.Err())
	}
	err := ask()
	if err == nil || definite(err) {
		return err
	}
	return ErrPaymentsUnavailable.Because(err)
}

// definite reports whether Stripe understood the request and said no.
func definite(err error) bool {
	var e *stripe.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.HTTPStatusCode {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound:
		return true
	}
	return false
}

// failedForGood reports whether Stripe answered with a failure that it will
// repeat for the same idempotency key.
func failedForGood(err error) bool {
	var e *stripe.Error
	return errors.As(err, &e) && (e.HTTPStatusCode == http.StatusInternalServerError || definite(e))
}

// said is the code of Stripe's no.
func said(err error) string {
	var e *stripe.Error
	if !errors.As(err, &e) {
		return ""
	}
	return string(e.Code)
}

// missing reports whether Stripe does not know, or not any more, what the
// parameter named; "" is the object of the request itself.
func missing(err error, param string) bool {
	var e *stripe.Error
	if !errors.As(err, &e) || e.Code != stripe.ErrorCodeResourceMissing {
		return false
	}
	return e.Param == param || (param == "" && e.Param == "id")
}

// keyFor derives an idempotency key: the same parts, the same key.
func keyFor(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "conservatory-" + hex.EncodeToString(sum[:16])
}

func when(unix int64) *time.Time {
	if unix == 0 {
		return nil // Stripe's null
	}
	t := time.Unix(unix, 0).UTC()
	return &t
}
