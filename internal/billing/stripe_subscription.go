package billing

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// remote is a subscription as Stripe has it. Its snapshot lacks what only we
// know: member, plan, price and where to pay.
type remote struct { //nolint:recvcheck // it is a value; only its making fills it in through a pointer
	membership.Snapshot
	Customer string
	PriceIDs []string
	Claim    claim
	Items    []item
	Coupon   string // of its discount, or empty
	Moved    bool   // its bill was moved by postpone
	// Of its schedule: the price at Stripe that is planned, and when the phase
	// began that runs.
	Next       string
	PhaseStart int64
}

// item is one thing that a subscription sells, at its own price.
type item struct {
	ID       string
	Price    string
	Quantity int64
	Yearly   *big.Rat // of all of it, without discounts
	Every    int64    // how long a period is, in days or so
}

const pageSize = 100

// subscriptions fetches all subscriptions of a customer, in any status.
func (g *gateway) subscriptions(ctx context.Context, customer string) ([]remote, error) {
	var all []remote
	for after := ""; ; {
		page, next, err := g.subscriptionPage(ctx, customer, after)
		if err != nil {
			return nil, fmt.Errorf("list the subscriptions of %s: %w", customer, err)
		}
		all = append(all, page...)
		if next == "" {
			return all, nil
		}
		after = next
	}
}

// subscriptionPage fetches one page behind the subscription after, of one
// customer or of all; next is empty on the last.
func (g *gateway) subscriptionPage(ctx context.Context, customer, after string) (page []remote, next string, err error) {
	params := &stripe.SubscriptionListParams{Status: new("all")}
	params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize)
	params.AddExpand("data.schedule")
	if customer != "" {
		params.Customer = new(customer)
	}
	if after != "" {
		params.StartingAfter = new(after)
	}
	err = g.call(ctx, func() error {
		it := g.api.Subscriptions.List(params)
		for it.Next() {
			r, err := remoteOf(it.Subscription())
			if err != nil {
				return err
			}
			page = append(page, r)
		}
		if it.Err() == nil && it.Meta() != nil && it.Meta().HasMore && len(page) > 0 {
			next = page[len(page)-1].StripeID
		}
		return it.Err()
	})
	return page, next, err
}

// subscription fetches one; false when Stripe does not know it.
func (g *gateway) subscription(ctx context.Context, id string) (r remote, found bool, err error) {
	params := &stripe.SubscriptionParams{}
	params.AddExpand("schedule")
	params.Context = ctx
	err = g.call(ctx, func() error {
		s, err := g.api.Subscriptions.Get(id, params)
		if err != nil {
			return err
		}
		r, err = remoteOf(s)
		return err
	})
	if missing(err, "") {
		return remote{}, false, nil
	}
	return r, err == nil, err
}

func remoteOf(s *stripe.Subscription) (remote, error) {
	r := remote{Claim: claimOf(s.Metadata, ""), Snapshot: membership.Snapshot{
		StripeID: s.ID, Status: membership.Status(s.Status), Currency: string(s.Currency),
		CurrentPeriodStart: when(s.CurrentPeriodStart), CurrentPeriodEnd: when(s.CurrentPeriodEnd),
		CancelAt: when(s.CancelAt), CancelAtPeriodEnd: s.CancelAtPeriodEnd, CollectionPaused: s.PauseCollection != nil,
		CanceledAt: when(s.CanceledAt), EndedAt: when(s.EndedAt), TrialEnd: when(s.TrialEnd),
		Interval: "month", IntervalCount: 1,
	}}
	if s.Customer != nil {
		r.Customer = s.Customer.ID
	}
	if s.CancellationDetails != nil {
		r.CancellationReason = string(s.CancellationDetails.Reason)
		if s.CancellationDetails.Comment == whoDisputed {
			r.CancellationReason = whoDisputed
		}
	}
	if started := when(s.StartDate); started != nil {
		r.StartedAt = *started
	}
	r.moved(s)
	r.plan(s.Schedule)
	if err := r.price(s); err != nil {
		return remote{}, fmt.Errorf("price subscription %s: %w", s.ID, err)
	}
	return r, nil
}

