package forum

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Space is a place for topics.
type Space struct {
	ID             uuid.UUID
	Kind           Kind
	CohortID       *uuid.UUID
	Slug           string
	Title          string
	OpensAt        *time.Time // before it, only those who lead see the space
	ReadOnlyAt     *time.Time // from then on it is an archive
	TopicsCount    int64
	LastActivityAt *time.Time
	CreatedAt      time.Time
}

// NewSpace is what CreateSpace needs. CohortID is for a cohort's space only.
type NewSpace struct {
	Kind       Kind
	CohortID   uuid.UUID
	Slug       string
	Title      string
	OpensAt    *time.Time
	ReadOnlyAt *time.Time
}

// CreateSpace adds a space. For those who run the community; nothing
// member-facing calls it. Open streams find it within half a minute.
func (f *Forum) CreateSpace(ctx context.Context, n NewSpace) (Space, error) {
	s := Space{
		ID: pg.NewID(), Kind: n.Kind, Slug: n.Slug, Title: n.Title, OpensAt: n.OpensAt, ReadOnlyAt: n.ReadOnlyAt, CreatedAt: f.clock.Now(),
	}
	if n.Kind == Cohort {
		s.CohortID = &n.CohortID
	}
	if err := f.insertSpace(ctx, s); err != nil {
		return Space{}, fmt.Errorf("create the space %s: %w", n.Slug, err)
	}
	return s, nil
}
