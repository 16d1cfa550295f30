package server

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
)

// production gives a complete and good production environment.
func production() map[string]string {
	return map[string]string{
		"CONSERVATORY_ENV":              "production",
		"CONSERVATORY_BASE_URL":         "https://api.conservatory.test",
		"CONSERVATORY_FRONTEND_URL":     "https://app.conservatory.test",
		"CONSERVATORY_FRONTEND_ORIGINS": "https://app.conservatory.test",
		"CONSERVATORY_TOKEN_KEYS":       base64.StdEncoding.EncodeToString([]byte("thirty-two bytes of a signing ke")),
		"CONSERVATORY_SECRET":           "kX2/9vQm7TzL0aWc4RbY8sHd1NfUj6Ge3iPo",
		"CONSERVATORY_SECRET_PREVIOUS":  "pR7+1wNd5KfU8eMb2XcZ6tGh4JqAi9Vy0sOL",
		"CONSERVATORY_MAIL_FROM":        "Conservatory <hello@conservatory.test>",
		"DATABASE_URL":                  "postgres://app:opensesame@db.test:5432/conservatory",
		"STRIPE_SECRET_KEY":             "sk_live_51HvQmTzLaWcRbYsHdNf",
		"STRIPE_WEBHOOK_SECRETS":        "whsec_9vQm7TzL0aWc4RbY8sHd1NfUj6Ge3iPo",
		"CONSERVATORY_OIDC_PROVIDERS":   `[{"name":"work","title":"Work","issuer":"https://login.test","client_id":"c","client_secret":"openthisdoortoo-please"}]`,
		"SMTP_URL":                      "smtp://mailer:quietplease@mail.test:587",
		"CONSERVATORY_BLOB_URL":         "file:///var/lib/conservatory/files",
		"CONSERVATORY_REDIS_URL":        "rediss://:countquietly@redis.test:6380/0",
	}
}

func read(t *testing.T, vars map[string]string) (Config, error) {
	t.Helper()
	environ := []string{}
	for name, value := range vars {
		environ = append(environ, name+"="+value)
	}
	return ReadConfig(environ)
}

func with(pairs ...string) map[string]string {
	vars := production()
	for i := 0; i < len(pairs); i += 2 {
		vars[pairs[i]] = pairs[i+1]
	}
	return vars
}

func TestACompleteProductionEnvironmentIsGood(t *testing.T) {
	t.Parallel()
	cfg, err := read(t, production())
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(); err != nil {
		t.Error(err)
	}
}

type badSetting struct{ name, value string }

