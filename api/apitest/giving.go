package apitest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/grant"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/scholarship"
	"github.com/womens-tech-conservatory/conservatory/internal/sponsor"
)

// Given gives somebody something to read without payment, and gives the id of
// the grant.
func (h *House) Given(t testing.TB, userID uuid.UUID) uuid.UUID {
	t.Helper()
	g, err := h.App.Grant.Give(t.Context(), account.Actor{}, userID, grant.Comp{Level: membership.ReadOnly, Reason: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	return g.ID
}

// Purchase lets somebody go to pay for something, and gives its id.
func (h *House) Purchase(t testing.TB, who Someone) uuid.UUID {
	t.Helper()
	p, _, err := h.App.Billing.Buy(t.Context(), who.Actor(), billing.Order{
		Purpose: billing.ForDonation, SubjectID: uuid.New(), Title: "A donation", AmountMinor: 2500, Currency: "usd",
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// Gift makes a gift that somebody has bought, and gives its id.
func (h *House) Gift(t testing.TB, who Someone, paid bool) uuid.UUID {
	t.Helper()
	if who.Token == "" {
		return uuid.Nil
	}
	const sql = `INSERT INTO gifts (id, buyer_id, plan, months, amount_minor, currency, recipient_name, message, deliver_at, created_at, paid_at, expires_at)
		VALUES ($1, $2, 'circle', 3, 14700, 'usd', '', '', $5, $5, $3, $4)`
	id, now := pg.NewID(), h.App.Clock.Now()
	var paidAt, until *time.Time
	if paid {
		end := now.AddDate(1, 0, 0)
		paidAt, until = &now, &end
	}
	if _, err := h.App.DB.Pool().Exec(t.Context(), sql, id, who.ID, paidAt, until, now); err != nil {
		t.Fatal(err)
	}
	return id
}

// GiftToken is what the link of a gift that is ready carries.
func (h *House) GiftToken(t testing.TB, buyer Someone, id uuid.UUID) string {
	t.Helper()
	link, err := h.App.Gifts.Link(t.Context(), buyer.Actor(), id)
	if err != nil {
		t.Fatal(err)
	}
	return link[len(h.App.Config.FrontendURL+"/gift#token="):]
}

// giving puts what works into a request about months that somebody else pays for.
func (w World) giving(t testing.TB, op middleware.Operation, c *Call) {
	t.Helper()
	body, _ := c.Body.(map[string]any)
	switch op.ID {
	case "showGift", "redeemGift":
		body["token"] = w.h.GiftToken(t, w.A, w.h.Gift(t, w.A, true))
	case "showSeat", "takeSeat":
		body["token"] = w.h.SeatToken(t)
	case "leaveSeat":
		if c.Token != "" {
			w.h.seat(t, c.Token)
		}
	case "inviteToSeat":
		body["email"] = uuid.NewString() + "@example.org"
	case "addSponsorContact", "removeSponsorContact":
		w.contact(t, op, c)
	case "decideApplication":
		c.Body = map[string]any{"answer": "awarded", "fund_id": w.h.Fund(t).String(), "plan": "circle", "price": "monthly", "months": 1}
	case "buyGift":
		body["email"] = uuid.NewString() + "@example.org"
	}
}

// Fund opens a fund with money in it, and gives its id.
func (h *House) Fund(t testing.TB) uuid.UUID {
	t.Helper()
	f, err := h.App.Scholarship.OpenFund(t.Context(), account.Actor{}, scholarship.NewFund{Name: "The open door", Currency: "usd"})
	if err == nil {
		_, err = h.App.Scholarship.Move(t.Context(), account.Actor{}, f.ID, 100_000, "a test")
	}
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

// application is one of hers, or for those who decide, of somebody else.
func (w World) application(t testing.TB, op middleware.Operation, who Someone) uuid.UUID {
	t.Helper()
	asks := who.ID
	if op.ID != "withdrawApplication" {
		asks = w.h.Stranger(t)
	}
	a, err := w.h.App.Scholarship.Apply(t.Context(), account.Actor{ID: asks}, scholarship.Ask{Months: 1, Situation: "a test"})
	if errors.Is(err, scholarship.ErrApplied) { // that one will do
		var all []scholarship.Application
		if all, err = w.h.App.Scholarship.Of(t.Context(), account.Actor{ID: asks}); err == nil {
			a = all[0]
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// Sponsorship opens ten seats that somebody speaks for, and gives the id.
func (h *House) Sponsorship(t testing.TB, contact Someone) uuid.UUID {
	t.Helper()
	of, err := h.App.Sponsors.Open(t.Context(), account.Actor{}, sponsor.Terms{Organisation: "Harbour Logistics", Seats: 10})
	if err == nil && contact.ID != uuid.Nil {
		err = h.App.Sponsors.AddContact(t.Context(), account.Actor{}, of.ID, contact.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return of.ID
}

// SeatToken is what the link to a free seat carries.
func (h *House) SeatToken(t testing.TB) string {
	t.Helper()
	operator := account.Actor{Roles: []account.Role{account.Admin}}
	_, link, err := h.App.Sponsors.Invite(t.Context(), operator, h.Sponsorship(t, Someone{}), "")
	if err != nil {
		t.Fatal(err)
	}
	return link[len(h.App.Config.FrontendURL+"/seat#token="):]
}

// seat lets who has this token take a seat.
func (h *House) seat(t testing.TB, token string) {
	t.Helper()
	who, err := h.App.Account.Authenticate(t.Context(), token)
	if err == nil {
		_, err = h.App.Sponsors.Accept(t.Context(), who, h.SeatToken(t))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// contact is a neighbour, who speaks for the sponsorship where she is to lose it.
func (w World) contact(t testing.TB, op middleware.Operation, c *Call) {
	t.Helper()
	her := w.h.Stranger(t)
	if op.ID == "removeSponsorContact" {
		of := uuid.MustParse(strings.Split(c.Path, "/")[4])
		if err := w.h.App.Sponsors.AddContact(t.Context(), account.Actor{}, of, her); err != nil {
			t.Fatal(err)
		}
	}
	c.Path = strings.Replace(c.Path, "{user_id}", her.String(), 1)
}
