package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// The database goes away and comes back; nobody restarts anything.
func TestTheDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	who := h.Person(t, "patient")
	me := apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: who.Token}
	ready := apitest.Call{Method: http.MethodGet, Path: "/readyz"}
	h.Do(t, ready).Must(t, http.StatusOK)

	back := away(t, h.App.Config.DatabaseURL)
	for range 3 {
		for _, c := range []apitest.Call{me, {Method: http.MethodGet, Path: "/v1/plans"}} {
			a := h.Do(t, c).Must(t, http.StatusServiceUnavailable)
			if a.Code() != "busy" || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s: Retry-After %q, %s", c.Path, a.Header.Get("Retry-After"), a.Body)
			}
		}
	}
	var health struct {
		Status string
		Checks []struct {
			Name string
			Ok   bool
		}
	}
	h.Do(t, ready).Must(t, http.StatusServiceUnavailable).Into(t, &health)
	ok := map[string]bool{}
	for _, c := range health.Checks {
		ok[c.Name] = c.Ok
	}
	if health.Status != "unavailable" || ok["database"] || ok["queue"] || !ok["migrations"] {
		t.Errorf("health is %+v", health)
	}
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/healthz"}).Must(t, http.StatusOK)

	back()
	eventually(t, "ready again", func() bool { return h.Do(t, ready).Status == http.StatusOK })
	h.Do(t, me).Must(t, http.StatusOK)
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/signup",
		Body: map[string]string{"email": "afterwards@example.org", "password": "as if nothing had been", "display_name": "After"},
	}).Must(t, http.StatusAccepted)
	eventually(t, "jobs are done again: the mail comes", func() bool { return len(h.Mail.Messages("afterwards@example.org")) == 1 })
}

// away ends every connection to a database and lets no new one in until back.
func away(t *testing.T, url string) (back func()) {
	t.Helper()
	cfg, err := pgx.ParseConfig(pgtest.URL(t)) // another database of the same server
	if err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	victim, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	name := pgx.Identifier{victim.Database}.Sanitize()
	exec(`ALTER DATABASE ` + name + ` ALLOW_CONNECTIONS false`)
	exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '` + strings.ReplaceAll(victim.Database, "'", "") + `'`)
	return func() {
		exec(`ALTER DATABASE ` + name + ` ALLOW_CONNECTIONS true`)
		if err := admin.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// What one process promises, another does.
func TestAServerAndAWorkerMakeAHouse(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	cfg := h.App.Config
	cfg.DatabaseURL = pgtest.URL(t) // a house of its own, in which nobody works yet
	api := start(t, cfg, server.Parts{API: true})
	defer api.stopped(t)
	const address = "divided@example.org"
	body := strings.NewReader(`{"email":"` + address + `","password":"made by two processes","display_name":"Divided"}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.url+"/v1/auth/signup", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusAccepted {
		t.Fatalf("answered %d, %v", resp.StatusCode, err)
	}
	if depths, err := api.app.Queue.Depths(t.Context()); err != nil || len(depths) != 1 || depths[0].Ready != 1 {
		t.Errorf("waiting: %+v, %v; want one mail", depths, err)
	}

	worker := start(t, cfg, server.Parts{Worker: true})
	defer worker.stopped(t)
	eventually(t, "the worker sends the mail", func() bool { return len(h.Mail.Messages(address)) == 1 })
}
