package billing_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

var histories = flag.Int("histories", 20, "how many members live a random life in TestRandomLivesEndAsStripeSays")

// together is how many lives share a Stripe and its clock.
const together = 20

// TestRandomLivesEndAsStripeSays lets members do what members do, in random
// order: pay with cards that work, fail or ask for proof, leave the page, end
// and keep, be refunded and disputed, at our side and in Stripe's dashboard.
// What Stripe tells arrives in any order, twice, late, or never. In the end the
// reconciler alone must bring both sides together.
// go test ./internal/billing -run RandomLives -histories 1000.
func TestRandomLivesEndAsStripeSays(t *testing.T) {
	t.Parallel()
	for batch := range (*histories + together - 1) / together {
		t.Run(fmt.Sprintf("seeds from %d", batch*together), func(t *testing.T) {
			t.Parallel()
			r := newIdleRig(t)
			r.hold()
			lives := make([]*biography, together)
			for i := range lives {
				lives[i] = &biography{rig: r, who: r.user(), dice: rand.New(rand.NewPCG(uint64(batch*together+i), 11))}
			}
			sky := rand.New(rand.NewPCG(uint64(batch), 13))
			post := &post{rig: r, dice: sky}
			for range 14 {
				for _, l := range lives {
					l.act()
				}
				post.deliver()
				r.box.Advance(time.Duration(sky.IntN(20*24)) * time.Hour)
			}
			post.rest()
			report := r.reconcile()
			if len(report.Problems) != 0 {
				t.Errorf("cannot be put right: %v", report.Problems)
			}
			if again := r.reconcile(); again.Healed != 0 || len(again.Problems) != 0 {
				t.Errorf("not right at once: %+v", again)
			}
			done := 0
			for i, l := range lives {
				l.judge(batch*together + i)
				done += l.done
			}
			if done < 7*together {
				t.Errorf("in %d lives only %d things were done", together, done)
			}
		})
	}
}

// post brings what Stripe tells as badly as it may.
type post struct {
	*rig

	dice *rand.Rand
	late []letter
}

func (p *post) deliver() {
	p.t.Helper()
	var now []letter
	for _, l := range append(p.late, p.delivered()...) {
		switch chance := p.dice.IntN(10); {
		case chance < 2: // lost for good
		case chance < 4:
			now = append(now, l, l)
		case chance < 7:
			now = append(now, l)
		default:
			p.late = append(p.late, l)
		}
	}
	if len(p.late) > 400 {
		p.late = p.late[len(p.late)-400:]
	}
	p.dice.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
	p.receive(now...)
	p.applyAll()
}

func (p *post) rest() {
	p.t.Helper()
	p.receive(p.late...)
	p.applyAll()
	p.delivered()
}

// biography is one member's.
type biography struct {
	*rig

	who  account.Actor
	dice *rand.Rand
	page string // where she can pay
	did  []string
	done int // of what she wanted, that was done
}

// act is one thing that she, an administrator or somebody at Stripe's dashboard does.
func (l *biography) act() {
	l.t.Helper()
	name, do := l.next()
	err := do()
	// A no is an answer; what is broken is not.
	if f := fault.From(err); err != nil && f == nil && !errors.Is(err, errNo) {
		l.t.Errorf("%s: %v", name, err)
	}
	if err == nil {
		l.done++
	}
	l.did = append(l.did, fmt.Sprintf("%s (%v)", name, err))
}

// next chooses among what makes sense for one who has a subscription, or none.
func (l *biography) next() (string, func() error) {
	l.t.Helper()
	buys := []string{"buys and pays", "buys and pays", "buys and pays", "buys", "pays", "leaves the page", "asks again", "is given time"}
	lives := []string{
		"buys", "ends it", "ends it", "keeps it", "keeps it", "is ended at the dashboard", "has an end at the dashboard", "is paused at the dashboard",
		"is resumed at the dashboard", "has two of it", "pays what is open", "pays what is open", "has another card", "has another card",
		"is refunded at the dashboard", "disputes", "asks again", "is given time",
	}
	names := buys
	if l.live() != nothing {
		names = lives
	}
	name := names[l.dice.IntN(len(names))]
	return name, l.deeds()[name]
}

