package pause_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pause"
)

var errCrash = errors.New("the process has died")

// mortal is billing that dies at one of its boundaries.
type mortal struct {
	*billing.Billing
	before, after, inside int                       // how often to die before Stripe is asked, after it has answered, and in our transaction
	meanwhile             func(ctx context.Context) // what somebody else does before Stripe is asked
}

func (m *mortal) Postpone(ctx context.Context, userID, id uuid.UUID, to time.Time, key string, also func(context.Context) error) error {
	if m.before > 0 {
		m.before--
		return errCrash
	}
	if do := m.meanwhile; do != nil {
		m.meanwhile = nil
		do(ctx)
	}
	inside := m.inside > 0
	err := m.Billing.Postpone(ctx, userID, id, to, key, func(ctx context.Context) error {
		if m.after > 0 {
			m.after--
			return errCrash
		}
		if err := also(ctx); err != nil {
			return err
		}
		if inside {
			m.inside--
			return errCrash
		}
		return nil
	})
	return err
}

// dying is a rig whose billing dies as told.
func dying(t *testing.T, m *mortal) *rig {
	t.Helper()
	r := newRig(t, spring)
	m.Billing = r.billing
	again, err := pause.New(r.db, boxClock{r.box}, r.queue2(), pause.Config{
		Membership: r.membership, Billing: m, Auditor: r.acts, Mailer: r.relay(), FrontendURL: "https://club.test",
	})
	if err != nil {
		t.Fatal(err)
	}
	r.pause = again
	return r
}

func TestAPauseSurvivesEveryCrash(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m    mortal
		wait time.Duration // until the next look
	}{
		"before Stripe is asked":                      {mortal{before: 2}, time.Minute},
		"before Stripe is asked, and a renewal comes": {mortal{before: 1}, 26 * 24 * time.Hour},
		"after Stripe's yes":                          {mortal{after: 2}, time.Minute},
		"after Stripe's yes, for longer than a key":   {mortal{after: 1}, 26 * time.Hour},
		"while it is written down":                    {mortal{inside: 2}, time.Minute},
		"before and after, one behind the other":      {mortal{before: 1, after: 1}, time.Hour},
	} {
		for _, early := range []bool{false, true} {
			t.Run(map[bool]string{false: name, true: name + ", and she is back early"}[early], func(t *testing.T) {
				t.Parallel()
				m := c.m
				r := dying(t, &m)
				who := r.join("monthly", "UTC")
				if err := r.take(who, "2027-03-10", "2027-06-01"); err != nil {
					t.Fatal(err)
				}
				from, until := day(t, "2027-03-10"), day(t, "2027-06-01")
				paid := *r.line(who).CurrentPeriodEnd
				r.box.Advance(from.Sub(r.box.Now()))
				for range 3 {
					if err := r.pause.Watch(t.Context()); err != nil && !errors.Is(err, errCrash) {
						t.Fatal(err)
					}
					if a := r.access(who); a.Level != membership.ReadOnly {
						t.Errorf("meanwhile she has %+v", a)
					}
					r.box.Advance(c.wait)
					r.sync(who)
				}
				renewed := len(r.charges(who)) - 1
				if early {
					m.after = 1
					if err := r.pause.Return(t.Context(), who); err != nil {
						t.Fatal(err)
					}
					until = r.box.Now()
					for range 3 {
						_ = r.pause.Watch(t.Context())
						r.box.Advance(time.Minute)
					}
					r.sync(who)
				}
				want := paid.AddDate(0, renewed, 0).Add(until.Sub(from))
				if got := *r.line(who).CurrentPeriodEnd; !got.Equal(want) {
					t.Errorf("paid until %s, not %s", got, want)
				}
				r.to(until.Add(time.Minute), who)
				if n := r.number(`SELECT count(*) FROM pauses WHERE state = 'over' AND NOT dirty`); n != 1 {
					t.Error("it is not over")
				}
				r.to(want.Add(time.Hour), who)
				if all := r.charges(who); len(all) != renewed+2 || !all[renewed+1].Equal(want) {
					t.Errorf("charged %v", all)
				}
			})
		}
	}
}

