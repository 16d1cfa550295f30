package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	conservatory "github.com/womens-tech-conservatory/conservatory"
	"github.com/womens-tech-conservatory/conservatory/api/handler"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/api/stream"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/blob"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/factor"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
	"github.com/womens-tech-conservatory/conservatory/internal/gift"
	"github.com/womens-tech-conservatory/conservatory/internal/grant"
	"github.com/womens-tech-conservatory/conservatory/internal/idempotency"
	"github.com/womens-tech-conservatory/conservatory/internal/identity"
	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pause"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
	"github.com/womens-tech-conservatory/conservatory/internal/programme"
	"github.com/womens-tech-conservatory/conservatory/internal/reminder"
	"github.com/womens-tech-conservatory/conservatory/internal/report"
	"github.com/womens-tech-conservatory/conservatory/internal/scholarship"
	"github.com/womens-tech-conservatory/conservatory/internal/signin"
	"github.com/womens-tech-conservatory/conservatory/internal/sponsor"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
)

const cursorLife = 24 * time.Hour

// App is the whole program, put together and not yet running.
type App struct {
	Config      Config
	DB          *pg.DB
	Clock       clock.Clock
	Queue       *job.Queue
	Outbox      *outbox.Outbox
	Keyring     *keyring.Keyring
	Account     *account.Account
	Identity    *identity.Identity
	Factor      *factor.Factor
	Invitation  *invitation.Invitation
	Profile     *profile.Profile
	Membership  *membership.Membership
	Billing     *billing.Billing
	Grant       *grant.Grant
	Gifts       *gift.Gifts
	Sponsors    *sponsor.Sponsors
	Pause       *pause.Pause
	Scholarship *scholarship.Scholarship
	Reminder    *reminder.Reminder
	Signin      *signin.Signin
	Cohort      *cohort.Cohort
	Forum       *forum.Forum
	Programme   *programme.Programme
	Report      *report.Report
	Admin       *admin.Admin
	Audit       *audit.Log
	Files       *blob.Store
	Privacy     *privacy.Privacy
	Hub         *stream.Hub
	Keys        *idempotency.Keys
	Contract    *middleware.Contract
	// Observe is told of every request when it is over; it may be nil.
	Observe func(middleware.Observed)

	log      *slog.Logger
	limits   *ratelimit.Shared // nil: each process counts for itself
	cursors  *cursor.Sealer
	metrics  *metrics
	draining atomic.Bool
	migrated atomic.Bool
}

// New puts the program together, lower tiers first. It opens no connection.
func New(ctx context.Context, cfg Config, c clock.Clock, log *slog.Logger) (*App, error) {
	a := &App{Config: cfg, Clock: c, log: log, metrics: newMetrics()}
	var err error
	if a.Contract, err = middleware.LoadContract(ctx, conservatory.Contract); err != nil {
		return nil, err
	}
	if a.cursors, err = cursor.New(cfg.Derive("cursor"), cursorLife, c.Now); err != nil {
		return nil, fmt.Errorf("make the seal of cursors: %w", err)
	}
	a.DB, err = pg.Open(ctx, pg.Config{URL: cfg.DatabaseURL, MaxConns: cfg.DatabaseConns, Logger: log, Observe: a.metrics.statement})
	if err != nil {
		return nil, err
	}
	if a.Files, err = blob.Open(ctx, cfg.BlobURL); err != nil {
		a.DB.Close()
		return nil, fmt.Errorf("CONSERVATORY_BLOB_URL: %w", err)
	}
	if err := a.build(); err != nil {
		a.Close()
		return nil, err
	}
	a.metrics.watch(a)
	return a, nil
}

func (a *App) build() error {
	cfg, db, c := a.Config, a.DB, a.Clock
	var err error
	if a.Queue, err = job.New(db, job.Config{Logger: slog.New(atLeast{a.log.Handler(), slog.LevelWarn})}); err != nil {
		return err
	}
	a.Outbox, a.Audit = outbox.New(db, c), audit.New(db, c)
	a.Audit.Work(a.Queue)
	mailer, err := mail.New(mail.Config{URL: cfg.SMTPURL, From: cfg.MailFrom, MessageIDDomain: cfg.mailDomain(), Outside: db.Outside, Withheld: a.withheld})
	if err != nil {
		return err
	}
	if err := errors.Join(a.keyring(), a.shareLimits()); err != nil {
		return err
	}
	a.Account, err = account.New(db, c, a.Queue, mailer, account.Config{
		Keys: a.Keyring, Secret: cfg.Derive("account"), Previous: cfg.DerivePrevious("account"), Issuer: cfg.BaseURL, Audience: cfg.BaseURL,
		FrontendURL: cfg.FrontendURL, Auditor: auditor{a.Audit}, Inviter: inviter{a}, Doorkeeper: doorkeeper{a}, Trials: trials{a}, Logger: a.log,
	})
	if err != nil {
		return err
	}
	if err := a.identity(); err != nil {
		return err
	}
	a.Factor, err = factor.New(db, c, a.Account, a.Audit, cfg.factors())
	if err != nil {
		return err
	}
	a.Factor.Work(a.Queue)
	a.Profile = profile.New(db, c, profile.Config{Queue: a.Queue, Outbox: a.Outbox, Audit: a.Audit, Cursors: a.cursors, Files: a.Files})
	a.Membership = membership.New(db, c, a.Outbox)
	a.Membership.Work(a.Queue)
	if err := errors.Join(a.buildBilling(), a.buildPause(mailer), a.buildReminder(mailer), a.buildSignin(mailer), a.buildGiving(mailer)); err != nil {
		return err
	}
	a.Cohort = cohort.New(db, c, a.Outbox)
	if err := a.buildInvitation(mailer); err != nil {
		return err
	}
	a.Forum = forum.New(db, c, a.Outbox, a.Audit, a.cursors)
	a.Programme = programme.New(db, c)
	a.Report = report.New(db, c, a.cursors)
	a.Admin, err = admin.New(db, c, a.Queue, mailer, a.Audit, admin.Domains{
		Account: a.Account, Membership: a.Membership, Cohort: a.Cohort, Forum: a.Forum,
	})
	if err != nil {
		return err
	}
	if err := a.buildPrivacy(mailer); err != nil {
		return err
	}
	a.Keys = idempotency.New(db, c)
	a.Keys.Work(a.Queue)
	a.Outbox.Work(a.Queue)
	a.Hub = stream.New(a.Outbox, a.Forum.Visible, a.Account.Recheck, c, a.log)
	return nil
}

