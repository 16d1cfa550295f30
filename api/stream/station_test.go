package stream

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	pgtest.Main(m)
}

// station is a node: a database, a forum, a hub and a server in front of it.
// Its tests do not run in parallel: a database being cloned is a transaction
// that holds events back.
type station struct {
	t      *testing.T
	db     *pg.DB
	outbox *outbox.Outbox
	forum  *forum.Forum
	cohort *cohort.Cohort
	hub    *Hub
	server *httptest.Server
	mu     sync.Mutex
	actors map[string]account.Actor
}

func newStation(t *testing.T, hurry ...func(*Hub)) *station {
	t.Helper()
	db := pgtest.New(t)
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()
	s := &station{t: t, db: db, outbox: outbox.New(db, clock.System{}), actors: map[string]account.Actor{}}
	sealer, err := cursor.New(make([]byte, 32), time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.forum = forum.New(db, clock.System{}, s.outbox, audit.New(db, clock.System{}), sealer)
	s.cohort = cohort.New(db, clock.System{}, s.outbox)
	s.hub = New(s.outbox, s.forum.Visible, s.recheck, clock.System{}, slog.New(slog.DiscardHandler))
	for _, h := range hurry {
		h(s.hub)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.hub.Run(ctx) })
	s.server = s.serve()
	t.Cleanup(func() {
		s.hub.Close()
		s.server.Close()
		stop()
		running.Wait()
		db.Pool().Reset()
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"),
			goleak.IgnoreAnyFunction("github.com/jackc/puddle/v2.(*Pool[...]).destroyAcquiredResource"))
	})
	return s
}

func (s *station) serve() *httptest.Server {
	engine := gin.New()
	engine.Use(func(c *gin.Context) {
		s.mu.Lock()
		who, known := s.actors[c.GetHeader("Authorization")]
		s.mu.Unlock()
		if known {
			c.Request = c.Request.WithContext(account.WithActor(c.Request.Context(), who))
		}
	})
	engine.GET("/v1/stream", s.hub.Serve)
	server := httptest.NewUnstartedServer(engine)
	// The deadlines of ordinary requests, far shorter than any stream here.
	server.Config.ReadTimeout, server.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	server.Start()
	return server
}

func (s *station) recheck(ctx context.Context, who account.Actor) (account.Actor, error) {
	var lives bool
	err := s.db.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM sessions WHERE id = $1 AND revoked_at IS NULL)`, who.SessionID).Scan(&lives)
	if err == nil && !lives {
		err = account.ErrUnauthenticated
	}
	return who, err
}

func (s *station) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.db.Pool().Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s *station) person(expires time.Time) account.Actor {
	s.t.Helper()
	a, now := account.Actor{ID: pg.NewID(), SessionID: pg.NewID(), Verified: true, ExpiresAt: expires}, time.Now()
	s.exec(`INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Maria', 'UTC', 'active', 1, $3, $3)`, a.ID, a.ID.String()+"@example.org", now)
	s.exec(`INSERT INTO sessions (id, user_id, generation, rotated_at, created_at, idle_expires_at, expires_at) VALUES ($1, $2, 1, $3, $3, $4, $4)`,
		a.SessionID, a.ID, now, now.Add(time.Hour))
	s.exec(`INSERT INTO member_access (user_id, level, reason, notice, pay_url, updated_at) VALUES ($1, 'full', 'subscription', '', '', $2)`, a.ID, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.actors[a.ID.String()] = a
	return a
}

// circle is a cohort with a space and a member who streams.
type circle struct {
	cohort, space uuid.UUID
	member, peer  account.Actor
}

