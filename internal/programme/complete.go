package programme

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Complete records that she has done an item of hers and gives it as it is
// then, with what it has opened. Doing it again changes nothing. Where the item
// is in several of her cohorts, the one that started last is meant.
//
// Faults: fault.ErrNotFound for an item that is in no outline of hers,
// ErrLocked with the reasons, ErrModule for what is derived.
func (p *Programme) Complete(ctx context.Context, who account.Actor, lineageID uuid.UUID) (OutlineItem, error) {
	var out OutlineItem
	err := p.db.InTx(ctx, func(ctx context.Context) error {
		head, err := p.lockHead(ctx, who.ID, lineageID)
		if err != nil {
			return err
		}
		s, items, err := p.facts(ctx, head)
		if err != nil {
			return err
		}
		n := slices.IndexFunc(items, func(i itemRow) bool { return i.LineageID == lineageID })
		if n < 0 {
			return fault.ErrNotFound
		}
		var outline Outline
		outline.fill(s, items)
		out, err = p.complete(ctx, who, head, outline.Items[n])
		if err == nil {
			out.Opens = opened(s, items, n, out.MetAt)
		}
		return err
	})
	return out, err
}

func (p *Programme) complete(ctx context.Context, who account.Actor, h head, item OutlineItem) (OutlineItem, error) {
	switch {
	case item.Kind == Module:
		return OutlineItem{}, ErrModule
	case item.State != NotStarted:
		return item, nil
	case !item.Open():
		return OutlineItem{}, ErrLocked.At(lockedFields(item.Reasons)...)
	}
	now := p.clock.Now()
	if err := p.insertProgress(ctx, h.EnrolmentID, item.ID, who.ID, now); err != nil {
		return OutlineItem{}, err
	}
	item.State, item.MetAt = Met, now
	return item, nil
}

// opened gives what is open and not done while item n is met, and would be
// locked if it were not.
func opened(s standing, items []itemRow, n int, metAt time.Time) []uuid.UUID {
	var with, without Outline
	items = slices.Clone(items)
	items[n].State, items[n].MetAt = Met, &metAt
	with.fill(s, items)
	items[n].State, items[n].MetAt = "", nil
	without.fill(s, items)
	var ids []uuid.UUID
	for k, i := range with.Items {
		if k != n && i.State == NotStarted && i.Open() && !without.Items[k].Open() {
			ids = append(ids, i.ID)
		}
	}
	return ids
}

func lockedFields(reasons []Reason) []fault.Field {
	var fields []fault.Field
	for _, r := range reasons {
		fields = append(fields, fault.Field{Pointer: "#/path/id", Code: string(r.Code), Detail: sentence(r)})
	}
	return fields
}

func sentence(r Reason) string {
	const layout = "2 January 2006 15:04 UTC"
	switch r.Code {
	case NotReleased:
		return "It opens on " + r.At.UTC().Format(layout) + "."
	case CohortNotStarted:
		return "The cohort starts on " + r.At.UTC().Format(layout) + "."
	case Prerequisite:
		ids := make([]string, len(r.Items))
		for i, id := range r.Items {
			ids[i] = id.String()
		}
		return "First do " + strings.Join(ids, ", ") + "."
	case CohortEnded:
		return "The cohort has ended. What you have met stays open."
	case Paused:
		return "Your place is paused. It opens again when you resume."
	default:
		return "It needs an active membership."
	}
}
