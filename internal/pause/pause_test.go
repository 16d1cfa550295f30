package pause_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pause"
)

var spring = time.Date(2027, 3, 3, 9, 30, 0, 0, time.UTC)

func (r *rig) take(who account.Actor, from, until string) error {
	w := pause.Wish{Until: day(r.t, until), Reason: "My mother needs me."}
	if from != "" {
		w.From = day(r.t, from)
	}
	return r.pause.Take(r.t.Context(), who, w)
}

// What is paid reaches further by exactly what the pause was long, whatever
// the rhythm and whatever the calendar does meanwhile, and the next charge
// comes at that very moment.
func TestWhatIsPaidMovesByExactlyThePause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start              time.Time
		price, zone        string
		from, until, early string
	}{
		"a month, from today":           {spring, "monthly", "UTC", "", "2027-04-10", ""},
		"a month, from a later day":     {spring, "monthly", "UTC", "2027-03-20", "2027-06-01", ""},
		"a month, past a renewal":       {spring, "monthly", "UTC", "2027-04-20", "2027-06-01", ""},
		"a quarter":                     {spring, "quarterly", "UTC", "2027-03-10", "2027-09-01", ""},
		"a year":                        {spring, "annual", "UTC", "2027-04-01", "2027-09-30", ""},
		"a year over a leap day":        {time.Date(2027, 12, 1, 8, 0, 0, 0, time.UTC), "annual", "UTC", "2028-02-01", "2028-03-15", ""},
		"a month from the 31st":         {time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC), "monthly", "UTC", "2027-02-10", "2027-03-03", ""},
		"an hour is lost in Berlin":     {spring, "monthly", "Europe/Berlin", "2027-03-20", "2027-04-20", ""},
		"an hour is won in Los Angeles": {time.Date(2027, 10, 5, 3, 0, 0, 0, time.UTC), "monthly", "America/Los_Angeles", "2027-10-20", "2027-11-20", ""},
		"back earlier":                  {spring, "monthly", "UTC", "2027-03-20", "2027-06-01", "2027-04-04"},
		"back earlier, in a year":       {spring, "annual", "Asia/Kolkata", "2027-03-20", "2027-06-01", "2027-05-30"},
		"back earlier, almost at once":  {spring, "monthly", "UTC", "2027-03-20", "2027-06-01", "2027-03-20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.start)
			who := r.join(c.price, c.zone)
			if err := r.take(who, c.from, c.until); err != nil {
				t.Fatal(err)
			}
			own, err := r.pause.Of(t.Context(), who.ID)
			if err != nil {
				t.Fatal(err)
			}
			begins, until := own.From, own.Until
			if begins.After(r.box.Now()) {
				r.to(begins.Add(-time.Minute), who)
			}
			paid := *r.line(who).CurrentPeriodEnd
			for !paid.After(begins) { // a renewal came before
				r.to(paid, who)
				paid = *r.line(who).CurrentPeriodEnd
			}
			before := len(r.charges(who))
			r.to(begins, who)
			if c.early != "" {
				r.to(day(t, c.early).Add(13*time.Hour+time.Second), who)
				if err := r.pause.Return(t.Context(), who); err != nil {
					t.Fatal(err)
				}
				until = r.box.Now()
				r.to(until.Add(time.Minute), who)
			}
			want := paid.Add(until.Sub(begins))
			if got := *r.line(who).CurrentPeriodEnd; !got.Equal(want) {
				t.Errorf("paid until %s, not %s: %s too much", got, want, got.Sub(want))
			}
			r.to(want.Add(-time.Second), who)
			if n := len(r.charges(who)) - before; n != 0 {
				t.Errorf("%d charges before her time is used up", n)
			}
			r.to(want.Add(time.Hour), who)
			if all := r.charges(who); len(all) != before+1 || !all[before].Equal(want) {
				t.Errorf("the charges are %v, and not one more at %s", all, want)
			}
			if line := r.line(who); line.Status != membership.Active || r.access(who).Level != membership.Full {
				t.Errorf("afterwards %s", line.Status)
			}
		})
	}
}

