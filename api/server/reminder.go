package server

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/reminder"
)

func (a *App) buildReminder(mailer *mail.Mailer) (err error) {
	a.Reminder, err = reminder.New(a.DB, a.Clock, a.Queue, mailer, a.Billing, reminder.Config{
		Secret: a.Config.Derive("reminder"), Previous: a.Config.DerivePrevious("reminder"), BaseURL: a.Config.BaseURL, FrontendURL: a.Config.FrontendURL,
	})
	return err
}

// reminders lets the billing domain, which is of a lower tier, promise letters.
type reminders struct{ app *App }

// Promise promises somebody a letter.
func (r reminders) Promise(ctx context.Context, userID uuid.UUID, c billing.Cause) error {
	return r.app.Reminder.Promise(ctx, userID, c)
}
