package cohort

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Listing is a cohort as anybody may see it, with the viewer's own seat.
type Listing struct {
	ID                   uuid.UUID
	Name                 string
	Programme            string
	State                State
	TimeZone             string
	StartsOn             time.Time // a civil date
	EndsOn               time.Time // a civil date
	RegistrationClosesAt *time.Time
	Capacity             int64
	SeatsLeft            int64
	// The viewer's latest enrolment; uuid.Nil when she has none.
	EnrolmentID    uuid.UUID
	EnrolmentState Seat
	EnrolledAt     *time.Time
}

// Position is where a page of cohorts ended. The zero Position is the start.
type Position struct {
	StartsOn time.Time `json:"s"`
	ID       uuid.UUID `json:"i"`
}

const largestPage = 100

// Cohorts lists all but drafts, the latest start first, up to limit of them
// behind after, and says whether there are more. The viewer is uuid.Nil when
// nobody is signed in. One statement.
func (c *Cohort) Cohorts(ctx context.Context, viewer uuid.UUID, after Position, limit int) (page []Listing, more bool, err error) {
	if limit <= 0 || limit > largestPage {
		limit = largestPage
	}
	all, err := c.list(ctx, viewer, after, limit+1)
	if err != nil {
		return nil, false, err
	}
	if len(all) > limit {
		return all[:limit], true, nil
	}
	return all, false, nil
}

// ByID gives one cohort that is not a draft. One statement. Fault:
// fault.ErrNotFound.
func (c *Cohort) ByID(ctx context.Context, viewer, id uuid.UUID) (Listing, error) {
	found, err := c.one(ctx, viewer, id)
	switch {
	case err != nil:
		return Listing{}, err
	case len(found) == 0:
		return Listing{}, fault.ErrNotFound
	}
	return found[0], nil
}

// Seated is a cohort somebody has, or had, a seat in.
type Seated struct {
	CohortID   uuid.UUID
	Cohort     string
	Run        State // of the cohort
	State      Seat  // of her latest attempt
	EnrolledAt time.Time
}

// Seats lists the cohorts somebody has, or had, a seat in, the latest first,
// each with her latest attempt. One statement.
func (c *Cohort) Seats(ctx context.Context, userID uuid.UUID) ([]Seated, error) {
	return c.seated(ctx, userID)
}
