package account

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	signupTTL    = 24 * time.Hour
	codeTries    = 5
	mailsPerHour = 3  // to one address: nobody's mailbox is filled,
	mailsPerDay  = 10 // and each is another code to guess at
	longestName  = 80
)

// NewSignup is what she gives to sign up.
type NewSignup struct {
	Email, Password, DisplayName string
	InvitationID                 uuid.UUID // she came with one; uuid.Nil: with none
}

// signup is one attempt to get an account.
type signup struct {
	ID           uuid.UUID
	Email        string
	EmailKey     string
	PasswordHash string
	DisplayName  string
	CreatedAt    time.Time
	InvitationID uuid.UUID
}

// SignUp promises a mail and gives what the browser that began must show
// together with its code. It does the same, and as long, for every address:
// whether it is known is found out in the job that writes the mail. Faults:
// invalid values, ErrBusy.
func (a *Account) SignUp(ctx context.Context, n NewSignup) (attempt string, err error) {
	key, err := emailKey(n.Email)
	if err != nil {
		return "", err
	}
	name, err := displayName(n.DisplayName)
	if err != nil {
		return "", err
	}
	if err := a.passwords.check(n.Password, n.Email, name); err != nil {
		return "", err
	}
	hash, err := a.passwords.hash(ctx, n.Password)
	if err != nil {
		return "", err
	}
	s := signup{ID: pg.NewID(), Email: n.Email, EmailKey: key, PasswordHash: hash, DisplayName: name, InvitationID: n.InvitationID}
	return a.once.Token(forBrowser, s.ID), a.db.InTx(ctx, func(ctx context.Context) error {
		now := a.clock.Now()
		if err := a.insertSignup(ctx, s, now, now.Add(signupTTL)); err != nil {
			return err
		}
		return a.queue.Enqueue(ctx, signupMail{SignupID: s.ID})
	})
}

// displayName takes off surrounding spaces and refuses what would not show as
// one line of writing.
func displayName(s string) (string, error) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	if n == 0 || n > longestName || !utf8.ValidString(s) || strings.ContainsFunc(s, notInName) {
		return "", fault.InvalidField("/display_name", "display-name", "A name is 1 to 80 characters on one line.")
	}
	return s, nil
}

// notInName finds controls, line ends and what turns the direction of text.
func notInName(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}
