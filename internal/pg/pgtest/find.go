package pgtest

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Querier is a transaction or a pool.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

const findSQL = `SELECT c.relname, query_to_xml(format('SELECT to_jsonb(t)::text AS row FROM %s t WHERE to_jsonb(t)::text LIKE %L OR to_jsonb(t)::text LIKE %L LIMIT 1',
    c.oid::regclass, '%' || $1::text || '%', '%' || encode(convert_to($1::text, 'UTF8'), 'hex') || '%'), nulls => true, tableforest => true, targetns => '')::text
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`

// Find looks for a text in every column of every table, also written as bytes,
// and gives the tables that hold it, with a row of each.
func Find(ctx context.Context, t testing.TB, db Querier, text string) map[string]string {
	t.Helper()
	rows, err := db.Query(ctx, findSQL, text)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	var table, row string
	_, err = pgx.ForEachRow(rows, []any{&table, &row}, func() error {
		if strings.TrimSpace(row) != "" {
			found[table] = row
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
