package reminder_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

const aDay = 24 * time.Hour

func TestATrialAndAYearAreToldOfAheadOfTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	who := r.join("annual", goodCard)
	r.later(10 * aDay)
	r.got(who)
	r.later(aDay + time.Hour)
	r.later(time.Hour)
	r.got(who, "Your trial ends on ")
	if text := r.letters(who)[0].Text; !strings.Contains(text, "490.00 USD for the next year") || !strings.Contains(text, "Hello Maria") {
		t.Errorf("%s", text)
	}
	r.later(340 * aDay)
	r.got(who, "Your trial ends on ")
	r.later(14 * aDay)
	r.later(aDay)
	r.got(who, "Your trial ends on ", "Your membership renews on ")
}

func TestWhoLeavesIsToldSoAndNoMoreThanThat(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	who := r.join("annual", goodCard)
	b := r.workers[0].billing
	for range 2 { // twice the same click
		if err := b.Cancel(t.Context(), who, billing.Cancellation{}); err != nil {
			t.Fatal(err)
		}
	}
	r.settle()
	r.got(who, "Your membership ends on ")
	r.later(12 * aDay) // a word about the end of the trial would press her
	r.later(10 * aDay)
	r.got(who, "Your membership ends on ")
}

func TestAFailedPaymentIsToldOncePerTryAndNotOnceItIsPaid(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	who := r.join("monthly", failsLater)
	r.later(32 * aDay)
	r.later(time.Hour)
	r.got(who, "We could not take your payment")
	text := r.letters(who)[0].Text
	if !strings.Contains(text, "49.00 USD") || !regexp.MustCompile(`We try again on \d+ \w+ \d{4}`).MatchString(text) || !strings.Contains(text, frontend+"/membership") {
		t.Errorf("%s", text)
	}
	r.later(3 * aDay)
	r.got(who, "We could not take your payment", "We could not take your payment")
	for range 3 { // she tries by hand
		r.attempt()
	}
	r.settle()
	r.got(who, "We could not take your payment", "We could not take your payment")
	r.later(20 * aDay)
	all := r.letters(who)
	if last := all[len(all)-1]; last.Subject != "Your membership has ended" || !strings.Contains(last.Text, "several times") {
		t.Errorf("%s: %s", last.Subject, last.Text)
	}
}

// attempt is a payment of the open invoice that the card refuses.
func (r *rig) attempt() {
	r.t.Helper()
	invoice := r.text(`SELECT stripe_id FROM invoices WHERE status = 'open'`)
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/v1/invoices/"+invoice+"/pay", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secretKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusPaymentRequired {
		r.t.Errorf("%d", res.StatusCode)
	}
}

func TestALetterThatIsNotTrueAnyMoreIsNotSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	who := r.join("monthly", goodCard)
	cause := billing.Cause{Kind: billing.PaymentFailed, Subject: r.text(`SELECT stripe_id FROM invoices WHERE user_id = $1`, who.ID), Period: "1"}
	if err := r.workers[0].reminder.Promise(t.Context(), who.ID, cause); err != nil {
		t.Fatal(err)
	}
	r.settle()
	r.got(who)
	log, err := r.workers[0].reminder.Log(t.Context(), who.ID)
	if err != nil || len(log) != 1 || log[0].State != "needless" || log[0].SettledAt == nil {
		t.Errorf("%+v, %v", log, err)
	}
	if _, err := r.workers[0].reminder.Log(t.Context(), uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestABankThatAsksForHerIsNotAFailedPayment(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	who := r.join("monthly", needsAuth)
	r.later(32 * aDay)
	r.got(who, "Your bank asks you to confirm a payment")
	if text := r.letters(who)[0].Text; !strings.Contains(text, r.url+"/invoice/in_") {
		t.Errorf("%s", text)
	}
}

func TestAdministratorsHearOfADisputeAWeekAndADayBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	one, other, member := r.admin(), r.admin(), r.join("monthly", "4000000000000259")
	r.later(time.Hour)
	r.got(one)
	r.later(2 * aDay)
	r.later(time.Hour)
	r.got(one, "A dispute waits for an answer until ")
	r.got(other, "A dispute waits for an answer until ")
	r.later(6 * aDay)
	r.got(one, "A dispute waits for an answer until ", "A dispute waits for an answer until ")
	r.later(3 * aDay)
	if n := len(r.letters(one)); n != 2 {
		t.Errorf("%d letters about what is over", n)
	}
	for _, m := range r.letters(member) {
		if strings.Contains(m.Text+m.Subject, "dispute") {
			t.Errorf("she is told: %s", m.Text)
		}
	}
}

// I21: a second worker and a repeated event send no second letter; seen failing
// where each worker mailed for itself.
func TestInvariant21TwoWorkersSendOneLetter(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	who := r.join("monthly", failsLater)
	r.later(32 * aDay)
	for id := range strings.FieldsSeq(r.text(`SELECT string_agg(id, ' ') FROM stripe_events WHERE type IN ('invoice.payment_failed', 'customer.subscription.updated')`)) {
		r.control("events/"+id+"/redeliver", "")
	}
	r.later(time.Hour)
	r.got(who, "We could not take your payment")
}

func TestACardThatExpiresIsToldOnceAndMayBeRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	who := r.join("monthly", goodCard)
	card, ok, err := r.workers[0].billing.Card(t.Context(), who.ID)
	if err != nil || !ok || card.Last4 != "4242" {
		t.Fatalf("%+v, %v", card, err)
	}
	soon := r.box.Now().AddDate(0, 1, 0)
	r.expire(card.ID, soon)
	r.later(32 * aDay)
	r.later(aDay)
	r.got(who, "Your card expires soon")
	m := r.letters(who)[0]
	if !strings.Contains(m.Text, "visa 4242") || m.Headers["List-Unsubscribe-Post"][0] != "List-Unsubscribe=One-Click" {
		t.Errorf("%v %s", m.Headers, m.Text)
	}
	link := strings.Trim(m.Headers["List-Unsubscribe"][0], "<>")
	token := strings.TrimSuffix(strings.TrimPrefix(link, "https://api.club.test/v1/letters/"), "/refusal")
	if !strings.Contains(m.Text, frontend+"/letters#token="+token) {
		t.Errorf("%s is not in %s", token, m.Text)
	}
	for range 2 {
		if err := r.workers[0].reminder.Refuse(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range []string{"", "x", token[:len(token)-1] + "A", strings.Repeat("A", len(token))} {
		if err := r.workers[0].reminder.Refuse(t.Context(), wrong); wrong != token && !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	r.expire(card.ID, soon.AddDate(0, 2, 0))
	r.later(62 * aDay)
	r.got(who, "Your card expires soon")
}

// expire gives a card another last month.
func (r *rig) expire(card string, at time.Time) {
	r.t.Helper()
	r.send(http.MethodPost, "/v1/payment_methods/"+card, "application/x-www-form-urlencoded",
		"card[exp_month]="+at.Format("1")+"&card[exp_year]="+at.Format("2006"))
	r.settle()
}
