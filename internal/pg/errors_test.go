package pg_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestUnavailable(t *testing.T) {
	t.Parallel()
	code := func(c string) error { return fmt.Errorf("read: %w", &pgconn.PgError{Code: c}) }
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":                    {nil, false},
		"something else":             {errors.New("x"), false},
		"the caller has gone":        {context.Canceled, false},
		"took too long":              {fmt.Errorf("read: %w", context.DeadlineExceeded), true},
		"the connection is lost":     {fmt.Errorf("read: %w", driver.ErrBadConn), true},
		"shutting down":              {code("57P01"), true},
		"too many connections":       {code("53300"), true},
		"lock not given in time":     {code("55P03"), true},
		"deadlock":                   {code("40P01"), true},
		"serialization":              {code("40001"), true},
		"duplicate key":              {code("23505"), false},
		"a statement that is broken": {code("42601"), false},
	} {
		if got := pg.Unavailable(c.err); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}

	t.Run("a server that does not let us in", func(t *testing.T) {
		t.Parallel()
		cfg, err := pgx.ParseConfig(pgtest.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Database = "not_there"
		_, err = pgx.ConnectConfig(t.Context(), cfg)
		if err == nil || !pg.Unavailable(err) {
			t.Errorf("got %v", err)
		}
	})
}
