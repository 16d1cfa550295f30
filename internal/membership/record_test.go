package membership_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

func TestRecordOpensAndCloses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s := running(user)
	r.record(t, s)
	if diff := cmp.Diff(membership.Access{Level: membership.Full, Reason: membership.BySubscription}, r.access(t, user)); diff != "" {
		t.Error(diff)
	}
	if r.mrr(t, user, membership.MRR) != "58800" || r.events(t, user, "membership.changed") != 1 || r.events(t, user, "access.changed") != 0 {
		t.Error("opening is one entry and one word to her, and takes nothing from her streams")
	}
	r.clock.Advance(48 * time.Hour)
	gone := r.clock.Now().Add(-time.Hour)
	s.Status, s.EndedAt, s.CanceledAt, s.CancellationReason = membership.Canceled, &gone, &gone, "cancellation_requested"
	r.record(t, s)
	if a := r.access(t, user); a.Level != membership.NoAccess {
		t.Errorf("still has %v", a)
	}
	if r.mrr(t, user, membership.MRR) != "0" || r.events(t, user, "access.changed") != 1 {
		t.Error("closing takes the sum away and ends her streams")
	}
	at := scalar[time.Time](t, r, `SELECT max(effective_at) FROM membership_ledger WHERE user_id = $1 AND reason = 'cancellation_requested'`, user)
	if !at.Equal(gone) {
		t.Errorf("the end counts at %v, not when it ended", at)
	}
}

// laravel/cashier-stripe#1307, pay-rails/pay#371: events told again made a row each.
func TestInvariant02OneRowForEachSubscription(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s := running(user)
	s.Status = membership.PastDue
	r.record(t, s)
	count := func() [3]int {
		return [3]int{
			r.events(t, user, "membership.changed"), scalar[int](t, r, `SELECT count(*) FROM membership_ledger WHERE user_id = $1`, user),
			scalar[int](t, r, `SELECT count(*) FROM subscriptions WHERE user_id = $1`, user),
		}
	}
	first := count()
	r.clock.Advance(time.Hour)
	r.record(t, s)
	if diff := cmp.Diff(first, count()); diff != "" {
		t.Error(diff)
	}
	if updated := scalar[time.Time](t, r, `SELECT updated_at FROM subscriptions WHERE user_id = $1`, user); !updated.Equal(noon) {
		t.Error("the row was touched")
	}
}

// revel ADR-0014: a late event brought a subscription back that had ended.
func TestInvariant09WhatHasEndedStaysEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s := running(user)
	r.record(t, s)
	gone := s
	gone.Status, gone.EndedAt = membership.Canceled, &noon
	r.record(t, gone)
	s.AmountMinor, s.AnnualMinor = 9900, "118800"
	r.record(t, s)
	if a := r.access(t, user); a.Level != membership.NoAccess || r.mrr(t, user, membership.MRR) != "0" {
		t.Errorf("a late word revived it: %v", a)
	}
}

func TestRecordOfAnotherMembersSubscriptionFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := running(r.user(t))
	r.record(t, s)
	s.UserID = r.user(t)
	if err := r.membership.Record(r.ctx, s, "evt_x", noon); err == nil {
		t.Error("a subscription moved to another member")
	}
}

// basedosdados/website#1456: the end of one took away what the other paid for.
func TestInvariant05OneSubscriptionTakesNothingFromAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	a, b := running(user), running(user)
	r.record(t, a)
	r.record(t, b)
	a.Status, a.EndedAt = membership.Canceled, &noon
	r.record(t, a)
	if got := r.access(t, user); got.Level != membership.Full || r.mrr(t, user, membership.MRR) != "58800" {
		t.Errorf("the end of one left %v", got)
	}
}

func TestSeriesFollowTheStatus(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s := running(user)
	sums := func() [5]string {
		var got [5]string
		for i, series := range []membership.Series{membership.MRR, membership.AtRisk, membership.Ending, membership.Trial, membership.OnHold} {
			got[i] = r.mrr(t, user, series)
		}
		return got
	}
	steps := []struct {
		change func()
		want   [5]string
	}{
		{func() { s.Status = membership.Trialing }, [5]string{"0", "0", "0", "58800", "0"}},
		{func() { s.Status = membership.Active }, [5]string{"58800", "0", "0", "0", "0"}},
		{func() { s.Status = membership.PastDue }, [5]string{"58800", "58800", "0", "0", "0"}},
		{func() { s.Status, s.CancelAtPeriodEnd = membership.Active, true }, [5]string{"58800", "0", "58800", "0", "0"}},
		{func() { s.CancelAtPeriodEnd, s.AnnualMinor = false, "1.714285714286" }, [5]string{"1.714285714286", "0", "0", "0", "0"}},
		{func() { s.CollectionPaused = true }, [5]string{"0", "0", "0", "0", "1.714285714286"}},
		{func() { s.Status, s.EndedAt = membership.Canceled, &noon }, [5]string{"0", "0", "0", "0", "0"}},
	}
	for i, step := range steps {
		step.change()
		r.clock.Advance(time.Hour)
		r.record(t, s)
		if diff := cmp.Diff(step.want, sums()); diff != "" {
			t.Errorf("step %d: %s", i, diff)
		}
	}
}

func TestAccessAndOverviewAreCheap(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s := running(user)
	r.record(t, s)
	ctx, count := pg.Count(r.ctx)
	if _, err := r.membership.Access(ctx, user); err != nil || count.N() != 1 {
		t.Errorf("access took %d statements, %v", count.N(), err)
	}
	ctx, count = pg.Count(r.ctx)
	own, err := r.membership.Of(ctx, user)
	if err != nil || count.N() != 3 {
		t.Errorf("the overview took %d statements, %v", count.N(), err)
	}
	if len(own.Subscriptions) != 1 || own.Subscriptions[0].StripeID != s.StripeID || own.Subscriptions[0].PlanSlug != "" || own.Access.Level != membership.Full {
		t.Errorf("got %+v", own)
	}
	ctx, count = pg.Count(r.ctx)
	if _, err := r.membership.Plans(ctx); err != nil || count.N() > 2 {
		t.Errorf("plans took %d statements, %v", count.N(), err)
	}
}

func TestKeptAccessIsNotBelievedAfterItsTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	s := running(user)
	s.CancelAtPeriodEnd = true
	r.record(t, s)
	if a := r.access(t, user); a.Until == nil || !a.Until.Equal(*s.CurrentPeriodEnd) || a.Notice != membership.EndsSoon {
		t.Errorf("got %+v", a)
	}
	r.clock.Set(*s.CurrentPeriodEnd)
	if a := r.access(t, user); a.Level != membership.NoAccess {
		t.Errorf("at the end there is still %+v", a)
	}
	if err := r.membership.Recompute(r.ctx, user); err != nil {
		t.Fatal(err)
	}
	if level := scalar[string](t, r, `SELECT level FROM member_access WHERE user_id = $1`, user); level != "none" || r.events(t, user, "access.changed") != 1 {
		t.Errorf("recomputing kept %s", level)
	}
}

func TestTheLedgerIsAppendOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	r.record(t, running(user))
	for _, sql := range []string{`UPDATE membership_ledger SET annual_delta = 1 WHERE user_id = $1`, `DELETE FROM membership_ledger WHERE user_id = $1`} {
		err := r.db.InTx(r.ctx, func(ctx context.Context) error {
			tx, _ := r.db.Tx(ctx)
			_, err := tx.Exec(ctx, sql, user)
			return err
		})
		if err == nil {
			t.Errorf("%s went through", sql)
		}
	}
}
