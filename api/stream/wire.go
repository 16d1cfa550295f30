package stream

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

// data is a StreamEvent of the contract.
type data struct {
	Type       string    `json:"type"`
	SpaceID    uuid.UUID `json:"space_id,omitzero"`
	TopicID    uuid.UUID `json:"topic_id,omitzero"`
	PostID     uuid.UUID `json:"post_id,omitzero"`
	PostNumber int64     `json:"post_number,omitempty"`
	Version    int64     `json:"version,omitempty"`
	At         time.Time `json:"at"`
}

// wire writes server-sent events to one response.
type wire struct {
	w       gin.ResponseWriter
	control *http.ResponseController
	patient time.Duration
}

func newWire(c *gin.Context, patient time.Duration) *wire {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	c.Writer.WriteHeader(http.StatusOK)
	return &wire{w: c.Writer, control: http.NewResponseController(c.Writer), patient: patient}
}

// write sends at once, or fails when the reader takes nothing for too long.
// The deadline replaces the one the server has for whole responses.
func (w *wire) write(text string) error {
	_ = w.control.SetWriteDeadline(clock.System{}.Now().Add(w.patient))
	if _, err := w.w.WriteString(text); err != nil {
		return fmt.Errorf("write to a stream: %w", errGone)
	}
	if err := w.control.Flush(); err != nil {
		return fmt.Errorf("flush a stream: %w", errGone)
	}
	// Between two events nothing is overdue.
	_ = w.control.SetWriteDeadline(time.Time{})
	return nil
}

// greet opens the stream. An id without data moves the reader's Last-Event-ID
// and shows nothing, so that she can resume even before the first event.
func (w *wire) greet(at *outbox.Position) error {
	if at == nil {
		return w.write("retry: 2000\n: ok\n\n")
	}
	return w.write("retry: 2000\nid: " + at.String() + "\n: ok\n\n")
}

func (w *wire) beat(at outbox.Position) error {
	return w.write(": beat\nid: " + at.String() + "\n\n")
}

func (w *wire) event(e outbox.Event) error {
	return w.named(&e.Position, data{
		Type: e.Type, SpaceID: e.SpaceID, TopicID: e.TopicID, PostID: e.PostID, PostNumber: e.PostNumber, Version: e.Version, At: e.At,
	})
}

// resync says: fetch everything anew, then go on from here.
func (w *wire) resync(at outbox.Position, now time.Time) error {
	return w.named(&at, data{Type: "resync_required", At: now})
}

// farewell asks to come back, not all at the same moment. nil: to where she
// was, an id of ours would skip what she has missed.
func (w *wire) farewell(at *outbox.Position, now time.Time) error {
	retry := 500 + rand.IntN(4500) //nolint:gosec // spreads load, protects nothing
	if err := w.write(fmt.Sprintf("retry: %d\n\n", retry)); err != nil {
		return err
	}
	return w.named(at, data{Type: "reconnect", At: now})
}

func (w *wire) named(at *outbox.Position, d data) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode a %s event: %w", d.Type, err)
	}
	id := ""
	if at != nil {
		id = "id: " + at.String() + "\n"
	}
	return w.write(id + "event: " + d.Type + "\ndata: " + string(body) + "\n\n")
}
