package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/term"

	conservatory "github.com/womens-tech-conservatory/conservatory"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply what is pending."`
	Status migrateStatus `cmd:"" help:"List every migration."`
}

type (
	migrateUp     struct{}
	migrateStatus struct{}
)

// database opens the database alone: migrations need nothing else.
func (p *process) database() (*pg.DB, error) {
	cfg, log, err := p.configured()
	if err != nil {
		return nil, err
	}
	if cfg.DatabaseURL == "" {
		return nil, errors.New("DATABASE_URL is missing, e.g. postgres://user:password@host:5432/conservatory")
	}
	return pg.Open(p.ctx, pg.Config{URL: cfg.DatabaseURL, MaxConns: 4, Logger: log, StatementTimeout: migrationTimeout})
}

// Run applies what is pending.
func (migrateUp) Run(p *process) error {
	db, err := p.database()
	if err != nil {
		return err
	}
	defer db.Close()
	pending, err := db.Pending(p.ctx)
	if err != nil {
		return fmt.Errorf("ask the database (DATABASE_URL) which migrations it has: %w", err)
	}
	if len(pending) == 0 {
		fmt.Fprintln(p.out, "Up to date.")
		return nil
	}
	fmt.Fprintf(p.out, "Applying %d: %s\n", len(pending), strings.Join(pending, ", "))
	if err := db.Migrate(p.ctx); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "Up to date.")
	return nil
}

// Run lists every migration.
func (migrateStatus) Run(p *process) error {
	db, err := p.database()
	if err != nil {
		return err
	}
	defer db.Close()
	all, err := db.Migrations(p.ctx)
	if err != nil {
		return fmt.Errorf("ask the database (DATABASE_URL) which migrations it has: %w", err)
	}
	for _, m := range all {
		state := "pending"
		if m.Applied {
			state = "applied"
		}
		fmt.Fprintf(p.out, "%-8s %s\n", state, m.Name)
	}
	return nil
}

type adminCommand struct {
	Create     adminCreate     `cmd:"" help:"Make a confirmed account with the role admin. The password is asked for, or read from standard input."`
	Promote    adminPromote    `cmd:"" help:"Give a member a role."`
	RevokeRole adminRevokeRole `cmd:"" help:"Take a role from a member."`
	Suspend    adminSuspend    `cmd:"" help:"Keep a member out, for a time or until further notice."`
	Restore    adminRestore    `cmd:"" help:"Let a member in again."`
	Erase      adminErase      `cmd:"" help:"Write the ledger of erased accounts, or erase them again after the restore of a backup."`
	Invite     adminInvite     `cmd:"" help:"Make an invitation and print its link."`
	Keys       adminKeys       `cmd:"" help:"The keys that access tokens are signed with."`
}

type adminCreate struct {
	Email string `arg:"" help:"Her e-mail address."`
	Name  string `help:"Her name." default:"Administrator"`
}

// Run makes the account.
func (a adminCreate) Run(p *process) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	password, err := readPassword(os.Stdin)
	if err != nil {
		return err
	}
	user, err := app.Account.Create(p.ctx, account.NewUser{Email: a.Email, Password: password, DisplayName: a.Name, Roles: []account.Role{account.Admin}})
	if err != nil {
		return plain(err)
	}
	fmt.Fprintf(p.out, "Administrator %s is there (%s). She sets up her second factor when she first signs in.\n", user.Email, user.ID)
	return nil
}

type adminPromote struct {
	Email string `arg:"" help:"The member's e-mail address."`
	Role  string `arg:"" help:"coach, moderator or admin." enum:"coach,moderator,admin"`
}

// Run gives the role.
func (a adminPromote) Run(p *process) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	if err := app.Account.Promote(p.ctx, a.Email, account.Role(a.Role)); err != nil {
		return plain(err)
	}
	fmt.Fprintf(p.out, "%s is now %s.\n", a.Email, a.Role)
	return nil
}

func readPassword(in *os.File) (string, error) {
	fd := int(in.Fd())
	if term.IsTerminal(fd) {
		fmt.Fprint(os.Stderr, "Password: ")
		text, err := term.ReadPassword(fd)
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(text), nil
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && line == "" {
		return "", errors.New("give the password on standard input, e.g. `conservatory admin create you@example.org < password.txt`")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

type openapiCommand struct{}

// Run prints the contract.
func (openapiCommand) Run(p *process) error {
	_, err := p.out.Write(conservatory.Contract)
	return err
}

type versionCommand struct{}

// Run prints what this binary was built from.
func (versionCommand) Run(p *process) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this binary does not know what it was built from")
	}
	revision := "unknown revision"
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	fmt.Fprintf(p.out, "conservatory %s (%s, %s)\n", info.Main.Version, revision, info.GoVersion)
	return nil
}
