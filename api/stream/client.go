package stream

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

// ending is why the hub ends a stream.
type ending int

const (
	replaced ending = iota + 1 // she opened too many
	behind                     // too slow, or the hub lost the thread
	stopping
)

// client is one open stream.
type client struct {
	hub     *Hub
	queue   chan outbox.Event
	stirred chan struct{} // look again
	ended   chan struct{}

	// Written with the hub's lock held; who and visible only by the stream itself.
	who     account.Actor
	visible map[uuid.UUID]struct{}
	unsure  int // changes of access that are offered and not yet looked into
	why     ending

	sent  outbox.Position // everything up to here has been sent or was not for her
	until time.Time       // when to look again at the latest; zero: not said
	sift  func(context.Context, outbox.Event) (outbox.Event, bool, error)
}

func (h *Hub) newClient(who account.Actor) *client {
	return &client{hub: h, who: who, queue: make(chan outbox.Event, buffered), stirred: make(chan struct{}, 1), ended: make(chan struct{})}
}

func (c *client) sees(space uuid.UUID) bool {
	_, ok := c.visible[space]
	return ok
}

// offer and end are called with the hub's lock held.
func (c *client) offer(e outbox.Event) {
	if c.why != 0 {
		return
	}
	select {
	case c.queue <- e:
		if changesAccess(e) {
			c.unsure++
		}
	default:
		c.end(behind)
	}
}

func (c *client) end(why ending) {
	if c.why == 0 {
		c.why = why
		close(c.ended)
	}
}

// changesAccess: a membership that changed may also end sooner than it did, or
// be banned where there was nothing to lose but a role.
func changesAccess(e outbox.Event) bool {
	return e.Type == outbox.AccessChanged || e.Type == "membership.changed"
}

var (
	// errLess: she sees less than before.
	errLess = errors.New("stream: a space is no longer visible")
	// errGone: she reads no more.
	errGone = errors.New("stream: the reader has gone")
)

// look finds out anew who she is and what she sees. It fails when there is
// less to see than before: the stream must end.
func (c *client) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	who, err := c.hub.recheck(ctx, c.who)
	if err != nil {
		return err
	}
	visible, until, sift, err := c.hub.scope(ctx, who)
	if err != nil {
		return err
	}
	for space := range c.visible {
		if _, still := visible[space]; !still {
			return errLess
		}
	}
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	c.who, c.visible, c.until, c.sift = who, visible, until, sift
	return nil
}

// settled takes one pending change of access as looked into.
func (c *client) settled() {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	c.unsure--
}

// nextLook is how long what is known may be trusted.
func (c *client) nextLook() time.Duration {
	d := c.hub.pace.recheck
	if !c.until.IsZero() {
		// A moment later, so that the clock has surely passed it.
		d = min(d, c.until.Sub(c.hub.clock.Now())+10*time.Millisecond)
	}
	return max(d, 10*time.Millisecond)
}

// life is how long the stream may last at most.
func (c *client) life() time.Duration {
	if c.who.ExpiresAt.IsZero() {
		return c.hub.pace.lifetime
	}
	return max(c.who.ExpiresAt.Sub(c.hub.clock.Now()), 0)
}

// forHer reports whether she may get an event now.
func (c *client) forHer(e outbox.Event) bool {
	if e.Internal || (e.UserID != uuid.Nil && e.UserID != c.who.ID) {
		return false
	}
	return (e.SpaceID == uuid.Nil && e.UserID == c.who.ID) || c.sees(e.SpaceID)
}

// note logs why a stream ended if nobody meant it to.
func (c *client) note(ctx context.Context, err error) {
	if fault.From(err) == nil && !errors.Is(err, errLess) && !errors.Is(err, errGone) && ctx.Err() == nil {
		c.hub.log.WarnContext(ctx, "a stream ends because access could not be checked", "err", err)
	}
}
