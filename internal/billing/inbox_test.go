package billing_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// second is billing on the same database with another configuration and a
// queue that nobody works.
func (r *rig) second(cfg billing.Config) *billing.Billing {
	r.t.Helper()
	q, err := job.New(r.db, job.Config{})
	if err != nil {
		r.t.Fatal(err)
	}
	b, err := billing.New(r.db, boxClock{r.box}, r.membership, q, cfg, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// receive stores what was held.
func (r *rig) receive(letters ...letter) {
	r.t.Helper()
	for _, l := range letters {
		if err := r.billing.Receive(r.t.Context(), l.payload, l.signature); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) hold() {
	r.mailbox.mu.Lock()
	defer r.mailbox.mu.Unlock()
	r.mailbox.hold = true
}

func (r *rig) delivered() []letter {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	if err := r.box.WaitIdle(ctx); err != nil {
		r.t.Fatal(err)
	}
	return r.mailbox.take()
}

func TestARepeatedEventIsStoredOnceAndPromisedAgain(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.hold()
	r.pay(r.checkout(r.user(), "monthly"), goodCard)
	l := r.delivered()
	var one letter
	for _, each := range l {
		r.receive(each)
		if r.number(`SELECT count(*) FROM stripe_events WHERE state = 'received'`) == 1 {
			one = each
			break
		}
	}
	r.receive(one, one)
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'received'`); n != 1 {
		t.Errorf("%d rows", n)
	}
	if n := r.number(`SELECT count(*) FROM river_job WHERE kind = 'billing.apply_event'`); n != 3 {
		t.Errorf("%d promises while it waits", n)
	}
	var id string
	if err := r.db.Pool().QueryRow(t.Context(), `SELECT id FROM stripe_events WHERE state = 'received'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.billing.Apply(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	r.receive(one)
	if n := r.number(`SELECT count(*) FROM river_job WHERE kind = 'billing.apply_event'`); n != 3 {
		t.Errorf("%d promises after it is applied", n)
	}
}

func TestAnEventOfNobodyWeKnow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stranger := r.stripe("POST", "/v1/customers", url.Values{
		"email": {"stranger@x.test"}, "payment_method": {"pm_card_visa"},
		"invoice_settings[default_payment_method]": {"pm_card_visa"},
	})["id"].(string)
	price := r.stripe("GET", "/v1/prices", url.Values{"active": {"true"}})["data"].([]any)[0].(map[string]any)["id"].(string)
	r.stripe("POST", "/v1/subscriptions", url.Values{"customer": {stranger}, "items[0][price]": {price}})
	r.settle()
	if n := r.number(`SELECT count(*) FROM subscriptions`); n != 0 {
		t.Errorf("%d subscriptions of a stranger", n)
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'received'`); n != 0 {
		t.Errorf("%d events wait for nothing", n)
	}
}

// get-engram#443: a customer was taken over through an address that had become free.
func TestInvariant06OnlyOurCheckoutBindsACustomer(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.hold()
	who, victim := r.user(), r.user()
	r.pay(r.checkout(who, "monthly"), goodCard)
	letters := r.delivered()
	if _, err := r.db.Pool().Exec(t.Context(), `DELETE FROM stripe_customers`); err != nil {
		t.Fatal(err)
	}
	r.receive(letters...)
	r.applyAll()
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("her own checkout does not bind: %+v", a)
	}
	forged := r.stripe("POST", "/v1/customers", url.Values{"email": {"forger@x.test"}, "metadata[user_id]": {victim.ID.String()}})["id"].(string)
	r.receive(r.delivered()...)
	r.stripe("POST", "/v1/customers/"+forged, url.Values{"name": {"Eve"}})
	r.receive(r.delivered()...)
	r.applyAll()
	if _, err := r.billing.Customer(t.Context(), victim.ID); err == nil {
		t.Error("a claim without a checkout binds")
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'received' AND last_error <> ''`); n != 1 {
		t.Errorf("%d events are parked", n)
	}
}

// applyAll applies what waits, once, and gives how many did not succeed.
func (r *rig) applyAll() int {
	r.t.Helper()
	rows, err := r.db.Pool().Query(r.t.Context(), `SELECT id FROM stripe_events WHERE state = 'received' ORDER BY received_at, id`)
	if err != nil {
		r.t.Fatal(err)
	}
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	failed := 0
	for _, id := range ids {
		if r.billing.Apply(r.t.Context(), id) != nil {
			failed++
		}
	}
	return failed
}

func TestAnEventThatNeverSucceedsIsDeadInTheEnd(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	victim := r.user()
	r.hold()
	forged := r.stripe("POST", "/v1/customers", url.Values{"metadata[user_id]": {victim.ID.String()}})["id"].(string)
	r.stripe("POST", "/v1/customers/"+forged, url.Values{"name": {"Eve"}})
	r.receive(r.delivered()...)
	for range 24 {
		if r.applyAll() != 1 {
			t.Fatal("it is not tried again")
		}
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'dead'`); n != 0 {
		t.Error("it is given up too early")
	}
	r.applyAll()
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'dead' AND attempts = 25 AND settled_at IS NOT NULL`); n != 1 {
		t.Error("it is never given up")
	}
}

// TryGhost/Ghost#20243: another shop of the account made members and spoilt the MRR.
func TestInvariant07ForeignProductsChangeNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	product := r.stripe("POST", "/v1/products", url.Values{"name": {"A mug a month"}})["id"].(string)
	price := r.stripe("POST", "/v1/prices", url.Values{"product": {product}, "currency": {"usd"}, "unit_amount": {"900"}, "recurring[interval]": {"month"}})["id"].(string)
	r.control("POST", "customers/"+r.customer(who.ID)+"/card", `{"card":"`+goodCard+`"}`)
	r.stripe("POST", "/v1/subscriptions", url.Values{"customer": {r.customer(who.ID)}, "items[0][price]": {price}})
	r.settle()
	if n := r.number(`SELECT count(*) FROM subscriptions`); n != 1 || r.mrr(who) != 58800 {
		t.Errorf("%d subscriptions, %d", n, r.mrr(who))
	}
	if n := r.number(`SELECT count(*) FROM invoices`); n != 1 {
		t.Errorf("%d invoices", n)
	}
}
