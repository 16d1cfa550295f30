package membership

import (
	"testing"
	"time"
)

// rests from one moment until another.
func rests(from, until time.Time) func(*Subscription) {
	return func(s *Subscription) { s.BreakFrom, s.BreakUntil = &from, &until }
}

func TestAccessDuringABreak(t *testing.T) {
	t.Parallel()
	full := Access{Level: Full, Reason: BySubscription}
	until := func(a Access, at time.Time) Access { a.Until = &at; return a }
	one := func(s Subscription) []Subscription { return []Subscription{s} }
	check(t, []accessCase{
		{"one that is planned takes nothing yet", one(having(Active, rests(soon, late))), nil, nil, until(full, soon)},
		{"during it she reads, and it is known until when", one(having(Active, rests(past, soon))), nil, nil, Access{Level: ReadOnly, Reason: ByPaused, Until: &soon}},
		{"it begins at its first moment", one(having(Active, rests(now, soon))), nil, nil, Access{Level: ReadOnly, Reason: ByPaused, Until: &soon}},
		{"and is over at its last", one(having(Active, rests(past, now))), nil, nil, full},
		{"one that is over leaves no mark", one(having(Active, rests(past.AddDate(0, -1, 0), past))), nil, nil, full},
		{
			"a failing payment is said all the same", one(having(PastDue, rests(past, soon))), nil, nil,
			Access{Level: ReadOnly, Reason: ByPaused, Until: &soon, Notice: PaymentFailed, PayURL: "https://pay.test/past_due"},
		},
		{
			"what was given without payment stays open", one(having(Active, rests(past, soon))),
			[]Grant{granted(Full, past, nil)},
			nil,
			Access{Level: Full, Reason: ByGrant, Until: &soon},
		},
		{
			"another subscription stays open", []Subscription{having(Active, rests(past, soon)), having(Active)}, nil, nil, full,
		},
		{
			"an end comes after what is paid", one(having(Active, rests(past, soon), endsAt(late))), nil, nil,
			Access{Level: ReadOnly, Reason: ByPaused, Until: &soon},
		},
		{"what has ended is not revived", one(having(Canceled, ended(past), rests(past, soon))), nil, nil, Access{Level: NoAccess, Reason: ByNothing}},
	})
}

func TestWhenItRests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    Subscription
		want bool
	}{
		"never": {having(Active), false}, "planned": {having(Active, rests(soon, late)), true}, "running": {having(Active, rests(past, soon)), true},
		"over": {having(Active, rests(past, now)), false}, "taken back at once": {having(Active, rests(soon, soon)), false},
	} {
		if got := c.s.Resting(now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
