package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/scholarship"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// Scholarship answers the operations of asking for months and deciding.
type Scholarship struct {
	Scholarship *scholarship.Scholarship
	Cursors     *cursor.Sealer
}

// ListMyApplications answers GET /v1/scholarship/applications.
func (h Scholarship) ListMyApplications(ctx context.Context, _ openapi.ListMyApplicationsRequestObject) (openapi.ListMyApplicationsResponseObject, error) {
	all, err := h.Scholarship.Of(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListMyApplications200JSONResponse{Items: make([]openapi.Application, len(all))}
	for i, a := range all {
		out.Items[i] = applicationOut(a)
	}
	return out, nil
}

// ApplyForScholarship answers POST /v1/scholarship/applications.
func (h Scholarship) ApplyForScholarship(ctx context.Context, r openapi.ApplyForScholarshipRequestObject) (openapi.ApplyForScholarshipResponseObject, error) {
	a, err := h.Scholarship.Apply(ctx, actor(ctx), scholarship.Ask{Months: r.Body.Months, Situation: r.Body.Situation, Hope: r.Body.Hope})
	if err != nil {
		return nil, err
	}
	return openapi.ApplyForScholarship201JSONResponse(applicationOut(a)), nil
}

// WithdrawApplication answers DELETE /v1/scholarship/applications/{id}.
func (h Scholarship) WithdrawApplication(ctx context.Context, r openapi.WithdrawApplicationRequestObject) (openapi.WithdrawApplicationResponseObject, error) {
	if err := h.Scholarship.TakeBack(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.WithdrawApplication204Response{}, nil
}

// ListApplications answers GET /v1/admin/applications.
func (h Scholarship) ListApplications(ctx context.Context, r openapi.ListApplicationsRequestObject) (openapi.ListApplicationsResponseObject, error) {
	list := "applications/" + actor(ctx).ID.String() + "/" + string(r.Params.State)
	var after scholarship.Position
	if r.Params.Cursor != "" && h.Cursors.Open(list, r.Params.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	page, more, err := h.Scholarship.Applications(ctx, scholarship.State(r.Params.State), after, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListApplications200JSONResponse{Items: make([]openapi.ApplicationRow, len(page))}
	for i, a := range page {
		out.Items[i] = openapi.ApplicationRow{
			ID: a.ID, UserID: a.UserID, Months: int(a.Months), State: openapi.ApplicationState(a.State), CreatedAt: a.CreatedAt.UTC(), DecidedAt: orZero(a.DecidedAt),
		}
	}
	if more {
		last := page[len(page)-1]
		out.NextCursor, err = h.Cursors.Seal(list, scholarship.Position{CreatedAt: last.CreatedAt, ID: last.ID})
	}
	return out, err
}

// ReadApplication answers GET /v1/admin/applications/{id}.
func (h Scholarship) ReadApplication(ctx context.Context, r openapi.ReadApplicationRequestObject) (openapi.ReadApplicationResponseObject, error) {
	a, err := h.Scholarship.Read(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.ReadApplication200JSONResponse(applicationFull(a)), nil
}

// DecideApplication answers POST /v1/admin/applications/{id}/decision.
func (h Scholarship) DecideApplication(ctx context.Context, r openapi.DecideApplicationRequestObject) (openapi.DecideApplicationResponseObject, error) {
	a, err := h.Scholarship.Decide(ctx, actor(ctx), r.ID, scholarship.Decision{
		Answer: scholarship.State(r.Body.Answer), Told: r.Body.Told, Note: r.Body.Note,
		FundID: r.Body.FundID, Plan: r.Body.Plan, Price: r.Body.Price, Months: r.Body.Months,
	})
	if err != nil {
		return nil, err
	}
	return openapi.DecideApplication200JSONResponse(applicationFull(a)), nil
}

func applicationOut(a scholarship.Application) openapi.Application {
	return openapi.Application{
		ID: a.ID, Months: int(a.Months), Situation: a.Situation, Hope: a.Hope, State: openapi.ApplicationState(a.State), Told: a.Told,
		CreatedAt: a.CreatedAt.UTC(), DecidedAt: orZero(a.DecidedAt),
	}
}

func applicationFull(a scholarship.Application) openapi.ApplicationFull {
	out := openapi.ApplicationFull{
		ID: a.ID, UserID: a.UserID, Months: int(a.Months), Situation: a.Situation, Hope: a.Hope, State: openapi.ApplicationState(a.State),
		Told: a.Told, Note: a.Note, CreatedAt: a.CreatedAt.UTC(), DecidedAt: orZero(a.DecidedAt),
	}
	if a.DecidedBy != nil {
		out.DecidedBy = *a.DecidedBy
	}
	return out
}
