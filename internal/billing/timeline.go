package billing

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Moment is one thing in the life of a membership.
type Moment struct {
	At          time.Time
	Key         string // unique among the moments of a member, for the next page
	Kind        string // such as invoice.paid
	Ref         string // what it is about: Stripe's id, or ours
	Note        string // a code: status, reason, series
	AmountMinor *int64
	Currency    string
}

// timelineArms are where the moments of a member come from. Each is one
// statement over the rows of one user.
func timelineArms() []string {
	return []string{
		`SELECT created_at AS at, 'checkout-' || id AS key, 'checkout.started' AS kind, id::text AS ref, state AS note,
			NULL::bigint AS amount_minor, '' AS currency FROM checkouts WHERE user_id = @user`,
		`SELECT started_at, 'began-' || id, 'subscription.began', stripe_id, status, amount_minor, currency FROM subscriptions WHERE user_id = @user`,
		`SELECT ended_at, 'ended-' || id, 'subscription.ended', stripe_id, cancellation_reason, NULL, '' FROM subscriptions
			WHERE user_id = @user AND ended_at IS NOT NULL`,
		`SELECT created_at, 'invoice-' || id, 'invoice.made', stripe_id, status, amount_due_minor, currency FROM invoices WHERE user_id = @user`,
		`SELECT paid_at, 'paid-' || id, 'invoice.paid', stripe_id, billing_reason, amount_paid_minor, currency FROM invoices
			WHERE user_id = @user AND paid_at IS NOT NULL`,
		`SELECT asked_at, 'leaves-' || id, 'cancellation.asked', subscription_id::text, reason, NULL, '' FROM cancellations WHERE user_id = @user`,
		`SELECT taken_back_at, 'stays-' || id, 'cancellation.taken_back', subscription_id::text, '', NULL, '' FROM cancellations
			WHERE user_id = @user AND taken_back_at IS NOT NULL`,
		`SELECT created_at, 'grant-' || id, 'grant.given', id::text, kind, NULL, '' FROM grants WHERE user_id = @user`,
		`SELECT revoked_at, 'revoked-' || id, 'grant.revoked', id::text, kind, NULL, '' FROM grants WHERE user_id = @user AND revoked_at IS NOT NULL`,
		`SELECT effective_at, 'ledger-' || lpad(id::text, 20, '0'), 'ledger.' || series, source, reason, round(annual_delta)::bigint, currency
			FROM membership_ledger WHERE user_id = @user`,
	}
}

// Timeline gives up to limit moments of a member's payments behind a position
// (the zero value: from the start), the latest first. Amounts of the ledger
// are differences a year. It returns fault.ErrNotFound for nobody.
func (b *Billing) Timeline(ctx context.Context, member uuid.UUID, after Moment, limit int) ([]Moment, error) {
	if _, err := b.store.email(ctx, member); err != nil {
		return nil, known404(err)
	}
	sql := `SELECT * FROM (` + strings.Join(timelineArms(), ` UNION ALL `) + `) all_moments
		WHERE @first OR (at, key) < (@at, @key) ORDER BY at DESC, key DESC LIMIT @limit`
	args := map[string]any{"user": member, "first": after.Key == "", "at": after.At, "key": after.Key, "limit": limit}
	return pg.Many[Moment](ctx, b.db, "read the timeline of a member", sql, args)
}
