package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Notice names a change of an account that its owner is told by mail, so that
// she notices one that was not hers.
type Notice string

// The changes that are told.
const (
	PasswordChanged   Notice = "password-changed"
	PasswordReset     Notice = "password-reset"
	EmailChanged      Notice = "email-changed"
	EmailRestored     Notice = "email-restored"
	FactorAdded       Notice = "factor-added"
	FactorRemoved     Notice = "factor-removed"
	RecoveryCodesMade Notice = "recovery-codes-made"
	RecoveryCodeUsed  Notice = "recovery-code-used"
	FactorGuessed     Notice = "factor-guessed"
	PasskeyCopied     Notice = "passkey-copied"
	IdentityLinked    Notice = "identity-linked"
	IdentityUnlinked  Notice = "identity-unlinked"
	SignedOut         Notice = "signed-out"
	ErasurePlanned    Notice = "erasure-planned"
	ErasureUndone     Notice = "erasure-undone"
	ExportReady       Notice = "export-ready"
)

// sentences say what has changed, as the subject of a letter does.
func sentences() map[Notice]string {
	return map[Notice]string{
		PasswordChanged:   "Your password was changed",
		PasswordReset:     "Your password was set anew",
		EmailChanged:      "Your e-mail address was changed to this one",
		EmailRestored:     "This is your e-mail address again, and your old password no longer opens anything",
		FactorAdded:       "A second factor was added to your account",
		FactorRemoved:     "A second factor was taken off your account",
		RecoveryCodesMade: "New recovery codes were made for your account",
		RecoveryCodeUsed:  "One of your recovery codes was used",
		FactorGuessed:     "Somebody typed wrong codes for your second factor",
		PasskeyCopied:     "A passkey of yours was not let in, because it may have been copied",
		IdentityLinked:    "Another way to sign in was linked to your account",
		IdentityUnlinked:  "A way to sign in was taken off your account",
		SignedOut:         "You were signed out on every device",
		ErasurePlanned:    "Your account will be erased in seven days",
		ErasureUndone:     "Your account will not be erased after all",
		ExportReady:       "The copy of your data is ready",
	}
}

// noticeMail tells the owner of an account of a change.
type noticeMail struct {
	ID     uuid.UUID `json:"id"`
	UserID uuid.UUID `json:"user_id"`
	Notice Notice    `json:"notice"`
	At     time.Time `json:"at"`
}

func (noticeMail) Kind() string            { return "account.notice-mail" }
func (noticeMail) InsertOpts() job.Options { return job.Options{Queue: job.QueueMail} }

// Tell promises the owner of an account a mail about a change, in the
// transaction in which it changes.
func (a *Account) Tell(ctx context.Context, userID uuid.UUID, n Notice) error {
	return a.queue.Enqueue(ctx, noticeMail{ID: pg.NewID(), UserID: userID, Notice: n, At: a.clock.Now()})
}

func (a *Account) sendNoticeMail(ctx context.Context, args noticeMail) error {
	u, ok, err := a.user(ctx, args.UserID)
	if err != nil || !ok {
		return err
	}
	return a.send(ctx, a.letters.notice, u.Email, "notice-"+args.ID.String(), letterData{
		Name: u.DisplayName, What: sentences()[args.Notice], Link: a.frontend + "/account/security",
		At: args.At.UTC().Format(letterTime),
	})
}

// Previews shows every letter of this domain, filled in with invented values.
func (a *Account) Previews() ([]mail.Preview, error) {
	maria := letterData{
		Name: "Maria", Code: "482913", Link: a.frontend + "/verify#token=example", At: "24 November 2026, 09:41 UTC",
		What: sentences()[PasswordChanged],
	}
	return mail.Previews(map[string]*mail.Template{
		"account/code": a.letters.code, "account/known": a.letters.known, "account/reuse": a.letters.reuse, "account/notice": a.letters.notice,
		"account/role": a.letters.role,
	}, maria)
}
