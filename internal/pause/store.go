package pause

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain.
type store struct{ db *pg.DB }

// The states of a pause.
const (
	planned   = "planned"    // its bill is not moved yet
	running   = "running"    // Stripe has moved the bill
	isOver    = "over"       // she is back
	takenBack = "taken_back" // before it began
	void      = "void"       // it could not begin
)

// row is a pause. It lasts from FromAt until UntilAt. The bill of BaseAt goes
// to BillsAt, and is at MovedAt as far as Stripe has said.
type row struct {
	ID             uuid.UUID
	UserID         uuid.UUID
	SubscriptionID uuid.UUID
	FromAt         time.Time
	UntilAt        time.Time
	Reason         string
	State          string
	BaseAt         *time.Time
	BillsAt        *time.Time
	MovedAt        *time.Time
	Asks           int64
	Dirty          bool // Stripe does not know yet what it says
	RemindedAt     *time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

func (r row) closed() bool { return r.State != planned && r.State != running }

const columns = `id, user_id, subscription_id, from_at, until_at, reason, state, base_at, bills_at, moved_at, asks, dirty, reminded_at, created_at, updated_at`

func (s store) insert(ctx context.Context, r row) error {
	const sql = `INSERT INTO pauses (id, user_id, subscription_id, from_at, until_at, reason, state, asks, dirty, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, true, ?, ?)`
	return pg.Exec(ctx, s.db, "insert a pause", sql, r.ID, r.UserID, r.SubscriptionID, r.FromAt, r.UntilAt, r.Reason, r.State, r.CreatedAt, r.UpdatedAt)
}

func (s store) byID(ctx context.Context, id uuid.UUID) (row, error) {
	return pg.First[row](ctx, s.db, `SELECT `+columns+` FROM pauses WHERE id = ?`, id)
}

// open is the pause of a member that is neither over nor gone.
func (s store) open(ctx context.Context, userID uuid.UUID) (row, bool, error) {
	const sql = `SELECT ` + columns + ` FROM pauses WHERE user_id = ? AND state IN ('planned', 'running')`
	return pg.One[row](ctx, s.db, "read the pause of a member", sql, userID)
}

// hold is open, and nothing else changes it before the transaction ends: no
// bill is moved meanwhile.
func (s store) hold(ctx context.Context, userID uuid.UUID) (row, bool, error) {
	const sql = `SELECT ` + columns + ` FROM pauses WHERE user_id = ? AND state IN ('planned', 'running') FOR UPDATE`
	return pg.One[row](ctx, s.db, "hold the pause of a member", sql, userID)
}

// taken counts the pauses that began after a moment and were not taken back.
func (s store) taken(ctx context.Context, userID uuid.UUID, since time.Time) (int, error) {
	const sql = `SELECT count(*) AS n FROM pauses WHERE user_id = ? AND state NOT IN ('taken_back', 'void') AND from_at > ?`
	found, _, err := pg.One[struct{ N int }](ctx, s.db, "count the pauses of a member", sql, userID, since)
	return found.N, err
}

func (s store) shorten(ctx context.Context, id uuid.UUID, until, now time.Time) error {
	const sql = `UPDATE pauses SET until_at = ?, dirty = true, updated_at = ? WHERE id = ?`
	return pg.Exec(ctx, s.db, "shorten a pause", sql, until, now, id)
}

func (s store) close(ctx context.Context, id uuid.UUID, state string, now time.Time) error {
	const sql = `UPDATE pauses SET state = ?, dirty = false, updated_at = ? WHERE id = ? AND state IN ('planned', 'running')`
	return pg.Exec(ctx, s.db, "close a pause", sql, state, now, id)
}

// aimed writes down what is going to be asked; false when the pause is not as
// it was read any more.
func (s store) aimed(ctx context.Context, r row, base, bills time.Time, asks int64, now time.Time) (bool, error) {
	const sql = `UPDATE pauses SET base_at = ?, bills_at = ?, asks = ?, updated_at = ?
		WHERE id = ? AND asks = ? AND until_at = ? AND state IN ('planned', 'running') RETURNING id`
	_, ok, err := pg.One[struct{ ID uuid.UUID }](ctx, s.db, "aim a pause", sql, base, bills, asks, now, r.ID, r.Asks, r.UntilAt)
	return ok, err
}

// moved notes where a bill was moved to, and whether it was the first time.
func (s store) moved(ctx context.Context, r row, bills, now time.Time) (first bool, err error) {
	const sql = `UPDATE pauses p SET state = 'running', moved_at = ?, dirty = (p.until_at <> ?), updated_at = ?
		FROM (SELECT id, moved_at IS NULL AS first FROM pauses WHERE id = ? FOR UPDATE) was
		WHERE p.id = was.id AND p.state IN ('planned', 'running') RETURNING was.first`
	was, _, err := pg.One[struct{ First bool }](ctx, s.db, "note that a bill was moved", sql, bills, r.UntilAt, now, r.ID)
	return was.First, err
}

// finish ends a pause, unless there is something to tell Stripe yet.
func (s store) finish(ctx context.Context, id uuid.UUID, now time.Time) error {
	const sql = `UPDATE pauses SET state = 'over', updated_at = ? WHERE id = ? AND state = 'running' AND NOT dirty`
	return pg.Exec(ctx, s.db, "finish a pause", sql, now, id)
}

// leave notes that nothing can be told to Stripe any more.
func (s store) leave(ctx context.Context, id uuid.UUID, now time.Time) error {
	return pg.Exec(ctx, s.db, "leave a pause as it is", `UPDATE pauses SET dirty = false, updated_at = ? WHERE id = ?`, now, id)
}

// due are the pauses that somebody must look at.
func (s store) due(ctx context.Context, now time.Time, limit int) ([]uuid.UUID, error) {
	const sql = `SELECT id FROM pauses WHERE state IN ('planned', 'running') AND from_at <= ? AND (dirty OR until_at <= ?) ORDER BY from_at LIMIT ?`
	found, err := pg.Many[struct{ ID uuid.UUID }](ctx, s.db, "look for pauses that are due", sql, now, now, limit)
	return ids(found), err
}

// returning marks those who are back soon and were not told, and gives them.
func (s store) returning(ctx context.Context, now time.Time, ahead time.Duration, limit int) ([]uuid.UUID, error) {
	const sql = `UPDATE pauses SET reminded_at = ? WHERE id IN (SELECT id FROM pauses WHERE state = 'running' AND reminded_at IS NULL
		AND until_at > ? AND until_at <= ? AND until_at - from_at > ? * interval '1 second' ORDER BY until_at LIMIT ? FOR UPDATE SKIP LOCKED) RETURNING id`
	found, err := pg.Many[struct{ ID uuid.UUID }](ctx, s.db, "look for who is back soon", sql, now, now, now.Add(ahead), int64(ahead/time.Second), limit)
	return ids(found), err
}

func ids(rows []struct{ ID uuid.UUID }) []uuid.UUID {
	all := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		all[i] = r.ID
	}
	return all
}

// zone is where a member lives, as far as clocks go.
func (s store) zone(ctx context.Context, userID uuid.UUID) (*time.Location, error) {
	found, _, err := pg.One[struct{ Text string }](ctx, s.db, "read a time zone", `SELECT time_zone AS text FROM users WHERE id = ?`, userID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(found.Text)
	if err != nil {
		return time.UTC, nil //nolint:nilerr // one that is not known here is no reason to stay
	}
	return zone, nil
}

// recipient is whom a letter is for; false when she has left us.
func (s store) recipient(ctx context.Context, userID uuid.UUID) (r recipient, ok bool, err error) {
	const sql = `SELECT display_name, email, time_zone FROM users WHERE id = ? AND state = 'active' AND email NOT LIKE '%.invalid'`
	return pg.One[recipient](ctx, s.db, "read an address", sql, userID)
}

type recipient struct{ DisplayName, Email, TimeZone string }
