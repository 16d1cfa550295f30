package programme

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// Kind is what an item is.
type Kind string

// The kinds.
const (
	Module    Kind = "module"
	Lesson    Kind = "lesson"
	Milestone Kind = "milestone"
)

// State is how far she is with an item.
type State string

// The states. Waived counts as met.
const (
	NotStarted State = "not_started"
	Met        State = "met"
	Waived     State = "waived"
)

// OutlineItem is an item as one member sees it now. It is open when there are
// no reasons; OpensAt is zero unless time alone opens it.
type OutlineItem struct {
	ID        uuid.UUID // its lineage, the same in all versions
	ModuleID  uuid.UUID // uuid.Nil: it is a module, or stands alone
	Kind      Kind
	Title     string
	Mandatory bool
	Minutes   int64
	State     State
	MetAt     time.Time
	OpensAt   time.Time
	Reasons   []Reason
	Opens     []uuid.UUID // what is open now and would not be without it; only Complete says
}

// Open reports whether she may work on it.
func (i OutlineItem) Open() bool { return len(i.Reasons) == 0 }

// Outline is the programme of one enrolment as it stands now.
type Outline struct {
	EnrolmentID    uuid.UUID
	CohortID       uuid.UUID
	Programme      string
	Version        int64
	MandatoryMet   int // of MandatoryTotal, in which modules are not counted
	MandatoryTotal int
	NextOpensAt    time.Time // of the next locked item that time alone opens
	Items          []OutlineItem
}

// Outline gives her programme in one of her cohorts; uuid.Nil means the one
// that started last, and the next to start before any has. Faults: ErrNoOutline
// when she has none there, whether the cohort exists or not.
func (p *Programme) Outline(ctx context.Context, who account.Actor, cohortID uuid.UUID) (Outline, error) {
	head, err := p.head(ctx, who.ID, cohortID)
	if err != nil {
		return Outline{}, err
	}
	s, items, err := p.facts(ctx, head)
	if err != nil {
		return Outline{}, err
	}
	out := Outline{EnrolmentID: head.EnrolmentID, CohortID: head.CohortID, Programme: head.Programme, Version: head.Version}
	out.fill(s, items)
	return out, nil
}

// facts gives what an outline is derived from.
func (p *Programme) facts(ctx context.Context, h head) (standing, []itemRow, error) {
	breaks, err := p.breaks(ctx, h.CohortID)
	if err != nil {
		return standing{}, nil, err
	}
	items, err := p.items(ctx, h)
	if err != nil {
		return standing{}, nil, err
	}
	zone, err := time.LoadLocation(h.TimeZone)
	if err != nil {
		return standing{}, nil, fmt.Errorf("read the time zone of cohort %s: %w", h.CohortID, err)
	}
	return standing{
		now:         p.clock.Now(),
		calendar:    calendar{zone: zone, starts: h.StartsOn, ends: h.EndsOn, breaks: breaks},
		cohortState: h.CohortState,
		paused:      h.EnrolmentState == "paused",
		member:      h.Member,
	}, items, nil
}

// fill derives everything from the facts.
func (o *Outline) fill(s standing, items []itemRow) {
	deriveModules(items)
	met := map[uuid.UUID]bool{}
	at := map[uuid.UUID]itemRow{}
	for _, i := range items {
		met[i.LineageID] = i.done()
		at[i.LineageID] = i
	}
	for _, i := range items {
		o.Items = append(o.Items, s.item(i, at[i.ModuleLineage], met))
		o.count(o.Items[len(o.Items)-1])
	}
}

func (o *Outline) count(i OutlineItem) {
	if i.Mandatory && i.Kind != Module {
		o.MandatoryTotal++
		if i.State != NotStarted {
			o.MandatoryMet++
		}
	}
	if !i.OpensAt.IsZero() && (o.NextOpensAt.IsZero() || i.OpensAt.Before(o.NextOpensAt)) {
		o.NextOpensAt = i.OpensAt
	}
}

// item is i as she sees it. module is the zero row for an item outside of one.
func (s standing) item(i, module itemRow, met map[uuid.UUID]bool) OutlineItem {
	out := OutlineItem{
		ID: i.LineageID, ModuleID: i.ModuleLineage, Kind: i.Kind, Title: i.Title,
		Mandatory: i.Mandatory, Minutes: i.Minutes, State: i.state(), Reasons: []Reason{},
	}
	if i.done() {
		out.MetAt = *i.MetAt
		return out
	}
	release := s.calendar.release(i.ReleaseDays, i.ReleaseMinute)
	if module.LineageID != uuid.Nil {
		release = later(release, s.calendar.release(module.ReleaseDays, module.ReleaseMinute))
	}
	var unmet []uuid.UUID
	for _, id := range slices.Concat(i.Requires, module.Requires) {
		if !met[id] && !slices.Contains(unmet, id) {
			unmet = append(unmet, id)
		}
	}
	out.Reasons, out.OpensAt = s.availability(release, unmet)
	return out
}

// deriveModules marks a module as met since the moment its last mandatory item
// was; a module without any is never met.
func deriveModules(items []itemRow) {
	type tally struct {
		open int
		last *time.Time
	}
	of := map[uuid.UUID]*tally{}
	for _, i := range items {
		if i.ModuleLineage == uuid.Nil || !i.Mandatory {
			continue
		}
		t := of[i.ModuleLineage]
		if t == nil {
			t = &tally{}
			of[i.ModuleLineage] = t
		}
		switch {
		case !i.done():
			t.open++
		case t.last == nil || i.MetAt.After(*t.last):
			t.last = i.MetAt
		}
	}
	for n := range items {
		if i := &items[n]; i.Kind == Module {
			i.State, i.MetAt = "", nil
			if t := of[i.LineageID]; t != nil && t.open == 0 {
				i.State, i.MetAt = Met, t.last
			}
		}
	}
}
