package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// MoneyBack is what a member has paid and what of it went back, or was
// disputed. It is for administrators only: nobody who meets her may know.
type MoneyBack struct {
	Paid     []PaidInvoice
	Refunds  []Refunded
	Disputes []Disputed
	Notes    []Credited
}

// PaidInvoice is an invoice that something can go back of.
type PaidInvoice struct {
	ID            uuid.UUID
	Number        string
	Currency      string
	PaidMinor     int64
	RefundedMinor int64
	PaidAt        *time.Time
}

// Refunded is money that went back, or is on its way. One that failed or was
// called off does not count.
type Refunded struct {
	ID          uuid.UUID
	InvoiceID   *uuid.UUID // nil when nothing was billed
	Status      string
	AmountMinor int64
	Currency    string
	Reason      string
	Note        string
	EndedAccess bool
	Failure     string
	OccurredAt  time.Time
	EndedAt     *time.Time
}

// Disputed is a charge that a bank asks about or has taken back.
type Disputed struct {
	ID           uuid.UUID
	UserID       uuid.UUID
	InvoiceID    *uuid.UUID
	Status       string
	Reason       string
	AmountMinor  int64
	Currency     string
	Answered     bool
	DueBy        *time.Time
	OccurredAt   time.Time
	WithdrawnAt  *time.Time
	ReinstatedAt *time.Time
}

// Credited is a document that took an amount off an invoice.
type Credited struct {
	ID          uuid.UUID
	InvoiceID   *uuid.UUID
	Number      string
	Status      string
	Reason      string
	AmountMinor int64
	Currency    string
	PDFURL      string `gorm:"column:pdf_url"`
	OccurredAt  time.Time
	VoidedAt    *time.Time
}

// MoneyBack gives what went back to a member, the newest hundred of each kind
// first. It says what we know, without asking Stripe. Fault: fault.ErrNotFound.
func (b *Billing) MoneyBack(ctx context.Context, memberID uuid.UUID) (MoneyBack, error) {
	all, err := b.store.moneyBack(ctx, memberID, listedInvoices)
	if err != nil || len(all.Paid) > 0 {
		return all, err
	}
	_, err = b.store.email(ctx, memberID)
	if pg.Missing(err) {
		err = fault.ErrNotFound
	}
	return all, err
}

// OpenDisputes gives the hundred disputes and inquiries that wait longest for
// our answer, the most pressing first.
func (b *Billing) OpenDisputes(ctx context.Context) ([]Disputed, error) {
	return b.store.openDisputes(ctx, listedInvoices)
}
