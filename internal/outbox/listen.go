package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Listen calls wake each time a transaction with events has committed, and
// returns when the connection is lost or ctx ends. Where what somebody may see
// has changed wake is told whose; uuid.Nil otherwise. It opens a connection of
// its own: one of the pool would be lost to it, and a transaction-mode
// PgBouncer could not pass notifications on.
func (o *Outbox) Listen(ctx context.Context, wake func(whose uuid.UUID)) error {
	conn, err := pgx.Connect(ctx, o.db.URL())
	if err != nil {
		return fmt.Errorf("connect to listen for events: %w", err)
	}
	defer closeConn(conn)
	if _, err := conn.Exec(ctx, `LISTEN outbox`); err != nil {
		return fmt.Errorf("listen for events: %w", err)
	}
	whose := uuid.Nil
	for {
		wake(whose) // also at the start: something may have come while nobody listened
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("wait for events: %w", err)
		}
		if whose, err = uuid.Parse(n.Payload); err != nil {
			whose = uuid.Nil // events, for whomever
		}
	}
}

func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // what cannot be closed is closed by the server
}