// Two workers at one pause ask Stripe for the same, and one of them writes.
func TestAPauseThatTwoLookAfterIsWrittenAboutOnce(t *testing.T) {
	t.Parallel()
	m := &mortal{}
	r := dying(t, m)
	who := r.join("monthly", "UTC")
	if err := r.take(who, "2027-03-10", "2027-06-01"); err != nil {
		t.Fatal(err)
	}
	r.box.Advance(day(t, "2027-03-10").Sub(r.box.Now()))
	m.meanwhile = func(ctx context.Context) {
		if err := r.pause.Watch(ctx); err != nil {
			t.Error(err)
		}
	}
	r.watch()
	if n := r.number(`SELECT count(*) FROM river_job WHERE kind = 'pause.letter'`); n != 1 {
		t.Errorf("%d letters", n)
	}
}

func TestAPauseThatCannotBegin(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(r *rig, who account.Actor){
		"because the membership has ended": func(r *rig, who account.Actor) {
			r.stripe("DELETE", "/v1/subscriptions/"+r.line(who).StripeID)
		},
		"because an invoice is open": func(r *rig, who account.Actor) {
			r.control("POST", "customers/"+r.customer(who)+"/card", `{"card":"4000000000000341"}`)
			r.box.Advance(32 * 24 * time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, spring)
			who := r.join("monthly", "UTC")
			if err := r.take(who, "2027-04-10", "2027-06-01"); err != nil {
				t.Fatal(err)
			}
			spoil(r, who)
			r.sync(who)
			r.to(day(t, "2027-04-10").Add(time.Minute), who)
			if n := r.number(`SELECT count(*) FROM pauses WHERE state = 'void'`); n != 1 || r.line(who).BreakFrom != nil || r.series(who, membership.OnHold) != 0 {
				t.Errorf("it began all the same: %+v", r.line(who))
			}
		})
	}
}

func TestEndingDuringAPause(t *testing.T) {
	t.Parallel()
	r := newRig(t, spring)
	who := r.join("monthly", "UTC")
	paid := *r.line(who).CurrentPeriodEnd
	if err := r.take(who, "2027-03-10", "2027-05-01"); err != nil {
		t.Fatal(err)
	}
	r.to(day(t, "2027-03-10"), who)
	if err := r.billing.Cancel(t.Context(), who, billing.Cancellation{}); err != nil {
		t.Fatal(err)
	}
	end := paid.Add(day(t, "2027-05-01").Sub(day(t, "2027-03-10")))
	if a := r.access(who); a.Level != membership.ReadOnly || r.line(who).EndsAt() == nil || !r.line(who).EndsAt().Equal(end) {
		t.Errorf("%+v, ends %v, not %s", a, r.line(who).EndsAt(), end)
	}
	r.to(day(t, "2027-05-02"), who)
	if a := r.access(who); a.Level != membership.Full || a.Until == nil || !a.Until.Equal(end) {
		t.Errorf("what she has paid for is hers: %+v", a)
	}
	r.to(end.Add(time.Hour), who)
	if a := r.access(who); a.Level != membership.NoAccess || len(r.charges(who)) != 1 {
		t.Errorf("%+v", a)
	}
}

func TestSheIsWrittenToBeforeSheIsBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, spring)
	if err := r.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.queue.Stop(context.Background()) })
	maria, hasty := r.join("monthly", "Europe/Berlin"), r.join("monthly", "UTC")
	for _, who := range []account.Actor{maria, hasty} {
		if err := r.take(who, "", "2027-05-01"); err != nil {
			t.Fatal(err)
		}
	}
	r.settle()
	letters := func(who account.Actor) (subjects []string) {
		t.Helper()
		for _, m := range r.mail.Messages(who.ID.String() + "@x.test") {
			subjects = append(subjects, m.Subject)
		}
		return subjects
	}
	if got := letters(maria); len(got) != 1 || got[0] != "Your pause has begun" {
		t.Errorf("%v", got)
	}
	r.box.Advance(day(t, "2027-04-23").Sub(r.box.Now()))
	r.watch()
	r.settle()
	if got := letters(maria); len(got) != 1 {
		t.Errorf("too early: %v", got)
	}
	if err := r.pause.Return(t.Context(), hasty); err != nil {
		t.Fatal(err)
	}
	r.box.Advance(30 * time.Hour)
	for range 3 {
		r.watch()
	}
	r.settle()
	if got := letters(maria); len(got) != 2 || got[0] != "You are back on Saturday, 1 May 2027" {
		t.Errorf("%v", got)
	}
	if got := letters(hasty); len(got) != 1 {
		t.Errorf("she is back already: %v", got)
	}
}
