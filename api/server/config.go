// Package server puts the program together: configuration, domains, routes,
// start and stop.
package server

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/womens-tech-conservatory/conservatory/internal/identity"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
)

// Config is everything that can be set, all of it by environment. The comment
// tags are printed by `serve --help` and are what env.example explains.
type Config struct {
	Env             string        `env:"CONSERVATORY_ENV" envDefault:"development" help:"development or production. Production refuses to start with anything a deployer may regret."`
	Addr            string        `env:"CONSERVATORY_ADDR" envDefault:"127.0.0.1:8080" help:"where the API listens"`
	AdminAddr       string        `env:"CONSERVATORY_ADMIN_ADDR" envDefault:"127.0.0.1:9090" help:"where /metrics and /debug/pprof listen; keep it private"`
	BaseURL         string        `env:"CONSERVATORY_BASE_URL" help:"how the world reaches the API, e.g. https://api.example.org; links and token issuers are made from it, never from a Host header"`
	FrontendURL     string        `env:"CONSERVATORY_FRONTEND_URL" help:"the frontend, e.g. https://app.example.org; links in mails and the way back from payment go there"`
	FrontendOrigins []string      `env:"CONSERVATORY_FRONTEND_ORIGINS" help:"exact origins that browsers may call from, separated by commas"`
	PasskeyRPID     string        `env:"CONSERVATORY_PASSKEY_DOMAIN" help:"whose passkeys they are: the host of the frontend, which is the default, or a domain above it, e.g. example.org for https://app.example.org. Another one makes every passkey useless"`
	TrustedProxies  []string      `env:"CONSERVATORY_TRUSTED_PROXIES" help:"addresses of proxies whose X-Forwarded-For is believed, separated by commas; they must overwrite it"`
	TokenKeys       []string      `env:"CONSERVATORY_TOKEN_KEYS" help:"may be left out: access tokens are signed with keys that the database keeps sealed and that change every 90 days (conservatory admin keys). Ed25519 seeds given here (32 bytes, base64, separated by commas) are accepted beside those; the first signs only until the first key of the database does, a day after the first start that makes one. Keep them that long, so that the program before this version understands the tokens too, then take them away" secret:"true"`
	Secret          string        `env:"CONSERVATORY_SECRET" help:"at least 32 random characters: codes, links, refresh tokens, cursors and the keys that seal second factors and signing keys are derived from it. Another one alone signs everybody out and shuts out who has a second factor: see CONSERVATORY_SECRET_PREVIOUS" secret:"true"`
	SecretPrevious  string        `env:"CONSERVATORY_SECRET_PREVIOUS" help:"the secret before, while CONSERVATORY_SECRET is being changed: what was made with it goes on working, and what is sealed with it is sealed anew. conservatory doctor says when it can be taken away; deployments/runbooks/secret.md how to change it" secret:"true"`
	RateLimitFactor int           `env:"CONSERVATORY_RATE_LIMIT_FACTOR" envDefault:"1" help:"multiplies every rate limit"`
	RedisURL        string        `env:"CONSERVATORY_REDIS_URL" help:"a Redis in which several nodes count their rate limits together, redis://… or with TLS rediss://:password@host:6379/0; empty for one node. While it does not answer each node counts for itself" secret:"true"`
	LogLevel        slog.Level    `env:"CONSERVATORY_LOG_LEVEL" envDefault:"INFO" help:"DEBUG, INFO, WARN or ERROR"`
	Migrate         bool          `env:"CONSERVATORY_MIGRATE" envDefault:"false" help:"serve and worker apply pending migrations themselves; otherwise they refuse to start"`
	DrainDelay      time.Duration `env:"CONSERVATORY_DRAIN_DELAY" envDefault:"0s" help:"between readiness off and the end of new connections; as long as the load balancer needs to notice"`
	DatabaseURL     string        `env:"DATABASE_URL" help:"PostgreSQL 15 or newer, e.g. postgres://app:…@db:5432/conservatory" secret:"true"`
	DatabaseConns   int32         `env:"CONSERVATORY_DATABASE_CONNS" envDefault:"20" help:"connections of one process at most"`

	OIDCProviders string `env:"CONSERVATORY_OIDC_PROVIDERS" help:"OpenID Connect providers to sign in with, a JSON list: [{\"name\":\"google\",\"title\":\"Google\",\"issuer\":\"https://accounts.google.com\",\"client_id\":\"…\",\"client_secret\":\"…\"}]. Register FRONTEND_URL/sign-in/oidc as the redirect URI with each. Optional: scopes (unsaid: email and profile), factor_acr and factor_amr, values of acr and amr that count as a second factor of ours (unsaid: none does)" secret:"true"`

	StripeSecretKey      string   `env:"STRIPE_SECRET_KEY" help:"sk_live_… or a restricted rk_live_…; sk_test_… outside production" secret:"true"`
	StripeWebhookSecrets []string `env:"STRIPE_WEBHOOK_SECRETS" help:"whsec_…, separated by commas while one is being replaced" secret:"true"`
	StripeAPIBase        string   `env:"STRIPE_API_BASE" help:"another Stripe, such as the sandbox; empty for api.stripe.com"`
	TermsVersion         string   `env:"CONSERVATORY_TERMS_VERSION" help:"the version of the terms that members agree to when they go to pay, e.g. 2026-11; it is kept with the order. Empty: they are asked for nothing"`

	SMTPURL  string `env:"SMTP_URL" help:"smtp://user:password@host:587, or smtps:// for TLS from the start; ?tls=none only on loopback" secret:"true"`
	MailFrom string `env:"CONSERVATORY_MAIL_FROM" envDefault:"Women's Tech Conservatory <hello@conservatory.example>" help:"the sender of mails"`

	BlobURL string `env:"CONSERVATORY_BLOB_URL" envDefault:"mem://" help:"where files lie, e.g. file:///var/lib/conservatory/files: a folder that every process shares. mem:// forgets them at the end of the process"`

	Sandbox  bool `env:"CONSERVATORY_SANDBOX" envDefault:"false" help:"start the Stripe sandbox; never in production"`
	MailSink bool `env:"CONSERVATORY_MAIL_SINK" envDefault:"false" help:"start the mail sink; never in production"`
	Demo     bool `env:"CONSERVATORY_DEMO" envDefault:"false" help:"load the demo community; never in production"`
}