func (l *biography) deeds() map[string]func() error {
	return map[string]func() error{
		"buys":            l.buys,
		"pays":            l.pays,
		"buys and pays":   func() error { return errors.Join(l.buys(), l.pays()) },
		"leaves the page": func() error { return l.at("sessions/"+l.session()+"/expire", "") },
		"ends it": func() error {
			return l.billing.Cancel(l.t.Context(), l.who, billing.Cancellation{Reason: "unused"})
		},
		"keeps it":                  func() error { return l.billing.Keep(l.t.Context(), l.who) },
		"is ended at the dashboard": func() error { return l.subscriptionCall(http.MethodDelete, nil) },
		"has an end at the dashboard": func() error {
			end := l.box.Now().Add(time.Duration(l.dice.IntN(60*24)+1) * time.Hour).Unix()
			return l.subscriptionCall(http.MethodPost, url.Values{"cancel_at": {strconv.FormatInt(end, 10)}})
		},
		"is paused at the dashboard": func() error {
			return l.subscriptionCall(http.MethodPost, url.Values{"pause_collection[behavior]": {"void"}})
		},
		"is resumed at the dashboard": func() error { return l.subscriptionCall(http.MethodPost, url.Values{"pause_collection": {""}}) },
		"has two of it": func() error {
			item := l.find("/v1/subscription_items", url.Values{"subscription": {l.live()}})
			return l.subscriptionCall(http.MethodPost, url.Values{"items[0][id]": {item}, "items[0][quantity]": {"2"}})
		},
		"pays what is open": func() error {
			return l.at("invoices/"+l.find("/v1/invoices", url.Values{"status": {"open"}})+"/pay", `{"card":"`+goodCard+`"}`)
		},
		"has another card": func() error {
			return l.at("customers/"+l.id()+"/card", `{"card":"`+[]string{goodCard, failsLater}[l.dice.IntN(2)]+`"}`)
		},
		"is refunded at the dashboard": func() error {
			return l.try(http.MethodPost, "/v1/refunds", url.Values{"charge": {l.find("/v1/charges", nil)}})
		},
		"disputes":   func() error { return l.at("charges/"+l.find("/v1/charges", nil)+"/dispute", `{}`) },
		"asks again": func() error { return l.billing.Refresh(l.t.Context(), l.who.ID, "member") },
		"is given time": func() error {
			until := l.box.Now().Add(time.Duration(l.dice.IntN(90*24)) * time.Hour)
			_, err := l.membership.Grant(l.t.Context(), membership.Grant{UserID: l.who.ID, Kind: "scholarship", EndsAt: &until})
			return err
		},
	}
}

func (l *biography) buys() error {
	c, _, err := l.billing.StartCheckout(l.t.Context(), l.who, billing.Choice{Plan: "circle", Price: []string{"monthly", "annual"}[l.dice.IntN(2)]})
	if err == nil {
		l.page = c.URL
	}
	return err
}

func (l *biography) pays() error {
	card := []string{goodCard, goodCard, failsLater, "4000000000000002", "4000002500003155"}[l.dice.IntN(5)]
	return l.at("sessions/"+l.session()+"/pay", `{"card":"`+card+`","authenticate":`+strconv.FormatBool(l.dice.IntN(4) > 0)+`}`)
}

func (l *biography) session() string { return l.page[strings.LastIndexByte(l.page, '/')+1:] }

// id is her number at Stripe, or one that nobody has.
func (l *biography) id() string {
	id, err := l.billing.Customer(l.t.Context(), l.who.ID)
	if err != nil {
		return "cus_none"
	}
	return id
}

// live is her newest subscription that has not ended, or nothing.
func (l *biography) live() string { return l.find("/v1/subscriptions", nil) }

// nothing is a number that nothing at Stripe has.
const nothing = "none_such"

// find is the newest thing of hers in a list, or one that is not there.
func (l *biography) find(path string, more url.Values) string {
	l.t.Helper()
	form := url.Values{"limit": {"1"}}
	if path != "/v1/subscription_items" {
		form.Set("customer", l.id())
	}
	maps.Copy(form, more)
	status, body := l.ask(http.MethodGet, path+"?"+form.Encode(), "", "")
	if _, rest, ok := strings.Cut(body, `"data":[{`); ok && status == http.StatusOK {
		if _, rest, ok = strings.Cut(rest, `"id":"`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			return id
		}
	}
	return nothing
}

