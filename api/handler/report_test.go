package handler

import (
	"context"
	"encoding/json"
	"math/big"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/report"
)

func TestPrefersCSV(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"":                                       false,
		"*/*":                                    false,
		"application/json":                       false,
		"text/csv":                               true,
		"TEXT/CSV; charset=utf-8":                true,
		"text/*":                                 true,
		"text/csv, application/json":             false,
		"text/csv;q=0.9, application/json;q=0.8": true,
		"text/csv;q=0.8, application/json;q=0.9": false,
		"text/csv, */*;q=0.1":                    true,
		"text/csv;q=0, */*":                      false,
		"text/*;q=1, text/csv;q=0.1, application/json;q=0.5": false,
		"text/csv;q=2":        false,
		"text/csv;q=nonsense": false,
		";;;,text/csv":        true,
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			if got := prefersCSV(accept); got != want {
				t.Errorf("CSV %t, want %t", got, want)
			}
		})
	}
}

func TestAcceptTravelsInTheContext(t *testing.T) {
	t.Parallel()
	if got := Accepts(context.Background()); got != "" {
		t.Errorf("nothing was said, but %q", got)
	}
	if got := Accepts(WithAccept(context.Background(), "text/csv")); got != "text/csv" {
		t.Errorf("got %q", got)
	}
}

func TestCSVResponse(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	c := csvResponse{report.Movements{
		Period: report.Period{From: at, To: at.AddDate(0, 0, 29)},
		Rows:   []report.MovementRow{{DisplayName: "Maria", Movement: report.Churn, Currency: "usd", MRRBefore: 4900, EffectiveAt: at}},
	}}
	w := httptest.NewRecorder()
	if err := c.VisitGetMembershipReportResponse(w); err != nil {
		t.Fatal(err)
	}
	want := "member_id,display_name,email,movement,currency,mrr_before,mrr_after,effective_at,plan\r\n" +
		"00000000-0000-0000-0000-000000000000,Maria,,churn,usd,4900,0,2026-11-01T00:00:00Z,\r\n"
	got := []string{w.Header().Get("Content-Type"), w.Header().Get("Content-Disposition"), w.Body.String()}
	if diff := cmp.Diff([]string{"text/csv; charset=utf-8", "attachment; filename=membership-2026-11-01-2026-11-30.csv", want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReportOut(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	r := report.MembershipReport{
		Period:      report.Period{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC), TimeZone: "UTC"},
		GeneratedAt: at,
		Access:      report.AccessCount{Paying: 9, WithoutPayment: 3, ByReason: []report.ReasonCount{{Reason: "grant", Members: 3}}},
		Currencies: []report.CurrencyReport{
			{Currency: "eur", MRR: report.MRRMovement{New: 1, End: 1}, Members: report.MemberMovement{New: 1, JoinedAndLeft: 2, End: 1}, AtRisk: 3, Committed: 4, Trial: 5},
			{Currency: "usd", MRR: report.MRRMovement{Start: 8, Reactivation: 1, Expansion: 2, Contraction: 3, Churn: 4, End: 4}, Members: report.MemberMovement{Start: 8, Reactivated: 1, Churned: 2, End: 7}, ChurnRate: big.NewRat(1, 4)},
		},
	}
	got, err := json.Marshal(membershipReportOut(r))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"access":{"by_reason":[{"members":3,"reason":"grant"}],"paying":9,"without_payment":3},"currencies":[` +
		`{"at_risk_mrr":3,"committed_mrr":4,"currency":"eur","member_churn_rate":null,"members":{"churned":0,"end":1,"joined_and_left":2,"new":1,"reactivated":0,"start":0},` +
		`"mrr":{"churn":0,"contraction":0,"end":1,"expansion":0,"new":1,"reactivation":0,"start":0},"trial_mrr":5},` +
		`{"at_risk_mrr":0,"committed_mrr":0,"currency":"usd","member_churn_rate":0.25,"members":{"churned":2,"end":7,"joined_and_left":0,"new":0,"reactivated":1,"start":8},` +
		`"mrr":{"churn":4,"contraction":3,"end":4,"expansion":2,"new":0,"reactivation":1,"start":8},"trial_mrr":0}],` +
		`"from":"2026-11-01","generated_at":"2026-11-23T10:00:00Z","time_zone":"UTC","to":"2026-11-30"}`
	sameJSON(t, want, got)
}

func TestListsAreNeverNull(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal([]any{membershipReportOut(report.MembershipReport{}).Currencies, membershipReportOut(report.MembershipReport{}).Access.ByReason, memberRowOut(report.MemberRow{}).Mrr, memberRowOut(report.MemberRow{}).Cohorts})
	if err != nil || string(got) != "[[],[],[],[]]" {
		t.Errorf("%s, %v", got, err)
	}
}
