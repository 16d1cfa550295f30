package handler

import (
	"context"
	"net/http"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// Privacy answers the operations of copies of data and of erasure.
type Privacy struct {
	Privacy    *privacy.Privacy
	Membership *membership.Membership
}

// AskForExport answers POST /v1/me/exports.
func (h Privacy) AskForExport(ctx context.Context, _ openapi.AskForExportRequestObject) (openapi.AskForExportResponseObject, error) {
	e, err := h.Privacy.AskForExport(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.AskForExport202JSONResponse{
		Body: exportOut(e), Headers: openapi.AskForExport202ResponseHeaders{Location: "/v1/me/exports/" + e.ID.String()},
	}, nil
}

// ListExports answers GET /v1/me/exports.
func (h Privacy) ListExports(ctx context.Context, _ openapi.ListExportsRequestObject) (openapi.ListExportsResponseObject, error) {
	all, err := h.Privacy.Exports(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListExports200JSONResponse{Items: make([]openapi.Export, len(all))}
	for i, e := range all {
		out.Items[i] = exportOut(e)
	}
	return out, nil
}

// GetExport answers GET /v1/me/exports/{id}.
func (h Privacy) GetExport(ctx context.Context, r openapi.GetExportRequestObject) (openapi.GetExportResponseObject, error) {
	e, err := h.Privacy.Export(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetExport200JSONResponse(exportOut(e)), nil
}

// GetExportFile answers GET /v1/me/exports/{id}/file.
func (h Privacy) GetExportFile(ctx context.Context, r openapi.GetExportFileRequestObject) (openapi.GetExportFileResponseObject, error) {
	e, file, size, err := h.Privacy.OpenExport(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	name := "conservatory-" + e.CreatedAt.UTC().Format(time.DateOnly) + ".zip"
	return download{openapi.GetExportFile200ApplicationZipResponse{ // it closes the file
		Body: file, ContentLength: size, Headers: openapi.GetExportFile200ResponseHeaders{ContentDisposition: `attachment; filename="` + name + `"`},
	}}, nil
}

// download is a file on its way, which may take longer than other answers.
type download struct {
	openapi.GetExportFile200ApplicationZipResponse
}

// downloadTime is how long a file may take to a slow line.
const downloadTime = 30 * time.Minute

// VisitGetExportFileResponse writes the file.
func (d download) VisitGetExportFileResponse(w http.ResponseWriter) error {
	// Where the deadline cannot be moved the usual one stands.
	_ = http.NewResponseController(w).SetWriteDeadline(clock.System{}.Now().Add(downloadTime))
	w.Header().Set("Cache-Control", "no-store")
	return d.GetExportFile200ApplicationZipResponse.VisitGetExportFileResponse(w)
}

// PlanErasure answers POST /v1/me/erasure.
func (h Privacy) PlanErasure(ctx context.Context, r openapi.PlanErasureRequestObject) (openapi.PlanErasureResponseObject, error) {
	e, err := h.Privacy.PlanErasure(ctx, actor(ctx), privacy.Posts(r.Body.Posts))
	if err != nil {
		return nil, err
	}
	out, err := h.erasureOut(ctx, e)
	return openapi.PlanErasure202JSONResponse(out), err
}

// GetErasure answers GET /v1/me/erasure.
func (h Privacy) GetErasure(ctx context.Context, _ openapi.GetErasureRequestObject) (openapi.GetErasureResponseObject, error) {
	e, err := h.Privacy.Erasure(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out, err := h.erasureOut(ctx, e)
	return openapi.GetErasure200JSONResponse(out), err
}

// UndoErasure answers DELETE /v1/me/erasure.
func (h Privacy) UndoErasure(ctx context.Context, _ openapi.UndoErasureRequestObject) (openapi.UndoErasureResponseObject, error) {
	if err := h.Privacy.UndoErasure(ctx, actor(ctx)); err != nil {
		return nil, err
	}
	return openapi.UndoErasure204Response{}, nil
}

func exportOut(e privacy.Export) openapi.Export {
	return openapi.Export{
		ID: e.ID, State: openapi.ExportState(e.State), TablesDone: int(e.TablesDone), TablesTotal: int(e.TablesTotal), Bytes: e.Bytes,
		CreatedAt: e.CreatedAt.UTC(), FinishedAt: orZero(e.FinishedAt), ExpiresAt: orZero(e.ExpiresAt),
	}
}

func (h Privacy) erasureOut(ctx context.Context, e privacy.Erasure) (openapi.Erasure, error) {
	live, err := h.Membership.Live(ctx, e.UserID)
	out := openapi.Erasure{Posts: openapi.PostsFate(e.Posts), PlannedAt: e.PlannedAt.UTC(), DueAt: e.DueAt.UTC(), Subscription: openapi.ErasureSubscriptionNone}
	if live {
		out.Subscription = openapi.ErasureSubscriptionEndsWithIt
	}
	return out, err
}
