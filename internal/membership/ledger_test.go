package membership

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestLedgerOf(t *testing.T) {
	t.Parallel()
	const year = "58800"
	cases := []struct {
		name string
		sub  Subscription
		want map[Series]string
	}{
		{"active is mrr", having(Active), map[Series]string{MRR: year}},
		{"past due stays mrr and is at risk", having(PastDue), map[Series]string{MRR: year, AtRisk: year}},
		{"an end with the period is ending", having(Active, endsWithPeriod), map[Series]string{MRR: year, Ending: year}},
		{"an end at a moment is ending", having(Active, endsAt(late)), map[Series]string{MRR: year, Ending: year}},
		{"past due with an end is all three", having(PastDue, endsAt(late)), map[Series]string{MRR: year, AtRisk: year, Ending: year}},
		{"a trial is only a trial", having(Trialing), map[Series]string{Trial: year}},
		{"a canceled trial is only a trial", having(Trialing, endsWithPeriod), map[Series]string{Trial: year}},
		{"a paused collection is only paused", having(Active, pausedCollection), map[Series]string{OnHold: year}},
		{"a paused past due one is only paused", having(PastDue, pausedCollection), map[Series]string{OnHold: year}},
		{"unpaid is nothing", having(Unpaid), map[Series]string{}},
		{"canceled is nothing", having(Canceled, ended(past)), map[Series]string{}},
		{"canceled with a later end is nothing", having(Canceled, ended(soon)), map[Series]string{}},
		{"incomplete is nothing", having(Incomplete), map[Series]string{}},
		{"incomplete and expired is nothing", having(IncompleteExpired), map[Series]string{}},
		{"paused for want of a card is nothing", having(Paused, pausedCollection), map[Series]string{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.sub.AnnualMinor = year
			got := map[Series]string{}
			for series, sum := range ledgerOf(c.sub.Snapshot) {
				got[series] = sum.RatString()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFreePriceIsInNoSeries(t *testing.T) {
	t.Parallel()
	s := having(Active)
	s.AnnualMinor = "0"
	if got := ledgerOf(s.Snapshot); len(got) != 0 {
		t.Errorf("a free subscription counts as %v", got)
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	oldPlan, newPlan := uuid.New(), uuid.New()
	recorded := map[account]*big.Rat{{MRR, "usd", oldPlan}: big.NewRat(58800, 1), {AtRisk, "usd", oldPlan}: new(big.Rat)}
	s := having(Active)
	s.AnnualMinor, s.Currency, s.PlanID = "98000.5", "usd", &newPlan
	got := map[string]string{}
	for _, p := range differences(s.Snapshot, recorded) {
		got[string(p.Series)+" "+map[uuid.UUID]string{oldPlan: "old", newPlan: "new"}[p.PlanID]] = p.delta.FloatString(1)
	}
	if diff := cmp.Diff(map[string]string{"mrr old": "-58800.0", "mrr new": "98000.5"}, got); diff != "" {
		t.Errorf("another plan moves the whole sum: %s", diff)
	}
}

func TestEffective(t *testing.T) {
	t.Parallel()
	gone := having(Canceled, ended(now.Add(-time.Hour))).Snapshot
	running := having(Active).Snapshot
	cases := []struct {
		name string
		s    Snapshot
		last *time.Time
		at   time.Time
		want time.Time
	}{
		{"a first appearance counts from its beginning", running, nil, now, past},
		{"a change counts when it happened", running, &past, now, now},
		{"an end counts when it ended", gone, &past, now, now.Add(-time.Hour)},
		{"nothing counts in the future", running, &past, soon, now},
		{"not even an end in the future", having(Canceled, ended(soon)).Snapshot, &past, now, now},
		{"nothing counts before what is recorded", running, &late, now, late},
		{"not even an end", gone, &late, now, late},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := effective(c.s, c.last, c.at, now); !got.Equal(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestAnnualKeepsTwelveDecimals(t *testing.T) {
	t.Parallel()
	if got := Annual(big.NewRat(12, 7)); got != "1.714285714286" {
		t.Errorf("got %s", got)
	}
}
