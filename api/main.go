// Command api is the whole of Conservatory in one binary. Without a
// subcommand it runs everything for development.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // slim images have no time zones

	"github.com/alecthomas/kong"

	"github.com/womens-tech-conservatory/conservatory/api/dev"
	"github.com/womens-tech-conservatory/conservatory/api/server"
)

// commands are the subcommands; kong finds their Run methods.
type commands struct {
	Dev     devCommand     `cmd:"" default:"withargs" help:"Run everything for development: database, Stripe sandbox, mailbox, demo community, API. The default."`
	Serve   serveCommand   `cmd:"" help:"Serve the API."`
	Worker  workerCommand  `cmd:"" help:"Do background jobs: mails, Stripe events, reconciliation."`
	Migrate migrateCommand `cmd:"" help:"Bring the database schema up to date."`
	Admin   adminCommand   `cmd:"" help:"Make accounts for those who run the business."`
	Stripe  stripeCommand  `cmd:"" help:"Set up the Stripe account."`
	Doctor  doctorCommand  `cmd:"" help:"Check everything a deployment needs and say how to mend it."`
	Openapi openapiCommand `cmd:"" help:"Print the contract."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// process is what a subcommand is given of the world.
type process struct {
	ctx     context.Context //nolint:containedctx // lives exactly as long as the command
	environ []string
	out     io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conservatory: "+err.Error())
		os.Exit(exitCode(err))
	}
}

// exitCode tells what differs from what failed.
func exitCode(err error) int {
	if _, ok := errors.AsType[differentError](err); ok {
		return 2
	}
	return 1
}

func run(ctx context.Context, args, environ []string, out io.Writer) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("conservatory"), kong.UsageOnError(), kong.Writers(out, os.Stderr),
		kong.Description("The backend of the Women's Tech Conservatory. `conservatory` alone runs everything for development; `serve --help` explains every setting."))
	if err != nil {
		return fmt.Errorf("read the subcommands: %w", err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err //nolint:wrapcheck // kong says it well
	}
	return parsed.Run(&process{ctx, environ, out}) //nolint:wrapcheck // the error of the subcommand is the error
}

// configured reads the configuration and sets the logger.
func (p *process) configured() (server.Config, *slog.Logger, error) {
	cfg, err := server.ReadConfig(p.environ)
	if err != nil {
		return cfg, nil, err
	}
	log := server.NewLogger(os.Stderr, cfg.LogLevel)
	slog.SetDefault(log)
	return cfg, log, nil
}

type devCommand struct {
	Fresh bool   `help:"Start over: forget the database, the sandbox and the mails of development."`
	Dir   string `help:"Where all of it is kept." default:".conservatory"`
}

// Run runs the house until it is interrupted.
func (d devCommand) Run(p *process) error {
	_, log, err := p.configured()
	if err != nil {
		return err
	}
	return dev.Run(p.ctx, dev.Options{Dir: d.Dir, Fresh: d.Fresh, Environ: p.environ, Out: p.out, Log: log})
}
