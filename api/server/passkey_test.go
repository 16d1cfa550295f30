package server

import (
	"slices"
	"testing"
)

func TestPasskeysBelongToTheFrontend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ frontend, named, want string }{
		{"https://app.conservatory.test", "", "app.conservatory.test"},
		{"https://App.Conservatory.test:8443/members", "", "app.conservatory.test"},
		{"https://app.conservatory.test", "conservatory.test", "conservatory.test"},
		{"http://127.0.0.1:3000", "", "localhost"},
		{"http://[::1]:3000", "", "localhost"},
		{"http://localhost:3000", "", "localhost"},
		{"http://frontend:3000", "", "localhost"},
	} {
		if got := (Config{FrontendURL: c.frontend, PasskeyRPID: c.named}).PasskeyDomain(); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.frontend, c.named, got, c.want)
		}
	}
	pages := Config{FrontendURL: "https://app.conservatory.test/members", FrontendOrigins: []string{"https://staff.conservatory.test"}}.PasskeyOrigins()
	if !slices.Equal(pages, []string{"https://staff.conservatory.test", "https://app.conservatory.test"}) {
		t.Errorf("%v", pages)
	}
	if cfg, err := read(t, with("CONSERVATORY_PASSKEY_DOMAIN", "conservatory.test")); err != nil || cfg.Check() != nil {
		t.Errorf("a domain above the frontend: %v, %v", err, cfg.Check())
	}
}
