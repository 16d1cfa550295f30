package pg

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"sort"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one step of the schema.
type Migration struct {
	Name    string
	Applied bool
}

// Migrate brings the schema up to date, ours and the job queue's. Several
// processes may call it at once: one works, the others wait.
func (d *DB) Migrate(ctx context.Context) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	queue, err := rivermigrate.New(riverpgxv5.New(d.pool), nil)
	if err != nil {
		return fmt.Errorf("prepare the migrations of the queue: %w", err)
	}
	err = d.Serial(ctx, "migrate the job queue", func(ctx context.Context) error {
		if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return fmt.Errorf("migrate the job queue: %w", err)
		}
		return nil
	})
	return err
}

// Migrations lists every step, the job queue as one of them.
func (d *DB) Migrations(ctx context.Context) ([]Migration, error) {
	p, err := d.provider()
	if err != nil {
		return nil, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of migrations: %w", err)
	}
	var all []Migration
	for _, s := range status {
		all = append(all, Migration{Name: s.Source.Path, Applied: s.State == goose.StateApplied})
	}
	queue, err := rivermigrate.New(riverpgxv5.New(d.pool), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare the migrations of the queue: %w", err)
	}
	valid, err := queue.Validate(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read the state of the queue's migrations: %w", err)
	}
	return append(all, Migration{Name: "job queue", Applied: valid.OK}), nil
}

// Pending names the steps that are not applied.
func (d *DB) Pending(ctx context.Context) ([]string, error) {
	all, err := d.Migrations(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range all {
		if !m.Applied {
			names = append(names, m.Name)
		}
	}
	return names, nil
}

func (d *DB) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open the migrations: %w", err)
	}
	// Once a second instead of every five: a second process starting at the same time should not notice.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, fmt.Errorf("make the migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, d.sql, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

// MigrationNames lists the embedded files in order, without asking a database.
func MigrationNames() []string {
	names, _ := fs.Glob(migrations, "migrations/*.sql")
	sort.Strings(names)
	return names
}
