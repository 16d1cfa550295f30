package pg

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// First runs a statement and gives its first row, or an error for which
// Missing is true when there is none.
func First[T any](ctx context.Context, db *DB, sql string, args ...any) (T, error) {
	rows, err := gorm.G[T](db.Conn(ctx)).Raw(sql, args...).Find(ctx)
	if err == nil && len(rows) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return rows[0], nil
}

// Many runs a statement and gives all its rows; doing says in an error what
// was going on.
func Many[T any](ctx context.Context, db *DB, doing, sql string, args ...any) ([]T, error) {
	rows, err := gorm.G[T](db.Conn(ctx)).Raw(sql, args...).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return rows, nil
}

// One is Many for a statement that gives at most one row; false when it gives
// none.
func One[T any](ctx context.Context, db *DB, doing, sql string, args ...any) (row T, ok bool, err error) {
	rows, err := Many[T](ctx, db, doing, sql, args...)
	if err != nil || len(rows) == 0 {
		return row, false, err
	}
	return rows[0], true, nil
}

// Exec runs a statement that gives no rows, or none that matter.
func Exec(ctx context.Context, db *DB, doing, sql string, args ...any) error {
	if err := gorm.G[struct{}](db.Conn(ctx)).Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