// Never a trial: not to her, not in the numbers, not while Stripe says so.
func TestAPauseReadsAsAPause(t *testing.T) {
	t.Parallel()
	r := newRig(t, spring)
	who := r.join("annual", "UTC")
	if err := r.take(who, "2027-04-01", "2027-06-01"); err != nil {
		t.Fatal(err)
	}
	from, until := day(t, "2027-04-01"), day(t, "2027-06-01")
	see := func(when string, level membership.Level, reason membership.Reason, mrr, onHold int) {
		t.Helper()
		a, line := r.access(who), r.line(who)
		if a.Level != level || a.Reason != reason || a.Notice != membership.NoNotice || line.Status != membership.Active || line.TrialEnd != nil {
			t.Errorf("%s: %+v, %s", when, a, line.Status)
		}
		if r.series(who, membership.MRR) != mrr || r.series(who, membership.OnHold) != onHold || r.series(who, membership.Trial) != 0 {
			t.Errorf("%s: %d in the MRR, %d beside it", when, r.series(who, membership.MRR), r.series(who, membership.OnHold))
		}
	}
	see("planned", membership.Full, membership.BySubscription, 49000, 0)
	if a := r.access(who); a.Until == nil || !a.Until.Equal(from) {
		t.Errorf("it is known when it begins: %v", a.Until)
	}
	r.to(from, who)
	see("begun", membership.ReadOnly, membership.ByPaused, 0, 49000)
	r.to(from.AddDate(0, 1, 0), who)
	see("in the middle", membership.ReadOnly, membership.ByPaused, 0, 49000)
	r.to(until, who)
	see("back", membership.Full, membership.BySubscription, 49000, 0)
	r.to(until.AddDate(0, 7, 0), who)
	see("long after", membership.Full, membership.BySubscription, 49000, 0)
	for at, sum := range map[time.Time]int{from: -49000, until: 49000} {
		if n := r.number(`SELECT coalesce(sum(annual_delta), 0)::int FROM membership_ledger WHERE user_id = $1 AND series = 'mrr' AND effective_at = $2`, who.ID, at); n != sum {
			t.Errorf("at %s the MRR moved by %d", at, n)
		}
	}
	if _, err := r.billing.Reconcile(t.Context()); err != nil { // her checkout, for there are no webhooks here
		t.Fatal(err)
	}
	report, err := r.billing.Reconcile(t.Context())
	if err != nil || report.Healed != 0 || len(report.Problems) != 0 {
		t.Errorf("it looks wrong: %+v, %v", report, err)
	}
}

func TestWhyStaysHers(t *testing.T) {
	t.Parallel()
	r := newRig(t, spring)
	who := r.join("monthly", "UTC")
	if err := r.take(who, "", "2027-04-10"); err != nil {
		t.Fatal(err)
	}
	r.to(spring.Add(time.Minute), who)
	for _, e := range r.box.Journal() {
		if strings.Contains(e.Form.Encode(), "mother") {
			t.Errorf("Stripe was told: %v", e.Form)
		}
	}
	for _, d := range r.acts["membership.pause"] {
		if strings.Contains(d, "mother") {
			t.Errorf("the audit log says %s", d)
		}
	}
	if n := r.number(`SELECT count(*) FROM river_job WHERE args::text LIKE '%mother%'`); n != 0 {
		t.Error("a job carries it")
	}
	if own, err := r.pause.Of(t.Context(), who.ID); err != nil || own.Reason != "My mother needs me." || own.BillsAt == nil {
		t.Errorf("she reads it herself: %+v, %v", own, err)
	}
}

