package billing

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// A seat is taken by a subscription that has not ended, and by a checkout until
// it has become one or come to nothing.
const takenSQL = `(
	(SELECT count(*) FROM subscriptions s WHERE s.plan_id = p.id AND s.status NOT IN ('canceled', 'incomplete_expired')) +
	(SELECT count(*) FROM checkouts c JOIN prices r ON r.id = c.price_id
	 WHERE r.plan_id = p.id AND c.state <> 'expired' AND (c.state <> 'complete' OR (c.updated_at > @since
		AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.stripe_id = c.stripe_subscription_id)))))`

type seatRow struct {
	ID      uuid.UUID
	Seats   *int64
	Taken   int64
	Members int64
}

func (s store) seatsTaken(ctx context.Context, planID uuid.UUID, since time.Time) (int64, error) {
	const query = `SELECT p.id, p.seats, ` + takenSQL + ` AS taken FROM plans p WHERE p.id = @plan`
	found, err := pg.First[seatRow](ctx, s.db, query, sql.Named("plan", planID), sql.Named("since", since))
	return found.Taken, wrap(err, "count the seats of a plan")
}

// lockSeats gives how many seats there are, nil for as many as come, and keeps
// others waiting who want one.
func (s store) lockSeats(ctx context.Context, planID uuid.UUID) (*int64, error) {
	found, err := pg.First[seatRow](ctx, s.db, `SELECT id, seats FROM plans WHERE id = ? FOR NO KEY UPDATE`, planID)
	return found.Seats, wrap(err, "lock the seats of a plan")
}

func (s store) holdsSeat(ctx context.Context, userID, planID uuid.UUID) (bool, error) {
	const query = `SELECT c.id FROM checkouts c JOIN prices r ON r.id = c.price_id
		WHERE c.user_id = ? AND r.plan_id = ? AND c.state IN ('creating', 'open')`
	found, err := gorm.G[keyed](s.db.Conn(ctx)).Raw(query, userID, planID).Find(ctx)
	return len(found) > 0, wrap(err, "look for a seat that is held")
}

// seats counts the seats of plans that have any.
func (s store) seats(ctx context.Context, since time.Time) ([]seatRow, error) {
	const query = `SELECT p.id, p.seats, ` + takenSQL + ` AS taken FROM plans p WHERE p.seats IS NOT NULL`
	found, err := gorm.G[seatRow](s.db.Conn(ctx)).Raw(query, sql.Named("since", since)).Find(ctx)
	return found, wrap(err, "count the seats")
}

// membersByPrice counts the subscriptions that run, for each price.
func (s store) membersByPrice(ctx context.Context) (map[uuid.UUID]int64, error) {
	const query = `SELECT price_id AS id, count(*) AS members FROM subscriptions
		WHERE price_id IS NOT NULL AND status NOT IN ('canceled', 'incomplete_expired') GROUP BY price_id`
	found, err := gorm.G[seatRow](s.db.Conn(ctx)).Raw(query).Find(ctx)
	if err != nil {
		return nil, wrap(err, "count the members of prices")
	}
	members := make(map[uuid.UUID]int64, len(found))
	for _, r := range found {
		members[r.ID] = r.Members
	}
	return members, nil
}
