package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// walk goes once over everything Stripe has and everything we have, heals what
// is safe, and adds up both sides.
type walk struct {
	*Billing
	Report

	seen     map[string]bool // subscriptions at Stripe
	pairs    map[string]*Pair
	mrr      map[string]*Pair
	paid     map[string]*Pair
	foreign  int64
	differs  []Difference
	progress func(context.Context) error
}

func newWalk(b *Billing) *walk {
	return &walk{
		Billing: b, seen: map[string]bool{}, pairs: map[string]*Pair{}, mrr: map[string]*Pair{}, paid: map[string]*Pair{},
		progress: func(context.Context) error { return nil },
	}
}

// maxDifferences is how many are told one by one.
const maxDifferences = 200

func (w *walk) differ(d Difference, detail string) {
	w.problem("%s", detail)
	if len(w.differs) < maxDifferences {
		w.differs = append(w.differs, d)
	}
}

func (w *walk) all(ctx context.Context) error {
	after := ""
	for range maxPages {
		page, next, err := w.stripe.subscriptionPage(ctx, "", after)
		if err != nil {
			return fmt.Errorf("list all subscriptions: %w", err)
		}
		if err := errors.Join(w.page(ctx, page), w.progress(ctx)); err != nil {
			return err
		}
		if after = next; next == "" {
			break
		}
	}
	if after != "" {
		w.problem("stopped after %d pages of subscriptions", maxPages)
	}
	if err := w.unseen(ctx); err != nil {
		return err
	}
	if err := w.invoices(ctx); err != nil {
		return err
	}
	return errors.Join(w.leftover(ctx), w.reconcileMoney(ctx, &w.Report), w.progress(ctx))
}

// page looks from Stripe's side: what is ours there must be the same here.
func (w *walk) page(ctx context.Context, page []remote) error {
	stale, err := w.compare(ctx, page, false)
	if err != nil || len(stale) == 0 {
		return err
	}
	var again []remote
	done := map[string]bool{}
	for _, there := range stale {
		if !done[there.Customer] {
			done[there.Customer] = true
			if err := w.healCustomer(ctx, there); err != nil {
				return err
			}
		}
		fresh, found, err := w.stripe.subscription(ctx, there.StripeID)
		if err != nil {
			return err
		}
		if found {
			again = append(again, fresh)
		}
	}
	_, err = w.compare(ctx, again, true)
	return err
}

// compare adds up both sides of what is the same, and gives what is not. The
// last word tells that differently: then nothing is left to be healed.
func (w *walk) compare(ctx context.Context, page []remote, last bool) (stale []remote, err error) {
	prices, err := w.membership.Mapped(ctx, priceIDs(page))
	if err != nil {
		return nil, err
	}
	here, err := w.membership.BookedBy(ctx, subscriptionIDs(page))
	if err != nil {
		return nil, err
	}
	for _, there := range page {
		w.seen[there.StripeID] = true
		want, ours := there.mapped(prices)
		if !ours {
			w.foreign++
			continue
		}
		own, found := here[there.StripeID]
		// Whose it is and where to pay are not in the list.
		want.UserID, want.PayURL = own.UserID, own.PayURL
		same := found && own.Same(want)
		if !same && !last {
			stale = append(stale, there)
			continue
		}
		w.add(want, own, found)
		if !same {
			w.tell(there, found)
		}
	}
	return stale, nil
}

// add counts a subscription on both sides.
func (w *walk) add(there membership.Snapshot, here membership.Booked, found bool) {
	w.Checked++
	annual, _ := new(big.Rat).SetString(there.AnnualMinor)
	pairOf(w.pairs, there.Currency, string(there.Status)).add(1, 0, annual, nil)
	pairOf(w.mrr, there.Currency, "").add(0, 0, there.MRR(), nil)
	if !found {
		return
	}
	ours, _ := new(big.Rat).SetString(here.AnnualMinor)
	pairOf(w.pairs, here.Currency, string(here.Status)).add(0, 1, nil, ours)
	pairOf(w.mrr, here.Currency, "").add(0, 0, nil, here.MRR)
	if here.MRR.Cmp(here.Snapshot.MRR()) != 0 {
		w.differ(Difference{Kind: DifferLedger, Subscription: here.StripeID}, "the ledger holds another sum of "+here.StripeID)
	}
}