func badSettings() []badSetting {
	zero := base64.StdEncoding.EncodeToString(make([]byte, 31))
	return []badSetting{
		{"CONSERVATORY_ENV", "prod"},
		{"CONSERVATORY_ENV", "Production"},
		{"DATABASE_URL", ""},
		{"CONSERVATORY_SECRET", ""},
		{"CONSERVATORY_SECRET", "short"},
		{"CONSERVATORY_SECRET_PREVIOUS", "short"},
		{"CONSERVATORY_SECRET_PREVIOUS", "kX2/9vQm7TzL0aWc4RbY8sHd1NfUj6Ge3iPo"},
		{"CONSERVATORY_SECRET", strings.Repeat("a", 64)},
		{"CONSERVATORY_SECRET", strings.Repeat("changeme", 8)},
		{"CONSERVATORY_SECRET", strings.Repeat("1234567890", 4)},
		{"CONSERVATORY_TOKEN_KEYS", "not base64 at all!"},
		{"CONSERVATORY_TOKEN_KEYS", zero},
		{"CONSERVATORY_TOKEN_KEYS", "c2hvcnQ="},
		{"CONSERVATORY_TOKEN_KEYS", production()["CONSERVATORY_TOKEN_KEYS"] + ",c2hvcnQ="},
		{"CONSERVATORY_BASE_URL", ""},
		{"CONSERVATORY_BASE_URL", "api.conservatory.test"},
		{"CONSERVATORY_BASE_URL", "http://api.conservatory.test"},
		{"CONSERVATORY_BASE_URL", "ftp://api.conservatory.test"},
		{"CONSERVATORY_BASE_URL", "https://"},
		{"CONSERVATORY_BASE_URL", "https://%zz"},
		{"CONSERVATORY_FRONTEND_URL", ""},
		{"CONSERVATORY_FRONTEND_URL", "/app"},
		{"CONSERVATORY_FRONTEND_URL", "http://app.conservatory.test"},
		{"CONSERVATORY_FRONTEND_ORIGINS", ""},
		{"CONSERVATORY_FRONTEND_ORIGINS", "*"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "https://*.conservatory.test"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "https://app.conservatory.test/"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "https://app.conservatory.test?x=1"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "https://app.conservatory.test,null"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "https://user@app.conservatory.test"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "http://localhost:3000"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "https://App.conservatory.test"},
		{"CONSERVATORY_FRONTEND_ORIGINS", "https://app.conservatory.test:443"},
		{"CONSERVATORY_FRONTEND_URL", "https://192.0.2.7"},
		{"CONSERVATORY_PASSKEY_DOMAIN", "conservatory.example"},
		{"CONSERVATORY_PASSKEY_DOMAIN", "test"},
		{"CONSERVATORY_PASSKEY_DOMAIN", "p.conservatory.test"},
		{"CONSERVATORY_PASSKEY_DOMAIN", "App.conservatory.test"},
		{"CONSERVATORY_PASSKEY_DOMAIN", "https://app.conservatory.test"},
		{"CONSERVATORY_PASSKEY_DOMAIN", ".conservatory.test"},
		{"CONSERVATORY_TRUSTED_PROXIES", "0.0.0.0/0"},
		{"CONSERVATORY_TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1"},
		{"CONSERVATORY_TRUSTED_PROXIES", "proxy.conservatory.test"},
		{"CONSERVATORY_DATABASE_CONNS", "1"},
		{"CONSERVATORY_TRUSTED_PROXIES", "10.0.0.1,::/0"},
		{"CONSERVATORY_RATE_LIMIT_FACTOR", "0"},
		{"CONSERVATORY_RATE_LIMIT_FACTOR", "-3"},
	}
}

// badPartners are settings about other systems.
func badPartners() []badSetting {
	return []badSetting{
		{"STRIPE_SECRET_KEY", ""},
		{"STRIPE_SECRET_KEY", "sk_test_51HvQmTzLaWcRbYsHdNf"},
		{"STRIPE_SECRET_KEY", "rk_test_51HvQmTzLaWcRbYsHdNf"},
		{"STRIPE_SECRET_KEY", "sk_live_short"},
		{"STRIPE_SECRET_KEY", "hunter2hunter2hunter2hunter2"},
		{"STRIPE_WEBHOOK_SECRETS", ""},
		{"STRIPE_WEBHOOK_SECRETS", "whsec_short"},
		{"STRIPE_WEBHOOK_SECRETS", "whsec_only-twenty-long"},
		{"STRIPE_WEBHOOK_SECRETS", production()["STRIPE_WEBHOOK_SECRETS"] + ",hunter2"},
		{"STRIPE_WEBHOOK_SECRETS", "9vQm7TzL0aWc4RbY8sHd1NfUj6Ge3iPo0000"},
		{"STRIPE_API_BASE", "http://127.0.0.1:8420"},
		{"CONSERVATORY_BLOB_URL", "mem://"},
		{"SMTP_URL", ""},
		{"SMTP_URL", "smtp://mail.test:25?tls=none"},
		{"CONSERVATORY_MAIL_FROM", "Conservatory <hello@conservatory.example>"},
		{"CONSERVATORY_MAIL_FROM", "Conservatory"},
		{"CONSERVATORY_REDIS_URL", "redis.test:6379"},
		{"CONSERVATORY_REDIS_URL", "http://redis.test"},
		{"CONSERVATORY_OIDC_PROVIDERS", "google"},
		{"CONSERVATORY_OIDC_PROVIDERS", strings.Replace(production()["CONSERVATORY_OIDC_PROVIDERS"], "https://", "http://", 1)},
		{"CONSERVATORY_OIDC_PROVIDERS", strings.Replace(production()["CONSERVATORY_OIDC_PROVIDERS"], "openthisdoortoo-please", "short", 1)},
		{"CONSERVATORY_SANDBOX", "true"},
		{"CONSERVATORY_MAIL_SINK", "true"},
		{"CONSERVATORY_DEMO", "true"},
	}
}

func TestProductionNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, bad := range append(badSettings(), badPartners()...) {
		t.Run(fmt.Sprintf("%s=%.40s", bad.name, bad.value), func(t *testing.T) {
			t.Parallel()
			cfg, err := read(t, with(bad.name, bad.value))
			if err == nil {
				err = cfg.Check()
			}
			if err == nil || !strings.Contains(err.Error(), bad.name) {
				t.Fatalf("got %v, want an error that names %s", err, bad.name)
			}
		})
	}
}

func TestUnreadableValuesAreErrors(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"CONSERVATORY_RATE_LIMIT_FACTOR": "many", "CONSERVATORY_DRAIN_DELAY": "5", "CONSERVATORY_MIGRATE": "perhaps",
		"CONSERVATORY_LOG_LEVEL": "LOUD", "CONSERVATORY_DATABASE_CONNS": "1e3",
	} {
		if _, err := read(t, with(name, value)); err == nil {
			t.Errorf("%s=%s was read", name, value)
		}
	}
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	cfg, err := read(t, map[string]string{"CONSERVATORY_ENV": "production", "CONSERVATORY_SANDBOX": "true", "CONSERVATORY_BASE_URL": "http://api.test"})
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.Check()
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	for _, name := range []string{
		"DATABASE_URL", "CONSERVATORY_SECRET", "CONSERVATORY_BASE_URL", "CONSERVATORY_FRONTEND_URL",
		"CONSERVATORY_FRONTEND_ORIGINS", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS", "SMTP_URL", "CONSERVATORY_MAIL_FROM", "CONSERVATORY_SANDBOX",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
}

func TestDevelopmentIsLenient(t *testing.T) {
	t.Parallel()
	vars := with("CONSERVATORY_ENV", "development", "STRIPE_SECRET_KEY", "sk_test_sandbox", "STRIPE_API_BASE", "http://127.0.0.1:8420",
		"CONSERVATORY_BASE_URL", "http://127.0.0.1:8080", "SMTP_URL", "smtp://127.0.0.1:8426?tls=none", "CONSERVATORY_FRONTEND_ORIGINS", "")
	cfg, err := read(t, vars)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(); err != nil {
		t.Error(err)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	bad := maps.Clone(production())
	for _, v := range Variables() {
		if v.Secret && bad[v.Name] != "" {
			bad[v.Name] = "!broken-" + bad[v.Name]
		}
	}
	bad["STRIPE_SECRET_KEY"] = "sk_test_!broken-key-of-stripe"
	for name, vars := range map[string]map[string]string{"good": production(), "broken": bad} {
		t.Run("a "+name+" configuration keeps them", func(t *testing.T) {
			t.Parallel()
			cfg, err := read(t, vars)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("started", "config", cfg)
			shown := fmt.Sprintf("%v %+v %#v %s %v %s", cfg, cfg, cfg, cfg, cfg.Check(), log.String())
			for _, v := range Variables() {
				if v.Secret && strings.Contains(shown, vars[v.Name]) {
					t.Errorf("%s is shown in %s", v.Name, shown)
				}
			}
			if !strings.Contains(shown, cfg.BaseURL) {
				t.Errorf("the log says nothing: %s", log.String())
			}
		})
	}
}

func TestKeysAreDerivedForOnePurpose(t *testing.T) {
	t.Parallel()
	a, b := Config{Secret: "one"}, Config{Secret: "two"}
	if !bytes.Equal(a.Derive("cursor"), a.Derive("cursor")) {
		t.Error("the same purpose gives another key")
	}
	if bytes.Equal(a.Derive("cursor"), a.Derive("account")) || bytes.Equal(a.Derive("cursor"), b.Derive("cursor")) {
		t.Error("another purpose or secret gives the same key")
	}
}
