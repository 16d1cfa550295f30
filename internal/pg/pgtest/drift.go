package pgtest

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"gorm.io/gorm/schema"
)

// Drift compares gorm models with the migrated schema: every field has its
// column, a pointer where NULL may be and none where it may not, and no column
// is left out that the database does not fill itself. Each domain calls it with all its models, since nothing
// migrates by them.
func Drift(t *testing.T, models ...any) {
	t.Helper()
	ctx, db := Tx(t)
	tx, _ := db.Tx(ctx)
	for _, model := range models {
		s, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			t.Errorf("%T is not a model: %v", model, err)
			continue
		}
		rows, err := tx.Query(ctx, `SELECT column_name, is_nullable = 'YES', is_identity = 'YES' OR column_default IS NOT NULL FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`, s.Table)
		if err != nil {
			t.Fatal(err)
		}
		columns := map[string]column{}
		for rows.Next() {
			var name string
			var c column
			if err := rows.Scan(&name, &c.null, &c.filled); err != nil {
				t.Fatal(err)
			}
			columns[name] = c
		}
		for _, difference := range compare(s, columns) {
			t.Errorf("%T and table %s: %s", model, s.Table, difference)
		}
	}
}

type column struct{ null, filled bool }

func compare(s *schema.Schema, columns map[string]column) []string {
	if len(columns) == 0 {
		return []string{"there is no such table"}
	}
	var all []string
	for _, f := range s.Fields {
		if f.DBName == "" {
			continue
		}
		c, there := columns[f.DBName]
		pointer := f.FieldType.Kind() == reflect.Pointer
		switch {
		case !there:
			all = append(all, fmt.Sprintf("field %s has no column %s", f.Name, f.DBName))
		case c.null != pointer:
			all = append(all, fmt.Sprintf("column %s may be NULL: %v, field %s is a pointer: %v", f.DBName, c.null, f.Name, pointer))
		}
		delete(columns, f.DBName)
	}
	for name, c := range columns {
		if !c.filled {
			all = append(all, "column "+name+" has no field")
		}
	}
	return all
}
