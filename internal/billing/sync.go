package billing

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// SyncCustomer fetches everything Stripe has of a customer and makes our
// records say the same. Source and effectiveAt go into the ledger; the zero
// time is now.
func (b *Billing) SyncCustomer(ctx context.Context, stripeCustomerID, source string, effectiveAt time.Time) error {
	userID, err := b.owner(ctx, stripeCustomerID, claim{})
	if err != nil {
		return err
	}
	_, err = b.sync(ctx, userID, stripeCustomerID, source, effectiveAt, func(context.Context) error { return nil })
	return err
}

// sync is SyncCustomer for a known member; also runs in its transaction. It
// reports whether anything of ours was different. One customer is synced at a
// time, fetch included: otherwise an older answer could overwrite a newer.
func (b *Billing) sync(ctx context.Context, userID uuid.UUID, customer, source string, at time.Time, also func(context.Context) error) (changed bool, err error) {
	err = b.db.Serial(ctx, "billing:"+customer, func(ctx context.Context) error {
		snapshots, invoices, err := b.fetch(ctx, userID, customer)
		if err != nil {
			return err
		}
		return b.db.InTx(ctx, func(ctx context.Context) error {
			for _, v := range invoices {
				if err := b.store.upsertInvoice(ctx, v); err != nil {
					return err
				}
			}
			for _, s := range snapshots {
				old, found, err := b.membership.ByStripeID(ctx, s.StripeID)
				if err != nil {
					return err
				}
				changed = changed || !found || !old.Same(s)
				if err := b.membership.Record(ctx, s, source, at); err != nil {
					return err
				}
				if err := b.remind(ctx, userID, ending(old.Snapshot, found, s)...); err != nil {
					return err
				}
			}
			if err := b.remind(ctx, userID, failing(invoices, snapshots)...); err != nil {
				return err
			}
			return also(ctx)
		})
	})
	return changed, err
}

// fetch asks Stripe for the subscriptions and invoices of a member and leaves
// out what is not ours; of one who has left us also the links to her invoices,
// which show her name.
func (b *Billing) fetch(ctx context.Context, userID uuid.UUID, customer string) ([]membership.Snapshot, []invoice, error) {
	remotes, err := b.stripe.subscriptions(ctx, customer)
	if err != nil {
		return nil, nil, err
	}
	invoices, err := b.stripe.invoices(ctx, customer)
	if err != nil {
		return nil, nil, err
	}
	prices, err := b.membership.Mapped(ctx, priceIDs(remotes))
	if err != nil {
		return nil, nil, err
	}
	erased, err := b.store.erased(ctx, customer)
	if err != nil {
		return nil, nil, err
	}
	if erased {
		for n := range invoices {
			invoices[n].HostedURL, invoices[n].PDFURL = "", ""
		}
	}
	open := payURLs(invoices)
	own := map[string]bool{}
	var snapshots []membership.Snapshot
	for _, r := range remotes {
		s, ours := r.mapped(prices)
		if !ours {
			continue
		}
		own[r.StripeID] = true
		s.UserID, s.PayURL = userID, open[r.StripeID]
		snapshots = append(snapshots, s)
	}
	now := b.clock.Now()
	kept := invoices[:0]
	for _, v := range invoices {
		if own[v.StripeSubscriptionID] {
			v.UserID, v.UpdatedAt = userID, now
			kept = append(kept, v)
		}
	}
	return snapshots, kept, nil
}

func priceIDs(remotes []remote) []string {
	var ids []string
	for _, r := range remotes {
		ids = append(ids, r.PriceIDs...)
		if r.Next != "" {
			ids = append(ids, r.Next)
		}
	}
	return ids
}

// mapped names plan and price. A subscription is ours when a price of it is,
// or when it came out of a checkout of ours.
func (r remote) mapped(prices map[string]membership.Price) (membership.Snapshot, bool) {
	s := r.Snapshot
	next, planned := prices[r.Next]
	if !planned || slices.Contains(r.PriceIDs, r.Next) {
		s.NextAt = nil // the schedule changes nothing of ours
	} else {
		s.NextPriceID = &next.ID
	}
	for _, id := range r.PriceIDs {
		if p, ok := prices[id]; ok {
			s.PlanID, s.PriceID = &p.PlanID, &p.ID
			return s, true
		}
	}
	return s, !r.Claim.none()
}

// payURLs says for each subscription where its newest open invoice can be paid.
func payURLs(invoices []invoice) map[string]string {
	urls, newest := map[string]string{}, map[string]time.Time{}
	for _, v := range invoices {
		at, seen := newest[v.StripeSubscriptionID]
		if v.Status != "open" || (seen && !v.CreatedAt.After(at)) {
			continue
		}
		urls[v.StripeSubscriptionID], newest[v.StripeSubscriptionID] = v.HostedURL, v.CreatedAt
	}
	return urls
}