// minConns is what a worker needs to get anywhere: it listens, elects, and a
// job that holds a lock needs a second connection.
const minConns = 5

// ReadConfig reads the environment given, KEY=value each.
func ReadConfig(environ []string) (Config, error) {
	var c Config
	if err := env.ParseWithOptions(&c, env.Options{Environment: env.ToMap(environ)}); err != nil {
		return c, fmt.Errorf("read the configuration: %w", err)
	}
	return c, nil
}

// Production reports whether this is the real thing.
func (c Config) Production() bool { return c.Env == "production" }

// LogValue keeps secrets out of logs: only what is harmless is shown.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.String("env", c.Env), slog.String("addr", c.Addr), slog.String("base_url", c.BaseURL))
}

// String keeps secrets out of %v.
func (c Config) String() string { return "Config{" + c.Env + " " + c.Addr + "}" }

// GoString keeps secrets out of %#v.
func (c Config) GoString() string { return c.String() }

// Check names everything that is wrong at once.
func (c Config) Check() error {
	var all []error
	no := func(bad bool, format string, args ...any) {
		if bad {
			all = append(all, fmt.Errorf(format, args...))
		}
	}
	no(c.Env != "development" && c.Env != "production", "CONSERVATORY_ENV must be development or production")
	no(c.DatabaseURL == "", "DATABASE_URL is missing")
	no(len(c.Secret) < 32, "CONSERVATORY_SECRET must have at least 32 characters; make one with: openssl rand -base64 48")
	no(c.SecretPrevious != "" && (len(c.SecretPrevious) < 32 || c.SecretPrevious == c.Secret),
		"CONSERVATORY_SECRET_PREVIOUS must be the secret before, with at least 32 characters, or be left out")
	_, err := c.SigningKeys()
	no(err != nil, "CONSERVATORY_TOKEN_KEYS: %w; make one with: openssl rand -base64 32, or leave it out", err)
	no(c.BaseURL == "" || !absolute(c.BaseURL), "CONSERVATORY_BASE_URL must be an absolute URL such as https://api.example.org")
	no(c.FrontendURL == "" || !absolute(c.FrontendURL), "CONSERVATORY_FRONTEND_URL must be an absolute URL such as https://app.example.org")
	no(c.StripeSecretKey == "", "STRIPE_SECRET_KEY is missing")
	no(len(c.StripeWebhookSecrets) == 0 || slices.ContainsFunc(c.StripeWebhookSecrets, func(s string) bool { return len(s) < 16 }),
		"STRIPE_WEBHOOK_SECRETS must hold at least one secret, none shorter than 16 characters")
	no(c.SMTPURL == "", "SMTP_URL is missing")
	_, err = c.Providers()
	no(err != nil, "CONSERVATORY_OIDC_PROVIDERS: %w", err)
	no(c.RateLimitFactor < 1, "CONSERVATORY_RATE_LIMIT_FACTOR must be at least 1")
	err = ratelimit.CheckURL(c.RedisURL)
	no(c.RedisURL != "" && err != nil, "CONSERVATORY_REDIS_URL: %w", err)
	for _, o := range c.FrontendOrigins {
		no(!origin(o), "CONSERVATORY_FRONTEND_ORIGINS must hold exact origins as browsers send them, such as https://app.example.org, not %q", o)
	}
	no(c.PasskeyRPID != "" && !above(c.PasskeyRPID, c.FrontendURL), "CONSERVATORY_PASSKEY_DOMAIN must be the host of CONSERVATORY_FRONTEND_URL or a domain above it, such as example.org")
	for _, p := range c.TrustedProxies {
		no(!network(p), "CONSERVATORY_TRUSTED_PROXIES must hold addresses or networks such as 10.0.0.0/8, not %q", p)
	}
	_, err = mail.ParseAddress(c.MailFrom)
	no(err != nil, "CONSERVATORY_MAIL_FROM must be an address such as Conservatory <hello@example.org>")
	no(c.DatabaseConns < minConns, "CONSERVATORY_DATABASE_CONNS must be at least %d: jobs and live events hold some for themselves", minConns)
	if c.Production() {
		all = append(all, c.checkProduction()...)
	}
	return errors.Join(all...)
}

