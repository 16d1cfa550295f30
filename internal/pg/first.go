package pg

import (
	"context"

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
