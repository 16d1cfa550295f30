package billing_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

var seeds = flag.Int("seeds", 12, "how many members live the life of TestInvariant01AnyOrderAndRepetitionEndsTheSame")

// TestInvariant01AnyOrderAndRepetitionEndsTheSame lets members live the same life. The
// events of the first arrive in order, at once. Those of the others arrive
// shuffled, some twice, some only at the end of all. More of them prove more:
// go test ./internal/billing -seeds 500.
//
// stripe-cli#418, laravel/cashier-stripe#1760: an update that came before the creation left a subscription incomplete for ever.
func TestInvariant01AnyOrderAndRepetitionEndsTheSame(t *testing.T) {
	t.Parallel()
	r := newIdleRig(t)
	r.hold()
	crowd := newCrowd(r)
	for step, act := range life() {
		for _, who := range crowd.members {
			act(r, who)
		}
		if step == advanceBefore {
			r.box.Advance(32 * 24 * time.Hour)
		}
		crowd.deliver(step)
	}
	crowd.deliverRest()
	want := r.state(crowd.members[0])
	if !strings.Contains(want, "canceled") {
		t.Fatalf("the life went another way: %s", want)
	}
	for seed, who := range crowd.members {
		if diff := cmp.Diff(want, r.state(who)); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

const advanceBefore = 1 // after this step a month passes, and the renewal fails

func life() []func(*rig, account.Actor) {
	return []func(*rig, account.Actor){
		func(r *rig, who account.Actor) { r.pay(r.checkout(who, "monthly"), failsLater) },
		func(*rig, account.Actor) {},
		func(r *rig, who account.Actor) {
			r.control(http.MethodPost, "invoices/"+r.openInvoice(r.customer(who.ID))+"/pay", `{"card":"`+goodCard+`"}`)
		},
		func(r *rig, who account.Actor) {
			r.stripe("POST", "/v1/subscriptions/"+r.subscription(r.customer(who.ID)), url.Values{"cancel_at_period_end": {"true"}})
		},
		func(r *rig, who account.Actor) {
			r.stripe(http.MethodDelete, "/v1/subscriptions/"+r.subscription(r.customer(who.ID)), nil)
		},
	}
}

// crowd is who lives, and what has not reached us of each.
type crowd struct {
	r       *rig
	members []account.Actor
	dice    []*rand.Rand
	waiting map[string][]letter // by customer
}

func newCrowd(r *rig) *crowd {
	c := &crowd{r: r, waiting: map[string][]letter{}}
	for seed := range *seeds {
		c.members = append(c.members, r.user())
		c.dice = append(c.dice, rand.New(rand.NewPCG(uint64(seed), 7)))
	}
	return c
}

func customerOf(l letter) string {
	var e struct {
		Data struct {
			Object struct{ ID, Object, Customer string }
		}
	}
	_ = json.Unmarshal(l.payload, &e) // of other objects the customer stays empty
	if e.Data.Object.Object == "customer" {
		return e.Data.Object.ID
	}
	return e.Data.Object.Customer
}

// deliver hands over part of what happened, and keeps part of it back.
func (c *crowd) deliver(step int) {
	c.r.t.Helper()
	for _, l := range c.r.delivered() {
		c.waiting[customerOf(l)] = append(c.waiting[customerOf(l)], l)
	}
	for seed, who := range c.members {
		customer := c.r.customer(who.ID)
		letters, dice := c.waiting[customer], c.dice[seed]
		if seed == 0 {
			c.apply(letters)
			c.waiting[customer] = nil
			continue
		}
		dice.Shuffle(len(letters), func(i, j int) { letters[i], letters[j] = letters[j], letters[i] })
		now := dice.IntN(len(letters) + 1)
		if step == 0 && seed%3 == 0 {
			now = 0 // the first arrive only after the last
		}
		c.apply(append(letters[:now:now], letters[:now/2]...))
		c.waiting[customer] = letters[now:]
	}
}

func (c *crowd) deliverRest() {
	c.r.t.Helper()
	for _, who := range c.members {
		c.apply(c.waiting[c.r.customer(who.ID)])
	}
}

func (c *crowd) apply(letters []letter) {
	c.r.t.Helper()
	for _, l := range letters {
		c.r.receive(l)
		if failed := c.r.applyAll(); failed != 0 {
			c.r.t.Errorf("%d events were not applied", failed)
		}
	}
}

// state is what must be the same for everybody in the end.
func (r *rig) state(who account.Actor) string {
	r.t.Helper()
	var text string
	err := r.db.Pool().QueryRow(r.t.Context(), `
		SELECT concat_ws(' | ',
			(SELECT string_agg(concat_ws(' ', status, amount_minor, annual_minor, cancel_at_period_end, cancellation_reason, pay_url, price_id), ',') FROM subscriptions WHERE user_id = $1),
			(SELECT concat_ws(' ', level, reason, until, notice, pay_url) FROM member_access WHERE user_id = $1),
			(SELECT string_agg(concat_ws(' ', series, sum), ',' ORDER BY series) FROM (SELECT series, trim_scale(sum(annual_delta)) AS sum FROM membership_ledger WHERE user_id = $1 GROUP BY series HAVING sum(annual_delta) <> 0) s),
			(SELECT string_agg(concat_ws(' ', status, amount_due_minor, amount_paid_minor), ',' ORDER BY created_at) FROM invoices WHERE user_id = $1),
			(SELECT string_agg(state, ',') FROM checkouts WHERE user_id = $1))`, who.ID).Scan(&text)
	if err != nil {
		r.t.Fatal(err)
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state = 'received'`); n != 0 {
		return fmt.Sprintf("%d events wait", n)
	}
	return text
}
