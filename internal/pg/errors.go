package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// Violates reports whether err is a violation of the named constraint or
// unique index.
func Violates(err error, constraint string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.ConstraintName == constraint
}

// Missing reports whether a row that was asked for is not there.
func Missing(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// Unavailable reports whether the database cannot answer for now: away, not
// letting us in, starting or stopping, out of connections, a statement or lock
// that took too long, or two transactions in each other's way. Trying again
// later is right; nothing says that a write was not done.
func Unavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	// First, because it may hold what the server said to the attempt.
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return temporary(e.Code)
	}
	if _, ok := errors.AsType[net.Error](err); ok || strings.Contains(err.Error(), "conn closed") {
		return true
	}
	return slices.ContainsFunc([]error{context.DeadlineExceeded, io.ErrUnexpectedEOF, driver.ErrBadConn, sql.ErrConnDone},
		func(lost error) bool { return errors.Is(err, lost) })
}

// temporary knows the SQLSTATEs that pass (PostgreSQL manual, appendix A).
func temporary(code string) bool {
	switch code {
	case "55P03", "57014", "25006", "40001", "40P01":
		return true
	}
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57P")
}
