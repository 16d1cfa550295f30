package membership

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	now  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	soon = now.AddDate(0, 0, 10)
	late = now.AddDate(0, 2, 0)
	past = now.AddDate(0, 0, -1)
)

// accessCase is a row of the tables below.
type accessCase struct {
	name   string
	subs   []Subscription
	grants []Grant
	bans   []Ban
	want   Access
}

// having is a subscription in a status, changed by what follows.
func having(status Status, change ...func(*Subscription)) Subscription {
	s := Subscription{Snapshot: Snapshot{Status: status, StartedAt: past, CurrentPeriodEnd: &soon, PayURL: "https://pay.test/" + string(status)}}
	for _, c := range change {
		c(&s)
	}
	return s
}

func pausedCollection(s *Subscription) { s.CollectionPaused = true }
func endsWithPeriod(s *Subscription)   { s.CancelAtPeriodEnd = true }
func endsAt(t time.Time) func(*Subscription) {
	return func(s *Subscription) { s.CancelAt = &t }
}

func ended(t time.Time) func(*Subscription) {
	return func(s *Subscription) { s.EndedAt, s.CanceledAt = &t, &past }
}

func granted(level Level, from time.Time, to *time.Time) Grant {
	return Grant{Kind: "comp", Level: level, StartsAt: from, EndsAt: to}
}

func check(t *testing.T, cases []accessCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := AccessAt(now, c.subs, c.grants, c.bans)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			// The answer must not depend on the order of rows.
			reversed := slices.Clone(c.subs)
			slices.Reverse(reversed)
			if diff := cmp.Diff(c.want, AccessAt(now, reversed, c.grants, c.bans)); diff != "" {
				t.Errorf("in reverse order: %s", diff)
			}
		})
	}
}

func TestAccessOfOneSubscription(t *testing.T) {
	t.Parallel()
	none := Access{Level: NoAccess, Reason: ByNothing}
	one := func(s Subscription) []Subscription { return []Subscription{s} }
	check(t, []accessCase{
		{"nothing opens nothing", nil, nil, nil, none},
		{"an active one opens everything", one(having(Active)), nil, nil, Access{Level: Full, Reason: BySubscription}},
		{"a trial opens everything and says that it ends", one(having(Trialing)), nil, nil, Access{Level: Full, Reason: ByTrial, Notice: TrialEnds}},
		{
			"a failing payment keeps access and shows where to pay", one(having(PastDue)), nil, nil,
			Access{Level: Full, Reason: BySubscription, Notice: PaymentFailed, PayURL: "https://pay.test/past_due"},
		},
		{
			"unpaid opens nothing and shows where to pay", one(having(Unpaid)), nil, nil,
			Access{Level: NoAccess, Reason: ByNothing, Notice: PaymentFailed, PayURL: "https://pay.test/unpaid"},
		},
		{"incomplete opens nothing", one(having(Incomplete)), nil, nil, none},
		{"incomplete and expired opens nothing", one(having(IncompleteExpired)), nil, nil, none},
		{"a trial that ended without a card leaves reading", one(having(Paused)), nil, nil, Access{Level: ReadOnly, Reason: ByPaused}},
		{"canceled and ended opens nothing", one(having(Canceled, ended(past))), nil, nil, none},
		{"canceled without an end opens nothing", one(having(Canceled)), nil, nil, none},
		{"canceled opens until it ends", one(having(Canceled, ended(soon))), nil, nil, Access{Level: Full, Reason: BySubscription, Until: &soon}},
		{"a paused collection leaves reading", one(having(Active, pausedCollection)), nil, nil, Access{Level: ReadOnly, Reason: ByPaused}},
		{
			"a paused collection that is past due leaves reading", one(having(PastDue, pausedCollection)), nil, nil,
			Access{Level: ReadOnly, Reason: ByPaused, Notice: PaymentFailed, PayURL: "https://pay.test/past_due"},
		},
		{
			"an end with the period is known", one(having(Active, endsWithPeriod)), nil, nil,
			Access{Level: Full, Reason: BySubscription, Until: &soon, Notice: EndsSoon},
		},
		{
			"an end at a moment is known", one(having(Active, endsAt(late))), nil, nil,
			Access{Level: Full, Reason: BySubscription, Until: &late, Notice: EndsSoon},
		},
		{
			"a trial that was canceled ends", one(having(Trialing, endsWithPeriod)), nil, nil,
			Access{Level: Full, Reason: ByTrial, Until: &soon, Notice: EndsSoon},
		},
		{
			"a failing payment is said before an end", one(having(PastDue, endsWithPeriod)), nil, nil,
			Access{Level: Full, Reason: BySubscription, Until: &soon, Notice: PaymentFailed, PayURL: "https://pay.test/past_due"},
		},
		{"an end that has passed closes although Stripe is late", one(having(Active, endsAt(past))), nil, nil, none},
		{
			"a period that has passed closes nothing by itself", one(having(Active, func(s *Subscription) { s.CurrentPeriodEnd = &past })), nil, nil,
			Access{Level: Full, Reason: BySubscription},
		},
	})
}

