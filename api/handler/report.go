package handler

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"
	openapi_types "github.com/oapi-codegen/runtime/types"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/report"
)

// Report serves the lists and reports of admins.
type Report struct{ Report *report.Report }

// ListMembers gives members, the newest first.
func (h Report) ListMembers(ctx context.Context, in openapi.ListMembersRequestObject) (openapi.ListMembersResponseObject, error) {
	rows, next, err := h.Report.Members(ctx, report.MemberQuery{
		Q: in.Params.Q, Access: string(in.Params.Access), Cursor: in.Params.Cursor, Limit: in.Params.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := openapi.ListMembers200JSONResponse{Items: make([]openapi.MemberRow, len(rows)), NextCursor: next}
	for n, r := range rows {
		out.Items[n] = memberRowOut(r)
	}
	return out, nil
}

// GetMembershipReport gives the report, or as CSV the movements behind it.
func (h Report) GetMembershipReport(ctx context.Context, in openapi.GetMembershipReportRequestObject) (openapi.GetMembershipReportResponseObject, error) {
	p := in.Params
	query := reportQuery(p.From, p.To, p.Currency, p.TimeZone)
	if p.Format == openapi.Csv || (p.Format == "" && prefersCSV(Accepts(ctx))) {
		movements, err := h.Report.Movements(ctx, query)
		return csvResponse{movements}, err
	}
	out, err := h.Report.Membership(ctx, query)
	if err != nil {
		return nil, err
	}
	return openapi.GetMembershipReport200JSONResponse(membershipReportOut(out)), nil
}

// ListMembershipReportMembers gives the members behind one number.
func (h Report) ListMembershipReportMembers(ctx context.Context, in openapi.ListMembershipReportMembersRequestObject) (openapi.ListMembershipReportMembersResponseObject, error) {
	p := in.Params
	rows, next, err := h.Report.MovementRows(ctx, reportQuery(p.From, p.To, p.Currency, p.TimeZone), report.Movement(p.Movement), p.Cursor, p.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListMembershipReportMembers200JSONResponse{Items: make([]openapi.MovementRow, len(rows)), NextCursor: next}
	for n, r := range rows {
		out.Items[n] = openapi.MovementRow{
			MemberID: r.MemberID, DisplayName: r.DisplayName, Email: r.Email, Movement: openapi.Movement(r.Movement),
			Currency: r.Currency, MrrBefore: r.MRRBefore, MrrAfter: r.MRRAfter, EffectiveAt: r.EffectiveAt, Plan: r.Plan,
		}
	}
	return out, nil
}

// csvResponse streams movements that have been read already.
type csvResponse struct{ movements report.Movements }

// VisitGetMembershipReportResponse writes the file.
func (c csvResponse) VisitGetMembershipReportResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=membership-%s-%s.csv",
		c.movements.From.Format(time.DateOnly), c.movements.To.Format(time.DateOnly)))
	w.WriteHeader(http.StatusOK)
	return c.movements.WriteCSV(w)
}

type acceptKey struct{}

// WithAccept returns a context that knows the Accept header of the request.
func WithAccept(ctx context.Context, accept string) context.Context {
	return context.WithValue(ctx, acceptKey{}, accept)
}

// Accepts gives the Accept header of the request, or nothing.
func Accepts(ctx context.Context) string {
	accept, _ := ctx.Value(acceptKey{}).(string)
	return accept
}

// prefersCSV reports whether an Accept header (RFC 9110, section 12.5.1) gives
// text/csv more weight than application/json.
func prefersCSV(accept string) bool {
	return weight(accept, "text", "csv") > weight(accept, "application", "json")
}

// weight is the quality of the most specific range that takes a media type.
func weight(accept, kind, sub string) float64 {
	best, exactness := 0.0, -1
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		n := -1
		switch media {
		case kind + "/" + sub:
			n = 2
		case kind + "/*":
			n = 1
		case "*/*":
			n = 0
		}
		if n > exactness {
			best, exactness = quality(params["q"]), n
		}
	}
	return best
}

func quality(q string) float64 {
	if q == "" {
		return 1
	}
	f, err := strconv.ParseFloat(q, 64)
	if err != nil || f < 0 || f > 1 {
		return 0
	}
	return f
}

func reportQuery(from, to openapi_types.Date, currency, zone string) report.Query {
	return report.Query{From: from.Time, To: to.Time, Currency: currency, TimeZone: zone}
}

func membershipReportOut(r report.MembershipReport) openapi.MembershipReport {
	out := openapi.MembershipReport{
		From: openapi_types.Date{Time: r.From}, To: openapi_types.Date{Time: r.To}, TimeZone: r.TimeZone, GeneratedAt: r.GeneratedAt,
		Access:     openapi.AccessCount{Paying: int(r.Access.Paying), WithoutPayment: int(r.Access.WithoutPayment)},
		Currencies: make([]openapi.CurrencyReport, len(r.Currencies)),
	}
	out.Access.ByReason = make([]struct {
		Members int    `json:"members"`
		Reason  string `json:"reason"`
	}, len(r.Access.ByReason))
	for n, a := range r.Access.ByReason {
		out.Access.ByReason[n].Members, out.Access.ByReason[n].Reason = int(a.Members), a.Reason
	}
	for n, c := range r.Currencies {
		out.Currencies[n] = currencyReportOut(c)
	}
	return out
}

func currencyReportOut(c report.CurrencyReport) openapi.CurrencyReport {
	out := openapi.CurrencyReport{
		Currency: c.Currency,
		Mrr: openapi.MRRMovement{
			Start: c.MRR.Start, New: c.MRR.New, Reactivation: c.MRR.Reactivation, Expansion: c.MRR.Expansion,
			Contraction: c.MRR.Contraction, Churn: c.MRR.Churn, End: c.MRR.End,
		},
		Members: openapi.MemberMovement{
			Start: int(c.Members.Start), New: int(c.Members.New), Reactivated: int(c.Members.Reactivated),
			Churned: int(c.Members.Churned), JoinedAndLeft: int(c.Members.JoinedAndLeft), End: int(c.Members.End),
		},
		AtRiskMrr: c.AtRisk, CommittedMrr: c.Committed, TrialMrr: c.Trial, MemberChurnRate: nullable.NewNullNullable[float32](),
	}
	if c.ChurnRate != nil {
		rate, _ := c.ChurnRate.Float32()
		out.MemberChurnRate.Set(rate)
	}
	return out
}

func memberRowOut(r report.MemberRow) openapi.MemberRow {
	out := openapi.MemberRow{
		ID: r.ID, DisplayName: r.DisplayName, Email: r.Email, JoinedAt: r.JoinedAt, Access: openapi.AccessLevel(r.Access),
		AccessReason: r.AccessReason, Plan: r.Plan, Mrr: make([]openapi.Money, len(r.MRR)), Cohorts: append([]string{}, r.Cohorts...),
	}
	for n, m := range r.MRR {
		out.Mrr[n] = openapi.Money{Minor: m.Minor, Currency: m.Currency}
	}
	return out
}
