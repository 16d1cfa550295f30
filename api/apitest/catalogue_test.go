package apitest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// catalogue is what the database says of table.column.
type catalogue map[string]columnType

type columnType struct {
	kind   string // as format_type has it
	null   bool
	made   bool // by the database
	parent string
	key    string
	check  string
	alone  bool // is a unique key
}

func (c catalogue) isParent(table string) bool {
	for name, column := range c {
		if column.parent == table && !strings.HasPrefix(name, table+".") {
			return true
		}
	}
	return false
}

const catalogueSQL = `SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
    a.attidentity <> '' OR a.attgenerated <> '' OR a.atttypid = 'xid8'::regtype, coalesce(f.confrelid::regclass::text, ''), coalesce(fa.attname, ''),
    coalesce((SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]
              AND pg_get_constraintdef(k.oid) LIKE '%::text%' LIMIT 1), ''),
    EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL AND i.indkey::text = a.attnum::text)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint f ON f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]
LEFT JOIN pg_attribute fa ON fa.attrelid = f.confrelid AND fa.attnum = f.confkey[1]
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`

func catalogueOf(t *testing.T, h *apitest.House) catalogue {
	t.Helper()
	rows, err := h.App.DB.Pool().Query(t.Context(), catalogueSQL)
	if err != nil {
		t.Fatal(err)
	}
	all := catalogue{}
	var name string
	var c columnType
	_, err = pgx.ForEachRow(rows, []any{&name, &c.kind, &c.null, &c.made, &c.parent, &c.key, &c.check, &c.alone}, func() error {
		all[name] = c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// carries tells types that a text can be hidden in.
func (c columnType) carries() bool {
	return slices.Contains([]string{"text", "character varying", "jsonb", "json", "bytea", "text[]"}, c.kind)
}

// carry writes a canary as a value of the type.
func (c columnType) carry(canary string) string {
	switch c.kind {
	case "jsonb", "json":
		return `{"value": "` + canary + `"}`
	case "bytea":
		return `\x` + fmt.Sprintf("%x", canary)
	case "text[]":
		return `{"` + canary + `"}`
	}
	return canary
}

var allowed = regexp.MustCompile(`'([^']+)'::text`)

// plain is a value that fits.
func (c columnType) plain(name string, now time.Time) (any, error) {
	if found := allowed.FindStringSubmatch(c.check); found != nil {
		if strings.Contains(c.check, "~") {
			return "usd", nil // the only pattern there is: a currency
		}
		return found[1], nil
	}
	switch kind, _, _ := strings.Cut(c.kind, "("); kind {
	case "uuid":
		return pg.NewID().String(), nil
	case "text", "character varying":
		return "plain-" + uuid.NewString(), nil
	case "jsonb", "json":
		return `{}`, nil
	case "bytea":
		return `\x` + strings.ReplaceAll(uuid.NewString(), "-", ""), nil // it may have to be the only one
	case "text[]", "uuid[]":
		return `{}`, nil
	case "bigint", "integer", "smallint", "numeric":
		return "1", nil
	case "boolean":
		return "false", nil
	case "tsvector":
		return "", nil
	case "timestamp with time zone", "date":
		return asText(now), nil
	}
	return nil, fmt.Errorf("%s has the type %s, which plain() does not know", name, c.kind)
}
