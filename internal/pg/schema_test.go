package pg_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

var update = flag.Bool("update", false, "write schema.sql anew")

// schema.sql is for people: what the migrations come to.
func TestSchemaIsWhatTheMigrationsComeTo(t *testing.T) {
	t.Parallel()
	dump := filepath.Join(pgtest.BinDir(t), "pg_dump")
	if _, err := os.Stat(dump); err != nil {
		t.Skip("this PostgreSQL came without pg_dump (a downloaded one does)")
	}
	version, err := exec.CommandContext(t.Context(), dump, "--version").Output()
	if err != nil || !strings.Contains(string(version), " 15.") {
		t.Skipf("schema.sql is written by pg_dump 15; others write the same schema differently: %s", version)
	}
	out, err := exec.CommandContext(t.Context(), dump, "--schema-only", "--no-owner", "--no-privileges",
		"--exclude-table=river_*", "--exclude-table=goose_*", "--dbname="+pgtest.URL(t)).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := plainSchema(string(out))
	if *update {
		if err := os.WriteFile("schema.sql", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test ./internal/pg -run Schema -update writes it anew:\n%s", diff)
	}
}

var (
	noise = regexp.MustCompile(`(?m)^(--.*|SET .*|SELECT pg_catalog.*|\\(un)?restrict.*)\n`)
	river = regexp.MustCompile(`(?ms)^CREATE (TYPE|FUNCTION) public\.river_.*?;\n(?:\$\$;\n)?`)
	blank = regexp.MustCompile(`\n{3,}`)
)

func plainSchema(dump string) string {
	s := noise.ReplaceAllString(dump, "")
	s = river.ReplaceAllString(s, "")
	head := "-- What the migrations come to, without the job queue's own tables.\n-- Written by: go test ./internal/pg -run Schema -update\n"
	return head + blank.ReplaceAllString("\n"+strings.TrimSpace(s), "\n\n") + "\n"
}
