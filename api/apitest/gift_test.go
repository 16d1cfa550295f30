package apitest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// payOnce pays a session as the buyer does, and waits until all is done.
func payOnce(t *testing.T, h *apitest.House, checkoutURL, card string) {
	t.Helper()
	h.Control(t, "/_sandbox/sessions/"+checkoutURL[strings.LastIndexByte(checkoutURL, '/')+1:]+"/pay", `{"card":"`+card+`"}`)
	h.Settle(t)
}

// Maria gives three months, pays, the letter brings them, and Aisha accepts.
func TestAGiftFromTheWishToTheDoor(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.World(t)
	maria, aisha := h.Person(t, "maria who gives"), h.Person(t, "aisha")
	do := func(who apitest.Someone, method, path string, body any, status int) apitest.Answer {
		t.Helper()
		return h.Do(t, apitest.Call{Method: method, Path: path, Token: who.Token, Body: body}).Must(t, status)
	}
	type toPay struct {
		Gift struct {
			ID    uuid.UUID
			State string
		}
		Purchase uuid.UUID `json:"purchase_id"`
		URL      string    `json:"checkout_url"`
	}
	var bought, again toPay
	address := "gift." + uuid.NewString() + "@example.org"
	do(maria, http.MethodPost, "/v1/gifts", map[string]any{"plan": "circle", "price": "monthly", "months": 3, "email": address, "name": "Aisha"}, http.StatusCreated).Into(t, &bought)
	do(maria, http.MethodPost, "/v1/gifts/"+bought.Gift.ID.String()+"/checkout", nil, http.StatusOK).Into(t, &again)
	if again.URL != bought.URL || again.Purchase != bought.Purchase || bought.Gift.State != "unpaid" {
		t.Errorf("%+v, %+v", bought, again)
	}
	do(aisha, http.MethodPost, "/v1/gifts/"+bought.Gift.ID.String()+"/checkout", nil, http.StatusNotFound)
	payOnce(t, h, bought.URL, "4242424242424242")
	if code := do(maria, http.MethodPost, "/v1/gifts/"+bought.Gift.ID.String()+"/checkout", nil, http.StatusConflict).Code(); code != "gift-settled" {
		t.Errorf("%s", code)
	}
	if a := do(maria, http.MethodGet, "/v1/membership/purchases/"+bought.Purchase.String(), nil, http.StatusOK); !strings.Contains(string(a.Body), `"state":"paid"`) {
		t.Errorf("%s", a.Body)
	}

	_, rest, ok := strings.Cut(h.Mail.Messages(address)[0].Text, apitest.Origin+"/gift#token=")
	if !ok {
		t.Fatal("there is no link in the letter")
	}
	token := map[string]string{"token": strings.Fields(rest)[0]}
	if a := do(apitest.Someone{}, http.MethodPost, "/v1/auth/gift", token, http.StatusOK); !strings.Contains(string(a.Body), `"months":3`) {
		t.Errorf("%s", a.Body)
	}
	var given struct {
		Kind   string
		EndsAt time.Time `json:"ends_at"`
	}
	do(aisha, http.MethodPost, "/v1/me/gifts", token, http.StatusOK).Into(t, &given)
	if given.Kind != "gift" || given.EndsAt.Before(time.Now().AddDate(0, 2, 20)) {
		t.Errorf("%+v", given)
	}
	if code := do(maria, http.MethodPost, "/v1/me/gifts", token, http.StatusNotFound).Code(); code != "gift-over" {
		t.Errorf("%s", code)
	}
	do(aisha, http.MethodPost, "/v1/auth/gift", token, http.StatusNotFound)
	if a := do(aisha, http.MethodGet, "/v1/membership", nil, http.StatusOK); !strings.Contains(string(a.Body), `"level":"full"`) {
		t.Errorf("%s", a.Body)
	}
	takenBack(t, h, maria)
	if a := do(maria, http.MethodGet, "/v1/gifts", nil, http.StatusOK); !strings.Contains(string(a.Body), `"state":"redeemed"`) || strings.Contains(string(a.Body), aisha.ID.String()) {
		t.Errorf("who opened it is hers to tell: %s", a.Body)
	}
}

// takenBack lets somebody buy a gift that an administrator takes back.
func takenBack(t *testing.T, h *apitest.House, who apitest.Someone) {
	t.Helper()
	admin := h.Person(t, "admin", account.Admin)
	var bought struct {
		Gift     struct{ ID uuid.UUID }
		Purchase uuid.UUID `json:"purchase_id"`
		URL      string    `json:"checkout_url"`
	}
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/gifts", Token: who.Token, Body: map[string]any{"plan": "circle", "price": "monthly", "months": 1}}).
		Must(t, http.StatusCreated).Into(t, &bought)
	payOnce(t, h, bought.URL, "4242424242424242")
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/admin/gifts/" + bought.Gift.ID.String() + "/withdrawal", Token: admin.Token}).Must(t, http.StatusOK)
	h.Settle(t)
	a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/membership/purchases/" + bought.Purchase.String(), Token: who.Token}).Must(t, http.StatusOK)
	if !strings.Contains(string(a.Body), `"refunded_at"`) {
		t.Errorf("her money is not on its way: %s", a.Body)
	}
}
