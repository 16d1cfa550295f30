package handler

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// Audit shows who did what to whom.
type Audit struct {
	Log     *audit.Log
	Cursors *cursor.Sealer
}

// ListAuditEntries answers GET /v1/admin/audit.
func (h Audit) ListAuditEntries(ctx context.Context, r openapi.ListAuditEntriesRequestObject) (openapi.ListAuditEntriesResponseObject, error) {
	p := r.Params
	page, next, err := h.page(ctx, audit.Filter{
		ActorID: p.ActorID, Action: p.Action, TargetKind: p.TargetKind, TargetID: p.TargetID, RequestID: p.RequestID, From: p.Since, To: p.Until, About: p.About,
	}, p.Cursor, p.Limit)
	out := openapi.ListAuditEntries200JSONResponse{Items: make([]openapi.AuditEntry, len(page)), NextCursor: next}
	for i, e := range page {
		out.Items[i] = openapi.AuditEntry{
			ID: e.ID, At: e.At, ActorID: e.ActorID, Action: e.Action, TargetKind: e.TargetKind, TargetID: e.TargetID,
			SubjectID: e.SubjectID, Detail: e.Detail, RequestID: e.RequestID, ActorRoles: e.ActorRoles, Changes: changesOut(e.Changes),
		}
	}
	return out, err
}

// ExportAuditLog answers GET /v1/admin/audit/export.
func (h Audit) ExportAuditLog(ctx context.Context, r openapi.ExportAuditLogRequestObject) (openapi.ExportAuditLogResponseObject, error) {
	p := r.Params
	e, err := h.Log.Export(ctx, actor(ctx).ID, audit.Filter{
		ActorID: p.ActorID, Action: p.Action, TargetKind: p.TargetKind, TargetID: p.TargetID, RequestID: p.RequestID, From: p.Since, To: p.Until, About: p.About,
	})
	if err != nil {
		return nil, err
	}
	return auditFile{"audit-" + e.At.Format(time.DateOnly) + ".csv", func(w io.Writer) error { return e.WriteCSV(ctx, w) }}, nil
}

// auditFile is an export on its way, read while it is written.
type auditFile struct {
	name  string
	write func(io.Writer) error
}

// VisitExportAuditLogResponse writes the file.
func (f auditFile) VisitExportAuditLogResponse(w http.ResponseWriter) error {
	// Where the deadline cannot be moved the usual one stands.
	_ = http.NewResponseController(w).SetWriteDeadline(clock.System{}.Now().Add(downloadTime))
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	w.WriteHeader(http.StatusOK)
	return f.write(w)
}

// ListMyAuditEntries answers GET /v1/me/audit. Others who acted are not named.
func (h Audit) ListMyAuditEntries(ctx context.Context, r openapi.ListMyAuditEntriesRequestObject) (openapi.ListMyAuditEntriesResponseObject, error) {
	me := actor(ctx).ID
	page, next, err := h.page(ctx, audit.Filter{About: me}, r.Params.Cursor, r.Params.Limit)
	out := openapi.ListMyAuditEntries200JSONResponse{Items: make([]openapi.MyAuditEntry, len(page)), NextCursor: next}
	for i, e := range page {
		by := openapi.MyAuditEntryByStaff
		switch e.ActorID {
		case me:
			by = openapi.MyAuditEntryByMyself
		case uuid.Nil:
			by = openapi.MyAuditEntryBySystem
		}
		out.Items[i] = openapi.MyAuditEntry{
			ID: e.ID, At: e.At, By: by, Action: e.Action, Sentence: e.Says(me), TargetKind: e.TargetKind, Detail: e.DetailFor(me), Changes: changesOut(e.Changes),
		}
	}
	return out, err
}

func changesOut(all []audit.Change) []openapi.AuditChange {
	var out []openapi.AuditChange
	for _, c := range all {
		out = append(out, openapi.AuditChange{Field: c.Field, Before: c.Before, After: c.After})
	}
	return out
}

func (h Audit) page(ctx context.Context, f audit.Filter, token string, limit int) ([]audit.Recorded, string, error) {
	list := fmt.Sprintf("audit/%v/%+v", actor(ctx).ID, f)
	var after audit.Position
	if token != "" && h.Cursors.Open(list, token, &after) != nil {
		return nil, "", fault.ErrCursor
	}
	page, more, err := h.Log.Entries(ctx, f, after, limit)
	if err != nil || !more {
		return page, "", err
	}
	last := page[len(page)-1]
	next, err := h.Cursors.Seal(list, audit.Position{At: last.At, ID: last.ID})
	return page, next, err
}
