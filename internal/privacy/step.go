package privacy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/job"
)

// step is one part of an erasure. It may be repeated at any time: it finds
// nothing to do, or does the rest.
type step struct {
	name string
	do   func(ctx context.Context, e Erasure) error
}

// steps are what an erasure does, in order: the door is shut first, the places
// outside our database follow while we still know where they are, and the rows
// go from the ends of the tree to its root.
func (p *Privacy) steps() []step {
	all := []step{
		{"ledger", p.enterLedger},
		{"farewell", p.farewell},
		{"stripe", func(ctx context.Context, e Erasure) error { return p.cfg.Domains.Billing.Forget(ctx, e.UserID) }},
		{"seats", func(ctx context.Context, e Erasure) error { return p.cfg.Domains.Cohort.Leave(ctx, e.UserID) }},
		{"posts", func(ctx context.Context, e Erasure) error {
			return p.cfg.Domains.Forum.Erase(ctx, e.UserID, e.Posts == Remove)
		}},
		{"files", p.eraseFiles},
		{"jobs", p.eraseJobs},
	}
	for _, t := range slices.Backward(p.tables) {
		if t.erases() {
			all = append(all, step{"table " + t.Name, func(ctx context.Context, e Erasure) error { return p.eraseRows(ctx, t, e.UserID) }})
		}
	}
	return all
}

// erases tells tables in which there may be something to do.
func (t Table) erases() bool {
	return t.Rows == Gone || len(t.Names) > 0 || slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Fate == Blanked })
}

// Erase does what is left to do of an erasure that is due: it goes on where
// an earlier try ended. One that is finished, undone or not due stays as it
// is.
func (p *Privacy) Erase(ctx context.Context, id uuid.UUID) error {
	return p.eraseAfter(ctx, id, p.cfg.Settle)
}

// eraseAfter is Erase with another time to wait once the account is closed.
func (p *Privacy) eraseAfter(ctx context.Context, id uuid.UUID, settle time.Duration) error {
	return p.db.Serial(ctx, "privacy:erase:"+id.String(), func(ctx context.Context) error {
		e, ok, err := p.erasure(ctx, id)
		if err != nil || !ok || e.FinishedAt != nil || e.UndoneAt != nil || p.clock.Now().Before(e.DueAt) {
			return err
		}
		if e.BegunAt == nil {
			begun, err := p.beginErasure(ctx, &e)
			if err != nil || !begun {
				return err
			}
			if settle > 0 {
				return job.Snooze(settle)
			}
		}
		for _, s := range p.steps() {
			if err := p.take(ctx, &e, s); err != nil {
				return fmt.Errorf("erase an account: %s: %w", s.name, err)
			}
		}
		return p.finishErasure(ctx, e)
	})
}

// beginErasure shuts the account; false when she has undone it just now.
func (p *Privacy) beginErasure(ctx context.Context, e *Erasure) (begun bool, err error) {
	now := p.clock.Now()
	err = p.db.InTx(ctx, func(ctx context.Context) error {
		if err := p.cfg.MayLeave(ctx, e.UserID); err != nil {
			return err
		}
		// She before her erasure, as whoever takes an account back does.
		if err := p.lockUser(ctx, e.UserID); err != nil {
			return err
		}
		if begun, err = p.erasureBegun(ctx, e.ID, now); err != nil || !begun {
			return err
		}
		if err := p.cfg.Domains.Account.Close(ctx, e.UserID); err != nil {
			return err
		}
		return p.record(ctx, uuid.Nil, e.UserID, "erasure.begin", e.ID)
	})
	e.BegunAt = &now
	return begun, err
}

func (p *Privacy) take(ctx context.Context, e *Erasure, s step) error {
	if e.done(s.name) {
		return nil
	}
	if err := s.do(ctx, *e); err != nil {
		return err
	}
	if err := p.interrupt("done: " + s.name); err != nil {
		return err
	}
	if err := p.stepDone(ctx, e.ID, s.name); err != nil {
		return err
	}
	e.StepsDone += "," + s.name
	return p.interrupt("noted: " + s.name)
}

func (p *Privacy) interrupt(where string) error {
	if p.cfg.Interrupt == nil {
		return nil
	}
	return p.cfg.Interrupt(where)
}

func (p *Privacy) finishErasure(ctx context.Context, e Erasure) error {
	return p.db.InTx(ctx, func(ctx context.Context) error {
		if err := p.erasureFinished(ctx, e.ID, p.clock.Now()); err != nil {
			return err
		}
		return p.record(ctx, uuid.Nil, e.UserID, "erasure.finish", e.ID)
	})
}

// eraseFiles deletes what her rows name in the blob store.
func (p *Privacy) eraseFiles(ctx context.Context, e Erasure) error {
	for _, t := range p.tables {
		for _, c := range t.Columns {
			if !c.File {
				continue
			}
			keys, err := p.fileKeys(ctx, t, c, e.UserID)
			if err != nil {
				return err
			}
			for _, key := range keys {
				if err := p.cfg.Files.Delete(ctx, key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
