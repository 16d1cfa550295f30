package cohort_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type school struct {
	*cohort.Cohort
	t         testing.TB
	ctx       context.Context
	db        *pg.DB
	now       *clock.Manual
	programme uuid.UUID
	version   uuid.UUID
}

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func newSchool(t testing.TB, ctx context.Context, db *pg.DB) *school {
	t.Helper()
	now := clock.NewManual(noon())
	s := &school{cohort.New(db, now, outbox.New(db, now)), t, ctx, db, now, pg.NewID(), pg.NewID()}
	s.exec(`INSERT INTO programmes (id, slug, title) VALUES ($1, $2, 'Return to tech')`, s.programme, s.programme.String())
	s.exec(`INSERT INTO programme_versions (id, programme_id, number, state) VALUES ($1, $2, 1, 'published')`, s.version, s.programme)
	return s
}

func inTx(t testing.TB) *school {
	t.Helper()
	ctx, db := pgtest.Tx(t)
	return newSchool(t, ctx, db)
}

func (s *school) exec(sql string, args ...any) {
	s.t.Helper()
	var err error
	if tx, ok := s.db.Tx(s.ctx); ok {
		_, err = tx.Exec(s.ctx, sql, args...)
	} else {
		_, err = s.db.Pool().Exec(s.ctx, sql, args...)
	}
	if err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

func (s *school) number(sql string, args ...any) (n int) {
	s.t.Helper()
	row := s.db.Pool().QueryRow
	if tx, ok := s.db.Tx(s.ctx); ok {
		row = tx.QueryRow
	}
	if err := row(s.ctx, sql, args...).Scan(&n); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (s *school) person(level string) account.Actor {
	s.t.Helper()
	a := account.Actor{ID: pg.NewID(), Verified: true}
	s.exec(`INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, $2, $2, 'Maria', 'UTC', 'active', 1, $3, $3)`, a.ID, a.ID.String()+"@example.org", noon())
	if level != "" {
		s.exec(`INSERT INTO member_access (user_id, level, reason, notice, pay_url, updated_at) VALUES ($1, $2, 'subscription', '', '', $3)`,
			a.ID, level, noon())
	}
	return a
}

// open is an open cohort of the school's programme; change may make it other.
func (s *school) open(capacity int64, change ...func(*cohort.NewCohort)) cohort.Run {
	s.t.Helper()
	opens, closes := noon().Add(-time.Hour), noon().Add(time.Hour)
	n := cohort.NewCohort{
		ProgrammeID: s.programme, VersionID: s.version, Name: "Winter 2026", State: cohort.Open, TimeZone: "America/New_York",
		StartsOn: noon(), EndsOn: noon().AddDate(0, 3, 0), RegistrationOpensAt: &opens, RegistrationClosesAt: &closes, Capacity: capacity,
	}
	for _, c := range change {
		c(&n)
	}
	run, err := s.Create(s.ctx, n)
	if err != nil {
		s.t.Fatal(err)
	}
	return run
}

func (s *school) enrolled(a account.Actor, id uuid.UUID) cohort.Enrolment {
	s.t.Helper()
	seat, fresh, err := s.Enrol(s.ctx, a, id)
	if err != nil || !fresh {
		s.t.Fatalf("fresh %v: %v", fresh, err)
	}
	return seat
}

func (s *school) revoked(a account.Actor) int {
	s.t.Helper()
	return s.number(`SELECT count(*) FROM outbox WHERE user_id = $1 AND type = 'access.changed'`, a.ID)
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryStateIsReachedAndOnlyAsTheLifeOfACohortGoes(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	states := []cohort.State{cohort.Draft, cohort.Open, cohort.Closed, cohort.Running, cohort.Completed, cohort.Cancelled}
	allowed := map[cohort.State]string{
		cohort.Draft: "open cancelled", cohort.Open: "closed running cancelled", cohort.Closed: "open running cancelled", cohort.Running: "completed cancelled",
	}
	for _, from := range states {
		var went []string
		for _, to := range states {
			run := s.open(1, func(n *cohort.NewCohort) { n.State = from })
			switch err := s.SetState(s.ctx, uuid.Nil, run.ID, to); {
			case err == nil:
				went = append(went, string(to))
			case !errors.Is(err, cohort.ErrState):
				t.Error(err)
			}
		}
		if got := strings.Join(went, " "); got != allowed[from] {
			t.Errorf("from %s to %q, want %q", from, got, allowed[from])
		}
	}
	is(t, s.SetState(s.ctx, uuid.Nil, uuid.New(), cohort.Open), fault.ErrNotFound)
}

func TestTheEndOfACohortIsTheEndOfItsSeats(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	for end, want := range map[cohort.State]cohort.Seat{cohort.Completed: cohort.Finished, cohort.Cancelled: cohort.Withdrawn} {
		run := s.open(9)
		active, paused, gone := s.person("full"), s.person("full"), s.person("full")
		for _, p := range []account.Actor{active, paused, gone} {
			s.enrolled(p, run.ID)
		}
		ok(t, s.Pause(s.ctx, uuid.Nil, paused.ID, run.ID))
		ok(t, s.Withdraw(s.ctx, uuid.Nil, gone.ID, run.ID))
		told := s.revoked(gone)
		ok(t, s.SetState(s.ctx, uuid.Nil, run.ID, cohort.Running))
		ok(t, s.SetState(s.ctx, uuid.Nil, run.ID, end))
		for _, p := range []account.Actor{active, paused} {
			l, err := s.ByID(s.ctx, p.ID, run.ID)
			if err != nil || l.EnrolmentState != want || l.State != end || l.SeatsLeft != 9 {
				t.Errorf("%s: %+v, %v", end, l, err)
			}
		}
		if s.revoked(active) != 2 || s.revoked(paused) != 3 || s.revoked(gone) != told {
			t.Errorf("%s: told %d, %d, %d times", end, s.revoked(active), s.revoked(paused), s.revoked(gone))
		}
		// A run that has ended keeps nobody from the next one.
		s.enrolled(active, s.open(1).ID)
		ok(t, s.Withdraw(s.ctx, uuid.Nil, active.ID, lastOf(s, active)))
	}
}

func lastOf(s *school, a account.Actor) uuid.UUID {
	page, _, err := s.Cohorts(s.ctx, a.ID, cohort.Position{}, 100)
	ok(s.t, err)
	for _, l := range page {
		if l.EnrolmentState == cohort.Active {
			return l.ID
		}
	}
	return uuid.Nil
}

func TestPagesOfCohortsAreWhole(t *testing.T) {
	t.Parallel()
	s := newSchool(t, t.Context(), pgtest.New(t))
	want := map[uuid.UUID]bool{}
	for n := range 7 {
		want[s.open(1, func(c *cohort.NewCohort) { c.StartsOn = c.StartsOn.AddDate(0, 0, n/2) }).ID] = true
	}
	s.open(1, func(c *cohort.NewCohort) { c.State = cohort.Draft })
	var after cohort.Position
	var last time.Time
	for more := true; more; {
		ctx, counted := pg.Count(s.ctx)
		page, rest, err := s.Cohorts(ctx, uuid.Nil, after, 3)
		ok(t, err)
		if counted.N() != 1 {
			t.Errorf("a page takes %d statements", counted.N())
		}
		for _, l := range page {
			if !want[l.ID] || (!last.IsZero() && l.StartsOn.After(last)) {
				t.Errorf("%s, starting %s, is out of place", l.ID, l.StartsOn)
			}
			delete(want, l.ID)
			last, after = l.StartsOn, cohort.Position{StartsOn: l.StartsOn, ID: l.ID}
		}
		more = rest
	}
	if len(want) != 0 {
		t.Errorf("%d never came", len(want))
	}
}

func TestCoachesComeAndGo(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	run, her := s.open(1), s.person("")
	ok(t, s.AddCoach(s.ctx, run.ID, her.ID))
	ok(t, s.AddCoach(s.ctx, run.ID, her.ID))
	if n := s.number(`SELECT count(*) FROM cohort_coaches WHERE user_id = $1`, her.ID); n != 1 {
		t.Errorf("she leads %d times", n)
	}
	ok(t, s.RemoveCoach(s.ctx, run.ID, her.ID))
	if n := s.number(`SELECT count(*) FROM cohort_coaches WHERE user_id = $1`, her.ID); n != 0 || s.revoked(her) != 3 {
		t.Errorf("she leads %d times, told %d times", n, s.revoked(her))
	}
}

func TestABreakIsKeptAndAnUnknownTimeZoneIsNot(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	run := s.open(1, func(n *cohort.NewCohort) { n.Breaks = []cohort.Break{{FromOn: noon(), ToOn: noon().AddDate(0, 0, 6)}} })
	if n := s.number(`SELECT to_on - from_on FROM cohort_breaks WHERE cohort_id = $1`, run.ID); n != 6 {
		t.Errorf("the break has %d days", n)
	}
	for _, zone := range []string{"", "Mars/Olympus"} {
		if _, err := s.Create(s.ctx, cohort.NewCohort{ProgrammeID: s.programme, VersionID: s.version, Capacity: 1, TimeZone: zone}); err == nil {
			t.Errorf("time zone %q is taken", zone)
		}
	}
}
