package report

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

// MemberQuery filters members.
type MemberQuery struct {
	Q      string // part of a name or beginning of an e-mail address; empty: everybody
	Access string // level of access now; empty: any
	Cursor string
	Limit  int
}

// MemberRow is one member as an admin sees her in a list.
type MemberRow struct {
	ID           uuid.UUID
	DisplayName  string
	Email        string
	JoinedAt     time.Time
	Access       string
	AccessReason string
	Plan         string         // slug of the plan of her subscription that is alive, or empty
	MRR          []money.Amount // above zero, a currency each, rounded for her alone
	Cohorts      []string       // the newest first, without those she withdrew from
}

type memberLine struct {
	ID           uuid.UUID
	DisplayName  string
	Email        string
	JoinedAt     time.Time
	Access       string
	AccessReason string
	Plan         string
	Annual       []string // "usd 58800"
	Cohorts      []string
}

type joined struct {
	At time.Time
	ID uuid.UUID
}

// Members gives a page of members, the newest first, and the next cursor, empty
// on the last page. Deleted accounts are not in it. Fault: fault.ErrCursor.
func (r *Report) Members(ctx context.Context, q MemberQuery) ([]MemberRow, string, error) {
	scope := scope(ctx, "members", q.Q, q.Access)
	limit := pageSize(q.Limit)
	var at *time.Time
	var after joined
	if q.Cursor != "" {
		if err := r.open(scope, q.Cursor, &after); err != nil {
			return nil, "", err
		}
		at = &after.At
	}
	found, err := read[memberLine](ctx, r.conn(ctx), r.sql.members, literal(q.Q), q.Access, r.clock.Now(), at, after.ID, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("read members: %w", err)
	}
	rows := make([]MemberRow, len(found))
	for n, f := range found {
		if rows[n], err = f.row(); err != nil {
			return nil, "", fmt.Errorf("read member %s: %w", f.ID, err)
		}
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	last := rows[limit-1]
	next, err := r.cursors.Seal(scope, joined{last.JoinedAt, last.ID})
	return rows[:limit], next, err
}

func (f memberLine) row() (MemberRow, error) {
	row := MemberRow{
		ID: f.ID, DisplayName: f.DisplayName, Email: f.Email, JoinedAt: f.JoinedAt.UTC(),
		Access: f.Access, AccessReason: f.AccessReason, Plan: f.Plan, Cohorts: f.Cohorts,
	}
	for _, a := range f.Annual {
		currency, annual, _ := strings.Cut(a, " ")
		minor, err := monthly(annual)
		if err != nil {
			return MemberRow{}, err
		}
		row.MRR = append(row.MRR, money.Amount{Minor: minor, Currency: currency})
	}
	return row, nil
}

// literal makes a pattern of LIKE that matches text and nothing else.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