func (w *walk) tell(there remote, found bool) {
	d := Difference{Kind: DifferUnbound, Subscription: there.StripeID, Customer: there.Customer}
	detail := errUnbound.Error()
	if found {
		d.Kind, detail = DifferContent, "it is not the same here, and could not be made so"
	}
	w.differ(d, fmt.Sprintf("subscription %s of customer %s: %s", there.StripeID, there.Customer, detail))
}

func (w *walk) healCustomer(ctx context.Context, there remote) error {
	userID, err := w.owner(ctx, there.Customer, there.Claim)
	if errors.Is(err, errUnbound) {
		return nil // told when it is compared again
	}
	if err != nil {
		return err
	}
	return w.heal(ctx, userID, there.Customer, &w.Report)
}

// unseen looks from our side: what runs here must be known there.
func (w *walk) unseen(ctx context.Context) error {
	for after := ""; ; {
		rows, err := w.store.live(ctx, after, pageSize)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			after = row.StripeID
			if w.seen[row.StripeID] {
				continue
			}
			if err := w.lookFor(ctx, row); err != nil {
				return err
			}
		}
	}
}

func (w *walk) lookFor(ctx context.Context, row liveRow) error {
	there, found, err := w.stripe.subscription(ctx, row.StripeID)
	if err != nil {
		return err
	}
	if found {
		userID, err := w.owner(ctx, there.Customer, there.Claim)
		if err == nil && userID == row.UserID {
			return w.page(ctx, []remote{there}) // it began behind our back
		}
		if err != nil && !errors.Is(err, errUnbound) {
			return err
		}
	}
	here, err := w.membership.BookedBy(ctx, []string{row.StripeID})
	if err != nil {
		return err
	}
	own := here[row.StripeID]
	annual, _ := new(big.Rat).SetString(own.AnnualMinor)
	pairOf(w.pairs, own.Currency, string(own.Status)).add(0, 1, nil, annual)
	pairOf(w.mrr, own.Currency, "").add(0, 0, nil, own.MRR)
	// Another account or mode would make everybody look gone: a person must decide.
	w.differ(Difference{Kind: DifferNotAtStripe, Subscription: row.StripeID},
		fmt.Sprintf("subscription %s runs here and Stripe does not know it", row.StripeID))
	return nil
}

func (w *walk) leftover(ctx context.Context) error {
	ended, err := w.membership.Leftover(ctx)
	for _, id := range ended {
		w.differ(Difference{Kind: DifferLedger, Subscription: id}, "subscription "+id+" has ended and is still in the ledger")
	}
	return err
}

// invoiceWindow is how far back invoices are compared: longer than Stripe
// tries to collect one.
const invoiceWindow = 40 * 24 * time.Hour

// invoices compares the bills, from Stripe's side: those since some weeks
// before the last whole comparison, all when there was none. What has been
// open here for longer is asked about too.
func (w *walk) invoices(ctx context.Context) error {
	since, err := w.store.comparedUntil(ctx)
	if err != nil {
		return err
	}
	since = since.Add(-invoiceWindow)
	if err := w.oldBills(ctx, since); err != nil {
		return err
	}
	after := ""
	for range maxPages {
		page, next, err := w.stripe.invoicePage(ctx, since, after)
		if err != nil {
			return err
		}
		if err := errors.Join(w.bills(ctx, page), w.progress(ctx)); err != nil {
			return err
		}
		if after = next; next == "" {
			return nil
		}
	}
	w.problem("stopped after %d pages of invoices", maxPages)
	return nil
}

