package apitest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// Checkout starts paying for the circle and gives the id of the checkout, or
// uuid.Nil when she may not.
func (h *House) Checkout(t testing.TB, s Someone) uuid.UUID {
	t.Helper()
	a := h.Do(t, Call{Method: http.MethodPost, Path: "/v1/membership/checkout", Token: s.Token, Body: map[string]string{"plan": "circle", "price": "monthly"}})
	var open struct{ ID uuid.UUID }
	if a.Status == http.StatusOK || a.Status == http.StatusCreated {
		a.Into(t, &open)
	}
	return open.ID
}

// Plan makes a hidden plan with a monthly price.
func (h *House) Plan(t testing.TB) billing.Shelf {
	t.Helper()
	made, err := h.App.Billing.AddPlan(t.Context(), account.Actor{}, membership.PlanSpec{
		Slug: "plan-" + pg.NewID().String(), Name: "A plan", State: membership.Hidden,
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err = h.App.Billing.OfferPrice(t.Context(), account.Actor{}, made.ID, membership.PriceSpec{
		Key: "monthly", Interval: "month", AmountMinor: 900, Currency: "usd",
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Offer makes an offer for the circle, as far as our side of it.
func (h *House) Offer(t testing.TB) billing.Offered {
	t.Helper()
	made, err := h.App.Billing.MakeOffer(t.Context(), account.Actor{}, "circle", billing.Offer{
		Slug: "offer-" + pg.NewID().String(), PercentOff: 20, Duration: billing.Once, EndsAt: h.App.Clock.Now().Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Paying is somebody who pays for the circle.
func (h *House) Paying(t testing.TB) Someone {
	t.Helper()
	s := h.Person(t, "who pays")
	var open struct {
		URL string `json:"checkout_url"`
	}
	h.Do(t, Call{
		Method: http.MethodPost, Path: "/v1/membership/checkout", Token: s.Token, Body: map[string]string{"plan": "circle", "price": "monthly"},
	}).Must(t, http.StatusCreated).Into(t, &open)
	h.Control(t, "/_sandbox/sessions/"+open.URL[strings.LastIndexByte(open.URL, '/')+1:]+"/pay", `{"card":"4242424242424242"}`)
	h.Settle(t)
	return s
}
