package membership_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// outcome is what must not depend on the way it was reached.
type outcome struct {
	Access membership.Access
	Sums   map[string]string
}

func (r rig) outcome(t testing.TB, user uuid.UUID) outcome {
	t.Helper()
	o := outcome{Access: r.access(t, user), Sums: map[string]string{}}
	for _, series := range []membership.Series{membership.MRR, membership.AtRisk, membership.Ending, membership.Trial, membership.OnHold} {
		o.Sums[string(series)] = r.mrr(t, user, series)
	}
	return o
}

// drawSnapshot draws a subscription that has not ended.
func drawSnapshot(d *rapid.T, label string) membership.Snapshot {
	s := membership.Snapshot{
		Status: rapid.SampledFrom([]membership.Status{
			membership.Incomplete, membership.Trialing, membership.Active, membership.PastDue, membership.Unpaid, membership.Paused,
		}).Draw(d, label+" status"),
		AmountMinor: 4900, Currency: "usd", Interval: "month", IntervalCount: 1, StartedAt: noon,
		AnnualMinor:       rapid.SampledFrom([]string{"58800", "1.714285714286", "0", "117600"}).Draw(d, label+" annual"),
		CancelAtPeriodEnd: rapid.Bool().Draw(d, label+" ends"),
		CollectionPaused:  rapid.Bool().Draw(d, label+" on hold"),
	}
	end := noon.AddDate(0, 0, rapid.IntRange(1, 40).Draw(d, label+" period"))
	s.CurrentPeriodEnd = &end
	return s
}

func TestTheWayDoesNotMatter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	rapid.Check(t, func(d *rapid.T) {
		const subs = 2
		var last []membership.Snapshot
		var way []membership.Snapshot
		for i := range subs {
			final := drawSnapshot(d, fmt.Sprintf("last of %d", i))
			if rapid.Bool().Draw(d, "ended") {
				gone := noon.Add(time.Hour)
				final.Status, final.EndedAt = membership.Canceled, &gone
			}
			final.StripeID = strconv.Itoa(i)
			last = append(last, final)
			for j := range rapid.IntRange(0, 4).Draw(d, "steps") {
				step := drawSnapshot(d, fmt.Sprintf("step %d of %d", j, i))
				step.StripeID = strconv.Itoa(i)
				way = append(way, step)
			}
		}
		way = append(rapid.Permutation(way).Draw(d, "way"), rapid.Permutation(append(slices.Clone(last), last...)).Draw(d, "end")...)
		direct, round := r.user(t), r.user(t)
		play(t, r, direct, last)
		play(t, r, round, way)
		if diff := cmp.Diff(r.outcome(t, direct), r.outcome(t, round)); diff != "" {
			d.Fatalf("the way left its mark: %s", diff)
		}
	})
}

// play records snapshots for a member under ids of her own.
func play(t *testing.T, r rig, user uuid.UUID, snapshots []membership.Snapshot) {
	t.Helper()
	ids := map[string]string{}
	for i, s := range snapshots {
		if ids[s.StripeID] == "" {
			ids[s.StripeID] = "sub_" + pg.NewID().String()
		}
		s.UserID, s.StripeID = user, ids[s.StripeID]
		if err := r.membership.Record(r.ctx, s, "evt", noon.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	late := scalar[int](t, r, `SELECT count(*) FROM (SELECT effective_at < lag(effective_at) OVER (PARTITION BY subscription_id ORDER BY id) AS back
		FROM membership_ledger WHERE user_id = $1) x WHERE back`, user)
	if late != 0 {
		t.Fatalf("%d entries are before the one they follow", late)
	}
}