func (s *station) circle() circle {
	s.t.Helper()
	programme, version := pg.NewID(), pg.NewID()
	s.exec(`INSERT INTO programmes (id, slug, title) VALUES ($1, $2, 'Return to tech')`, programme, programme.String())
	s.exec(`INSERT INTO programme_versions (id, programme_id, number, state) VALUES ($1, $2, 1, 'published')`, version, programme)
	run, err := s.cohort.Create(s.t.Context(), cohort.NewCohort{
		ProgrammeID: programme, VersionID: version, Name: "Winter", State: cohort.Open, TimeZone: "UTC", StartsOn: time.Now(), EndsOn: time.Now(), Capacity: 9,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	space, err := s.forum.CreateSpace(s.t.Context(), forum.NewSpace{Kind: forum.Cohort, CohortID: run.ID, Slug: run.ID.String(), Title: "Winter"})
	if err != nil {
		s.t.Fatal(err)
	}
	c := circle{run.ID, space.ID, s.person(time.Time{}), s.person(time.Time{})}
	s.enrol(c.member, c)
	s.enrol(c.peer, c)
	return c
}

func (s *station) enrol(a account.Actor, c circle) {
	s.t.Helper()
	if _, _, err := s.cohort.Enrol(s.t.Context(), a, c.cohort); err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) topic(a account.Actor, space uuid.UUID) uuid.UUID {
	s.t.Helper()
	topic, err := s.forum.Open(s.t.Context(), a, space, forum.NewTopic{Title: "Hello", Body: "A secret of mine"})
	if err != nil {
		s.t.Fatal(err)
	}
	return topic.ID
}

func (s *station) reply(a account.Actor, topic uuid.UUID) {
	s.t.Helper()
	if _, err := s.forum.Reply(s.t.Context(), a, topic, forum.NewPost{Body: "A secret of mine"}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) publish(e outbox.Event) {
	s.t.Helper()
	err := s.db.InTx(s.t.Context(), func(ctx context.Context) error { return s.outbox.Publish(ctx, e) })
	if err != nil {
		s.t.Fatal(err)
	}
}

// block is one block of a stream as a browser reads it.
type block struct{ id, name, data, comment, retry string }

// reader is a browser: it knows the id to resume from.
type reader struct {
	t      *testing.T
	blocks chan block
	lastID string
	header http.Header
	leave  func()
}

func (s *station) open(who account.Actor, lastID string) *reader {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/v1/stream", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", who.ID.String())
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		s.t.Fatal(err)
	}
	r := &reader{t: s.t, blocks: make(chan block, 1<<16), lastID: lastID, header: response.Header}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.read(response.Body)
	}()
	r.leave = func() { cancel(); <-done }
	s.t.Cleanup(r.leave)
	return r
}

func (r *reader) read(body io.ReadCloser) {
	defer body.Close()
	defer close(r.blocks)
	var b block
	for lines := bufio.NewScanner(body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			b.id = value
		case "event":
			b.name = value
		case "data":
			b.data = value
		case "retry":
			b.retry = value
		case "":
			if value != "" {
				b.comment = value
				break
			}
			r.blocks <- b
			b = block{}
		}
	}
}

// next gives the next block, false when the stream has ended.
func (r *reader) next() (block, bool) {
	r.t.Helper()
	select {
	case b, open := <-r.blocks:
		if b.id != "" {
			r.lastID = b.id
		}
		return b, open
	case <-time.After(10 * time.Second):
		r.t.Fatal("nothing comes and the stream stays open")
		return block{}, false
	}
}

// event gives the next named event; the zero one when the stream has ended.
func (r *reader) event() (string, data) {
	r.t.Helper()
	for {
		b, open := r.next()
		if !open {
			return "", data{}
		}
		if b.name == "" {
			continue
		}
		var d data
		decoder := json.NewDecoder(strings.NewReader(b.data))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&d); err != nil || d.Type != b.name || b.id == "" || d.At.IsZero() {
			r.t.Fatalf("a malformed event %+v: %v", b, err)
		}
		return b.name, d
	}
}

// greeted waits until the stream is live.
func (r *reader) greeted() *reader {
	r.t.Helper()
	if b, open := r.next(); !open || b.comment != "ok" || b.retry != "2000" {
		r.t.Fatalf("greeted with %+v", b)
	}
	return r
}

// endsWithin expects the end of the stream, without another event.
func (r *reader) endsWithin(limit time.Duration) {
	r.t.Helper()
	start := time.Now()
	if name, _ := r.event(); name != "" {
		r.t.Errorf("%s came", name)
	}
	if took := time.Since(start); took > limit {
		r.t.Errorf("ended after %v, at most %v", took, limit)
	}
}
