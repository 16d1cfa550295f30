package programme

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// NewItem is an item of a version to be published. Lineage ties it to what
// members did in earlier versions: keep it when the item is still the same
// work, give a new one when it is not.
type NewItem struct {
	Lineage       uuid.UUID
	Module        uuid.UUID // lineage of its module, uuid.Nil for none
	Kind          Kind
	Title         string
	Mandatory     bool
	Minutes       int64
	ReleaseDays   *int64 // after the start of the cohort; nil: with the cohort
	ReleaseMinute int64  // of that day, on the clock of the cohort
	Requires      []uuid.UUID
}

// NewVersion is a whole programme, its items in the order of the outline. The
// programme is made when no other has its slug; Title is its title from now on.
type NewVersion struct {
	Slug  string
	Title string
	Items []NewItem
}

// Publish makes the next version of a programme, which never changes
// afterwards, and gives its id. Cohorts stay on the version they are pinned to.
//
// It refuses with ErrVersion, naming every item at fault, what nobody could
// ever finish: no mandatory item, one lineage twice, a prerequisite or module
// that is not there or can never be met, items that wait for each other (the
// circle is named).
func (p *Programme) Publish(ctx context.Context, v NewVersion) (uuid.UUID, error) {
	if fields := check(v); len(fields) > 0 {
		return uuid.Nil, ErrVersion.At(fields...)
	}
	id := pg.NewID()
	err := p.db.InTx(ctx, func(ctx context.Context) error {
		programmeID, err := p.upsertProgramme(ctx, v.Slug, v.Title)
		if err != nil {
			return err
		}
		if err := p.insertDraft(ctx, id, programmeID); err != nil {
			return err
		}
		if err := p.insertItems(ctx, id, v.Items); err != nil {
			return err
		}
		return p.publish(ctx, id)
	})
	return id, err
}
