package programme

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// item is a row of programme_items.
type item struct {
	ID            uuid.UUID
	VersionID     uuid.UUID
	LineageID     uuid.UUID
	ModuleLineage *uuid.UUID
	Kind          Kind
	Title         string
	Position      int64
	Mandatory     bool
	Minutes       int64
	ReleaseDays   *int64
	ReleaseMinute int64
}

// TableName is for gorm.
func (item) TableName() string { return "programme_items" }

// prerequisite is a row of programme_prerequisites.
type prerequisite struct {
	ItemID          uuid.UUID
	RequiresLineage uuid.UUID
}

// TableName is for gorm.
func (prerequisite) TableName() string { return "programme_prerequisites" }

// The row stays locked until the transaction ends, so that numbers of versions
// have no gaps and no rivals.
const upsertProgrammeSQL = `
INSERT INTO programmes (id, slug, title) VALUES (?, ?, ?)
ON CONFLICT (slug) DO UPDATE SET title = excluded.title
RETURNING id`

func (p *Programme) upsertProgramme(ctx context.Context, slug, title string) (uuid.UUID, error) {
	found, err := gorm.G[item](p.db.Conn(ctx)).Raw(upsertProgrammeSQL, pg.NewID(), slug, title).Find(ctx)
	if err != nil {
		return uuid.Nil, fmt.Errorf("write a programme: %w", err)
	}
	return found[0].ID, nil
}

const insertDraftSQL = `
INSERT INTO programme_versions (id, programme_id, number, state)
SELECT @id, @programme, coalesce(max(number), 0) + 1, 'draft' FROM programme_versions WHERE programme_id = @programme`

func (p *Programme) insertDraft(ctx context.Context, id, programmeID uuid.UUID) error {
	err := gorm.G[item](p.db.Conn(ctx)).Exec(ctx, insertDraftSQL, sql.Named("id", id), sql.Named("programme", programmeID))
	if err != nil {
		return fmt.Errorf("begin a version: %w", err)
	}
	return nil
}

func (p *Programme) insertItems(ctx context.Context, versionID uuid.UUID, items []NewItem) error {
	rows := make([]item, len(items))
	var required []prerequisite
	for n, i := range items {
		rows[n] = item{
			ID: pg.NewID(), VersionID: versionID, LineageID: i.Lineage, Kind: i.Kind, Title: i.Title, Position: int64(n) + 1,
			Mandatory: i.Mandatory, Minutes: i.Minutes, ReleaseDays: i.ReleaseDays, ReleaseMinute: i.ReleaseMinute,
		}
		if i.Module != uuid.Nil {
			rows[n].ModuleLineage = &items[n].Module
		}
		for _, id := range i.Requires {
			required = append(required, prerequisite{rows[n].ID, id})
		}
	}
	if err := gorm.G[item](p.db.Conn(ctx)).CreateInBatches(ctx, &rows, 500); err != nil {
		return fmt.Errorf("write the items of a version: %w", err)
	}
	if len(required) == 0 {
		return nil
	}
	if err := gorm.G[prerequisite](p.db.Conn(ctx)).CreateInBatches(ctx, &required, 500); err != nil {
		return fmt.Errorf("write the prerequisites of a version: %w", err)
	}
	return nil
}

const publishSQL = `UPDATE programme_versions SET state = 'published', published_at = ? WHERE id = ? AND state = 'draft'`

func (p *Programme) publish(ctx context.Context, id uuid.UUID) error {
	if err := gorm.G[item](p.db.Conn(ctx)).Exec(ctx, publishSQL, p.clock.Now(), id); err != nil {
		return fmt.Errorf("publish a version: %w", err)
	}
	return nil
}
