package apitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// A letter about a card is refused as a mailbox does it: with a form, without a
// session, and as often as it likes.
func TestOneClickRefusesALetter(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	member := h.Payer(t)
	if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE stripe_customers SET card_checked_at = NULL`); err != nil {
		t.Fatal(err)
	}
	card, ok, err := h.App.Billing.Card(t.Context(), member)
	if err != nil || !ok {
		t.Fatalf("%+v, %v", card, err)
	}
	if err := h.App.Reminder.Promise(t.Context(), member, card.Cause()); err != nil {
		t.Fatal(err)
	}
	h.Settle(t)
	var log struct {
		Items []struct{ Kind, State string }
	}
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/admin/members/" + member.String() + "/letters", Token: w.Admin.Token}).
		Must(t, http.StatusOK).Into(t, &log)
	if len(log.Items) != 1 || log.Items[0].Kind != "card_expiring" || log.Items[0].State != "sent" {
		t.Fatalf("%+v", log)
	}
	link := ""
	for _, m := range h.Mail.Messages("") {
		if list := m.Headers["List-Unsubscribe"]; len(list) == 1 {
			link = strings.Trim(list[0], "<>")
		}
	}
	if !strings.HasPrefix(link, h.URL+"/v1/letters/") {
		t.Fatalf("the link is %q", link)
	}
	for range 2 {
		if status := oneClick(t, link); status != http.StatusOK {
			t.Errorf("%d", status)
		}
	}
	if status := oneClick(t, h.URL+"/v1/letters/nothing/refusal"); status != http.StatusNotFound {
		t.Errorf("a link of nobody: %d", status)
	}
	var refused int
	if err := h.App.DB.Pool().QueryRow(t.Context(), `SELECT count(*) FROM reminder_refusals WHERE user_id = $1`, member).Scan(&refused); err != nil || refused != 1 {
		t.Errorf("%d, %v", refused, err)
	}
}

func oneClick(t *testing.T, link string) int {
	t.Helper()
	form := url.Values{"List-Unsubscribe": {"One-Click"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, link, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
