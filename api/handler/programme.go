package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/programme"
)

// Programme serves my outline.
type Programme struct{ Programme *programme.Programme }

// GetOutline gives my programme, what is open and what opens next.
func (h Programme) GetOutline(ctx context.Context, in openapi.GetOutlineRequestObject) (openapi.GetOutlineResponseObject, error) {
	out, err := h.Programme.Outline(ctx, actor(ctx), in.Params.CohortID)
	if err != nil {
		return nil, err
	}
	return openapi.GetOutline200JSONResponse(outlineOut(out)), nil
}

// CompleteItem marks an item of mine as done.
func (h Programme) CompleteItem(ctx context.Context, in openapi.CompleteItemRequestObject) (openapi.CompleteItemResponseObject, error) {
	item, err := h.Programme.Complete(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return openapi.CompleteItem200JSONResponse(outlineItemOut(item)), nil
}

func outlineOut(o programme.Outline) openapi.Outline {
	out := openapi.Outline{
		EnrolmentID: o.EnrolmentID, CohortID: o.CohortID, Programme: o.Programme, Version: int(o.Version),
		MandatoryMet: o.MandatoryMet, MandatoryTotal: o.MandatoryTotal, NextOpensAt: o.NextOpensAt,
		Items: make([]openapi.OutlineItem, len(o.Items)),
	}
	for n, i := range o.Items {
		out.Items[n] = outlineItemOut(i)
	}
	return out
}

func outlineItemOut(i programme.OutlineItem) openapi.OutlineItem {
	out := openapi.OutlineItem{
		ID: i.ID, ModuleID: i.ModuleID, Kind: openapi.OutlineItemKind(i.Kind), Title: i.Title, Mandatory: i.Mandatory,
		Minutes: int(i.Minutes), State: openapi.OutlineItemState(i.State), MetAt: i.MetAt, OpensAt: i.OpensAt, Opens: i.Opens,
		Availability: openapi.OutlineItemAvailabilityOpen, Reasons: make([]openapi.LockReason, len(i.Reasons)),
	}
	if !i.Open() {
		out.Availability = openapi.OutlineItemAvailabilityLocked
	}
	for n, r := range i.Reasons {
		out.Reasons[n] = openapi.LockReason{Code: openapi.LockReasonCode(r.Code), At: r.At, Items: r.Items}
	}
	return out
}
