package handler

import (
	"context"

	openapi_types "github.com/oapi-codegen/runtime/types"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// Cohort serves cohorts and seats in them.
type Cohort struct {
	Cohort  *cohort.Cohort
	Cursors *cursor.Sealer
}

// ListCohorts gives a page of cohorts.
func (h Cohort) ListCohorts(ctx context.Context, in openapi.ListCohortsRequestObject) (openapi.ListCohortsResponseObject, error) {
	viewer := actor(ctx).ID
	list := "cohorts/" + viewer.String()
	var after cohort.Position
	if in.Params.Cursor != "" && h.Cursors.Open(list, in.Params.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	page, more, err := h.Cohort.Cohorts(ctx, viewer, after, in.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListCohorts200JSONResponse{Items: make([]openapi.Cohort, len(page))}
	for n, l := range page {
		out.Items[n] = cohortOut(l)
	}
	if more {
		last := page[len(page)-1]
		out.NextCursor, err = h.Cursors.Seal(list, cohort.Position{StartsOn: last.StartsOn, ID: last.ID})
	}
	return out, err
}

// GetCohort gives one cohort.
func (h Cohort) GetCohort(ctx context.Context, in openapi.GetCohortRequestObject) (openapi.GetCohortResponseObject, error) {
	l, err := h.Cohort.ByID(ctx, actor(ctx).ID, in.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetCohort200JSONResponse(cohortOut(l)), nil
}

// Enrol gives me a seat.
func (h Cohort) Enrol(ctx context.Context, in openapi.EnrolRequestObject) (openapi.EnrolResponseObject, error) {
	seat, fresh, err := h.Cohort.Enrol(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := openapi.Enrolment{
		ID: seat.ID, CohortID: seat.CohortID, State: openapi.EnrolmentState(seat.State), EnrolledAt: seat.EnrolledAt,
	}
	if fresh {
		return openapi.Enrol201JSONResponse(out), nil
	}
	return openapi.Enrol200JSONResponse(out), nil
}

func cohortOut(l cohort.Listing) openapi.Cohort {
	return openapi.Cohort{
		ID: l.ID, Name: l.Name, Programme: l.Programme, State: openapi.CohortState(l.State), TimeZone: l.TimeZone,
		StartsOn: openapi_types.Date{Time: l.StartsOn}, EndsOn: openapi_types.Date{Time: l.EndsOn},
		RegistrationClosesAt: orZero(l.RegistrationClosesAt), Capacity: int(l.Capacity), SeatsLeft: int(l.SeatsLeft),
		Enrolment: openapi.EnrolmentBrief{ID: l.EnrolmentID, State: openapi.EnrolmentState(l.EnrolmentState), EnrolledAt: orZero(l.EnrolledAt)},
	}
}
