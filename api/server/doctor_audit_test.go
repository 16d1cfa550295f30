package server

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestDoctorAsksWhoCouldChangeTheAuditLog(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	roles, err := os.ReadFile("../../deployments/postgres/roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	run := func(sql string) {
		t.Helper()
		if _, err := db.Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	run(string(roles))
	says := func(env, role string) string {
		t.Helper()
		url := db.URL()
		if role != "" {
			sign := "?"
			if strings.Contains(url, "?") {
				sign = "&"
			}
			url += sign + "role=" + role
		}
		as, err := pg.Open(t.Context(), pg.Config{URL: url, MaxConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer as.Close()
		var out bytes.Buffer
		v := &visit{cfg: Config{Env: env}, out: &out, db: as}
		v.auditLog(t.Context())
		return out.String()
	}
	const app = "conservatory_app"
	if got := says("production", ""); !strings.HasPrefix(got, "✗ ") || !strings.Contains(got, "\n    deployments/postgres/roles.sql") {
		t.Errorf("as the owner: %s", got)
	}
	if got := says("production", app); !strings.HasPrefix(got, "✓ The audit log") {
		t.Errorf("as the role for serving: %s", got)
	}
	if got := says("development", ""); got != "" {
		t.Errorf("in development: %s", got)
	}
	run(`REVOKE EXECUTE ON FUNCTION forget_old_audit(integer) FROM conservatory_app`)
	if got := says("production", app); !strings.HasPrefix(got, "✗ ") || !strings.Contains(got, "roles.sql") {
		t.Errorf("as a role of long ago: %s", got)
	}
}