func (c Config) checkProduction() []error {
	var all []error
	no := func(bad bool, what string) {
		if bad {
			all = append(all, errors.New(what))
		}
	}
	no(c.BaseURL != "" && !strings.HasPrefix(c.BaseURL, "https://"), "CONSERVATORY_BASE_URL must begin with https:// in production")
	no(c.FrontendURL != "" && !strings.HasPrefix(c.FrontendURL, "https://"), "CONSERVATORY_FRONTEND_URL must begin with https:// in production")
	no(c.FrontendURL != "" && c.PasskeyDomain() == "localhost", "CONSERVATORY_FRONTEND_URL must name a domain in production: passkeys belong to one")
	no(len(c.FrontendOrigins) == 0, "CONSERVATORY_FRONTEND_ORIGINS is missing")
	for _, o := range c.FrontendOrigins {
		no(!strings.HasPrefix(o, "https://"), "CONSERVATORY_FRONTEND_ORIGINS must begin with https:// in production")
	}
	no(c.StripeSecretKey != "" && !strings.HasPrefix(c.StripeSecretKey, "sk_live_") && !strings.HasPrefix(c.StripeSecretKey, "rk_live_"),
		"STRIPE_SECRET_KEY is not a live key; production takes sk_live_… or rk_live_…")
	no(c.StripeSecretKey != "" && len(c.StripeSecretKey) < 24, "STRIPE_SECRET_KEY is too short to be a key")
	for _, s := range c.StripeWebhookSecrets {
		no(len(s) < 32 || !strings.HasPrefix(s, "whsec_"), "STRIPE_WEBHOOK_SECRETS must begin with whsec_ and have at least 32 characters")
	}
	no(c.StripeAPIBase != "", "STRIPE_API_BASE must not be set in production")
	no(c.SMTPURL != "" && strings.Contains(c.SMTPURL, "tls=none"), "SMTP_URL must not switch TLS off in production")
	no(slices.ContainsFunc(c.TrustedProxies, everybody), "CONSERVATORY_TRUSTED_PROXIES must not trust everybody")
	no(strings.Contains(c.MailFrom, "conservatory.example"), "CONSERVATORY_MAIL_FROM is still the example")
	no(strings.HasPrefix(c.BlobURL, "mem:"), "CONSERVATORY_BLOB_URL must name a folder in production, such as file:///var/lib/conservatory/files")
	no(c.Sandbox, "CONSERVATORY_SANDBOX cannot be switched on in production")
	no(c.MailSink, "CONSERVATORY_MAIL_SINK cannot be switched on in production")
	no(c.Demo, "CONSERVATORY_DEMO cannot be switched on in production")
	no(weak(c.Secret), "CONSERVATORY_SECRET repeats itself; make one with: openssl rand -base64 48")
	return all
}

