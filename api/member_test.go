package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// house is the environment of a deployment whose database is there.
func house(t *testing.T) (environ []string, app *server.App) {
	t.Helper()
	secret := func(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n)) }
	environ = []string{
		"CONSERVATORY_ADDR=127.0.0.1:0", "CONSERVATORY_BASE_URL=http://127.0.0.1:8080", "CONSERVATORY_ADMIN_ADDR=",
		"CONSERVATORY_FRONTEND_URL=http://frontend.example", "CONSERVATORY_FRONTEND_ORIGINS=http://frontend.example", "CONSERVATORY_LOG_LEVEL=error",
		"CONSERVATORY_TOKEN_KEYS=" + secret(32), "CONSERVATORY_SECRET=" + secret(48), "DATABASE_URL=" + pgtest.URL(t),
		"SMTP_URL=smtp://127.0.0.1:1?tls=none", "STRIPE_SECRET_KEY=sk_test_sandbox", "STRIPE_API_BASE=http://127.0.0.1:1",
		"STRIPE_WEBHOOK_SECRETS=whsec_for_tests_and_nothing_else_0000",
	}
	p := &process{ctx: t.Context(), environ: environ}
	app, err := p.app()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	return environ, app
}

func TestOperatorsKeepOutAndLetIn(t *testing.T) { //nolint:paralleltest // a command sets the logger of the process
	environ, app := house(t)
	for email, role := range map[string]account.Role{"ann@example.org": account.Coach, "bea@example.org": account.Admin} {
		if _, err := app.Account.Create(t.Context(), account.NewUser{Email: email, DisplayName: "Somebody", Roles: []account.Role{role}}); err != nil {
			t.Fatal(err)
		}
	}
	end := time.Now().AddDate(0, 1, 0).UTC().Format(time.DateOnly)
	for _, step := range []struct{ command, says string }{
		{"admin suspend ann@example.org --reason abuse --until " + end, "Her account is closed to ann@example.org until " + end + " 00:00:00 UTC.\n"},
		{"admin restore ann@example.org", "ann@example.org is let in again, and is told by mail.\n"},
		{"admin restore ann@example.org", "error: nothing keeps ann@example.org out"},
		{"admin suspend ann@example.org --reason abuse --community", "error: She has a role"},
		{"admin suspend ann@example.org --reason abuse --until soon", `error: --until wants 2026-12-24 or 2026-12-24T18:00:00Z, not "soon"`},
		{"admin suspend ann@example.org --reason abuse --until 2020-01-01", "error: "},
		{"admin suspend ann@example.org", "error: missing flags: --reason"},
		{"admin suspend nobody@example.org --reason abuse", "error: nobody has the address nobody@example.org"},
		{"admin suspend bea@example.org --reason abuse", "error: " + account.ErrLastAdmin.Detail},
		{"admin revoke-role ann@example.org coach", "ann@example.org is no longer coach: everywhere.\n"},
		{"admin suspend ann@example.org --reason abuse --community", "The community is closed to ann@example.org until `conservatory admin restore`.\n"},
		{"admin revoke-role ann@example.org coach", "error: ann@example.org is no coach"},
		{"admin revoke-role bea@example.org admin", "error: " + account.ErrLastAdmin.Detail},
	} {
		var out bytes.Buffer
		err := run(t.Context(), strings.Fields(step.command), environ, &out)
		says := out.String()
		if err != nil {
			says = "error: " + err.Error()
		}
		if !strings.HasPrefix(says, step.says) {
			t.Errorf("%s: %s", step.command, says)
		}
	}
	if got := recorded(t.Context(), t, app.DB); got != "account.suspend account.restore role.take community.suspend" {
		t.Errorf("recorded is %s", got)
	}
}

// recorded gives what the audit log says that the system did, in order.
func recorded(ctx context.Context, t *testing.T, db *pg.DB) (actions string) {
	t.Helper()
	err := db.Pool().QueryRow(ctx, `SELECT string_agg(action, ' ' ORDER BY at, id) FROM audit_log
WHERE actor_id IS NULL AND action IN ('account.suspend', 'account.restore', 'community.suspend', 'community.restore', 'role.take')`).Scan(&actions)
	if err != nil {
		t.Fatal(err)
	}
	return actions
}
