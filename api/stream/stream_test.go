//nolint:paralleltest // a database being cloned beside a test holds its events back
package stream

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func TestAnEventReachesThoseWhoSeeItAndNobodyElse(t *testing.T) {
	s := newStation(t)
	c, other := s.circle(), s.circle()
	hers, theirs := s.open(c.member, "").greeted(), s.open(other.member, "").greeted()
	if got := hers.header.Get("Content-Type") + " " + hers.header.Get("Cache-Control") + " " + hers.header.Get("X-Accel-Buffering"); got != "text/event-stream no-store no" {
		t.Errorf("headers: %s", got)
	}
	topic := s.topic(c.peer, c.space)
	s.reply(c.peer, topic)
	s.publish(outbox.Event{Type: "membership.changed", UserID: other.member.ID})

	name, d := hers.event()
	if name != "topic.created" || d.SpaceID != c.space || d.TopicID != topic || d.PostNumber != 1 || d.Version != 1 {
		t.Errorf("first: %s %+v", name, d)
	}
	name, d = hers.event()
	want := data{Type: "post.created", SpaceID: c.space, TopicID: topic, PostNumber: 2, Version: 1}
	if diff := cmp.Diff(want, d, cmpopts.IgnoreFields(data{}, "At", "PostID")); name != want.Type || d.PostID == uuid.Nil || diff != "" {
		t.Errorf("then %s:\n%s", name, diff)
	}
	if name, d = theirs.event(); name != "membership.changed" || d.SpaceID != uuid.Nil {
		t.Errorf("another cohort gets %s %+v", name, d)
	}
	if s.hub.Clients() != 2 {
		t.Errorf("%d streams are open", s.hub.Clients())
	}
}

func TestAStreamOutlivesTheDeadlinesOfOrdinaryRequests(t *testing.T) {
	s := newStation(t, func(h *Hub) { h.pace.heartbeat = 20 * time.Millisecond })
	c := s.circle()
	r := s.open(c.member, "").greeted()
	for start := time.Now(); time.Since(start) < time.Second; {
		if b, open := r.next(); !open || b.comment != "beat" {
			t.Fatalf("after %v: %+v", time.Since(start), b)
		}
	}
	s.topic(c.peer, c.space)
	if name, _ := r.event(); name != "topic.created" {
		t.Errorf("then %q", name)
	}
}

func TestAReaderWhoComesBackMissesNothing(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	r := s.open(c.member, "").greeted()
	r.leave() // before anything happened
	other := s.circle()
	s.topic(other.peer, other.space) // is not hers, live or later
	topic := s.topic(c.peer, c.space)
	s.reply(c.peer, topic)
	r = s.open(c.member, r.lastID).greeted()
	for n, want := range []string{"topic.created", "post.created"} {
		if name, _ := r.event(); name != want {
			t.Errorf("event %d is %q, want %q", n, name, want)
		}
	}
	s.reply(c.peer, topic)
	if name, d := r.event(); name != "post.created" || d.PostNumber != 3 {
		t.Errorf("then, live: %s %+v", name, d)
	}
}

func TestReconnectingInTheMiddleOfATalkKeepsItsOrder(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	topic := s.topic(c.peer, c.space)
	const replies = 150
	r := s.open(c.member, "").greeted()
	ahead := make(chan struct{}, buffered/2) // further ahead of the reader she would be told to fetch anew
	var talking sync.WaitGroup
	talking.Go(func() {
		for range replies {
			ahead <- struct{}{}
			s.reply(c.peer, topic)
		}
	})
	for seen := int64(1); seen <= replies; {
		name, d := r.event()
		switch {
		case name == "resync_required" || name == "":
			t.Fatalf("after number %d: %q", seen, name)
		case name != "post.created":
			continue // the topic itself, when the stream began before it could be read
		case d.PostNumber != seen+1:
			t.Fatalf("number %d after %d", d.PostNumber, seen)
		}
		<-ahead
		if seen++; seen%10 == 0 {
			last := r.lastID
			r.leave()
			r = s.open(c.member, last).greeted()
		}
	}
	talking.Wait()
}

func TestWhatCannotBeProvenWholeIsFetchedAnew(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	s.topic(c.peer, c.space)
	r := s.open(c.member, "").greeted()
	at, _ := outbox.ParsePosition(r.lastID)
	foreign, ahead := at, at
	foreign.Epoch = "0ther"
	ahead.Xid += 1000
	for _, lastID := range []string{foreign.String(), ahead.String(), "1", strings.Repeat("9", 100)} {
		r := s.open(c.member, lastID).greeted()
		if name, d := r.event(); name != "resync_required" || d.SpaceID != uuid.Nil {
			t.Errorf("%s: %q", lastID, name)
		}
		if back, ok := outbox.ParsePosition(r.lastID); !ok || back.Epoch != at.Epoch {
			t.Errorf("%s: goes on from %q", lastID, r.lastID)
		}
		topic := s.topic(c.peer, c.space)
		for {
			name, d := r.event() // the topic before may still have been on its way
			if name != "topic.created" {
				t.Errorf("%s: then %q", lastID, name)
			}
			if name != "topic.created" || d.TopicID == topic {
				break
			}
		}
		r.leave()
	}
}