// plan reads what a schedule does when its phase is over.
func (r *remote) plan(s *stripe.SubscriptionSchedule) {
	if s == nil {
		return
	}
	r.ScheduleID, r.PhaseStart = s.ID, phaseStart(s)
	if s.CurrentPhase == nil {
		return
	}
	for _, phase := range s.Phases {
		if phase.StartDate < s.CurrentPhase.EndDate || len(phase.Items) == 0 || phase.Items[0].Price == nil {
			continue
		}
		r.Next, r.NextAt = phase.Items[0].Price.ID, when(phase.StartDate)
		return
	}
}

// price adds up what all items cost, less a discount that lasts for ever. A
// discount that ends is a gift and not a lower price.
func (r *remote) price(s *stripe.Subscription) error {
	amount, annual := new(big.Rat), new(big.Rat)
	if s.Items != nil {
		for _, sold := range s.Items.Data {
			p := sold.Price
			if p == nil || p.Recurring == nil {
				continue
			}
			if len(r.PriceIDs) == 0 {
				r.Interval, r.IntervalCount = string(p.Recurring.Interval), p.Recurring.IntervalCount
			}
			r.PriceIDs = append(r.PriceIDs, p.ID)
			yearly, err := money.Annualised(p.UnitAmount, string(p.Recurring.Interval), int(p.Recurring.IntervalCount), sold.Quantity)
			if err != nil {
				return err
			}
			r.Items = append(r.Items, item{sold.ID, p.ID, sold.Quantity, yearly, days(string(p.Recurring.Interval)) * p.Recurring.IntervalCount})
			annual.Add(annual, yearly)
			amount.Add(amount, new(big.Rat).SetInt(new(big.Int).Mul(big.NewInt(p.UnitAmount), big.NewInt(sold.Quantity))))
		}
	}
	if s.Discount != nil && s.Discount.Coupon != nil {
		r.Coupon = s.Discount.Coupon.ID
	}
	if err := r.discount(s.Discount, amount, annual); err != nil {
		return err
	}
	r.AnnualMinor = membership.Annual(annual)
	var err error
	r.AmountMinor, err = money.RoundHalfUp(amount)
	return err
}

// days is about how long an interval is: enough to tell which is longer.
func days(interval string) int64 {
	switch interval {
	case "day":
		return 1
	case "week":
		return 7
	case "month":
		return 30
	}
	return 365
}

var errPercent = errors.New("the discount is not a number")

func (r *remote) discount(d *stripe.Discount, amount, annual *big.Rat) error {
	if d == nil || d.Coupon == nil || d.Coupon.Duration != stripe.CouponDurationForever {
		return nil
	}
	if d.Coupon.PercentOff > 0 {
		// Through its decimal text: 33.3 as a float is not 33.3.
		off, ok := new(big.Rat).SetString(strconv.FormatFloat(d.Coupon.PercentOff, 'f', -1, 64))
		if !ok {
			return errPercent
		}
		rest := off.Sub(big.NewRat(1, 1), off.Quo(off, big.NewRat(100, 1)))
		amount.Mul(amount, rest)
		annual.Mul(annual, rest)
		return nil
	}
	yearly, err := money.Annualised(d.Coupon.AmountOff, r.Interval, int(r.IntervalCount), 1)
	if err != nil {
		return err
	}
	annual.Sub(annual, yearly)
	amount.Sub(amount, new(big.Rat).SetInt64(d.Coupon.AmountOff))
	for _, sum := range []*big.Rat{amount, annual} {
		if sum.Sign() < 0 {
			sum.SetInt64(0)
		}
	}
	return nil
}
