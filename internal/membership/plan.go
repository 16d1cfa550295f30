package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// Offer says who sees a plan or a price.
type Offer string

// The states of a plan; a price is public or archived. Archived things are not
// sold any more, and those who have them keep them.
const (
	Public   Offer = "public"
	Hidden   Offer = "hidden"
	Archived Offer = "archived"
)

// Plan is something a member can subscribe to.
type Plan struct {
	ID              uuid.UUID
	Slug            string
	Name            string
	Description     string
	Benefits        string // one a line
	Position        int64
	State           Offer
	GroupKey        string // of the plans of a group one is held at a time
	Seats           *int64 // nil: as many as come
	Version         int64
	StripeProductID *string
	CreatedAt       time.Time
}

// MainGroup is the group of plans that name no other.
const MainGroup = "membership"

// BenefitList gives the benefits one by one.
func (p Plan) BenefitList() []string {
	return strings.FieldsFunc(p.Benefits, func(r rune) bool { return r == '\n' })
}

// Price is one way to pay for a plan. Amount, currency and interval of a row
// never change: another amount is another row.
type Price struct {
	ID            uuid.UUID
	PlanID        uuid.UUID
	Key           string
	Interval      string // month or year
	IntervalCount int64
	AmountMinor   int64
	Currency      string
	TrialDays     int64
	CardForTrial  bool // false: the trial begins without one, and waits for one at its end
	State         Offer
	StripePriceID *string
	CreatedAt     time.Time
}

// Terms are what a price asks for, in words: "49.00 USD every month".
func (p Price) Terms() string {
	every := "every " + p.Interval
	if p.IntervalCount > 1 {
		every = fmt.Sprintf("every %d %ss", p.IntervalCount, p.Interval)
	}
	return money.Amount{Minor: p.AmountMinor, Currency: p.Currency}.Format() + " " + every
}

// PlanWithPrices is a plan and its prices.
type PlanWithPrices struct {
	Plan
	Prices []Price
}

// Sale is a price together with its plan.
type Sale struct {
	Plan  Plan
	Price Price
}

// PlanSpec says how a plan ought to be.
type PlanSpec struct {
	Slug        string
	Name        string
	Description string
	Benefits    []string
	Position    int64
	State       Offer  // "" is public
	Group       string // "" is MainGroup; of a plan that exists it stays as it is
	Seats       int64  // 0: as many as come
	Prices      []PriceSpec
}

// PriceSpec says how a price of a plan ought to be.
type PriceSpec struct {
	Key           string
	Interval      string // month, quarter (three months) or year
	IntervalCount int64  // 0 is 1
	AmountMinor   int64
	Currency      string
	TrialDays     int64
	NoCard        bool // the trial begins without a card
}

func (s PriceSpec) describes(p Price) bool {
	interval, count := s.every()
	return p.Interval == interval && p.IntervalCount == count && p.AmountMinor == s.AmountMinor && p.Currency == s.Currency
}

// every is how often the price is paid, as it is kept.
func (s PriceSpec) every() (interval string, count int64) {
	count = max(1, s.IntervalCount)
	if s.Interval == "quarter" {
		return "month", 3 * count
	}
	return s.Interval, count
}

// Plans gives the public plans with their public prices, in the order they
// are shown. A plan that has no price is not on offer.
func (m *Membership) Plans(ctx context.Context) ([]PlanWithPrices, error) {
	plans, err := m.store.publicPlans(ctx)
	if err != nil {
		return nil, err
	}
	prices, err := m.store.publicPrices(ctx)
	if err != nil {
		return nil, err
	}
	var offered []PlanWithPrices
	for _, plan := range plans {
		var own []Price
		for _, price := range prices {
			if price.PlanID == plan.ID {
				own = append(own, price)
			}
		}
		if len(own) > 0 {
			offered = append(offered, PlanWithPrices{plan, own})
		}
	}
	return offered, nil
}

// Price finds what is on sale under a plan's slug and a price's key, or
// returns ErrPriceUnknown, which says which of the two is unknown.
func (m *Membership) Price(ctx context.Context, planSlug, priceKey string) (Sale, error) {
	plan, err := m.store.planBySlug(ctx, planSlug)
	if pg.Missing(err) || (err == nil && plan.State != Public) {
		return Sale{}, ErrPriceUnknown.At(fault.Field{Pointer: "/plan", Code: "price-unknown", Detail: "no plan has this slug"})
	}
	if err != nil {
		return Sale{}, err
	}
	price, err := m.store.publicPrice(ctx, plan.ID, priceKey)
	if pg.Missing(err) {
		return Sale{}, ErrPriceUnknown.At(fault.Field{Pointer: "/price", Code: "price-unknown", Detail: "the plan has no price with this key"})
	}
	return Sale{plan, price}, err
}

