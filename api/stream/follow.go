package stream

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

// Run follows the outbox until ctx ends. It survives the absence of the
// database; streams that then cannot be sure are told to fetch anew.
func (h *Hub) Run(ctx context.Context) {
	wake := make(chan struct{}, 1)
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() { h.listen(ctx, wake) })
	if !h.start(ctx) {
		return
	}
	h.follow(ctx, wake)
}

// listen keeps a listening connection. Without one the hub still polls.
func (h *Hub) listen(ctx context.Context, wake chan<- struct{}) {
	for {
		err := h.outbox.Listen(ctx, func(whose uuid.UUID) {
			h.stir(whose)
			select {
			case wake <- struct{}{}:
			default: // it is awake
			}
		})
		if ctx.Err() != nil {
			return
		}
		h.log.WarnContext(ctx, "the connection that listens for events was lost", "err", err)
		if !sleep(ctx, time.Second) {
			return
		}
	}
}

// stir lets the streams of somebody look again at once. The event that says so
// comes too, but may be held back by a transaction that is not over.
func (h *Hub) stir(whose uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.clients[whose] {
		select {
		case c.stirred <- struct{}{}:
		default: // it is about to
		}
	}
}

// start finds out where the outbox ends, as often as it takes.
func (h *Hub) start(ctx context.Context) bool {
	for {
		head, err := h.outbox.Head(ctx)
		if err == nil {
			h.mu.Lock()
			h.head = head
			h.mu.Unlock()
			close(h.ready)
			return true
		}
		h.log.WarnContext(ctx, "live events wait for the database", "err", err)
		if !sleep(ctx, time.Second) {
			return false
		}
	}
}

func (h *Hub) follow(ctx context.Context, wake <-chan struct{}) {
	pause, shaken := pollIdle, false
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
			// What woke us can hide behind an older transaction whose end wakes nobody: look again soon.
			pause = pollSoon
		case <-timer.C:
			pause = min(2*pause, pollIdle)
		}
		err := h.drain(ctx, shaken)
		if err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "live events stand still", "err", err)
		}
		shaken = err != nil
		timer.Reset(pause)
	}
}

// drain fans out all that can be read. After a failure it first makes sure
// that nothing has been pruned meanwhile.
func (h *Hub) drain(ctx context.Context, shaken bool) error {
	if shaken {
		if err := h.reassure(ctx); err != nil {
			return err
		}
	}
	for {
		events, err := h.outbox.After(ctx, h.position(), batch)
		if err != nil {
			return err
		}
		h.fanOut(events)
		if len(events) < batch {
			return nil
		}
	}
}

func (h *Hub) reassure(ctx context.Context) error {
	whole, err := h.outbox.Covers(ctx, h.position())
	if err != nil || whole {
		return err
	}
	head, err := h.outbox.Head(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head = head
	h.endAll(behind)
	return nil
}

// covered reports whether a stream can resume from last when the hub is at
// head: it continues this outbox, and all events between are still there.
func (h *Hub) covered(ctx context.Context, last, head outbox.Position) (bool, error) {
	if last.Epoch != head.Epoch {
		return false, nil
	}
	return h.outbox.Covers(ctx, last)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
