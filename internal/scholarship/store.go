package scholarship

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is all SQL of the domain; applications are in store_application.go.
type store struct{ db *pg.DB }

const fundColumns = `id, name, description, currency, balance_minor, state, created_at`

func (s store) insertFund(ctx context.Context, f Fund) error {
	const sql = `INSERT INTO funds (id, name, description, currency, balance_minor, state, created_at) VALUES (?, ?, ?, ?, 0, ?, ?)`
	return pg.Exec(ctx, s.db, "insert a fund", sql, f.ID, f.Name, f.Description, f.Currency, f.State, f.CreatedAt)
}

func (s store) changeFund(ctx context.Context, id uuid.UUID, n NewFund) (Fund, bool, error) {
	const sql = `UPDATE funds SET name = ?, description = ?, state = ? WHERE id = ? RETURNING ` + fundColumns
	return pg.One[Fund](ctx, s.db, "change a fund", sql, n.Name, n.Description, n.State, id)
}

func (s store) fund(ctx context.Context, id uuid.UUID) (Fund, bool, error) {
	return pg.One[Fund](ctx, s.db, "read a fund", `SELECT `+fundColumns+` FROM funds WHERE id = ?`, id)
}

func (s store) openFunds(ctx context.Context) ([]Fund, error) {
	return pg.Many[Fund](ctx, s.db, "list funds", `SELECT `+fundColumns+` FROM funds WHERE state = 'open' ORDER BY name, id`)
}

// The row stays locked until the entry is written, so everybody sees the balance
// that is really there. A closed fund gives nothing.
const moveBalanceSQL = `UPDATE funds SET balance_minor = balance_minor + @amount
WHERE id = @id AND balance_minor + @amount >= 0 AND (@amount > 0 OR state = 'open') RETURNING id`

// moveBalance is false when there is not that much, or no such fund that gives.
func (s store) moveBalance(ctx context.Context, id uuid.UUID, amount int64) (bool, error) {
	_, ok, err := pg.One[struct{ ID uuid.UUID }](ctx, s.db, "move the balance of a fund", moveBalanceSQL, sql.Named("id", id), sql.Named("amount", amount))
	return ok, err
}

func (s store) insertEntry(ctx context.Context, e Entry) error {
	const sql = `INSERT INTO fund_entries (id, fund_id, kind, amount_minor, purchase_id, award_id, made_by, note, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	return pg.Exec(ctx, s.db, "enter into a fund", sql, e.ID, e.FundID, e.Kind, e.AmountMinor, e.PurchaseID, e.AwardID, e.MadeBy, e.Note, e.CreatedAt)
}

const entryColumns = `id, fund_id, kind, amount_minor, purchase_id, award_id, made_by, note, created_at`

const entriesSQL = `SELECT ` + entryColumns + ` FROM fund_entries
WHERE fund_id = @fund AND (CAST(@after AS timestamptz) IS NULL OR (created_at, id) < (@after, @id))
ORDER BY created_at DESC, id DESC LIMIT @limit`

func (s store) entries(ctx context.Context, fundID uuid.UUID, after EntryPosition, limit int) ([]Entry, error) {
	return pg.Many[Entry](ctx, s.db, "list the entries of a fund", entriesSQL, sql.Named("fund", fundID), sql.Named("id", after.ID),
		sql.Named("after", sql.Null[time.Time]{V: after.CreatedAt, Valid: !after.CreatedAt.IsZero()}), sql.Named("limit", limit))
}

func (s store) entry(ctx context.Context, id uuid.UUID) (Entry, bool, error) {
	return pg.One[Entry](ctx, s.db, "read an entry of a fund", `SELECT `+entryColumns+` FROM fund_entries WHERE id = ?`, id)
}

const awardColumns = `id, fund_id, application_id, user_id, grant_id, months, reserved_minor, returned_minor, starts_at, ends_at, created_at,
	ended_at, ended_because`

func (s store) insertAward(ctx context.Context, a Award) error {
	const sql = `INSERT INTO awards (id, fund_id, application_id, user_id, grant_id, months, reserved_minor, returned_minor, starts_at, ends_at,
		created_at, ended_because) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, '')`
	return pg.Exec(ctx, s.db, "insert an award", sql, a.ID, a.FundID, a.ApplicationID, a.UserID, a.GrantID, a.Months, a.ReservedMinor, a.StartsAt,
		a.EndsAt, a.CreatedAt)
}

// awardOf is the one that runs by a grant.
func (s store) awardOf(ctx context.Context, grantID uuid.UUID) (Award, bool, error) {
	const sql = `SELECT ` + awardColumns + ` FROM awards WHERE grant_id = ? AND ended_at IS NULL`
	return pg.One[Award](ctx, s.db, "read an award", sql, grantID)
}

func (s store) endAward(ctx context.Context, id uuid.UUID, returned int64, because string, now time.Time) error {
	const sql = `UPDATE awards SET ended_at = ?, returned_minor = ?, ended_because = ? WHERE id = ? AND ended_at IS NULL`
	return pg.Exec(ctx, s.db, "end an award", sql, now, returned, because, id)
}

// Days that have passed are used. Who pays herself since an award has a
// subscription of later that brings money, or had when it made way for it.
const numbersSQL = `
SELECT f.id, f.name, f.description, f.currency, f.balance_minor, f.state, f.created_at,
	coalesce(e.given, 0) AS given_minor, coalesce(e.withdrawn, 0) AS withdrawn_minor, coalesce(a.reserved, 0) AS awarded_minor,
	coalesce(a.returned, 0) AS returned_minor, coalesce(a.used, 0) AS used_minor, coalesce(a.awards, 0) AS awards,
	coalesce(a.running, 0) AS running, coalesce(a.converted, 0) AS converted
FROM funds f
LEFT JOIN LATERAL (
	SELECT sum(amount_minor) FILTER (WHERE kind IN ('donation', 'pay_it_forward', 'deposit')) AS given,
		-sum(amount_minor) FILTER (WHERE kind = 'withdrawal') AS withdrawn
	FROM fund_entries WHERE fund_id = f.id) e ON true
LEFT JOIN LATERAL (
	SELECT count(*) AS awards, sum(w.reserved_minor) AS reserved, sum(w.returned_minor) AS returned,
		count(*) FILTER (WHERE w.ended_at IS NULL AND w.ends_at > @now) AS running,
		sum(CASE WHEN w.ended_at IS NOT NULL THEN w.reserved_minor - w.returned_minor
			WHEN @now <= w.starts_at THEN 0
			ELSE floor(w.reserved_minor * least(1, extract(epoch FROM CAST(@now AS timestamptz) - w.starts_at) / extract(epoch FROM w.ends_at - w.starts_at)))
			END)::bigint AS used,
		count(*) FILTER (WHERE w.ended_because = 'paying' OR EXISTS (SELECT 1 FROM subscriptions s
			WHERE s.user_id = w.user_id AND s.started_at > w.created_at AND s.status IN ('active', 'past_due') AND s.amount_minor > 0)) AS converted
	FROM awards w WHERE w.fund_id = f.id) a ON true
ORDER BY f.name, f.id`

func (s store) numbers(ctx context.Context, now time.Time) ([]Numbers, error) {
	return pg.Many[Numbers](ctx, s.db, "add up the funds", numbersSQL, sql.Named("now", now))
}