func TestDaysThatDoNotGoTogether(t *testing.T) {
	t.Parallel()
	r := newRig(t, spring) // the third of March, half past nine
	who := r.join("annual", "Pacific/Auckland")
	for name, c := range map[string]struct{ from, until, pointer, code string }{
		"a day that is over":              {"2027-03-02", "2027-04-01", "/from", "past"},
		"too far":                         {"2027-06-02", "2027-07-01", "/from", "far"},
		"too short":                       {"2027-03-10", "2027-03-16", "/until", "short"},
		"too long":                        {"2027-03-10", "2027-09-10", "/until", "long"},
		"the wrong way round":             {"2027-03-10", "2027-03-01", "/until", "short"},
		"from today and over before then": {"", "2027-03-04", "/until", "short"},
	} {
		var no *fault.Error
		if err := r.take(who, c.from, c.until); !errors.As(err, &no) || no.Code != "pause-days" || no.Fields[0].Pointer != c.pointer || no.Fields[0].Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := r.number(`SELECT count(*) FROM pauses`); n != 0 || r.line(who).BreakFrom != nil {
		t.Error("something was planned")
	}
	if err := r.take(who, "2027-03-10", "2027-03-17"); err != nil {
		t.Errorf("a week: %v", err)
	}
	if own, _ := r.pause.Of(t.Context(), who.ID); own == nil || !own.From.Equal(time.Date(2027, 3, 9, 11, 0, 0, 0, time.UTC)) {
		t.Errorf("her day begins at %v", own)
	}
}

func TestTwoAYearAndOneAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, spring)
	who := r.join("annual", "UTC")
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for range 8 {
		wg.Go(func() {
			err := r.take(who, "", "2027-03-20")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken++
			} else if !errors.Is(err, pause.ErrPlanned) {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if taken != 1 {
		t.Fatalf("%d at once", taken)
	}
	for range 2 { // one that is taken back before it begins was none
		r.to(day(t, "2027-03-20").Add(time.Minute), who)
		if err := r.take(who, "2027-03-25", "2027-04-04"); err != nil {
			t.Fatal(err)
		}
		if err := r.pause.Return(t.Context(), who); err != nil {
			t.Fatal(err)
		}
	}
	if a := r.access(who); a.Until != nil || r.line(who).BreakFrom != nil {
		t.Errorf("something is left of it: %+v", a)
	}
	if err := r.take(who, "2027-03-25", "2027-04-04"); err != nil {
		t.Fatal(err)
	}
	r.to(day(t, "2027-04-04").Add(time.Minute), who)
	if err := r.take(who, "", "2027-05-04"); !errors.Is(err, pause.ErrLimit) {
		t.Errorf("a third: %v", err)
	}
	r.to(day(t, "2028-03-05"), who)
	if err := r.take(who, "", "2028-04-04"); err != nil {
		t.Errorf("a year later: %v", err)
	}
}

func TestWhoCannotPause(t *testing.T) {
	t.Parallel()
	r := newRig(t, spring)
	trial := r.join("trial", "UTC")
	if err := r.take(trial, "", "2027-04-01"); !errors.Is(err, billing.ErrTrialRuns) {
		t.Errorf("in a trial: %v", err)
	}
	ending := r.join("monthly", "UTC")
	if err := r.billing.Cancel(t.Context(), ending, billing.Cancellation{}); err != nil {
		t.Fatal(err)
	}
	if err := r.take(ending, "", "2027-04-01"); !errors.Is(err, billing.ErrMembershipEnding) {
		t.Errorf("ending: %v", err)
	}
	changing := r.join("annual", "UTC")
	q, err := r.billing.Quote(t.Context(), changing, billing.PlanChange{Plan: "circle", Price: "monthly"})
	if err == nil {
		err = r.billing.ChangePlan(t.Context(), changing, q.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.take(changing, "", "2027-04-01"); !errors.Is(err, billing.ErrChangePlanned) {
		t.Errorf("with a change planned: %v", err)
	}
	resting := r.join("monthly", "UTC")
	if err := r.take(resting, "", "2027-04-01"); err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		_, err := r.billing.Quote(t.Context(), resting, billing.PlanChange{Plan: "circle", Price: "annual"})
		return err
	}
	if err := ask(); !errors.Is(err, billing.ErrMembershipPaused) {
		t.Errorf("a change of plan during a pause: %v", err)
	}
	r.watch()
	r.to(day(t, "2027-04-02"), resting)
	if err := ask(); !errors.Is(err, billing.ErrBillMoved) {
		t.Errorf("and before the moved bill: %v", err)
	}
}
