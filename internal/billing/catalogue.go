package billing

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Shelf is a plan as those see it who look after what is on sale.
type Shelf struct {
	membership.PlanWithPrices
	Taken   int64               // seats, held ones too; 0 without seats
	Members map[uuid.UUID]int64 // with a running subscription, for each price
}

// Total is with how many members the plan runs.
func (s Shelf) Total() (n int64) {
	for _, m := range s.Members {
		n += m
	}
	return n
}

// Catalogue gives every plan with every price it has or had, who has it and how
// many seats are taken. An administrator may. Four statements.
func (b *Billing) Catalogue(ctx context.Context) ([]Shelf, error) {
	plans, err := b.membership.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return b.counted(ctx, plans)
}

func (b *Billing) counted(ctx context.Context, plans []membership.PlanWithPrices) ([]Shelf, error) {
	seats, err := b.store.seats(ctx, b.clock.Now().Add(-settling))
	if err != nil {
		return nil, err
	}
	members, err := b.store.membersByPrice(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Shelf, len(plans))
	for i, p := range plans {
		all[i] = Shelf{PlanWithPrices: p, Members: map[uuid.UUID]int64{}}
		for _, s := range seats {
			if s.ID == p.ID {
				all[i].Taken = s.Taken
			}
		}
		for _, price := range p.Prices {
			all[i].Members[price.ID] = members[price.ID]
		}
	}
	return all, nil
}

func (b *Billing) shelf(ctx context.Context, planID uuid.UUID) (Shelf, error) {
	plan, err := b.membership.Listed(ctx, planID)
	if err != nil {
		return Shelf{}, err
	}
	all, err := b.counted(ctx, []membership.PlanWithPrices{plan})
	if err != nil {
		return Shelf{}, err
	}
	return all[0], nil
}

// AddPlan makes a plan, without prices. An administrator may, and it is
// audited. Stripe hears of it in the background. Fault: membership.ErrPlanExists.
func (b *Billing) AddPlan(ctx context.Context, actor account.Actor, spec membership.PlanSpec) (Shelf, error) {
	var made membership.Plan
	err := b.arrange(ctx, actor, "plan.add", func(ctx context.Context) (plan uuid.UUID, detail map[string]string, err error) {
		made, err = b.membership.AddPlan(ctx, spec)
		return made.ID, map[string]string{"plan": spec.Slug}, err
	})
	if err != nil {
		return Shelf{}, err
	}
	return b.shelf(ctx, made.ID)
}

// EditPlan changes a plan as membership.EditPlan does. An administrator may,
// and it is audited. Stripe hears of it in the background.
func (b *Billing) EditPlan(ctx context.Context, actor account.Actor, id uuid.UUID, e membership.PlanEdit, ifMatch string) (Shelf, error) {
	err := b.arrange(ctx, actor, "plan.change", func(ctx context.Context) (uuid.UUID, map[string]string, error) {
		before, after, err := b.membership.EditPlan(ctx, id, e, ifMatch)
		return id, map[string]string{"plan": after.Slug, "before": string(before.State), "after": string(after.State), "seats": seatsText(after)}, err
	})
	if err != nil {
		return Shelf{}, err
	}
	return b.shelf(ctx, id)
}

func seatsText(p membership.Plan) string {
	if p.Seats == nil {
		return ""
	}
	return strconv.FormatInt(*p.Seats, 10)
}

// OfferPrice puts a price on offer as membership.OfferPrice does. An
// administrator may, and it is audited. It can be paid once Stripe has heard of
// it, in the background.
func (b *Billing) OfferPrice(ctx context.Context, actor account.Actor, planID uuid.UUID, s membership.PriceSpec) (Shelf, error) {
	err := b.arrange(ctx, actor, "price.offer", func(ctx context.Context) (uuid.UUID, map[string]string, error) {
		p, err := b.membership.OfferPrice(ctx, planID, s)
		return planID, map[string]string{"price": p.Key, "terms": p.Terms()}, err
	})
	if err != nil {
		return Shelf{}, err
	}
	return b.shelf(ctx, planID)
}

// ArchivePrice takes a price off the offer as membership.ArchivePrice does. An
// administrator may, and it is audited.
func (b *Billing) ArchivePrice(ctx context.Context, actor account.Actor, planID uuid.UUID, key string) (Shelf, error) {
	err := b.arrange(ctx, actor, "price.archive", func(ctx context.Context) (uuid.UUID, map[string]string, error) {
		p, err := b.membership.ArchivePrice(ctx, planID, key)
		return planID, map[string]string{"price": p.Key, "terms": p.Terms()}, err
	})
	if err != nil {
		return Shelf{}, err
	}
	return b.shelf(ctx, planID)
}

// arrange changes the catalogue, records who did, and promises that Stripe will
// hear of it, all in one transaction.
func (b *Billing) arrange(ctx context.Context, actor account.Actor, action string, do func(context.Context) (uuid.UUID, map[string]string, error)) error {
	return b.db.InTx(ctx, func(ctx context.Context) error {
		plan, detail, err := do(ctx)
		if err != nil {
			return err
		}
		if err := b.cfg.Auditor.Act(ctx, actor.ID, action, "plan", plan.String(), detail); err != nil {
			return fmt.Errorf("record %s: %w", action, err)
		}
		return b.queue.Enqueue(ctx, publishPlan{plan})
	})
}

// publishPlan makes Stripe have a plan as it is when the job runs.
type publishPlan struct {
	PlanID uuid.UUID `json:"plan_id"`
}

// Kind names the job.
func (publishPlan) Kind() string { return "billing.publish_plan" }

// InsertOpts keeps it out of the way of everything else.
func (publishPlan) InsertOpts() job.Options { return job.Options{Queue: job.QueueBilling} }

// publish may be repeated. Two at once wait for each other, so that the last
// one tells how things are.
func (b *Billing) publish(ctx context.Context, planID uuid.UUID) error {
	return b.db.Serial(ctx, "billing:plan:"+planID.String(), func(ctx context.Context) error {
		plan, err := b.membership.Listed(ctx, planID)
		if err != nil {
			return err
		}
		s := &setup{b: b, api: b.stripe, out: io.Discard}
		return s.publish(ctx, plan)
	})
}
