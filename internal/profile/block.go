package profile

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Blocked is somebody she does not want to meet.
type Blocked struct {
	ID          uuid.UUID
	DisplayName string
	BlockedAt   time.Time
}

const mostBlocks = 100

// Block makes her and id vanish for each other, everywhere and from the next
// request on; live streams of both learn of it. Only she is told, by her own
// list and audit entries, which do not say whom. Blocking twice changes
// nothing. Faults: fault.ErrNotFound, also for one who has blocked her;
// ErrBlockSelf, ErrBlockStaff, ErrBlocksFull.
func (p *Profile) Block(ctx context.Context, who account.Actor, id uuid.UUID) error {
	switch {
	case id == who.ID:
		return ErrBlockSelf
	case who.Staff():
		return ErrBlockStaff
	}
	return p.db.InTx(ctx, func(ctx context.Context) error {
		has, err := p.lockBlocks(ctx, who.ID, id, p.clock.Now())
		switch {
		case err != nil || has.Already:
			return err
		case !has.Known:
			return fault.ErrNotFound
		case has.Count >= mostBlocks:
			return ErrBlocksFull
		}
		if err := p.insertBlock(ctx, who.ID, id, p.clock.Now()); err != nil {
			return err
		}
		return p.blockChanged(ctx, who.ID, id, "block.add")
	})
}

// Unblock takes a block of hers back. Fault: fault.ErrNotFound when there is
// none.
func (p *Profile) Unblock(ctx context.Context, who account.Actor, id uuid.UUID) error {
	return p.db.InTx(ctx, func(ctx context.Context) error {
		gone, err := p.deleteBlock(ctx, who.ID, id)
		switch {
		case err != nil:
			return err
		case !gone:
			return fault.ErrNotFound
		}
		return p.blockChanged(ctx, who.ID, id, "block.remove")
	})
}

// Blocks lists whom she has blocked, the latest first; a hundred at most.
func (p *Profile) Blocks(ctx context.Context, who account.Actor) ([]Blocked, error) {
	return p.blocks(ctx, who.ID)
}

// blockChanged keeps the act where only she finds it: who the other is would
// be told to whoever reads the log.
func (p *Profile) blockChanged(ctx context.Context, who, other uuid.UUID, act string) error {
	if err := p.log.Record(ctx, audit.Entry{ActorID: who, Action: act, TargetKind: "user", TargetID: who.String()}); err != nil {
		return err
	}
	return p.outbox.RevokeAll(ctx, []uuid.UUID{who, other})
}
