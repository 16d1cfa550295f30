package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	oldestPostgres = 150000
	clockTolerance = 5 * time.Second
	checkTimeout   = 10 * time.Second
)

// visit is one examination of a deployment.
type visit struct {
	cfg    Config
	clock  clock.Clock
	client *http.Client
	out    io.Writer
	wrong  int
	db     *pg.DB // nil while it cannot be reached
}

// Doctor checks one thing after another that a deployment needs and writes a
// line for each, with what to do about those that are wrong. It changes
// nothing, sends no mail, and shows no secret. The error says how many things
// must be mended; what is only noteworthy is marked with ! and no error.
func Doctor(ctx context.Context, cfg Config, out io.Writer) error {
	return examine(ctx, cfg, clock.System{}, out)
}

func examine(ctx context.Context, cfg Config, c clock.Clock, out io.Writer) error {
	v := &visit{cfg: cfg, clock: c, out: out, client: &http.Client{Timeout: checkTimeout}}
	defer func() {
		if v.db != nil {
			v.db.Close()
		}
	}()
	for _, check := range []func(context.Context){
		v.configuration, v.zones, v.database, v.server, v.role, v.migrations, v.auditLog, v.secret, v.time, v.queue, v.admin,
		v.stripe, v.plans, v.providers, v.mail, v.redis, v.reachable, v.browsers,
	} {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		check(ctx)
		cancel()
	}
	if v.wrong > 0 {
		return fmt.Errorf("%d checks found something to mend", v.wrong)
	}
	return nil
}

func (v *visit) good(format string, args ...any) { v.line("✓", format, args...) }

// bad says what is wrong, and what to do.
func (v *visit) bad(what, mend string) {
	v.wrong++
	v.line("✗", "%s\n    %s", what, mend)
}

// odd says what may be wrong, or is not visible from here.
func (v *visit) odd(what, mend string) { v.line("!", "%s\n    %s", what, mend) }

func (v *visit) line(mark, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, secret := range v.secrets() {
		text = strings.ReplaceAll(text, secret, "…")
	}
	fmt.Fprintf(v.out, "%s %s\n", mark, text)
}

// secrets are taken out of every line: the errors of other systems repeat
// what they were given.
func (v *visit) secrets() []string {
	all := append([]string{v.cfg.Secret, v.cfg.SecretPrevious, v.cfg.StripeSecretKey}, v.cfg.TokenKeys...)
	all = append(all, v.cfg.StripeWebhookSecrets...)
	providers, _ := v.cfg.Providers() // the configuration says what is wrong with them
	for _, p := range providers {
		all = append(all, p.ClientSecret)
	}
	for _, raw := range []string{v.cfg.OIDCProviders, v.cfg.DatabaseURL, v.cfg.SMTPURL} {
		all = append(all, raw)
		if u, err := url.Parse(raw); err == nil {
			password, _ := u.User.Password()
			all = append(all, password)
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < 4 })
}

func (v *visit) configuration(context.Context) {
	const mend = "`conservatory serve --help` explains every setting."
	problems := 0
	say := func(err error) {
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			problems++
			v.bad("Configuration: "+line, mend)
		}
	}
	say(v.cfg.Check())
	for _, proxy := range v.cfg.TrustedProxies {
		if _, _, err := net.ParseCIDR(proxy); err != nil && net.ParseIP(proxy) == nil {
			say(fmt.Errorf("CONSERVATORY_TRUSTED_PROXIES must hold addresses or networks, not %q", proxy))
		}
	}
	if problems == 0 {
		v.good("Configuration for %s.", v.cfg.Env)
	}
}

func (v *visit) zones(context.Context) {
	if _, err := time.LoadLocation("Europe/Berlin"); err != nil {
		v.bad("Time zones are not known here, so days and cohort dates cannot be reckoned.",
			"Install tzdata, or build the binary as deployments/Dockerfile does.")
		return
	}
	v.good("Time zones are known.")
}

func (v *visit) database(ctx context.Context) {
	if v.cfg.DatabaseURL == "" {
		return // the configuration has said so
	}
	db, err := pg.Open(ctx, pg.Config{URL: v.cfg.DatabaseURL, MaxConns: 4})
	if err != nil {
		v.bad("Database: "+err.Error()+".", "DATABASE_URL looks like postgres://user:password@host:5432/conservatory; escape special characters of the password as %XX.")
		return
	}
	if err := db.Ping(ctx); err != nil {
		db.Close()
		v.bad("Database: "+oneLine(err), "Check host, port, user, password, database name and pg_hba.conf behind DATABASE_URL. What depends on it was not checked.")
		return
	}
	v.db = db
	v.good("Database answers.")
}

