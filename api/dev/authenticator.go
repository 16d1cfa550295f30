package dev

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
)

// authenticator stands in for the phones of the demo people: it keeps the
// secrets of their second factors and shows the codes.
type authenticator struct {
	file  string
	clock clock.Clock

	mu      sync.Mutex
	secrets map[string]string // by address
}

func openAuthenticator(file string) (*authenticator, error) {
	a := &authenticator{file: file, clock: clock.System{}, secrets: map[string]string{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &a.secrets)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not readable; `go run ./api --fresh` makes a new one: %w", file, err)
	}
	return a, nil
}

func (a *authenticator) keep(email, secret string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secrets[email] = secret
	text, err := json.MarshalIndent(a.secrets, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(a.file, text, 0o600)
}

// code is "" for who has none.
func (a *authenticator) code(email string, at time.Time) (string, error) {
	a.mu.Lock()
	secret := a.secrets[email]
	a.mu.Unlock()
	if secret == "" {
		return "", nil
	}
	return totp.GenerateCode(secret, at)
}

const step = 30 // seconds

// ServeHTTP shows the code of ?for=address as JSON, or all of them on a page.
func (a *authenticator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := a.clock.Now()
	left := step - now.Unix()%step
	email := r.URL.Query().Get("for")
	if email == "" {
		a.page(w, now, left)
		return
	}
	code, err := a.code(email, now)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil || code == "" {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintln(w, `{"error":"there is no second factor of this address here"}`)
		return
	}
	fmt.Fprintf(w, "{\"code\":%q,\"seconds\":%d}\n", code, left)
}

func (a *authenticator) page(w http.ResponseWriter, now time.Time, left int64) {
	a.mu.Lock()
	all := slices.Sorted(maps.Keys(a.secrets))
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><html lang=en><meta http-equiv=refresh content=%d><title>Authenticator</title><body style='font:1.1rem system-ui;margin:4rem auto;max-width:36rem'><h1>Authenticator</h1><p>Good for %d seconds, once each.</p><dl>", left, left)
	for _, email := range all {
		code, err := a.code(email, now)
		if err != nil {
			code = err.Error()
		}
		fmt.Fprintf(w, "<dt>%s</dt><dd><code>%s</code></dd>", html.EscapeString(email), html.EscapeString(code))
	}
	fmt.Fprint(w, "</dl>")
}
