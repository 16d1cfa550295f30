package idempotency

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// store is the only code in this package that speaks SQL.
type store struct{ db *pg.DB }

type row struct {
	Route       string
	Fingerprint []byte
	State       string
	Status      int
	Header      string
	Body        []byte
	Taken       bool
}

func (r row) response() (*Response, error) {
	resp := Response{Status: r.Status, Body: r.Body}
	if err := json.Unmarshal([]byte(r.Header), &resp.Header); err != nil {
		return nil, fmt.Errorf("read a stored response: %w", err)
	}
	return &resp, nil
}

// One statement: take the key if it is new, or if whoever took it for the
// same request died; otherwise say who has it.
const beginSQL = `
WITH taken AS (
    INSERT INTO idempotency_keys AS k (user_id, key, route, fingerprint, state, leased_until, created_at)
    VALUES (@user, @key, @route, @fingerprint, 'started', @until, @now)
    ON CONFLICT (user_id, key) DO UPDATE SET leased_until = excluded.leased_until
        WHERE k.state = 'started' AND k.leased_until < @now AND k.route = excluded.route AND k.fingerprint = excluded.fingerprint
    RETURNING 1
)
SELECT '' AS route, ''::bytea AS fingerprint, '' AS state, 0 AS status, '' AS header, ''::bytea AS body, true AS taken FROM taken
UNION ALL
SELECT route, fingerprint, state, coalesce(status, 0), coalesce(header::text, '{}'), coalesce(body, ''), false
FROM idempotency_keys WHERE user_id = @user AND key = @key AND NOT EXISTS (SELECT 1 FROM taken)`

func (s store) begin(ctx context.Context, r Request, now, until time.Time) (row, bool, error) {
	args := map[string]any{"user": r.UserID, "key": r.Key, "route": r.Route, "fingerprint": r.Fingerprint[:], "now": now, "until": until}
	rows, err := gorm.G[row](s.db.Conn(ctx)).Raw(beginSQL, args).Find(ctx)
	if err != nil {
		return row{}, false, fmt.Errorf("take an idempotency key: %w", err)
	}
	if len(rows) == 0 {
		// Another request inserted it after our snapshot was taken: it is being worked on.
		return row{Route: r.Route, Fingerprint: r.Fingerprint[:], State: "started"}, false, nil
	}
	return rows[0], rows[0].Taken, nil
}

func (s store) finish(ctx context.Context, r Request, resp Response) error {
	header, err := json.Marshal(resp.Header)
	if err != nil {
		return fmt.Errorf("encode response headers: %w", err)
	}
	err = gorm.G[row](s.db.Conn(ctx)).Exec(ctx,
		`UPDATE idempotency_keys SET state = 'finished', status = ?, header = ?, body = ? WHERE user_id = ? AND key = ?`,
		resp.Status, string(header), resp.Body, r.UserID, r.Key)
	if err != nil {
		return fmt.Errorf("keep a response: %w", err)
	}
	return nil
}

func (s store) release(ctx context.Context, r Request) error {
	err := gorm.G[row](s.db.Conn(ctx)).Exec(ctx,
		`DELETE FROM idempotency_keys WHERE user_id = ? AND key = ? AND state = 'started'`, r.UserID, r.Key)
	if err != nil {
		return fmt.Errorf("release an idempotency key: %w", err)
	}
	return nil
}

func (s store) prune(ctx context.Context, before time.Time) error {
	err := gorm.G[row](s.db.Conn(ctx)).Exec(ctx, `DELETE FROM idempotency_keys WHERE created_at < ?`, before)
	if err != nil {
		return fmt.Errorf("forget old idempotency keys: %w", err)
	}
	return nil
}
