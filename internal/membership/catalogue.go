package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// PlanEdit changes what is not nil. Seats of 0 are as many as come.
type PlanEdit struct {
	Name        *string
	Description *string
	Benefits    *[]string
	Position    *int64
	State       *Offer
	Seats       *int64
}

// ETag names the version, for If-Match.
func (p Plan) ETag() string { return fmt.Sprintf(`"l%d"`, p.Version) }

// Catalogue gives every plan with every price it has or had, those on offer
// first. Two statements.
func (m *Membership) Catalogue(ctx context.Context) ([]PlanWithPrices, error) {
	plans, err := m.store.plans(ctx)
	if err != nil {
		return nil, err
	}
	prices, err := m.store.prices(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]PlanWithPrices, len(plans))
	for i, plan := range plans {
		all[i].Plan = plan
		for _, price := range prices {
			if price.PlanID == plan.ID {
				all[i].Prices = append(all[i].Prices, price)
			}
		}
	}
	return all, nil
}

// Group gives the plans of a group.
func (m *Membership) Group(ctx context.Context, key string) (map[uuid.UUID]bool, error) {
	plans, err := m.store.plans(ctx)
	if err != nil {
		return nil, err
	}
	of := map[uuid.UUID]bool{}
	for _, p := range plans {
		if p.GroupKey == key {
			of[p.ID] = true
		}
	}
	return of, nil
}

// PlanOf finds a plan by its slug, on sale or hidden; with a key, one that has
// such a price on offer. Fault: ErrPriceUnknown.
func (m *Membership) PlanOf(ctx context.Context, slug, priceKey string) (uuid.UUID, error) {
	plan, err := m.store.planBySlug(ctx, slug)
	if pg.Missing(err) || (err == nil && plan.State == Archived) {
		return uuid.Nil, ErrPriceUnknown.At(fault.Field{Pointer: "/plan", Code: "price-unknown", Detail: "no plan has this slug"})
	}
	if err != nil || priceKey == "" {
		return plan.ID, err
	}
	_, err = m.store.publicPrice(ctx, plan.ID, priceKey)
	if pg.Missing(err) {
		return uuid.Nil, ErrPriceUnknown.At(fault.Field{Pointer: "/price", Code: "price-unknown", Detail: "the plan has no price with this key"})
	}
	return plan.ID, err
}

// Listed gives one plan of the catalogue, or fault.ErrNotFound.
func (m *Membership) Listed(ctx context.Context, id uuid.UUID) (PlanWithPrices, error) {
	plan, err := m.store.planByID(ctx, id)
	if pg.Missing(err) {
		return PlanWithPrices{}, fault.ErrNotFound
	}
	if err != nil {
		return PlanWithPrices{}, err
	}
	prices, err := m.store.pricesOf(ctx, id)
	return PlanWithPrices{plan, prices}, err
}

// AddPlan makes a plan that has no price yet. Fault: ErrPlanExists.
func (m *Membership) AddPlan(ctx context.Context, spec PlanSpec) (made Plan, err error) {
	err = m.db.InTx(ctx, func(ctx context.Context) error {
		if err := m.store.lockKey(ctx, "plan:"+spec.Slug); err != nil {
			return err
		}
		if _, err := m.store.planBySlug(ctx, spec.Slug); !pg.Missing(err) {
			return orExists(err)
		}
		made, err = m.savePlan(ctx, spec)
		return err
	})
	return made, err
}

func orExists(err error) error {
	if err == nil {
		return ErrPlanExists
	}
	return err
}

// EditPlan changes a plan; with ifMatch (an ETag or *), only that version.
// Those who have it keep it, whatever becomes of it. Faults: fault.ErrNotFound,
// fault.ErrIfMatchRequired, fault.ErrStale.
func (m *Membership) EditPlan(ctx context.Context, id uuid.UUID, e PlanEdit, ifMatch string) (before, after Plan, err error) {
	if ifMatch == "" {
		return before, after, fault.ErrIfMatchRequired
	}
	err = m.db.InTx(ctx, func(ctx context.Context) error {
		before, err = m.store.lockPlan(ctx, id)
		if pg.Missing(err) {
			return fault.ErrNotFound
		}
		if err != nil {
			return err
		}
		if ifMatch != "*" && ifMatch != before.ETag() {
			return fault.ErrStale
		}
		after = before
		e.apply(&after)
		after.Version++
		return m.store.updatePlan(ctx, after)
	})
	return before, after, err
}

