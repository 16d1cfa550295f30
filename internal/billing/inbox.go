package billing

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Received is an event of Stripe as it was stored, without what it says.
type Received struct {
	ID         string
	Type       string
	State      string
	CustomerID string
	APIVersion string
	Attempts   int64
	LastError  string
	CreatedAt  time.Time // at Stripe
	ReceivedAt time.Time
	SettledAt  *time.Time
}

// EventFilter narrows stored events; what is zero does not narrow.
type EventFilter struct {
	IDs      []string
	State    string
	Type     string
	From, To time.Time // when received; From is in, To is out
}

// EventPosition is that of an event in the list, for the next page.
type EventPosition struct {
	ReceivedAt time.Time
	ID         string
}

// Events gives up to limit stored events behind a position (the zero value:
// from the start), the latest first.
func (b *Billing) Events(ctx context.Context, f EventFilter, after EventPosition, limit int) ([]Received, error) {
	return b.store.events(ctx, f, after, limit)
}

// maxReplay is how many events one replay takes.
const maxReplay = 1000

// Replay applies stored events once more: dead ones, and those of a type that
// was ignored when they came. It gives how many; there may be more when it is
// a thousand. Applying looks at the customer as Stripe has her now, so it can
// be repeated. It is audited with the reason.
func (b *Billing) Replay(ctx context.Context, actor account.Actor, f EventFilter, reason string) (n int, err error) {
	err = b.db.InTx(ctx, func(ctx context.Context) error {
		ids, err := b.store.reopenEvents(ctx, f, maxReplay)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := b.queue.Enqueue(ctx, applyEvent{EventID: id}); err != nil {
				return err
			}
		}
		if n = len(ids); n == 0 {
			return nil
		}
		detail := map[string]string{"reason": reason, "events": strconv.Itoa(n), "type": f.Type, "state": f.State}
		return b.cfg.Auditor.Act(ctx, actor.ID, "billing.replay", "stripe_event", ids[0], detail)
	})
	return n, err
}

// eventWhereSQL is an EventFilter; ids is empty for all.
const eventWhereSQL = `state = @state AND (@type = '' OR type = @type) AND (@all OR id IN @ids)
	AND received_at >= @from AND received_at < @to`

func (f EventFilter) args() map[string]any {
	to := f.To
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	ids := f.IDs
	if len(ids) == 0 {
		ids = []string{""}
	}
	return map[string]any{"state": f.State, "type": f.Type, "all": len(f.IDs) == 0, "ids": ids, "from": f.From, "to": to}
}

func (s store) events(ctx context.Context, f EventFilter, after EventPosition, limit int) ([]Received, error) {
	const sql = `SELECT id, type, state, customer_id, api_version, attempts, last_error, created_at, received_at, settled_at FROM stripe_events
		WHERE ` + eventWhereSQL + ` AND (@first OR (received_at, id) < (@after, @after_id)) ORDER BY received_at DESC, id DESC LIMIT @limit`
	args := f.args()
	args["first"], args["after"], args["after_id"], args["limit"] = after.ID == "", after.ReceivedAt, after.ID, limit
	return pg.Many[Received](ctx, s.db, "list events", sql, args)
}

// reopenEvents makes dead and ignored events wait again, the oldest first.
func (s store) reopenEvents(ctx context.Context, f EventFilter, limit int) ([]string, error) {
	const sql = `UPDATE stripe_events SET state = 'received', attempts = 0, settled_at = NULL WHERE id IN (
			SELECT id FROM stripe_events WHERE ` + eventWhereSQL + ` AND state IN ('dead', 'ignored')
			ORDER BY received_at, id LIMIT @limit FOR UPDATE)
		RETURNING id AS text`
	args := f.args()
	args["limit"] = limit
	found, err := pg.Many[texted](ctx, s.db, "replay events", sql, args)
	return texts(found), err
}

// Refresh fetches what Stripe has of a member and makes our records say the
// same; who never went to pay has nothing there. Fault: ErrPaymentsUnavailable.
func (b *Billing) Refresh(ctx context.Context, userID uuid.UUID, source string) error {
	customers, err := b.store.customersOf(ctx, userID)
	if err != nil {
		return err
	}
	for _, customer := range customers {
		if _, err := b.sync(ctx, userID, customer, source, time.Time{}, func(context.Context) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Resync is Refresh by somebody who looks after members. It is audited.
func (b *Billing) Resync(ctx context.Context, actor account.Actor, member uuid.UUID) error {
	if _, err := b.store.email(ctx, member); err != nil {
		return known404(err)
	}
	if err := b.Refresh(ctx, member, "admin"); err != nil {
		return err
	}
	return b.noted(ctx, actor, "billing.resync", member, nil)
}
