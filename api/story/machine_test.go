package story_test

import (
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// gate stands between a process and its database, so that a test can say at
// which word between the two the process dies. What comes while it is shut is
// lost, as it is with a machine.
type gate struct {
	name      string // of the socket of the database
	questions atomic.Bool
	answers   atomic.Bool
	lost      atomic.Int64 // bytes
	fuse      *fuse        // nil: nothing burns
}

// newGate gives the gate, and the address of its database on this side of it
// and behind it. The fuse may be nil.
func newGate(t *testing.T, f *fuse) (g *gate, direct, through string) {
	t.Helper()
	direct = pgtest.URL(t)
	at, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	g = &gate{name: at.Query().Get("host") + "/.s.PGSQL." + at.Query().Get("port"), fuse: f}
	go g.serve(l)
	at.Host, at.RawQuery = l.Addr().String(), "sslmode=disable"
	return g, direct, at.String()
}

func (g *gate) serve(l net.Listener) {
	for {
		process, err := l.Accept()
		if err != nil {
			return // the test is over
		}
		database, err := net.Dial("unix", g.name)
		if err != nil {
			_ = process.Close()
			continue
		}
		go g.pass(database, process, &g.questions, g.fuse)
		go g.pass(process, database, &g.answers, nil)
	}
}

func (g *gate) pass(to, from net.Conn, shut *atomic.Bool, f *fuse) {
	defer to.Close()
	defer from.Close()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if f != nil && n > 0 && f.burns() {
			g.burn(to, piece[:n])
		}
		if shut.Load() {
			g.lost.Add(int64(n))
			n = 0
		}
		if _, failed := to.Write(piece[:n]); err != nil || failed != nil {
			return
		}
	}
}

// burn lets the database hear a word, when it may, and the program die before
// it is answered.
func (g *gate) burn(database net.Conn, word []byte) {
	g.answers.Store(true)
	if g.fuse.heard.Load() {
		_, _ = database.Write(word) // its answer shows that it was heard
		for range 200 {
			if g.lost.Load() > 0 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	g.strike()
}

// strike cuts the process off from the database and kills it.
func (g *gate) strike() {
	g.shut()
	g.fuse.blow()
}

// shut lets nothing through any more.
func (g *gate) shut() {
	g.questions.Store(true)
	g.answers.Store(true)
}

// open lets everything through, for the process that comes next.
func (g *gate) open() {
	g.questions.Store(false)
	g.answers.Store(false)
	g.lost.Store(0)
}

// machine is a process that is killed and started again, beside a database
// that is not.
type machine struct {
	*process

	gate  *gate
	db    *pgxpool.Pool
	start func() *process
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	program, dir := build(t), folder(t)
	g, direct, through := newGate(t, nil)
	db, err := pgxpool.New(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	m := &machine{gate: g, db: db}
	m.start = func() *process {
		g.open()
		return run(t, program, dir, "DATABASE_URL="+through, "CONSERVATORY_ADDR=127.0.0.1:0", "CONSERVATORY_ADMIN_ADDR=127.0.0.1:0")
	}
	m.process = m.start()
	return m
}

// reborn is the machine after a death.
func (m *machine) reborn() {
	m.t.Helper()
	m.kill()
	m.process = m.start()
}

func (m *machine) exec(sql string, args ...any) {
	m.t.Helper()
	if _, err := m.db.Exec(m.t.Context(), sql, args...); err != nil {
		m.t.Fatalf("%s: %v", sql, err)
	}
}

func (m *machine) number(sql string, args ...any) (n int) {
	m.t.Helper()
	if err := m.db.QueryRow(m.t.Context(), sql, args...).Scan(&n); err != nil {
		m.t.Fatalf("%s: %v", sql, err)
	}
	return n
}
