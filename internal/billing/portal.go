package billing

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Portal gives the address of Stripe's page on which a member changes her card
// and her billing details. It opens for whoever has it, for minutes. Faults:
// ErrNothingBilled, ErrPaymentsUnavailable.
func (b *Billing) Portal(ctx context.Context, actor account.Actor) (url string, err error) {
	customer, err := b.Customer(ctx, actor.ID)
	if errors.Is(err, fault.ErrNotFound) {
		return "", ErrNothingBilled
	}
	if err != nil {
		return "", err
	}
	url, err = b.stripe.portal(ctx, customer, b.cfg.ReturnURL)
	if missing(err, "customer") {
		return "", ErrNothingBilled
	}
	return url, err
}

// Invoice is a bill as its payer sees it. The links show her name to whoever
// has them.
type Invoice struct {
	ID        uuid.UUID
	Number    string
	Status    string // open, paid, uncollectible or void
	DueMinor  int64
	PaidMinor int64
	Currency  string
	PageURL   string
	PDFURL    string `gorm:"column:pdf_url"`
	CreatedAt time.Time
	PaidAt    *time.Time
}

const listedInvoices = 100

// Invoices gives the newest hundred of a member, the newest first. One
// statement.
func (b *Billing) Invoices(ctx context.Context, actor account.Actor) ([]Invoice, error) {
	return b.store.invoices(ctx, actor.ID, listedInvoices)
}