func (l *biography) subscriptionCall(method string, form url.Values) error {
	return l.try(method, "/v1/subscriptions/"+l.live(), form)
}

var errNo = errors.New("no, says Stripe")

// try asks as the dashboard does; a no is errNo.
func (l *biography) try(method, path string, form url.Values) error {
	l.t.Helper()
	return l.no(l.ask(method, path, form.Encode(), "application/x-www-form-urlencoded"))
}

// at speaks to the control side of the sandbox.
func (l *biography) at(path, body string) error {
	l.t.Helper()
	return l.no(l.ask(http.MethodPost, "/_sandbox/"+path, body, "application/json"))
}

func (l *biography) no(status int, body string) error {
	switch {
	case status < 300:
		return nil
	case status < 500:
		return fmt.Errorf("%w: %d %s", errNo, status, body)
	}
	return fmt.Errorf("%d %s", status, body)
}

func (l *biography) ask(method, path, body, mediaType string) (int, string) {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.url+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secretKey)
	req.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return resp.StatusCode, strings.NewReplacer(`": `, `":`, "\n", "", "  ", "").Replace(string(text))
}

// judge compares what Stripe has of her with what we make of it, by other
// means than ours.
func (l *biography) judge(seed int) {
	l.t.Helper()
	wrong := func(format string, args ...any) {
		l.t.Helper()
		l.t.Errorf("seed %d: %s\n\t%s", seed, fmt.Sprintf(format, args...), strings.Join(l.did, "\n\t"))
	}
	level, mrr := l.expected(wrong)
	if a := l.access(l.who); a.Level != level {
		wrong("her access is %s, want %s", a.Level, level)
	}
	if got := l.mrr(l.who); got != mrr {
		wrong("the ledger holds %d a year, want %d", got, mrr)
	}
	taken := 0
	for _, e := range l.box.Journal() {
		if e.Kind == "charge" && e.Outcome == "succeeded" && e.Customer == l.id() {
			taken += int(e.Amount)
		}
	}
	if paid := l.number(`SELECT coalesce(sum(amount_paid_minor), 0)::int FROM invoices WHERE user_id = $1`, l.who.ID); paid != taken {
		wrong("Stripe took %d, and our invoices say %d", taken, paid)
	}
}

// expected reads the subscriptions at Stripe: what they open, what they cost a
// year; and finds fault with two that ran at once.
func (l *biography) expected(wrong func(string, ...any)) (level membership.Level, mrr int) {
	l.t.Helper()
	level = membership.NoAccess
	if n := l.number(`SELECT count(*) FROM grants WHERE user_id = $1 AND revoked_at IS NULL AND starts_at <= $2 AND ends_at > $2`, l.who.ID, l.box.Now()); n > 0 {
		level = membership.Full
	}
	if l.id() == "cus_none" {
		return level, 0
	}
	list, _ := l.stripe(http.MethodGet, "/v1/subscriptions", url.Values{"customer": {l.id()}, "status": {"all"}, "limit": {"100"}})["data"].([]any)
	var before float64 // when the one behind it in the list, which is newer, began
	for i, each := range list {
		s, _ := each.(map[string]any)
		began, _ := s["created"].(float64)
		ended, over := s["ended_at"].(float64)
		if i > 0 && s["status"] != "incomplete_expired" && (!over || ended > before) {
			wrong("%v still ran when the next began", s["id"])
		}
		before = began
		paused := s["pause_collection"] != nil
		switch s["status"] {
		case "active", "past_due", "trialing":
			if !paused {
				level = membership.Full
			}
		case "paused":
			paused = true
		default:
			continue
		}
		if paused && level == membership.NoAccess {
			level = membership.ReadOnly
		}
		if !paused && s["status"] != "trialing" {
			mrr += yearly(s)
		}
	}
	return level, mrr
}

func yearly(s map[string]any) (sum int) {
	items, _ := s["items"].(map[string]any)
	data, _ := items["data"].([]any)
	for _, each := range data {
		item, _ := each.(map[string]any)
		price, _ := item["price"].(map[string]any)
		recurring, _ := price["recurring"].(map[string]any)
		amount, _ := price["unit_amount"].(float64)
		quantity, _ := item["quantity"].(float64)
		times := 1
		if recurring["interval"] == "month" {
			times = 12
		}
		sum += int(amount) * int(quantity) * times
	}
	return sum
}