// oldBills asks once more about those who owe a bill for long: a payment that
// nobody told us of is found however late it came.
func (w *walk) oldBills(ctx context.Context, before time.Time) error {
	owing, err := w.store.owing(ctx, before)
	if err != nil {
		return err
	}
	for _, o := range owing {
		if _, err := w.sync(ctx, o.UserID, o.StripeID, source, time.Time{}, func(context.Context) error { return nil }); err != nil {
			return err
		}
		if err := w.progress(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) bills(ctx context.Context, page []remoteInvoice) error {
	here, err := w.store.invoicesOf(ctx, page)
	if err != nil {
		return err
	}
	healed := map[string]bool{}
	for _, there := range page {
		if !here.subscriptions[there.StripeSubscriptionID] {
			continue // of another shop, or of a subscription that was told already
		}
		w.Checked++
		own, found := here.invoices[there.StripeID]
		if !found || !own.says(there.invoice) {
			if own, found, err = w.healBill(ctx, there, healed[there.Customer]); err != nil {
				return err
			}
			healed[there.Customer] = true
		}
		w.addBill(there.invoice, own, found)
	}
	return nil
}

// healBill fetches everything of the customer of a bill, unless that was just
// done, and gives the bill as we have it then.
func (w *walk) healBill(ctx context.Context, there remoteInvoice, done bool) (own invoice, found bool, err error) {
	if !done {
		userID, err := w.store.userOf(ctx, there.Customer)
		if err == nil {
			_, err = w.sync(ctx, userID, there.Customer, source, time.Time{}, func(context.Context) error { return nil })
		}
		if err != nil && !pg.Missing(err) {
			return own, false, err
		}
	}
	fresh, err := w.store.invoicesOf(ctx, []remoteInvoice{there})
	if err != nil {
		return own, false, err
	}
	if own, found = fresh.invoices[there.StripeID]; found && own.says(there.invoice) {
		w.Healed++
		return own, true, nil
	}
	w.differ(Difference{Kind: DifferContent, Invoice: there.StripeID, Customer: there.Customer},
		fmt.Sprintf("invoice %s of customer %s is not the same here", there.StripeID, there.Customer))
	return own, found, nil
}

func (w *walk) addBill(there, own invoice, found bool) {
	if there.Status == "paid" {
		pairOf(w.paid, there.Currency, "").add(1, 0, new(big.Rat).SetInt64(there.AmountPaidMinor), nil)
	}
	if found && own.Status == "paid" {
		pairOf(w.paid, own.Currency, "").add(0, 1, nil, new(big.Rat).SetInt64(own.AmountPaidMinor))
	}
}

func (w *walk) findings() Findings {
	return Findings{
		Subscriptions: inOrder(w.pairs), MRR: inOrder(w.mrr), Paid: inOrder(w.paid), Foreign: w.foreign,
		Differences: append([]Difference{}, w.differs...),
	}
}

func pairOf(all map[string]*Pair, currency, status string) *Pair {
	key := currency + " " + status
	if all[key] == nil {
		all[key] = &Pair{Currency: currency, Status: status, stripe: new(big.Rat), ours: new(big.Rat)}
	}
	return all[key]
}

func (p *Pair) add(stripe, ours int64, stripeMinor, oursMinor *big.Rat) {
	p.Stripe, p.Ours = p.Stripe+stripe, p.Ours+ours
	if stripeMinor != nil {
		p.stripe.Add(p.stripe, stripeMinor)
	}
	if oursMinor != nil {
		p.ours.Add(p.ours, oursMinor)
	}
}

func inOrder(all map[string]*Pair) []Pair {
	pairs := []Pair{}
	for _, key := range slices.SortedFunc(maps.Keys(all), cmp.Compare[string]) {
		p := *all[key]
		// What does not fit is no sum of money: it shows as zero beside the differences.
		p.StripeMinor, _ = money.RoundHalfUp(p.stripe)
		p.OursMinor, _ = money.RoundHalfUp(p.ours)
		pairs = append(pairs, p)
	}
	return pairs
}

func subscriptionIDs(page []remote) []string {
	ids := make([]string, len(page))
	for i, r := range page {
		ids[i] = r.StripeID
	}
	return ids
}