func TestNothingIsLostWhileItIsFoundOutWhatSheSees(t *testing.T) {
	gate, looks := make(chan struct{}), make(chan struct{}, 10)
	s := newStation(t, func(h *Hub) {
		scope := h.scope
		h.scope = func(ctx context.Context, who account.Actor) (
			map[uuid.UUID]struct{}, time.Time, func(context.Context, outbox.Event) (outbox.Event, bool, error), error,
		) {
			visible, until, sift, err := scope(ctx, who)
			looks <- struct{}{}
			<-gate
			return visible, until, sift, err
		}
	})
	c, other := s.circle(), s.circle()
	go func() { gate <- struct{}{} }()
	r := s.open(c.member, "").greeted()
	<-looks
	s.enrol(c.member, other)
	<-looks // she is in, the stream does not know it yet
	before := s.hub.position()
	topic := s.topic(other.peer, other.space)
	for !before.Before(s.hub.position()) {
		time.Sleep(5 * time.Millisecond) // until it is fanned out
	}
	close(gate)
	if name, _ := r.event(); name != "resync_required" { // there is a space she has nothing of
		t.Errorf("%q", name)
	}
	if name, d := r.event(); name != "topic.created" || d.TopicID != topic {
		t.Errorf("%q %+v", name, d)
	}
}

func TestASlowReaderIsSentAwayAndToldToFetchAnew(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	slow, well := s.open(c.member, "").greeted(), s.open(c.peer, "").greeted()
	s.exec(`INSERT INTO outbox (type, user_id, payload, created_at) SELECT 'read.moved', $1, '{}', now() FROM generate_series(1, 20000)`, c.member.ID)
	name := ""
	for next, _ := slow.event(); next != ""; next, _ = slow.event() {
		name = next
	}
	if name != "resync_required" {
		t.Errorf("the last word was %q", name)
	}
	s.topic(c.member, c.space)
	if name, _ := well.event(); name != "topic.created" {
		t.Errorf("another reader got %q", name)
	}
	again := s.open(c.member, slow.lastID).greeted()
	if name, _ := again.event(); name == "resync_required" || name == "" {
		t.Errorf("back from there, she gets %q", name)
	}
}

func TestAHubThatLostTheThreadSaysSo(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	r := s.open(c.member, "").greeted()
	s.hub.mu.Lock()
	s.hub.head.Xid = 1 // long pruned
	s.hub.mu.Unlock()
	if err := s.hub.reassure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if name, _ := r.event(); name != "resync_required" {
		t.Errorf("%q", name)
	}
	r.endsWithin(time.Second)
}

func TestClosingAsksEverybodyToReconnect(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	readers := []*reader{s.open(c.member, "").greeted(), s.open(c.peer, "").greeted()}
	s.hub.Close()
	if s.hub.Clients() != 0 {
		t.Errorf("%d streams are open", s.hub.Clients())
	}
	readers = append(readers, s.open(c.member, ""))
	for n, r := range readers {
		if name, _ := r.event(); name != "reconnect" || r.lastID == "" {
			t.Errorf("reader %d is told %q at %q", n, name, r.lastID)
		}
		r.endsWithin(time.Second)
	}
}

func TestWhoComesBackToANodeThatStopsSkipsNothing(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	r := s.open(c.member, "").greeted()
	r.leave()
	start := r.lastID
	s.topic(c.peer, c.space)
	s.hub.Close()
	r = s.open(c.member, start)
	for b, open := r.next(); open; b, open = r.next() {
		if b.id != "" {
			t.Errorf("%q moves her from %s to %s", b.name, start, b.id)
		}
	}
}

func TestTheEleventhStreamOfAPersonEndsTheFirst(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	var mine []*reader
	for range perUser {
		mine = append(mine, s.open(c.member, "").greeted())
	}
	theirs := s.open(c.peer, "").greeted()
	mine = append(mine, s.open(c.member, "").greeted())
	mine[0].endsWithin(time.Second)
	s.publish(outbox.Event{Type: "membership.changed", UserID: c.member.ID})
	for n, r := range mine[1:] {
		if name, _ := r.event(); name != "membership.changed" {
			t.Errorf("stream %d got %q", n+1, name)
		}
	}
	s.publish(outbox.Event{Type: "membership.changed", UserID: c.peer.ID})
	if name, _ := theirs.event(); name != "membership.changed" {
		t.Errorf("the stream of somebody else got %q", name)
	}
}

func TestAnIdleStreamKeepsAPositionToResumeFrom(t *testing.T) {
	s := newStation(t, func(h *Hub) { h.pace.heartbeat = 20 * time.Millisecond })
	c, other := s.circle(), s.circle()
	r := s.open(c.member, "").greeted()
	start := r.lastID
	s.topic(other.peer, other.space)
	for deadline := time.Now().Add(10 * time.Second); r.lastID == start; {
		if b, open := r.next(); !open || b.name != "" || time.Now().After(deadline) {
			t.Fatalf("got %+v", b)
		}
	}
	from, _ := outbox.ParsePosition(start)
	if to, ok := outbox.ParsePosition(r.lastID); !ok || !from.Before(to) {
		t.Errorf("from %s to %s", start, r.lastID)
	}
}

func TestNobodyAndOneWhoseSessionEndedGetAProblem(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	s.exec(`UPDATE sessions SET revoked_at = now() WHERE id = $1`, c.member.SessionID)
	for name, who := range map[string]account.Actor{"nobody": {ID: pg.NewID()}, "one whose session ended": c.member} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/v1/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", who.ID.String())
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized || !strings.Contains(string(body), `"unauthenticated"`) {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
	}
	if s.hub.Clients() != 0 {
		t.Errorf("%d streams are open", s.hub.Clients())
	}
}
