package privacy

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// grace is how long an erasure waits for second thoughts.
const grace = 7 * day

// Posts is what becomes of what she wrote.
type Posts string

// The choices.
const (
	Pseudonymise Posts = "pseudonymise" // stays, under the name of a former member
	Remove       Posts = "remove"       // is emptied; threads keep their shape
)

// Erasure is the end of an account, planned or done.
type Erasure struct {
	ID         uuid.UUID
	UserID     uuid.UUID
	Posts      Posts
	PlannedAt  time.Time
	DueAt      time.Time
	UndoneAt   *time.Time
	BegunAt    *time.Time // from here on it cannot be undone
	StepsDone  string     // separated by commas
	FinishedAt *time.Time
}

func (e Erasure) done(step string) bool {
	for name := range strings.SplitSeq(e.StepsDone, ",") {
		if name == step {
			return true
		}
	}
	return false
}

// PlanErasure plans the end of the account of whoever acts, in seven days, and
// tells her by mail. Until then nothing changes. Faults: ErrPlanned,
// account.ErrLastAdmin.
func (p *Privacy) PlanErasure(ctx context.Context, who account.Actor, posts Posts) (Erasure, error) {
	now := p.clock.Now()
	e := Erasure{ID: pg.NewID(), UserID: who.ID, Posts: posts, PlannedAt: now, DueAt: now.Add(grace)}
	err := p.db.InTx(ctx, func(ctx context.Context) error {
		if err := p.cfg.MayLeave(ctx, who.ID); err != nil {
			return err
		}
		planned, err := p.insertErasure(ctx, e)
		if err != nil {
			return err
		}
		if !planned {
			return ErrPlanned
		}
		if err := p.record(ctx, who.ID, who.ID, "erasure.plan", e.ID); err != nil {
			return err
		}
		return p.cfg.Domains.Account.Tell(ctx, who.ID, account.ErasurePlanned)
	})
	return e, err
}

// Erasure gives the one that is planned for whoever acts. Fault:
// fault.ErrNotFound.
func (p *Privacy) Erasure(ctx context.Context, who account.Actor) (Erasure, error) {
	e, ok, err := p.plannedErasure(ctx, who.ID)
	if err == nil && !ok {
		err = fault.ErrNotFound
	}
	return e, err
}

// UndoErasure takes back the one that is planned for whoever acts, and tells
// her by mail. Fault: fault.ErrNotFound when there is none, or it has begun.
func (p *Privacy) UndoErasure(ctx context.Context, who account.Actor) error {
	undone, err := p.CallOff(ctx, who.ID)
	if err == nil && !undone {
		err = fault.ErrNotFound
	}
	return err
}

// CallOff takes back the erasure that is planned for somebody, and tells her
// by mail; false when there is none, or it has begun. It joins the transaction
// of ctx.
func (p *Privacy) CallOff(ctx context.Context, userID uuid.UUID) (undone bool, err error) {
	err = p.db.InTx(ctx, func(ctx context.Context) error {
		var id uuid.UUID
		if id, undone, err = p.undoErasure(ctx, userID, p.clock.Now()); err != nil || !undone {
			return err
		}
		if err := p.record(ctx, userID, userID, "erasure.undo", id); err != nil {
			return err
		}
		return p.cfg.Domains.Account.Tell(ctx, userID, account.ErasureUndone)
	})
	return undone, err
}

// EraseDue promises the work on every erasure that is due and not finished.
func (p *Privacy) EraseDue(ctx context.Context) error {
	ids, err := p.dueErasures(ctx, p.clock.Now())
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.queue.Enqueue(ctx, erase{ErasureID: id}); err != nil {
			return err
		}
	}
	return nil
}
