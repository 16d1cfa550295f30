package dev

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/pkg/mailsink"
)

// secrets are made once for each folder.
type secrets struct {
	TokenKey      string `json:"token_key"`
	Secret        string `json:"secret"`
	WebhookSecret string `json:"webhook_secret"`
}

func loadSecrets(file string) (secrets, error) {
	var s secrets
	text, err := os.ReadFile(file)
	if err == nil {
		if err := json.Unmarshal(text, &s); err != nil {
			return s, fmt.Errorf("%s is not readable; `go run ./api --fresh` makes a new one: %w", file, err)
		}
		return s, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("read the keys of development: %w", err)
	}
	s = secrets{TokenKey: random(32), Secret: random(48), WebhookSecret: "whsec_" + random(32)}
	if text, err = json.MarshalIndent(s, "", "  "); err != nil { //nolint:gosec // kept for the next start, readable by the owner alone
		return s, fmt.Errorf("write the keys of development: %w", err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return s, fmt.Errorf("write the keys of development: %w", err)
	}
	return s, nil
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

// free listens on addr, or on the next free port behind it; the card says so.
func (r *run) free(ctx context.Context, addr string) (net.Listener, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s is not an address with a port: %w", addr, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not an address with a port: %w", addr, err)
	}
	var config net.ListenConfig
	for p := port; p < port+50; p++ {
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(p)))
		if err != nil {
			continue
		}
		if p != port {
			r.moved = append(r.moved, fmt.Sprintf("Port %d is taken by another program, so %d is used instead.", port, p))
		}
		return l, nil
	}
	return nil, fmt.Errorf("no free port from %s on", addr)
}

func ensureDatabase(ctx context.Context, admin, name string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing depends on it any more
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// letters are the samples of the mailbox.
func (r *run) letters() ([]mailsink.Sample, error) {
	app := r.app.Load()
	if app == nil {
		return nil, errors.New("the house is still starting; reload in a moment")
	}
	previews, err := app.Previews()
	all := make([]mailsink.Sample, len(previews))
	for i, p := range previews {
		all[i] = mailsink.Sample{Name: p.Name, Subject: p.Message.Subject, Text: p.Message.Text, HTML: p.Message.HTML}
	}
	return all, err
}

// placeholder is the mailbox, the phones with the second factors, and pages
// where a frontend would take over.
func placeholder(mailbox, phones http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /authenticator", phones)
	for path, text := range map[string]string{
		"/welcome":      "Paid. Your frontend would now ask GET /v1/membership until access is full.",
		"/thanks":       "Paid. Your frontend would now ask GET /v1/membership/purchases/{purchase} with the purchase of this address.",
		"/membership":   "Your frontend would now show GET /v1/membership.",
		"/gift":         "Your frontend would now show the gift behind the # (POST /v1/auth/gift), and open it when she says so (POST /v1/me/gifts).",
		"/seat":         "Your frontend would now show whose seat is behind the # (POST /v1/auth/seat), and take it when she says so (POST /v1/me/seat).",
		"/plans":        "Checkout left. Your frontend would show GET /v1/plans again.",
		"/verify":       "Your frontend would now ask for the password and send it, with the token behind the #, to POST /v1/auth/verify.",
		"/join":         "Your frontend would now show what the invitation behind the # offers (POST /v1/auth/invitation), and accept it when she says so (POST /v1/auth/invitation/accept).",
		"/sign-in/oidc": "Your frontend would now send the flow it kept, with state, code and iss of this address, to POST /v1/auth/oidc/finish.",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<!doctype html><html lang=en><title>Frontend</title><p style='font:1.1rem system-ui;margin:4rem auto;max-width:36rem'>%s</p>", html.EscapeString(text))
		})
	}
	mux.Handle("/", mailbox)
	return mux
}
