package membership

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Level is how much is open to a member.
type Level string

// The levels, lowest first.
const (
	NoAccess Level = "none"
	ReadOnly Level = "read_only"
	Full     Level = "full"
)

func (l Level) rank() int { return slices.Index([]Level{NoAccess, ReadOnly, Full}, l) }

// Below reports whether l opens less than o.
func (l Level) Below(o Level) bool { return l.rank() < o.rank() }

// Reason is what a level rests on.
type Reason string

// The reasons, the one that is named first when several give the same level.
const (
	ByNothing      Reason = "none"
	BySubscription Reason = "subscription"
	ByTrial        Reason = "trial"
	ByGrant        Reason = "grant"
	ByPaused       Reason = "paused"
	ByBan          Reason = "banned"
)

func (r Reason) rank() int {
	return slices.Index([]Reason{BySubscription, ByTrial, ByGrant, ByPaused, ByBan, ByNothing}, r)
}

// Notice is what a member should be told about her membership.
type Notice string

// The notices, the most pressing first.
const (
	NoNotice      Notice = ""
	PaymentFailed Notice = "payment_failed"
	EndsSoon      Notice = "ends_soon" // an end is set, and nothing takes over that opens as much
	TrialEnds     Notice = "trial_ends"
)

// Access is what is open to a member, and until when that is sure.
type Access struct {
	Level  Level
	Reason Reason
	Until  *time.Time // the next moment at which level or reason changes by itself; nil when none is known
	Notice Notice
	PayURL string // with PaymentFailed, where the open invoice can be paid
}

// Grant is access that nobody pays for.
type Grant struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Kind      string // see Comp and the others
	Level     Level
	StartsAt  time.Time
	EndsAt    *time.Time
	Reason    string
	GrantedBy *uuid.UUID
	CreatedAt time.Time
	RevokedAt *time.Time

	RevokedBecause string     // with RevokedAt
	RemindedAt     *time.Time // when she was promised a word about its end
}

// Ban closes the community for a time, or for good. She can still sign in, see
// what she pays and take her data with her; what closes her account as well is
// an account.Suspension.
type Ban struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Reason    string // for those who run the community
	Told      string // what she is told
	BannedBy  *uuid.UUID
	StartsAt  time.Time
	EndsAt    *time.Time
	LiftedAt  *time.Time
	CreatedAt time.Time
}

// AccessAt decides what is open to a member at now, given everything she has.
// It is the only place that decides it.
//
// A ban closes everything. Otherwise the highest level wins, whatever order
// the rows are in: a failing payment (past_due) keeps full access, with a
// notice, for as long as Stripe tries again; a paused collection and a trial
// that ended without a card leave reading; unpaid and incomplete open nothing.
// The end of a trial or of a paid period is not an end of access: only Stripe's
// word, or an end that was set, is.
func AccessAt(now time.Time, subs []Subscription, grants []Grant, bans []Ban) Access {
	all := holdings{subs, grants, bans}
	level, reason := all.at(now)
	a := Access{Level: level, Reason: reason}
	falls := false
	for _, t := range all.moments(now) {
		if l, r := all.at(t); l != level || r != reason {
			a.Until, falls = &t, l.Below(level)
			break
		}
	}
	if reason != ByBan {
		a.Notice, a.PayURL = all.notice(now, reason, falls)
	}
	return a
}

// holdings is everything that bears on a member's access.
type holdings struct {
	subs   []Subscription
	grants []Grant
	bans   []Ban
}

// ahead is how early a change of the reason alone is kept. Who reads the kept
// answer must take an Until that has passed for no access; with the job every
// minute, one that changes nothing but the reason never passes.
const ahead = 2 * time.Minute

// soon is the answer to keep at now.
func (h holdings) soon(now time.Time) Access {
	a := AccessAt(now, h.subs, h.grants, h.bans)
	for a.Until != nil && a.Until.Sub(now) <= ahead {
		next := AccessAt(*a.Until, h.subs, h.grants, h.bans)
		if next.Level != a.Level || (next.Reason == ByBan) != (a.Reason == ByBan) {
			break
		}
		a = next
	}
	return a
}

// at is level and reason at one moment, as far as is known now.
func (h holdings) at(t time.Time) (Level, Reason) {
	for _, b := range h.bans {
		if b.LiftedAt == nil && within(t, b.StartsAt, b.EndsAt) {
			return NoAccess, ByBan
		}
	}
	level, reason := NoAccess, ByNothing
	better := func(l Level, r Reason) {
		if level.Below(l) || (l == level && r.rank() < reason.rank()) {
			level, reason = l, r
		}
	}
	for _, s := range h.subs {
		if l, r := s.on(t).opens(); l != NoAccess && before(t, s.EndsAt()) {
			better(l, r)
		}
	}
	for _, g := range h.grants {
		if g.RevokedAt == nil && within(t, g.StartsAt, g.EndsAt) {
			better(g.Level, ByGrant)
		}
	}
	return level, reason
}

// opens is what a subscription gives until it ends.
func (s Subscription) opens() (Level, Reason) {
	switch s.Status {
	case Trialing, Active, PastDue:
		switch {
		case s.CollectionPaused:
			return ReadOnly, ByPaused
		case s.Status == Trialing:
			return Full, ByTrial
		}
		return Full, BySubscription
	case Paused:
		return ReadOnly, ByPaused
	case Canceled:
		if s.EndedAt != nil {
			return Full, BySubscription // until then
		}
	}
	return NoAccess, ByNothing
}

// moments are those after now at which something begins or ends, in order.
func (h holdings) moments(now time.Time) []time.Time {
	var all []time.Time
	add := func(t *time.Time) {
		if t != nil && t.After(now) {
			all = append(all, *t)
		}
	}
	for _, s := range h.subs {
		add(s.EndsAt())
		add(s.BreakFrom)
		add(s.BreakUntil)
	}
	for _, g := range h.grants {
		add(&g.StartsAt)
		add(g.EndsAt)
	}
	for _, b := range h.bans {
		add(&b.StartsAt)
		add(b.EndsAt)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func (h holdings) notice(now time.Time, reason Reason, falls bool) (Notice, string) {
	ends := false
	failed, payURL := false, ""
	for _, s := range h.subs {
		if !before(now, s.EndsAt()) {
			continue
		}
		if s.Status == PastDue || s.Status == Unpaid {
			failed = true
			payURL = max(payURL, s.PayURL) // any of them, but always the same
		}
		ends = ends || (s.EndsAt() != nil && s.Status.Live())
	}
	ends = ends || reason == ByGrant
	switch {
	case failed:
		return PaymentFailed, payURL
	case ends && falls:
		return EndsSoon, ""
	case reason == ByTrial:
		return TrialEnds, ""
	}
	return NoNotice, ""
}

func before(t time.Time, end *time.Time) bool { return end == nil || t.Before(*end) }

func within(t, start time.Time, end *time.Time) bool { return !t.Before(start) && before(t, end) }