// SaleOf finds a price by its id, on sale or not, with its plan.
func (m *Membership) SaleOf(ctx context.Context, priceID uuid.UUID) (Sale, error) {
	price, err := m.store.priceByID(ctx, priceID)
	if err != nil {
		return Sale{}, err
	}
	plan, err := m.store.planByID(ctx, price.PlanID)
	return Sale{plan, price}, err
}

// SavePlan makes a plan and its prices be as spec says, found by slug and
// key. A price with other terms replaces the old one, which is archived; so is
// a price that spec does not name. Repeating it changes nothing.
func (m *Membership) SavePlan(ctx context.Context, spec PlanSpec) error {
	return m.db.InTx(ctx, func(ctx context.Context) error {
		if err := m.store.lockKey(ctx, "plan:"+spec.Slug); err != nil {
			return err
		}
		plan, err := m.savePlan(ctx, spec)
		if err != nil {
			return err
		}
		have, err := m.store.currentPrices(ctx, plan.ID)
		if err != nil {
			return err
		}
		for _, old := range have {
			kept := slices.ContainsFunc(spec.Prices, func(s PriceSpec) bool { return s.Key == old.Key && s.describes(old) })
			if kept {
				continue
			}
			if err := m.store.archivePrice(ctx, old.ID); err != nil {
				return err
			}
		}
		for _, s := range spec.Prices {
			if err := m.savePrice(ctx, plan.ID, s, have); err != nil {
				return fmt.Errorf("save price %s of plan %s: %w", s.Key, spec.Slug, err)
			}
		}
		return nil
	})
}

func (m *Membership) savePlan(ctx context.Context, spec PlanSpec) (Plan, error) {
	plan := Plan{
		ID: pg.NewID(), Slug: spec.Slug, Name: spec.Name, Description: spec.Description, Benefits: strings.Join(spec.Benefits, "\n"),
		Position: spec.Position, State: spec.State, GroupKey: spec.Group, Version: 1, CreatedAt: m.clock.Now(),
	}
	complete(&plan, spec)
	if err := m.store.upsertPlan(ctx, plan); err != nil {
		return Plan{}, err
	}
	return m.store.planBySlug(ctx, spec.Slug)
}

// complete fills in what a spec leaves open.
func complete(p *Plan, spec PlanSpec) {
	if p.State == "" {
		p.State = Public
	}
	if p.GroupKey == "" {
		p.GroupKey = MainGroup
	}
	if p.Seats = nil; spec.Seats > 0 {
		p.Seats = &spec.Seats
	}
}

func (m *Membership) savePrice(ctx context.Context, planID uuid.UUID, s PriceSpec, have []Price) error {
	for _, old := range have {
		if old.Key == s.Key && s.describes(old) {
			return m.store.setTrial(ctx, old.ID, s.TrialDays, !s.NoCard)
		}
	}
	price := s.price()
	price.ID, price.PlanID, price.CreatedAt = pg.NewID(), planID, m.clock.Now()
	return m.store.insertPrice(ctx, price)
}

// price is what a spec makes, without an id.
func (s PriceSpec) price() Price {
	interval, count := s.every()
	return Price{
		Key: s.Key, Interval: interval, IntervalCount: count, AmountMinor: s.AmountMinor, Currency: s.Currency,
		TrialDays: s.TrialDays, CardForTrial: !s.NoCard, State: Public,
	}
}

// MapPrice remembers which product and price at Stripe stand for a price.
func (m *Membership) MapPrice(ctx context.Context, priceID uuid.UUID, stripeProductID, stripePriceID string) error {
	return m.db.InTx(ctx, func(ctx context.Context) error {
		return m.store.mapPrice(ctx, priceID, stripeProductID, stripePriceID)
	})
}

// Mapped finds the prices that stand for prices at Stripe, by Stripe's ids.
// What is not ours is not in the answer.
func (m *Membership) Mapped(ctx context.Context, stripePriceIDs []string) (map[string]Price, error) {
	if len(stripePriceIDs) == 0 {
		return map[string]Price{}, nil
	}
	prices, err := m.store.pricesByStripeID(ctx, stripePriceIDs)
	if err != nil {
		return nil, err
	}
	found := make(map[string]Price, len(prices))
	for _, p := range prices {
		found[*p.StripePriceID] = p
	}
	return found, nil
}
