package stream

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

var errNotReady = &fault.Error{Kind: fault.Unavailable, Code: "busy", Detail: "Live events are not ready yet. Please try again in a moment.", Retry: 2 * time.Second}

// Serve answers with an endless stream for whoever the context says acts. It
// returns when she has gone, when her access or token has ended, or when the
// hub closes.
func (h *Hub) Serve(c *gin.Context) {
	ctx := c.Request.Context()
	who, ok := account.ActorFrom(ctx)
	if !ok {
		problem.Write(c, account.ErrUnauthenticated)
		return
	}
	if !h.waitReady(ctx) {
		problem.Write(c, errNotReady)
		return
	}
	client, lastID := h.newClient(who), c.GetHeader("Last-Event-ID")
	head, ok := h.join(client)
	if !ok {
		at := &head
		if lastID != "" {
			at = nil
		}
		_ = newWire(c, h.pace.write).farewell(at, h.clock.Now())
		return
	}
	defer h.leave(client)
	// After joining, so that no change of access falls between.
	if err := client.look(ctx); err != nil {
		problem.Write(c, err)
		return
	}
	client.settled()
	if err := client.run(ctx, newWire(c, h.pace.write), head, lastID); err != nil {
		client.note(ctx, err)
	}
}

func (h *Hub) waitReady(ctx context.Context) bool {
	wait := time.NewTimer(3 * time.Second)
	defer wait.Stop()
	select {
	case <-h.ready:
		return true
	case <-wait.C:
	case <-ctx.Done():
	}
	return false
}

// run sends events until something ends the stream. nil: nothing is wrong.
func (c *client) run(ctx context.Context, w *wire, head outbox.Position, lastID string) error {
	if err := c.catchUp(ctx, w, head, lastID); err != nil {
		return err
	}
	beat := time.NewTicker(c.hub.pace.heartbeat)
	defer beat.Stop()
	expiry := time.NewTimer(c.life())
	defer expiry.Stop()
	check := time.NewTimer(c.nextLook())
	defer check.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-expiry.C:
			return nil
		case <-c.ended:
			return c.bye(w)
		case e := <-c.queue:
			if err = c.take(ctx, w, e); changesAccess(e) {
				check.Reset(c.nextLook())
			}
		case <-c.stirred:
			err = c.lookAgain(ctx, w)
			check.Reset(c.nextLook())
		case <-check.C:
			err = c.lookAgain(ctx, w)
			check.Reset(c.nextLook())
		case <-beat.C:
			err = c.heartbeat(w)
		}
		if err != nil {
			return err
		}
	}
}

// catchUp greets and sends what she missed, up to head; what came later is in
// the queue already.
func (c *client) catchUp(ctx context.Context, w *wire, head outbox.Position, lastID string) error {
	if lastID == "" {
		c.sent = head
		return w.greet(&head)
	}
	if err := w.greet(nil); err != nil {
		return err
	}
	last, known := outbox.ParsePosition(lastID)
	if known {
		var err error
		if known, err = c.hub.covered(ctx, last, head); err != nil {
			return err
		}
	}
	if !known {
		c.sent = head
		return w.resync(head, c.hub.clock.Now())
	}
	c.sent = last
	return c.replay(ctx, w, head)
}

func (c *client) replay(ctx context.Context, w *wire, head outbox.Position) error {
	// She may be ahead of this hub; then there is nothing to replay, and take skips what she has.
	for n := 0; c.sent.Before(head); n += batch {
		if n >= replayed {
			c.sent = head
			return w.resync(head, c.hub.clock.Now())
		}
		events, err := c.hub.outbox.After(ctx, c.sent, batch)
		if err != nil {
			return err
		}
		for _, e := range events {
			if head.Before(e.Position) {
				return nil
			}
			if err := c.send(ctx, w, e); err != nil {
				return err
			}
		}
		if len(events) == 0 {
			return nil
		}
	}
	return nil
}

// take handles an event of the queue.
func (c *client) take(ctx context.Context, w *wire, e outbox.Event) error {
	if changesAccess(e) {
		if err := c.lookAgain(ctx, w); err != nil {
			return err
		}
		c.settled()
	}
	if !c.sent.Before(e.Position) {
		return nil
	}
	return c.send(ctx, w, e)
}

// lookAgain looks, asked or not. If she sees more than before she must fetch
// anew: not all of it need have been announced, and what was not has been kept
// from her until now.
func (c *client) lookAgain(ctx context.Context, w *wire) error {
	before := len(c.visible)
	if err := c.look(ctx); err != nil || len(c.visible) == before {
		return err
	}
	return w.resync(c.sent, c.hub.clock.Now())
}

func (c *client) send(ctx context.Context, w *wire, e outbox.Event) error {
	c.sent = e.Position
	if !c.forHer(e) {
		return nil
	}
	if c.sift != nil {
		sifted, hers, err := c.sift(ctx, e)
		if err != nil || !hers {
			return err
		}
		e = sifted
	}
	return w.event(e)
}

// heartbeat keeps the way open, and the position of one for whom nothing
// happens from growing too old to resume.
func (c *client) heartbeat(w *wire) error {
	if at, idle := c.hub.idleAt(c); idle && c.sent.Before(at) {
		c.sent = at
	}
	return w.beat(c.sent)
}

func (c *client) bye(w *wire) error {
	c.hub.mu.Lock()
	why, head := c.why, c.hub.head
	c.hub.mu.Unlock()
	switch now := c.hub.clock.Now(); why {
	case behind:
		return w.resync(head, now)
	case stopping:
		return w.farewell(&c.sent, now)
	case replaced:
	}
	return nil
}
