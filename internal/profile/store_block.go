package profile

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Her row is locked, so that what she may have is counted one by one.
const lockBlocksSQL = `
SELECT (SELECT count(*) FROM blocks WHERE user_id = me.id) AS count,
       EXISTS (SELECT 1 FROM blocks WHERE user_id = me.id AND blocked_id = @id) AS already,
       EXISTS (SELECT 1 FROM users WHERE id = @id AND state <> 'deleted')
           AND NOT EXISTS (SELECT 1 FROM hidden_people(me.id, @now) WHERE person_id = @id) AS known
FROM users me WHERE me.id = @who FOR NO KEY UPDATE OF me`

// standing is how things are between her and one she wants to block.
type standing struct {
	Count   int64 // of her blocks
	Already bool
	Known   bool // there, and not hidden from her
}

func (p *Profile) lockBlocks(ctx context.Context, who, id uuid.UUID, now time.Time) (standing, error) {
	s, err := pg.First[standing](ctx, p.db, lockBlocksSQL, sql.Named("id", id), sql.Named("who", who), sql.Named("now", now))
	if err != nil {
		return s, fmt.Errorf("lock the blocks of a member: %w", err)
	}
	return s, nil
}

func (p *Profile) insertBlock(ctx context.Context, who, id uuid.UUID, now time.Time) error {
	const add = `INSERT INTO blocks (user_id, blocked_id, created_at) VALUES (?, ?, ?)`
	if err := gorm.G[idRow](p.db.Conn(ctx)).Exec(ctx, add, who, id, now); err != nil {
		return fmt.Errorf("add a block: %w", err)
	}
	return nil
}

type idRow struct{ ID uuid.UUID }

func (p *Profile) deleteBlock(ctx context.Context, who, id uuid.UUID) (bool, error) {
	const remove = `DELETE FROM blocks WHERE user_id = ? AND blocked_id = ? RETURNING blocked_id AS id`
	done, err := gorm.G[idRow](p.db.Conn(ctx)).Raw(remove, who, id).Find(ctx)
	if err != nil {
		return false, fmt.Errorf("remove a block: %w", err)
	}
	return len(done) > 0, nil
}

const blocksSQL = `
SELECT b.blocked_id AS id, u.display_name, b.created_at AS blocked_at FROM blocks b JOIN users u ON u.id = b.blocked_id
WHERE b.user_id = ? ORDER BY b.created_at DESC, b.blocked_id`

func (p *Profile) blocks(ctx context.Context, who uuid.UUID) ([]Blocked, error) {
	list, err := gorm.G[Blocked](p.db.Conn(ctx)).Raw(blocksSQL, who).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list blocks: %w", err)
	}
	return list, nil
}
