package billing_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
)

func TestATimelineTellsOfMoneyBackAndOfWhatWasBought(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	r.till()
	admin, who := r.staff(), r.join(goodCard)
	r.box.Advance(9 * 24 * time.Hour)
	q := r.quote(who, "studio", "monthly")
	if err := r.billing.ChangePlan(t.Context(), who, q.ID); err != nil {
		t.Fatal(err)
	}
	r.settle()
	if _, err := r.refund(admin, who, billing.NewRefund{AmountMinor: 900, Note: "A week without the forum."}); err != nil {
		t.Fatal(err)
	}
	p, _ := r.buy(who, donation(uuid.New(), 2500))
	r.paySession(p, goodCard)
	r.settle()
	all, err := r.billing.Timeline(t.Context(), who.ID, billing.Moment{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]billing.Moment{}
	for _, m := range all {
		told[m.Kind] = m
	}
	for kind, want := range map[string]struct {
		note   string
		amount int64
	}{
		"change.asked": {"now", q.DueMinor}, "change.settled": {"done", q.DueMinor}, "refund.made": {"requested_by_customer", 900},
		"purchase.began": {"donation", 2500}, "purchase.paid": {"donation", 2500},
	} {
		if m := told[kind]; m.Note != want.note || m.AmountMinor == nil || *m.AmountMinor != want.amount || m.Ref == "" || m.Currency != "usd" {
			t.Errorf("%s: %+v", kind, m)
		}
	}
}
