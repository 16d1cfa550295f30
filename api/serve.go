package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
)

type serveCommand struct {
	Worker bool `help:"Do background jobs in this process too."`
}

// Help explains every setting.
func (serveCommand) Help() string { return server.Explain() }

// Run serves until it is told to stop.
func (s serveCommand) Run(p *process) error {
	return p.work(server.Parts{API: true, Worker: s.Worker})
}

type workerCommand struct{}

// Run does jobs until it is told to stop.
func (workerCommand) Run(p *process) error { return p.work(server.Parts{Worker: true}) }

func (p *process) work(parts server.Parts) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	if err := p.current(app); err != nil {
		return err
	}
	listeners, err := app.Config.Listen(p.ctx, parts)
	if err != nil {
		return err
	}
	what := "worker"
	if parts.API {
		what = "API on " + app.Config.BaseURL
	}
	fmt.Fprintf(p.out, "Conservatory %s, metrics on http://%s/metrics\n", what, app.Config.AdminAddr)
	return app.Run(p.ctx, parts, listeners)
}

// app puts the program together, after naming everything that is wrong with
// the configuration.
func (p *process) app() (*server.App, error) {
	cfg, log, err := p.configured()
	if err != nil {
		return nil, err
	}
	if cfg.Sandbox || cfg.MailSink || cfg.Demo {
		if !cfg.Production() {
			return nil, errors.New("the sandbox, the mail sink and demo data belong to development: run `conservatory` without a subcommand")
		}
	}
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("the configuration is not right (`conservatory serve --help` explains every setting):\n  %s",
			strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return server.New(p.ctx, cfg, clock.System{}, log)
}

// current makes sure that the schema is the one this binary knows.
func (p *process) current(app *server.App) error {
	if app.Config.Migrate {
		db, err := p.database() // one that gives a statement the time a migration needs
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Migrate(p.ctx)
	}
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	pending, err := app.DB.Pending(ctx)
	if err != nil {
		return fmt.Errorf("ask the database (DATABASE_URL) which migrations it has: %w", err)
	}
	if len(pending) > 0 {
		return fmt.Errorf("%d migrations are pending (%s); run `conservatory migrate up`, or set CONSERVATORY_MIGRATE=true", len(pending), strings.Join(pending, ", "))
	}
	return nil
}