func (v *visit) server(ctx context.Context) {
	var number int
	var name string
	if !v.ask(ctx, "its version", `SELECT current_setting('server_version_num')::int, current_setting('server_version')`, &number, &name) {
		return
	}
	if number < oldestPostgres {
		v.bad("PostgreSQL is "+name+".", "Conservatory needs 15 or newer.")
		return
	}
	v.good("PostgreSQL %s.", name)
}

func (v *visit) role(ctx context.Context) {
	var name string
	var super bool
	if !v.ask(ctx, "its role", `SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user`, &name, &super) {
		return
	}
	switch {
	case super && v.cfg.Production():
		v.bad("The role "+name+" may do anything on the database server.",
			"Make one that owns its database only: CREATE ROLE conservatory LOGIN PASSWORD '…'; CREATE DATABASE conservatory OWNER conservatory;")
	case super:
		v.odd("The role "+name+" may do anything on the database server.", "Fine for development; production takes an ordinary role.")
	default:
		v.good("The role %s is an ordinary one.", name)
	}
}

func (v *visit) migrations(ctx context.Context) {
	if v.db == nil {
		return
	}
	pending, err := v.db.Pending(ctx)
	switch {
	case err != nil:
		v.bad("Migrations: "+oneLine(err), "The role must be able to read and create tables in its database.")
	case len(pending) > 0 && v.cfg.Migrate:
		v.odd("Pending migrations: "+strings.Join(pending, ", ")+".", "CONSERVATORY_MIGRATE is on: the next start applies them.")
	case len(pending) > 0:
		v.bad("Pending migrations: "+strings.Join(pending, ", ")+".", "Run `conservatory migrate up`.")
	default:
		v.good("Migrations are applied.")
	}
}

func (v *visit) time(ctx context.Context) {
	var there time.Time
	before := v.clock.Now()
	if !v.ask(ctx, "the time", `SELECT clock_timestamp()`, &there) {
		return
	}
	if skew := there.Sub(before).Abs().Round(time.Second); skew >= clockTolerance {
		v.bad(fmt.Sprintf("The clocks of this machine and of the database are %s apart.", skew),
			"Let both follow an NTP server: codes, tokens and Stripe's signatures go by the clock.")
		return
	}
	v.good("The clock agrees with the database's.")
}

// queue needs the tables, so it is silent where migrations are pending.
func (v *visit) queue(ctx context.Context) {
	if !v.migrated(ctx, "river_job") {
		return
	}
	queue, err := job.New(v.db, job.Config{})
	if err != nil {
		v.bad("Job queue: "+oneLine(err), "See the error.")
		return
	}
	depths, err := queue.Depths(ctx)
	if err != nil {
		v.bad("Job queue: "+oneLine(err), "Run `conservatory migrate up`.")
		return
	}
	dead, late := 0, false
	for _, d := range depths {
		dead += int(d.Dead)
		late = late || d.Oldest > time.Minute
	}
	if late {
		v.odd("Jobs have waited for more than a minute.", "Is `conservatory worker` running? See deployments/runbooks/jobs-waiting.md.")
	}
	if dead > 0 {
		v.bad(fmt.Sprintf("%d jobs gave up.", dead), "See deployments/runbooks/jobs-dead.md.")
		return
	}
	v.good("No job gave up.")
}

func (v *visit) admin(ctx context.Context) {
	if !v.migrated(ctx, "user_roles") {
		return
	}
	var n int
	if !v.ask(ctx, "for administrators", `SELECT count(*) FROM user_roles r JOIN users u ON u.id = r.user_id WHERE r.role = 'admin' AND u.state = 'active'`, &n) {
		return
	}
	if n == 0 {
		v.bad("Nobody is an administrator.", "Run `conservatory admin create you@example.org`.")
		return
	}
	v.good("Administrators: %d.", n)
}

// migrated reports whether the schema is far enough to hold a table.
func (v *visit) migrated(ctx context.Context, table string) bool {
	if v.db == nil {
		return false
	}
	var there bool
	err := v.db.Pool().QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&there)
	return err == nil && there
}

// ask runs a query that gives one row.
func (v *visit) ask(ctx context.Context, what, sql string, dest ...any) bool {
	if v.db == nil {
		return false
	}
	if err := v.db.Pool().QueryRow(ctx, sql).Scan(dest...); err != nil {
		v.bad("Asking the database "+what+": "+oneLine(err), "See the error.")
		return false
	}
	return true
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
