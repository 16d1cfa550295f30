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
// is left out. Each domain calls it with all its models, since nothing
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
		rows, err := tx.Query(ctx, `SELECT column_name, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`, s.Table)
		if err != nil {
			t.Fatal(err)
		}
		columns := map[string]bool{}
		for rows.Next() {
			var name string
			var null bool
			if err := rows.Scan(&name, &null); err != nil {
				t.Fatal(err)
			}
			columns[name] = null
		}
		for _, difference := range compare(s, columns) {
			t.Errorf("%T and table %s: %s", model, s.Table, difference)
		}
	}
}

func compare(s *schema.Schema, columns map[string]bool) []string {
	if len(columns) == 0 {
		return []string{"there is no such table"}
	}
	var all []string
	for _, f := range s.Fields {
		if f.DBName == "" {
			continue
		}
		null, there := columns[f.DBName]
		pointer := f.FieldType.Kind() == reflect.Pointer
		switch {
		case !there:
			all = append(all, fmt.Sprintf("field %s has no column %s", f.Name, f.DBName))
		case null != pointer:
			all = append(all, fmt.Sprintf("column %s may be NULL: %v, field %s is a pointer: %v", f.DBName, null, f.Name, pointer))
		}
		delete(columns, f.DBName)
	}
	for name := range columns {
		all = append(all, "column "+name+" has no field")
	}
	return all
}
