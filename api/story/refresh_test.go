package story_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// generation counts the exchanges of her one session.
func (m *machine) generation(user uuid.UUID) int {
	m.t.Helper()
	return m.number(`SELECT generation FROM sessions WHERE user_id = $1`, user)
}

// asks begins an exchange whose answer nobody waits for; the channel tells
// when it is over.
func (m *machine) asks(token string) <-chan struct{} {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.at.api+"/v1/auth/refresh", strings.NewReader(`{"refresh_token":"`+token+`"}`))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	over := make(chan struct{})
	go func() {
		defer close(over)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // she never reads it
		}
	}()
	return over
}

// Killed at any moment of an exchange, the process signs nobody out: she asks
// again with the token she has, and goes on.
func TestKilledWhileATokenIsExchanged(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and kills the program")
	}
	m := newMachine(t)
	m.join("canary@example.org")
	var her uuid.UUID
	if err := m.db.QueryRow(t.Context(), `SELECT id FROM users WHERE email = 'canary@example.org'`).Scan(&her); err != nil {
		t.Fatal(err)
	}
	token := m.refresh
	for _, moment := range []struct {
		name  string
		dies  func(t *testing.T, her uuid.UUID, token string)
		turns int // of the session by then; -1: it may be either
	}{
		{"before the database hears of it", m.diesUnheard, 0},
		{"after the commit, before it knows of it", m.diesAtTheCommit, 1},
		{"when it has answered", m.diesAnswered, 1},
		{"at once", m.diesAfter(0), -1},
		{"after a millisecond", m.diesAfter(time.Millisecond), -1},
		{"after three milliseconds", m.diesAfter(3 * time.Millisecond), -1},
	} {
		for range 3 {
			before := m.generation(her)
			moment.dies(t, her, token)
			m.kill()
			if turned := m.generation(her) - before; moment.turns >= 0 && turned != moment.turns {
				t.Fatalf("%s: the session turned %d times, want %d", moment.name, turned, moment.turns)
			}
			m.reborn()
			m.token = ""
			answer := m.post("/v1/auth/refresh", `{"refresh_token":"`+token+`"}`)
			if !strings.Contains(answer, "access_token") {
				t.Fatalf("%s: she is answered %s", moment.name, answer)
			}
			m.token, token = m.text(answer, "access_token"), m.text(answer, "refresh_token")
			if me := m.get("/v1/me"); !strings.Contains(me, her.String()) {
				t.Fatalf("%s: then %s", moment.name, me)
			}
		}
	}
	if n := m.number(`SELECT count(*) FROM sessions WHERE user_id = $1`, her); n != 1 {
		t.Errorf("she has %d sessions, want the one she began with", n)
	}
}

func (m *machine) diesUnheard(t *testing.T, _ uuid.UUID, token string) {
	t.Helper()
	m.gate.questions.Store(true)
	m.asks(token)
	m.eventually("a question that is lost", func() bool { return m.gate.lost.Load() > 0 })
}

// diesAtTheCommit holds the row until the exchange waits for it, and keeps the
// word that it is done from the process.
func (m *machine) diesAtTheCommit(t *testing.T, her uuid.UUID, token string) {
	t.Helper()
	before := m.generation(her)
	err := pgx.BeginFunc(t.Context(), m.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT 1 FROM sessions WHERE user_id = $1 FOR UPDATE`, her); err != nil {
			return err
		}
		m.asks(token)
		m.eventually("the exchange waits", func() bool {
			return m.number(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE sessions%'`) > 0
		})
		m.gate.answers.Store(true)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m.eventually("the exchange is in the database", func() bool { return m.generation(her) > before })
}

func (m *machine) diesAnswered(t *testing.T, _ uuid.UUID, token string) {
	t.Helper()
	<-m.asks(token)
}

func (m *machine) diesAfter(d time.Duration) func(*testing.T, uuid.UUID, string) {
	return func(t *testing.T, _ uuid.UUID, token string) {
		t.Helper()
		m.asks(token)
		time.Sleep(d) // the moment itself is what is tested
	}
}
