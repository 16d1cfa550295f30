package apitest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// limited are the tables whose rows are deleted after a while, and the jobs
// that do it.
func limited() (tables []privacy.Table, jobs []string) {
	jobs = []string{"privacy.retain"}
	for _, table := range privacy.Tags() {
		if table.Retention.Since == "" {
			continue
		}
		tables = append(tables, table)
		if by := table.Retention.By; by != "" && !slices.Contains(jobs, by) {
			jobs = append(jobs, by)
		}
	}
	return tables, jobs
}

func TestAfterFourHundredDaysExactlyWhatIsOldIsGone(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(time.Now())
	h := apitest.At(t, now)
	maria, aisha := pair(t, h)
	// A short moment later nothing is old; after 400 days Maria's rows are, and somebody new has rows of that day.
	now.Advance(time.Minute)
	prune(t, h)
	for _, e := range []*everywhere{maria, aisha} {
		for _, table := range privacy.Tags() {
			if _, has := e.rows[table.Name]; has && table.Retention.Since != "" && countOf(t, h, table, "true") == 0 {
				t.Errorf("%s lost what is not old", table.Name)
			}
		}
	}
	// These are of nobody, so nobody fills them.
	if _, err := h.App.DB.Pool().Exec(t.Context(), `INSERT INTO closed_addresses (hash, until) VALUES ('soon', $1), ('later', $2)`,
		now.Now().Add(day), now.Now().Add(500*day)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.App.DB.Pool().Exec(t.Context(), `INSERT INTO trial_addresses (hash, until) VALUES ('soon', $1), ('later', $2)`,
		now.Now().Add(day), now.Now().Add(500*day)); err != nil {
		t.Fatal(err)
	}
	now.Advance(400 * 24 * time.Hour)
	grace := &everywhere{Someone: h.Person(t, "grace"), name: "grace", h: h, other: maria.ID}
	grace.fill(t)
	work(t, h, "privacy.expire_exports") // a row goes only when its file has gone
	tables, _ := limited()
	want, before := map[string]int{}, counts(t, h)
	for _, table := range tables {
		limit := now.Now().Add(-table.Retention.After)
		old := countOf(t, h, table, table.Retention.Since+" < @limit", pgx.NamedArgs{"limit": limit})
		if want[table.Name] = before[table.Name] - old; (old == 0 && table.Retention.After < 400*day) || want[table.Name] == 0 {
			t.Errorf("%s: %d of %d rows are old, so nothing is tested", table.Name, old, before[table.Name])
		}
	}
	prune(t, h)
	for table, n := range counts(t, h) {
		switch is, limited := want[table]; {
		case limited && n != is:
			t.Errorf("%s has %d rows, want %d", table, n, is)
		case !limited && n < before[table] && !strings.HasPrefix(table, "river_"):
			t.Errorf("%s has %d rows of %d, and no tag says that they end", table, n, before[table])
		}
	}
}

// prune has every job that forgets do its work.
func prune(t *testing.T, h *apitest.House) {
	t.Helper()
	_, jobs := limited()
	work(t, h, jobs...)
}

// work has jobs done that take no arguments.
func work(t *testing.T, h *apitest.House, jobs ...string) {
	t.Helper()
	h.Settle(t)
	for _, kind := range jobs {
		_, err := h.App.DB.Pool().Exec(t.Context(), `INSERT INTO river_job (kind, args, max_attempts, queue) VALUES ($1, '{}', 1, 'default')`, kind)
		if err != nil {
			t.Fatal(err)
		}
	}
	h.Settle(t)
	for _, kind := range jobs {
		if count(t, h, `SELECT count(*) FROM river_job WHERE state = 'discarded' AND kind = $1`, kind) > 0 {
			t.Fatalf("the job %s, which a tag names, is not there or fails", kind)
		}
	}
}

func counts(t *testing.T, h *apitest.House) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, table := range privacy.Tags() {
		all[table.Name] = countOf(t, h, table, "true")
	}
	return all
}

func countOf(t *testing.T, h *apitest.House, table privacy.Table, condition string, args ...any) int {
	t.Helper()
	return count(t, h, fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s`, table.Name, condition), args...)
}