func (e PlanEdit) apply(p *Plan) {
	set(&p.Name, e.Name)
	set(&p.Description, e.Description)
	set(&p.Position, e.Position)
	set(&p.State, e.State)
	if e.Benefits != nil {
		p.Benefits = strings.Join(*e.Benefits, "\n")
	}
	switch {
	case e.Seats == nil:
	case *e.Seats == 0:
		p.Seats = nil
	default:
		p.Seats = e.Seats
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// OfferPrice puts a price of a plan on offer under its key. One with other
// terms is archived, and who pays it goes on paying it; with the same terms
// only the trial changes. Faults: fault.ErrNotFound, ErrAmount, ErrInterval.
func (m *Membership) OfferPrice(ctx context.Context, planID uuid.UUID, s PriceSpec) (offered Price, err error) {
	if err := s.check(); err != nil {
		return Price{}, err
	}
	err = m.db.InTx(ctx, func(ctx context.Context) error {
		if err := m.lockedPlan(ctx, planID); err != nil {
			return err
		}
		have, err := m.store.currentPrices(ctx, planID)
		if err != nil {
			return err
		}
		for _, old := range have {
			if old.Key == s.Key && !s.describes(old) {
				if err := m.store.archivePrice(ctx, old.ID); err != nil {
					return err
				}
			}
		}
		if err := m.savePrice(ctx, planID, s, have); err != nil {
			return err
		}
		offered, err = m.store.publicPrice(ctx, planID, s.Key)
		return err
	})
	return offered, err
}

// ArchivePrice takes a price off the offer; who pays it goes on paying it.
// Fault: fault.ErrNotFound.
func (m *Membership) ArchivePrice(ctx context.Context, planID uuid.UUID, key string) (gone Price, err error) {
	err = m.db.InTx(ctx, func(ctx context.Context) error {
		if err := m.lockedPlan(ctx, planID); err != nil {
			return err
		}
		gone, err = m.store.publicPrice(ctx, planID, key)
		if pg.Missing(err) {
			return fault.ErrNotFound
		}
		if err != nil {
			return err
		}
		return m.store.archivePrice(ctx, gone.ID)
	})
	return gone, err
}

func (m *Membership) lockedPlan(ctx context.Context, id uuid.UUID) error {
	_, err := m.store.lockPlan(ctx, id)
	if pg.Missing(err) {
		return fault.ErrNotFound
	}
	return err
}

// check tells what Stripe would not charge.
func (s PriceSpec) check() error {
	if step := money.Step(s.Currency); s.AmountMinor%step != 0 {
		return ErrAmount.At(fault.Field{
			Pointer: "/amount/minor", Code: "amount", Detail: fmt.Sprintf("in this currency it must be a multiple of %d", step),
		})
	}
	longest := map[string]int64{"month": 12, "year": 1}
	if interval, count := s.every(); count > longest[interval] {
		return ErrInterval.At(fault.Field{Pointer: "/interval_count", Code: "interval", Detail: "at most a year"})
	}
	return nil
}

// Compare says what SavePlan would make of a plan that is as have, the zero
// value when there is none, and in words what would be other.
func Compare(spec PlanSpec, have PlanWithPrices) (want PlanWithPrices, changes []string) {
	say := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	want.Plan = have.Plan
	want.Name, want.Description, want.Benefits = spec.Name, spec.Description, strings.Join(spec.Benefits, "\n")
	want.Slug, want.Position, want.State = spec.Slug, spec.Position, spec.State
	complete(&want.Plan, spec)
	if have.ID == uuid.Nil {
		say("+ plan %s %q", spec.Slug, spec.Name)
	} else if fields := want.others(have.Plan); len(fields) > 0 {
		say("~ plan %s: %s", spec.Slug, strings.Join(fields, ", "))
	}
	for _, old := range have.Prices {
		described := slices.ContainsFunc(spec.Prices, func(s PriceSpec) bool { return s.Key == old.Key && s.describes(old) })
		if old.State == Public && !described {
			old.State = Archived
			say("- price %s.%s %s; who pays it goes on paying it", spec.Slug, old.Key, old.Terms())
		}
		want.Prices = append(want.Prices, old)
	}
	for _, s := range spec.Prices {
		i := slices.IndexFunc(want.Prices, func(p Price) bool { return p.State == Public && p.Key == s.Key })
		if i < 0 {
			want.Prices = append(want.Prices, s.price())
			say("+ price %s.%s %s", spec.Slug, s.Key, s.price().Terms())
			continue
		}
		if p := &want.Prices[i]; p.TrialDays != s.TrialDays || p.CardForTrial == s.NoCard {
			p.TrialDays, p.CardForTrial = s.TrialDays, !s.NoCard
			say("~ price %s.%s: trial", spec.Slug, s.Key)
		}
	}
	return want, changes
}

// others names what of a plan is other than in q.
func (p Plan) others(q Plan) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", p.Name == q.Name},
		{"description", p.Description == q.Description},
		{"benefits", p.Benefits == q.Benefits},
		{"position", p.Position == q.Position},
		{"state", p.State == q.State},
		{"seats", (p.Seats == nil) == (q.Seats == nil) && (p.Seats == nil || *p.Seats == *q.Seats)},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}
