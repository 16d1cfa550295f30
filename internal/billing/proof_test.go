package billing_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// prove makes a comparison and gives what came of it.
func (r *rig) prove() billing.Proof {
	r.t.Helper()
	if err := r.billing.StartProof(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.settle()
	truth, err := r.billing.Proof(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if truth.Latest == nil || truth.Latest.State != billing.ProofDone {
		r.t.Fatalf("%+v", truth.Latest)
	}
	return *truth.Latest
}

func TestBothSidesSayTheSameOfARunningCommunity(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.join(goodCard)
	r.join(failsLater)
	r.pay(r.checkout(r.user(), "annual"), goodCard) // a trial
	r.settle()
	r.box.Advance(32 * 24 * time.Hour)
	r.settle()
	p := r.prove()
	if len(p.Findings.Differences) != 0 {
		t.Errorf("%+v", p.Findings.Differences)
	}
	var running int64
	for _, pairs := range [][]billing.Pair{p.Findings.Subscriptions, p.Findings.MRR, p.Findings.Paid} {
		if len(pairs) == 0 {
			t.Error("a sum is empty")
		}
		for _, pair := range pairs {
			running += pair.Stripe
			if pair.Stripe != pair.Ours || pair.StripeMinor != pair.OursMinor {
				t.Errorf("%+v", pair)
			}
		}
	}
	// Two monthly ones and an annual one whose trial is over, in a year.
	if mrr := p.Findings.MRR; len(mrr) != 1 || mrr[0].StripeMinor != 2*12*4900+49000 {
		t.Errorf("%+v", mrr)
	}
	// The first month twice, the second once, the trial's for nothing, the year.
	if running != 3+5 {
		t.Errorf("%d subscriptions and paid invoices", running)
	}
}

func TestAProofNamesWhatItCannotExplain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	ghost := membership.Snapshot{
		UserID: who.ID, StripeID: "sub_ghost", Status: membership.Active, AnnualMinor: "58800", Currency: "usd",
		Interval: "month", IntervalCount: 1, StartedAt: r.box.Now(),
	}
	if err := r.membership.Record(t.Context(), ghost, "test", time.Time{}); err != nil {
		t.Fatal(err)
	}
	stranger := r.stranger()
	sub := r.stripe("POST", "/v1/subscriptions", url.Values{"customer": {stranger}, "items[0][price]": {r.price()}})["id"].(string)
	// A fault of ours: the ledger holds a cent too much.
	if _, err := r.db.Pool().Exec(t.Context(), `INSERT INTO membership_ledger (user_id, subscription_id, series, currency, annual_delta,
		effective_at, recorded_at, source, reason) SELECT user_id, id, 'mrr', 'usd', 1, now(), started_at, 'test', 'test'
		FROM subscriptions WHERE stripe_id <> 'sub_ghost'`); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	p := r.prove()
	for _, d := range p.Findings.Differences {
		found[d.Kind] = d.Subscription
	}
	own := r.subscription(r.customer(who.ID))
	if len(p.Findings.Differences) != 3 || found["unbound"] != sub || found["not_at_stripe"] != "sub_ghost" || found["ledger"] != own {
		t.Errorf("%+v", p.Findings.Differences)
	}
	truth, err := r.billing.Proof(t.Context())
	if err != nil || len(truth.Twice) != 2 {
		t.Errorf("who has two is not named: %+v, %v", truth.Twice, err)
	}
}

func TestAProofHealsAnInvoiceThatIsNotAsStripeHasIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.join(goodCard)
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE invoices SET status = 'open', amount_paid_minor = 0`); err != nil {
		t.Fatal(err)
	}
	if p := r.prove(); p.Healed != 1 || len(p.Findings.Differences) != 0 {
		t.Errorf("%+v", p)
	}
	if n := r.number(`SELECT count(*) FROM invoices WHERE status = 'paid' AND amount_paid_minor = 4900`); n != 1 {
		t.Errorf("%d are right", n)
	}
}

func TestAProofThatFailsIsBegunAnewWithinTheHour(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.join(goodCard)
	r.fail("503", http.MethodGet, "/v1/subscriptions", "-1")
	if err := r.billing.StartProof(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.settle()
	truth, err := r.billing.Proof(t.Context())
	if err != nil || truth.Latest == nil || truth.Latest.State != billing.ProofFailed {
		t.Fatalf("%+v, %v", truth.Latest, err)
	}
	r.control(http.MethodDelete, "faults", "")
	if err := r.billing.RetryProof(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.settle()
	if truth, err = r.billing.Proof(t.Context()); err != nil || truth.Latest.State != billing.ProofDone {
		t.Errorf("%+v, %v", truth.Latest, err)
	}
}

func TestPaymentWithoutAccessIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pays, banned := r.join(goodCard), r.join(goodCard)
	if _, err := r.membership.Ban(t.Context(), membership.Ban{UserID: banned.ID, Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	truth, err := r.billing.Proof(t.Context())
	if err != nil || len(truth.WithoutAccess) != 1 || truth.WithoutAccess[0].UserID != banned.ID || !truth.WithoutAccess[0].Banned {
		t.Errorf("%+v, %v", truth.WithoutAccess, err)
	}
	if _, err := r.db.Pool().Exec(t.Context(), `UPDATE member_access SET level = 'none', reason = 'none' WHERE user_id = $1`, pays.ID); err != nil {
		t.Fatal(err)
	}
	if truth, err = r.billing.Proof(t.Context()); err != nil || len(truth.WithoutAccess) != 2 {
		t.Errorf("%+v, %v", truth.WithoutAccess, err)
	}
}

// stranger is a customer with a card whom no member is bound to.
func (r *rig) stranger() string {
	r.t.Helper()
	card := url.Values{"payment_method": {"pm_card_visa"}, "invoice_settings[default_payment_method]": {"pm_card_visa"}}
	return r.stripe(http.MethodPost, "/v1/customers", card)["id"].(string)
}

// price is the number at Stripe of a price of ours.
func (r *rig) price() string {
	r.t.Helper()
	list := r.stripe(http.MethodGet, "/v1/prices", url.Values{"active": {"true"}})["data"].([]any)
	return list[0].(map[string]any)["id"].(string)
}
