// Package stream sends live events to those who may see them, as server-sent
// events (WHATWG HTML, section 9.2).
//
// Decisions: an event is a hint with ids, never content; the outbox in
// PostgreSQL is the truth, read once a node and fanned out; a stream joins at
// the position of its hub and catches up from the outbox, so that nothing
// falls between; what cannot be proven complete is said to be incomplete
// (resync_required); a stream asks anew who it serves and what she sees
// whenever that may have changed, and ends when it is less than before; a
// reader that is too slow is sent away, the hub waits for nobody.
package stream

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

// Scope tells which spaces somebody sees, and until when that surely holds;
// the zero time when no end is known. Where some of what happens there is not
// for her, sift says which events are, and as what; otherwise it is nil.
type Scope func(context.Context, account.Actor) (
	visible map[uuid.UUID]struct{}, until time.Time, sift func(context.Context, outbox.Event) (outbox.Event, bool, error), err error,
)

// Recheck tells who somebody is by now; an error when her session or account
// has ended.
type Recheck func(context.Context, account.Actor) (account.Actor, error)

const (
	perUser  = 10 // streams of one person; the oldest makes room
	buffered = 64 // events a stream may be behind
	batch    = 500
	replayed = 5000                  // events a stream may catch up on
	pollSoon = 25 * time.Millisecond // the shortest pause between two looks at the outbox
	pollIdle = time.Second           // the longest
)

// pace is how often things happen; tests are in more of a hurry.
type pace struct {
	heartbeat time.Duration
	recheck   time.Duration
	lifetime  time.Duration // of a stream whose token does not say
	write     time.Duration // until a reader who takes nothing is gone
}

// Hub is the place of all open streams of one node.
type Hub struct {
	outbox  *outbox.Outbox
	scope   Scope
	recheck Recheck
	clock   clock.Clock
	log     *slog.Logger
	pace    pace
	ready   chan struct{} // closed when the head is known
	open    sync.WaitGroup

	mu      sync.Mutex
	head    outbox.Position // what has been fanned out
	clients map[uuid.UUID][]*client
	count   int
	closed  bool
}

// New gives a hub without streams; Run makes it live.
func New(o *outbox.Outbox, scope Scope, recheck Recheck, c clock.Clock, log *slog.Logger) *Hub {
	return &Hub{
		outbox: o, scope: scope, recheck: recheck, clock: c, log: log,
		pace:    pace{heartbeat: 15 * time.Second, recheck: 30 * time.Second, lifetime: 10 * time.Minute, write: 5 * time.Second},
		ready:   make(chan struct{}),
		clients: map[uuid.UUID][]*client{},
	}
}

// Clients is how many streams are open.
func (h *Hub) Clients() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// Close tells every stream to reconnect, to another node while this one stops,
// and returns when all have ended. Later ones end at once.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	h.endAll(stopping)
	h.mu.Unlock()
	h.open.Wait()
}

// join adds a stream at the present position of the hub. Until it has looked
// for the first time it is offered everything.
func (h *Hub) join(c *client) (outbox.Position, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return h.head, false
	}
	mine := h.clients[c.who.ID]
	if len(mine) >= perUser {
		mine[0].end(replaced)
		mine = slices.Delete(mine, 0, 1)
	}
	h.clients[c.who.ID] = append(mine, c)
	h.count++
	h.open.Add(1)
	c.unsure = 1
	return h.head, true
}

func (h *Hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	mine := slices.DeleteFunc(h.clients[c.who.ID], func(o *client) bool { return o == c })
	if len(mine) == 0 {
		delete(h.clients, c.who.ID)
	} else {
		h.clients[c.who.ID] = mine
	}
	h.count--
	h.open.Done()
}

// endAll is called with the lock held.
func (h *Hub) endAll(why ending) {
	for _, mine := range h.clients {
		for _, c := range mine {
			c.end(why)
		}
	}
}

// fanOut offers events to those they are for. Who sees a space is decided
// again by the stream itself, in the order of events; here it only saves
// useless offers.
func (h *Hub) fanOut(events []outbox.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		h.head = e.Position
		if e.UserID != uuid.Nil {
			for _, c := range h.clients[e.UserID] {
				c.offer(e)
			}
			continue
		}
		for _, mine := range h.clients {
			for _, c := range mine {
				if c.unsure > 0 || c.sees(e.SpaceID) {
					c.offer(e)
				}
			}
		}
	}
}

// idleAt gives the position up to which c has been offered everything it is
// for; false while it has something to send.
func (h *Hub) idleAt(c *client) (outbox.Position, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head, len(c.queue) == 0
}

func (h *Hub) position() outbox.Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head
}
