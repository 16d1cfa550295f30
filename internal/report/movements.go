package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/csvsafe"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// Movement is one way in which the MRR of a member moves.
type Movement string

// The movements.
const (
	Joined       Movement = "new"
	Reactivation Movement = "reactivation"
	Expansion    Movement = "expansion"
	Contraction  Movement = "contraction"
	Churn        Movement = "churn"
)

// MovementRow is one member's movement in one currency over a period. The
// amounts are rounded for her alone, so that their sum may differ from the
// report by their roundings. EffectiveAt is since when she is there (new,
// reactivation), is gone (churn), or has paid the amount (the others).
type MovementRow struct {
	MemberID    uuid.UUID
	DisplayName string
	Email       string
	Movement    Movement
	Currency    string
	MRRBefore   int64
	MRRAfter    int64
	EffectiveAt time.Time
	Plan        string // slug of the plan she came to or left, or empty
}

// place is where a page ends. It keeps the period, so that the pages of one
// listing belong together across midnight.
type place struct {
	From, To time.Time
	At       time.Time
	Member   uuid.UUID
	Currency string
}

// MovementRows gives the members behind one movement of the report, the latest
// first, up to limit of them from a cursor on, and the next cursor, empty on
// the last page. Faults: those of Period, fault.ErrCursor.
func (r *Report) MovementRows(ctx context.Context, q Query, m Movement, from string, limit int) ([]MovementRow, string, error) {
	limit = pageSize(limit)
	scope := scope(ctx, "movements", q.From.Format(time.DateOnly), q.To.Format(time.DateOnly), q.Currency, q.TimeZone, string(m))
	var after *place
	if from != "" {
		after = new(place)
		if err := r.open(scope, from, after); err != nil {
			return nil, "", err
		}
		q.From, q.To = after.From, after.To
	}
	p, err := r.Period(q)
	if err != nil {
		return nil, "", err
	}
	rows, err := r.movements(ctx, p, q.Currency, m, after, limit+1)
	if err != nil || len(rows) <= limit {
		return rows, "", err
	}
	last := rows[limit-1]
	next, err := r.cursors.Seal(scope, place{p.From, p.To, last.EffectiveAt, last.MemberID, last.Currency})
	return rows[:limit], next, err
}

// Movements is all movements of a period, to be written as CSV.
type Movements struct {
	Period
	Rows []MovementRow
}

// Movements gives every movement of a period, the latest first. They are read
// before the first is written, so that a slow reader holds nothing in the
// database and a fault is still a fault. Faults: those of Period.
func (r *Report) Movements(ctx context.Context, q Query) (Movements, error) {
	p, err := r.Period(q)
	if err != nil {
		return Movements{}, err
	}
	const all = 1 << 31
	rows, err := r.movements(ctx, p, q.Currency, "", nil, all)
	return Movements{p, rows}, err
}

// WriteCSV streams them, safe to open in a spreadsheet. Amounts are whole
// minor units.
func (m Movements) WriteCSV(w io.Writer) error {
	out := csvsafe.New(w, "member_id", "display_name", "email", "movement", "currency", "mrr_before", "mrr_after", "effective_at", "plan")
	for _, r := range m.Rows {
		err := out.Row(r.MemberID, r.DisplayName, r.Email, r.Movement, r.Currency, r.MRRBefore, r.MRRAfter, r.EffectiveAt, r.Plan)
		if err != nil {
			return fmt.Errorf("write a movement: %w", err)
		}
	}
	return out.Flush()
}

// movementLine is a MovementRow with exact amounts.
type movementLine struct {
	MemberID     uuid.UUID
	DisplayName  string
	Email        string
	Movement     Movement
	Currency     string
	AnnualBefore string
	AnnualAfter  string
	EffectiveAt  time.Time
	Plan         string
}

func (r *Report) movements(ctx context.Context, p Period, currency string, m Movement, after *place, limit int) ([]MovementRow, error) {
	var at *time.Time
	key := place{}
	if after != nil {
		at, key = &after.At, *after
	}
	found, err := read[movementLine](ctx, r.conn(ctx), r.sql.rows, p.Start, p.End, currency, string(m), at, key.Member, key.Currency, limit)
	if err != nil {
		return nil, fmt.Errorf("read the movements of members: %w", err)
	}
	rows := make([]MovementRow, len(found))
	for n, f := range found {
		rows[n] = MovementRow{
			MemberID: f.MemberID, DisplayName: f.DisplayName, Email: f.Email, Movement: f.Movement, Currency: f.Currency,
			EffectiveAt: f.EffectiveAt.UTC(), Plan: f.Plan,
		}
		before, err1 := monthly(f.AnnualBefore)
		afterwards, err2 := monthly(f.AnnualAfter)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read the amounts of member %s: %w", f.MemberID, err)
		}
		rows[n].MRRBefore, rows[n].MRRAfter = before, afterwards
	}
	return rows, nil
}

func monthly(annual string) (int64, error) {
	r, err := exact(annual)
	if err != nil {
		return 0, err
	}
	return money.Monthly(r)
}

// pageSize is limit within bounds; 0 leaves it to us.
func pageSize(limit int) int {
	if limit <= 0 {
		return 30
	}
	return min(limit, 100)
}

// scope binds a cursor to a list, its filters and who looks.
func scope(ctx context.Context, list string, filters ...string) string {
	who, _ := account.ActorFrom(ctx)
	return list + "\x00" + who.ID.String() + "\x00" + strings.Join(filters, "\x00")
}

func (r *Report) open(scope, token string, position any) error {
	err := r.cursors.Open(scope, token, position)
	if errors.Is(err, cursor.ErrInvalid) {
		return fault.ErrCursor
	}
	return err
}
