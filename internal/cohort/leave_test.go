package cohort_test

import "testing"

func TestWhoLeavesGivesEverySeatBack(t *testing.T) {
	t.Parallel()
	s := inTx(t)
	run, her, other := s.open(2), s.person("full"), s.person("full")
	s.enrolled(her, run.ID)
	s.enrolled(other, run.ID)
	for range 2 { // the second time there is none
		ok(t, s.Leave(s.ctx, her.ID))
	}
	if n := s.number(`SELECT count(*) FROM enrolments WHERE user_id = $1 AND state = 'withdrawn' AND ended_at IS NOT NULL`, her.ID); n != 1 {
		t.Errorf("%d seats given back", n)
	}
	if n := s.number(`SELECT count(*) FROM enrolments WHERE user_id = $1 AND state = 'active'`, other.ID); n != 1 {
		t.Error("somebody else lost her seat")
	}
	if l, err := s.ByID(s.ctx, other.ID, run.ID); err != nil || l.SeatsLeft != 1 {
		t.Errorf("%d seats left, %v", l.SeatsLeft, err)
	}
}
