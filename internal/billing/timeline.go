package billing

import (
	"context"
	"slices"
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
// statement over the rows of one user. The reason of a pause is hers and is not
// among them.
func timelineArms() []string {
	return slices.Concat(timelineOfSubscriptions(), timelineOfMoney(), timelineOfShop(), []string{
		`SELECT created_at, 'grant-' || id, 'grant.given', id::text, kind, NULL::bigint, '' FROM grants WHERE user_id = @user`,
		`SELECT revoked_at, 'revoked-' || id, 'grant.revoked', id::text, kind, NULL::bigint, '' FROM grants WHERE user_id = @user AND revoked_at IS NOT NULL`,
		`SELECT settled_at, 'letter-' || id, 'letter.sent', subject, kind, NULL::bigint, '' FROM reminders WHERE user_id = @user AND state = 'sent'`,
		`SELECT effective_at, 'ledger-' || lpad(id::text, 20, '0'), 'ledger.' || series, source, reason, round(annual_delta)::bigint, currency
			FROM membership_ledger WHERE user_id = @user`,
	})
}

func timelineOfSubscriptions() []string {
	return []string{
		`SELECT created_at AS at, 'checkout-' || id AS key, 'checkout.started' AS kind, id::text AS ref, state AS note,
			NULL::bigint AS amount_minor, '' AS currency FROM checkouts WHERE user_id = @user`,
		`SELECT started_at, 'began-' || id, 'subscription.began', stripe_id, status, amount_minor, currency FROM subscriptions WHERE user_id = @user`,
		`SELECT ended_at, 'ended-' || id, 'subscription.ended', stripe_id, cancellation_reason, NULL::bigint, '' FROM subscriptions
			WHERE user_id = @user AND ended_at IS NOT NULL`,
		`SELECT asked_at, 'leaves-' || id, 'cancellation.asked', subscription_id::text, reason, NULL::bigint, '' FROM cancellations WHERE user_id = @user`,
		`SELECT taken_back_at, 'stays-' || id, 'cancellation.taken_back', subscription_id::text, '', NULL::bigint, '' FROM cancellations
			WHERE user_id = @user AND taken_back_at IS NOT NULL`,
		`SELECT asked_at, 'changes-' || id, 'change.asked', id::text, effect, due_minor, currency FROM quotes
			WHERE user_id = @user AND asked_at IS NOT NULL`,
		`SELECT settled_at, 'changed-' || id, 'change.settled', id::text, state, charged_minor, currency FROM quotes
			WHERE user_id = @user AND asked_at IS NOT NULL AND settled_at IS NOT NULL`,
		`SELECT created_at, 'breaks-' || id, 'pause.asked', id::text, state, NULL::bigint, '' FROM pauses WHERE user_id = @user`,
		`SELECT from_at, 'breaking-' || id, 'pause.began', id::text, state, NULL::bigint, '' FROM pauses
			WHERE user_id = @user AND state IN ('running', 'over')`,
		`SELECT until_at, 'broke-' || id, 'pause.ended', id::text, state, NULL::bigint, '' FROM pauses WHERE user_id = @user AND state = 'over'`,
		`SELECT given_at, 'discount-' || id, 'discount.given', offer_id::text, '', NULL::bigint, '' FROM discounts
			WHERE user_id = @user AND given_at IS NOT NULL`,
	}
}

func timelineOfMoney() []string {
	return []string{
		`SELECT created_at, 'invoice-' || id, 'invoice.made', stripe_id, status, amount_due_minor, currency FROM invoices WHERE user_id = @user`,
		`SELECT paid_at, 'paid-' || id, 'invoice.paid', stripe_id, billing_reason, amount_paid_minor, currency FROM invoices
			WHERE user_id = @user AND paid_at IS NOT NULL`,
		`SELECT occurred_at, 'declined-' || id, 'charge.failed', stripe_id, status, amount_minor, currency FROM charges
			WHERE user_id = @user AND status = 'failed'`,
		`SELECT occurred_at, 'refund-' || id, 'refund.made', stripe_id, reason, amount_minor, currency FROM refunds WHERE user_id = @user`,
		`SELECT ended_at, 'unrefunded-' || id, 'refund.failed', stripe_id, failure, amount_minor, currency FROM refunds
			WHERE user_id = @user AND ended_at IS NOT NULL`,
		`SELECT occurred_at, 'dispute-' || id, 'dispute.opened', stripe_id, reason, amount_minor, currency FROM disputes WHERE user_id = @user`,
		`SELECT withdrawn_at, 'withdrawn-' || id, 'dispute.withdrawn', stripe_id, status, amount_minor, currency FROM disputes
			WHERE user_id = @user AND withdrawn_at IS NOT NULL`,
		`SELECT reinstated_at, 'reinstated-' || id, 'dispute.reinstated', stripe_id, status, amount_minor, currency FROM disputes
			WHERE user_id = @user AND reinstated_at IS NOT NULL`,
		`SELECT occurred_at, 'note-' || id, 'credit_note.issued', stripe_id, reason, amount_minor, currency FROM credit_notes WHERE user_id = @user`,
	}
}

func timelineOfShop() []string {
	return []string{
		`SELECT created_at, 'buys-' || id, 'purchase.began', id::text, purpose, amount_minor, currency FROM purchases WHERE user_id = @user`,
		`SELECT paid_at, 'bought-' || id, 'purchase.paid', id::text, purpose, amount_minor, currency FROM purchases
			WHERE user_id = @user AND paid_at IS NOT NULL`,
		`SELECT refunded_at, 'returned-' || id, 'purchase.refunded', id::text, purpose, amount_minor, currency FROM purchases
			WHERE user_id = @user AND refunded_at IS NOT NULL`,
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