func (a *App) buildBilling() (err error) {
	cfg := a.Config
	a.Billing, err = billing.New(a.DB, a.Clock, a.Membership, a.Queue, billing.Config{
		SecretKey: cfg.StripeSecretKey, APIBase: cfg.StripeAPIBase, WebhookSecrets: cfg.StripeWebhookSecrets,
		SuccessURL: cfg.FrontendURL + "/welcome?checkout={CHECKOUT_ID}", CancelURL: cfg.FrontendURL + "/plans",
		ReturnURL: cfg.FrontendURL + "/membership", PurchaseURL: cfg.FrontendURL + "/thanks?purchase={PURCHASE_ID}",
		Terms: cfg.TermsVersion, Auditor: auditor{a.Audit}, Reminder: reminders{a},
		Livemode: cfg.Production(), VersionMismatch: a.metrics.versionMismatch,
	}, a.log)
	return err
}

func (a *App) buildPause(mailer *mail.Mailer) (err error) {
	if a.Billing == nil {
		return nil // which is said already
	}
	a.Pause, err = pause.New(a.DB, a.Clock, a.Queue, pause.Config{
		Membership: a.Membership, Billing: a.Billing, Auditor: auditor{a.Audit}, Mailer: mailer, FrontendURL: a.Config.FrontendURL,
	})
	return err
}

func (a *App) keyring() error {
	own, err := a.Config.SigningKeys()
	if err != nil {
		return fmt.Errorf("CONSERVATORY_TOKEN_KEYS: %w", err)
	}
	a.Keyring, err = keyring.New(a.DB, a.Clock, keyring.Config{
		Environment: own, SealKey: a.Config.Derive("keyring"), PreviousKey: a.Config.DerivePrevious("keyring"),
		TokenLife: account.TokenLife, Auditor: auditor{a.Audit}, Logger: a.log,
	})
	if err != nil {
		return err
	}
	a.Keyring.Work(a.Queue)
	return nil
}

func (a *App) identity() error {
	providers, err := a.Config.Providers()
	if err != nil {
		return fmt.Errorf("CONSERVATORY_OIDC_PROVIDERS: %w", err)
	}
	a.Identity, err = identity.New(a.DB, a.Clock, a.Account, a.Queue, identity.Config{
		Providers: providers, RedirectURL: a.Config.ProviderReturn(), Key: a.Config.Derive("identity"), Auditor: auditor{a.Audit},
	})
	return err
}

// shareLimits lets several nodes hold to one set of rate limits.
func (a *App) shareLimits() (err error) {
	if a.Config.RedisURL == "" {
		return nil
	}
	a.limits, err = ratelimit.Open(a.Config.RedisURL, func(down error) {
		if down != nil {
			a.log.Warn("the Redis of the rate limits does not answer; each node counts for itself", "err", down)
			return
		}
		a.log.Info("the Redis of the rate limits answers again")
	}, nil)
	if err != nil {
		return fmt.Errorf("CONSERVATORY_REDIS_URL: %w", err)
	}
	return nil
}

// withheld asks the account domain, which is made after the mailer it needs.
func (a *App) withheld(ctx context.Context, address string) (bool, error) {
	return a.Account.Withheld(ctx, address)
}

// auditor lets the account domain, which is of the same tier, write to the
// audit log.
type auditor struct{ log *audit.Log }

// Act records what somebody did.
func (a auditor) Act(ctx context.Context, actor uuid.UUID, action, kind, id string, detail map[string]string) error {
	return a.log.Record(ctx, audit.Entry{ActorID: actor, Action: action, TargetKind: kind, TargetID: id, Detail: detail})
}

// Ready says what must be right before requests can be taken.
func (a *App) Ready(ctx context.Context) []handler.Check {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	database := a.DB.Ping(ctx) == nil
	if database && !a.migrated.Load() {
		pending, err := a.DB.Pending(ctx)
		a.migrated.Store(err == nil && len(pending) == 0)
	}
	_, err := a.Queue.Depths(ctx)
	checks := []handler.Check{
		{Name: "database", OK: database}, {Name: "migrations", OK: a.migrated.Load()}, {Name: "queue", OK: err == nil}, {Name: "keys", OK: a.Keyring.Ready()},
	}
	if a.draining.Load() {
		checks = append(checks, handler.Check{Name: "serving", OK: false})
	}
	return checks
}

// Close gives everything back. Run has stopped what was running.
func (a *App) Close() {
	_ = a.Files.Close() // nothing is being written any more
	a.DB.Close()
}
