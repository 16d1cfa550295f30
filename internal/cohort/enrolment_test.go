package cohort_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestASeatIsTakenOnceAndSeen(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	run, her := s.open(2), s.person("full")
	seat := s.enrolled(her, run.ID)
	again, fresh, err := s.Enrol(s.ctx, her, run.ID)
	ok(t, err)
	if diff := cmp.Diff(seat, again); diff != "" || fresh {
		t.Errorf("the second time, fresh %v:\n%s", fresh, diff)
	}
	l, err := s.ByID(s.ctx, her.ID, run.ID)
	ok(t, err)
	if l.SeatsLeft != 1 || l.EnrolmentID != seat.ID || l.EnrolmentState != cohort.Active || !l.EnrolledAt.Equal(noon()) || l.Programme != "Return to tech" {
		t.Errorf("she sees %+v", l)
	}
	l, err = s.ByID(s.ctx, uuid.Nil, run.ID)
	ok(t, err)
	if l.SeatsLeft != 1 || l.EnrolmentID != uuid.Nil || l.EnrolledAt != nil || l.StartsOn.Format(time.DateOnly) != "2026-11-23" {
		t.Errorf("a visitor sees %+v", l)
	}
	if s.revoked(her) != 1 {
		t.Error("her streams do not learn of the new space")
	}
	if n := s.number(`SELECT count(*) FROM enrolment_events WHERE enrolment_id = $1 AND to_state = 'active' AND actor_id = $2`, seat.ID, her.ID); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestWhyThereIsNoSeat(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	set := func(state cohort.State) func(*cohort.NewCohort) { return func(n *cohort.NewCohort) { n.State = state } }
	at := noon()
	soon := at.Add(time.Microsecond)
	full := s.open(1)
	s.enrolled(s.person("full"), full.ID)
	mine, busy := s.open(9), s.person("full")
	s.enrolled(busy, mine.ID)
	over := s.person("full")
	s.exec(`UPDATE member_access SET until = $2 WHERE user_id = $1`, over.ID, at)
	suspended := s.person("full")
	s.exec(`UPDATE users SET state = 'suspended' WHERE id = $1`, suspended.ID)

	for name, c := range map[string]struct {
		who  account.Actor
		run  cohort.Run
		want error
	}{
		"nobody without membership":          {s.person(""), s.open(1), fault.ErrMembershipRequired},
		"nobody who only reads":              {s.person("read_only"), s.open(1), fault.ErrMembershipRequired},
		"nobody whose membership just ended": {over, s.open(1), fault.ErrMembershipRequired},
		"nobody suspended":                   {suspended, s.open(1), fault.ErrMembershipRequired},
		"nobody at all":                      {account.Actor{}, s.open(1), fault.ErrMembershipRequired},
		"no draft":                           {s.person("full"), s.open(1, set(cohort.Draft)), fault.ErrNotFound},
		"no closed one":                      {s.person("full"), s.open(1, set(cohort.Closed)), cohort.ErrClosed},
		"no running one":                     {s.person("full"), s.open(1, set(cohort.Running)), cohort.ErrClosed},
		"none before registration":           {s.person("full"), s.open(1, func(n *cohort.NewCohort) { n.RegistrationOpensAt = &soon }), cohort.ErrClosed},
		"none at the end of registration":    {s.person("full"), s.open(1, func(n *cohort.NewCohort) { n.RegistrationClosesAt = &at }), cohort.ErrClosed},
		"none that is full":                  {s.person("full"), full, cohort.ErrFull},
		"no second one of a programme":       {busy, s.open(1), cohort.ErrOther},
		"none that is not there":             {s.person("full"), cohort.Run{ID: uuid.New()}, fault.ErrNotFound},
	} {
		_, _, err := s.Enrol(s.ctx, c.who, c.run.ID)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if n := s.number(`SELECT count(*) FROM enrolments WHERE cohort_id = $1 AND user_id = $2`, c.run.ID, c.who.ID); n != 0 {
			t.Errorf("%s: there is a seat", name)
		}
	}
	s.enrolled(s.person("full"), s.open(1, func(n *cohort.NewCohort) { n.RegistrationOpensAt, n.RegistrationClosesAt = &at, nil }).ID)
}

func TestASeatIsPausedLeftAndTakenAgain(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	run, her := s.open(1), s.person("full")
	first := s.enrolled(her, run.ID)
	is(t, s.Resume(s.ctx, her.ID, her.ID, run.ID), fault.ErrNotFound)
	ok(t, s.Pause(s.ctx, her.ID, her.ID, run.ID))
	is(t, s.Pause(s.ctx, her.ID, her.ID, run.ID), fault.ErrNotFound)
	_, _, err := s.Enrol(s.ctx, s.person("full"), run.ID)
	is(t, err, cohort.ErrFull) // a pause keeps the place
	ok(t, s.Resume(s.ctx, her.ID, her.ID, run.ID))
	ok(t, s.Withdraw(s.ctx, uuid.Nil, her.ID, run.ID))
	is(t, s.Withdraw(s.ctx, uuid.Nil, her.ID, run.ID), fault.ErrNotFound)
	if s.revoked(her) != 4 {
		t.Errorf("her streams were told %d times, want 4", s.revoked(her))
	}
	if n := s.number(`SELECT count(*) FROM enrolments WHERE id = $1 AND state = 'withdrawn' AND ended_at = $2`, first.ID, noon()); n != 1 {
		t.Error("the first seat has not ended")
	}
	second := s.enrolled(her, run.ID)
	if second.Attempt != 2 || second.ID == first.ID {
		t.Errorf("the second attempt: %+v", second)
	}
	if n := s.number(`SELECT count(*) FROM enrolment_events WHERE enrolment_id = $1`, first.ID); n != 4 {
		t.Errorf("%d events of the first", n)
	}
}

func TestTwoHundredRaceForTenSeats(t *testing.T) {
	t.Parallel()
	s := newSchool(t, t.Context(), pgtest.New(t))
	run := s.open(10)
	people := make([]account.Actor, 200)
	for n := range people {
		people[n] = s.person("full")
	}
	var won, lost atomic.Int64
	var all sync.WaitGroup
	for _, p := range people {
		all.Go(func() {
			switch _, _, err := s.Enrol(t.Context(), p, run.ID); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, cohort.ErrFull):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 10 || lost.Load() != 190 {
		t.Errorf("%d won, %d lost", won.Load(), lost.Load())
	}
	if n := s.number(`SELECT count(*) FROM enrolments WHERE cohort_id = $1`, run.ID); n != 10 {
		t.Errorf("%d seats", n)
	}
}

func TestOnePersonAtTwoDoorsGetsOneSeat(t *testing.T) {
	t.Parallel()
	s := newSchool(t, t.Context(), pgtest.New(t))
	her := s.person("full")
	doors := []uuid.UUID{s.open(5).ID, s.open(5).ID}
	var fresh atomic.Int64
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			_, first, err := s.Enrol(t.Context(), her, doors[n%2])
			if err != nil && !errors.Is(err, cohort.ErrOther) {
				t.Error(err)
			}
			if first {
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	if n := s.number(`SELECT count(*) FROM enrolments`); n != 1 || fresh.Load() != 1 {
		t.Errorf("%d seats, %d told they are new", n, fresh.Load())
	}
}
