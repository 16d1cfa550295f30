package privacy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// snapshot reads rows of tables, all as of one moment.
type snapshot struct {
	tx     pgx.Tx
	tables []Table
}

// row is one row in both formats.
type row struct {
	json  string
	cells []*string // nil is NULL
}

const snapshotPage = 200

// snapshot gives fn the database as it is now, whatever happens meanwhile.
// Nothing is written in it, so that nobody waits for it.
func (p *Privacy) snapshot(ctx context.Context, fn func(snapshot) error) error {
	tx, err := p.db.Pool().BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		_ = tx.Rollback(ctx) // nothing was written
	}()
	// Between two pages a slow blob store may take its time.
	if _, err := tx.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = '5min'; SET LOCAL statement_timeout = '60s'`); err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	return fn(snapshot{tx, p.tables})
}

// rows calls each with every row of a person, page by page in the order of the
// primary key.
func (s snapshot) rows(ctx context.Context, t Table, person uuid.UUID, each func(row) error) error {
	key, err := s.key(ctx, t.Name)
	if err != nil {
		return err
	}
	var after []*string
	for {
		n, last, err := s.page(ctx, t, key, person, after, each)
		if err != nil {
			return err
		}
		if n < snapshotPage {
			return nil
		}
		after = last
	}
}

// keyColumn is a column of a primary key and its type.
type keyColumn struct{ name, kind string }

const keySQL = `SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY array_position(i.indkey::smallint[], a.attnum)`

func (s snapshot) key(ctx context.Context, table string) ([]keyColumn, error) {
	rows, err := s.tx.Query(ctx, keySQL, "public."+table)
	if err != nil {
		return nil, fmt.Errorf("read the key of %s: %w", table, err)
	}
	key, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (k keyColumn, err error) {
		return k, r.Scan(&k.name, &k.kind)
	})
	if err != nil {
		return nil, fmt.Errorf("read the key of %s: %w", table, err)
	}
	if len(key) == 0 {
		return nil, fmt.Errorf("%s has no primary key to page by", table)
	}
	return key, nil
}

func (s snapshot) page(ctx context.Context, t Table, key []keyColumn, person uuid.UUID, after []*string, each func(row) error) (int, []*string, error) {
	columns := t.exportedColumns()
	rows, err := s.tx.Query(ctx, t.pageSQL(s.tables, columns, key, after != nil), pageArgs(person, after))
	if err != nil {
		return 0, nil, fmt.Errorf("read rows: %w", err)
	}
	defer rows.Close()
	n, last := 0, make([]*string, len(key))
	for rows.Next() {
		r := row{cells: make([]*string, len(columns))}
		into := []any{&r.json}
		for i := range r.cells {
			into = append(into, &r.cells[i])
		}
		for i := range last {
			into = append(into, &last[i])
		}
		if err := rows.Scan(into...); err != nil {
			return 0, nil, fmt.Errorf("read rows: %w", err)
		}
		if err := each(r); err != nil {
			return 0, nil, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return 0, nil, fmt.Errorf("read rows: %w", err)
	}
	return n, last, nil
}

func pageArgs(person uuid.UUID, after []*string) pgx.NamedArgs {
	args := pgx.NamedArgs{"person": person, "limit": snapshotPage}
	for i := range after {
		args[fmt.Sprintf("after%d", i)] = after[i]
	}
	return args
}

// pageSQL selects the JSON of a row, its cells as text, and its key as text.
func (t Table) pageSQL(all []Table, columns []Column, key []keyColumn, further bool) string {
	var object, cells, names, from []string
	for _, c := range columns {
		value := `"` + c.Name + `"`
		if c.As != "" {
			value = "(" + c.As + ")"
		}
		if c.If != "" {
			value = fmt.Sprintf(`CASE WHEN %s THEN %s END`, c.If, value)
		}
		object = append(object, fmt.Sprintf(`'%s', %s`, c.Name, value))
		cells = append(cells, "("+value+")::text")
	}
	for i, k := range key {
		names = append(names, k.name)
		from = append(from, fmt.Sprintf("@after%d::text::%s", i, k.kind))
		cells = append(cells, k.name+"::text")
	}
	condition := "(" + t.condition(all) + ")"
	if further {
		condition += fmt.Sprintf(" AND (%s) > (%s)", strings.Join(names, ", "), strings.Join(from, ", "))
	}
	return fmt.Sprintf(`SELECT jsonb_build_object(%s)::text, %s FROM %s WHERE %s ORDER BY %s LIMIT @limit`,
		strings.Join(object, ", "), strings.Join(cells, ", "), t.Name, condition, strings.Join(names, ", "))
}