func TestAccessOfSeveralSubscriptions(t *testing.T) {
	t.Parallel()
	check(t, []accessCase{
		{
			"an ended one takes nothing from a running one",
			[]Subscription{having(Active), having(Canceled, ended(past))},
			nil, nil,
			Access{Level: Full, Reason: BySubscription},
		},
		{
			"a paused one takes nothing from a running one",
			[]Subscription{having(Paused), having(Active)},
			nil, nil,
			Access{Level: Full, Reason: BySubscription},
		},
		{
			"a paid one is named before a trial",
			[]Subscription{having(Trialing), having(Active)},
			nil, nil,
			Access{Level: Full, Reason: BySubscription},
		},
		{
			"an end means nothing when another one runs on",
			[]Subscription{having(Active, endsWithPeriod), having(Active)},
			nil, nil,
			Access{Level: Full, Reason: BySubscription},
		},
		{
			"the last of two ends counts",
			[]Subscription{having(Active, endsAt(soon)), having(Active, endsAt(late))},
			nil, nil,
			Access{Level: Full, Reason: BySubscription, Until: &late, Notice: EndsSoon},
		},
		{
			"a paid one that ends leaves the trial",
			[]Subscription{having(Active, endsAt(soon)), having(Trialing)},
			nil, nil,
			Access{Level: Full, Reason: BySubscription, Until: &soon},
		},
		{
			"a failing payment beside a running one is said",
			[]Subscription{having(Active), having(PastDue)},
			nil, nil,
			Access{Level: Full, Reason: BySubscription, Notice: PaymentFailed, PayURL: "https://pay.test/past_due"},
		},
	})
}

func TestAccessOfGrants(t *testing.T) {
	t.Parallel()
	revoked := granted(Full, past, nil)
	revoked.RevokedAt = &past
	check(t, []accessCase{
		{"a grant opens", nil, []Grant{granted(Full, past, nil)}, nil, Access{Level: Full, Reason: ByGrant}},
		{"a grant for reading opens reading", nil, []Grant{granted(ReadOnly, past, nil)}, nil, Access{Level: ReadOnly, Reason: ByGrant}},
		{"a grant ends", nil, []Grant{granted(Full, past, &soon)}, nil, Access{Level: Full, Reason: ByGrant, Until: &soon, Notice: EndsSoon}},
		{"a grant that another outlasts is not announced", nil, []Grant{granted(Full, past, &soon), granted(Full, past, nil)}, nil, Access{Level: Full, Reason: ByGrant}},
		{"a grant that begins later opens nothing yet", nil, []Grant{granted(Full, soon, &late)}, nil, Access{Level: NoAccess, Reason: ByNothing, Until: &soon}},
		{"a grant that ends this moment has ended", nil, []Grant{granted(Full, past, &now)}, nil, Access{Level: NoAccess, Reason: ByNothing}},
		{"a revoked grant opens nothing", nil, []Grant{revoked}, nil, Access{Level: NoAccess, Reason: ByNothing}},
		{
			"a subscription is named before a grant",
			[]Subscription{having(Active)},
			[]Grant{granted(Full, past, nil)},
			nil,
			Access{Level: Full, Reason: BySubscription},
		},
		{
			"a grant lifts a paused subscription",
			[]Subscription{having(Paused)},
			[]Grant{granted(Full, past, &soon)},
			nil,
			Access{Level: Full, Reason: ByGrant, Until: &soon, Notice: EndsSoon},
		},
		{
			"an end that a grant outlasts is not announced",
			[]Subscription{having(Active, endsAt(soon))},
			[]Grant{granted(Full, past, nil)},
			nil,
			Access{Level: Full, Reason: BySubscription, Until: &soon},
		},
		{
			"a grant that begins when the subscription ends takes over",
			[]Subscription{having(Active, endsAt(soon))},
			[]Grant{granted(Full, soon, nil)},
			nil,
			Access{Level: Full, Reason: BySubscription, Until: &soon},
		},
	})
}

func TestAccessUnderBans(t *testing.T) {
	t.Parallel()
	lifted := Ban{StartsAt: past, LiftedAt: &past}
	everything := []Subscription{having(Active), having(PastDue)}
	check(t, []accessCase{
		{"a ban wins over everything", everything, []Grant{granted(Full, past, nil)}, []Ban{{StartsAt: past}}, Access{Level: NoAccess, Reason: ByBan}},
		{"a ban ends", everything[:1], nil, []Ban{{StartsAt: past, EndsAt: &soon}}, Access{Level: NoAccess, Reason: ByBan, Until: &soon}},
		{
			"the longer of two bans counts", nil, nil,
			[]Ban{{StartsAt: past, EndsAt: &soon}, {StartsAt: past, EndsAt: &late}},
			Access{Level: NoAccess, Reason: ByBan, Until: &late},
		},
		{"a ban that begins later is known", everything[:1], nil, []Ban{{StartsAt: soon}}, Access{Level: Full, Reason: BySubscription, Until: &soon}},
		{"a lifted ban is over", everything[:1], nil, []Ban{lifted}, Access{Level: Full, Reason: BySubscription}},
	})
}

func TestUntilIsTheNextChange(t *testing.T) {
	t.Parallel()
	subs := []Subscription{having(Active, endsAt(late)), having(Trialing, endsAt(soon))}
	grants := []Grant{granted(Full, past, &soon), granted(ReadOnly, late, nil)}
	bans := []Ban{{StartsAt: late.AddDate(0, 0, 3), EndsAt: &[]time.Time{late.AddDate(0, 0, 5)}[0]}}
	at := now
	var steps []Reason
	for range 10 {
		a := AccessAt(at, subs, grants, bans)
		steps = append(steps, a.Reason)
		if a.Until == nil {
			break
		}
		if before := AccessAt(a.Until.Add(-time.Microsecond), subs, grants, bans); before.Reason != a.Reason || before.Level != a.Level {
			t.Errorf("changed before %v", a.Until)
		}
		at = *a.Until
	}
	if diff := cmp.Diff([]Reason{BySubscription, ByGrant, ByBan, ByGrant}, steps); diff != "" {
		t.Error(diff)
	}
}