// weak tells a secret typed by hand from a random one, roughly.
func weak(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(s) >= 32 && len(seen) < 12
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// origin tells an origin as browsers write it (RFC 6454, section 6.2): in
// small letters and without the usual port. Another would never match.
func origin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || !absolute(s) || s != strings.ToLower(s) || strings.Contains(s, "*") {
		return false
	}
	usual := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return s == u.Scheme+"://"+u.Host && u.Port() != usual
}

// network tells an address or a CIDR prefix.
func network(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	_, _, err := net.ParseCIDR(s)
	return err == nil
}

// everybody tells a network that holds a good part of the internet.
func everybody(s string) bool {
	_, n, err := net.ParseCIDR(s)
	if err != nil {
		return false
	}
	ones, _ := n.Mask.Size()
	return ones < 8
}

// SigningKeys are the keys of access tokens that the environment gives.
func (c Config) SigningKeys() ([]ed25519.PrivateKey, error) {
	var keys []ed25519.PrivateKey
	for _, text := range c.TokenKeys {
		seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(seed) != ed25519.SeedSize {
			return nil, errors.New("each must be 32 bytes in base64")
		}
		keys = append(keys, ed25519.NewKeyFromSeed(seed))
	}
	return keys, nil
}

// Providers are the OpenID Connect providers to sign in with.
func (c Config) Providers() ([]identity.Provider, error) {
	return identity.ParseProviders(c.OIDCProviders, c.Production())
}

// ProviderReturn is the page of the frontend that they lead back to.
func (c Config) ProviderReturn() string {
	return strings.TrimRight(c.FrontendURL, "/") + "/sign-in/oidc"
}

// Derive gives a key for one purpose from the secret.
func (c Config) Derive(purpose string) []byte { return derive(purpose, c.Secret) }

// DerivePrevious gives the key that the secret before gave for a purpose; nil
// when there is none.
func (c Config) DerivePrevious(purpose string) []byte {
	if c.SecretPrevious == "" {
		return nil
	}
	return derive(purpose, c.SecretPrevious)
}

func derive(purpose, secret string) []byte {
	sum := sha256.Sum256([]byte("conservatory/" + purpose + "\x00" + secret))
	return sum[:]
}

// mailDomain is the right side of Message-IDs.
func (c Config) mailDomain() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return "conservatory.example"
	}
	return u.Hostname()
}
