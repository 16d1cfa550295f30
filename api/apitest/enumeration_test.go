package apitest_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// naming is a request that names an address, and what everybody is answered
// who has not proved that it is hers.
type naming struct {
	status int
	hashes int64
	with   map[string]any // beside the address
	before func(t *testing.T, h *apitest.House, email string)
	path   string // where it is not the operation's
	admin  bool   // an administrator asks
}

// namings has an entry for every operation that takes an address.
func namings(t *testing.T, h *apitest.House) map[string]naming {
	t.Helper()
	plan := membership.PlanSpec{Slug: "circle", Name: "Circle", Description: "Everything", Prices: []membership.PriceSpec{
		{Key: "monthly", Interval: "month", IntervalCount: 1, AmountMinor: 4900, Currency: "usd"},
	}}
	if err := h.SetUpStripe(t, []membership.PlanSpec{plan}); err != nil {
		t.Fatal(err)
	}
	_, link := h.Invite(t, invitation.Invite{Uses: 1000})
	seats := sponsorship(t, h)
	newcomer := map[string]any{"password": "twelve years of logistics", "display_name": "Maria"}
	return map[string]naming{
		"signUp":         {status: http.StatusAccepted, hashes: 1, with: newcomer},
		"logIn":          {status: http.StatusUnauthorized, hashes: 1, with: map[string]any{"password": "a guess, and another"}},
		"requestCode":    {status: http.StatusAccepted},
		"signInWithCode": {status: http.StatusUnprocessableEntity, with: map[string]any{"code": "000000"}, before: askForCode},
		"forgotPassword": {status: http.StatusAccepted},
		"joinByInvitation": {status: http.StatusAccepted, hashes: 1, with: map[string]any{
			"token": link, "password": newcomer["password"], "display_name": newcomer["display_name"],
		}},
		"changeEmail":      {status: http.StatusAccepted},
		"createInvitation": {status: http.StatusCreated},
		"inviteToSeat":     {status: http.StatusCreated, path: "/v1/sponsorships/" + seats + "/invitations", admin: true},
		"buyGift":          {status: http.StatusCreated, with: map[string]any{"plan": "circle", "price": "monthly", "months": 1}},
	}
}

// sponsorship is one with seats to invite to.
func sponsorship(t *testing.T, h *apitest.House) (id string) {
	t.Helper()
	var made struct{ ID string }
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/admin/sponsorships", Token: h.Person(t, "who opens it", account.Admin).Token,
		Body: map[string]any{"organisation": "Harbour Logistics", "seats": 100},
	}).Must(t, http.StatusCreated).Into(t, &made)
	return made.ID
}

// askForCode does what whoever tries codes has done before.
func askForCode(t *testing.T, h *apitest.House, email string) {
	t.Helper()
	if err := h.App.Signin.RequestCode(t.Context(), email); err != nil {
		t.Fatal(err)
	}
}

// address is of one length for all, so that answers that repeat it are too.
func address() string { return uuid.NewString() + "@example.org" }

// addresses makes one of each kind, with a password where that is asked for.
func addresses(t *testing.T, h *apitest.House, op middleware.Operation) map[string]string {
	t.Helper()
	all := map[string]string{"unknown": address()}
	password := ""
	if op.ID == "logIn" {
		password = apitest.Password
	}
	known := func(kind, password string) apitest.Someone {
		email := address()
		u, err := h.App.Account.Create(t.Context(), account.NewUser{Email: email, Password: password, DisplayName: kind})
		if err != nil {
			t.Fatal(err)
		}
		all[kind] = email
		return apitest.Someone{ID: u.ID, Email: email}
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	moving := known("known", password)
	known("without a password", "")
	h.Role(t, known("of the staff", password).ID, account.Moderator)
	_, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE users SET factors = 'totp' WHERE id = $1`, known("with a second factor", password).ID)
	must(err)
	end := h.App.Clock.Now().Add(48 * time.Hour)
	_, err = h.App.Account.Suspend(t.Context(), account.Actor{}, known("suspended", password).ID, account.NewSuspension{Reason: "a test", EndsAt: &end})
	must(err)
	h.Suspend(t, known("banned", password).ID, admin.Everything)
	h.Unverify(t, known("unverified", password))
	_, err = h.App.Privacy.PlanErasure(t.Context(), known("leaving", password).Actor(), privacy.Pseudonymise)
	must(err)
	all["signing up"], all["invited"], all["moved to"] = address(), address(), address()
	_, err = h.App.Account.SignUp(t.Context(), account.NewSignup{Email: all["signing up"], Password: apitest.Password, DisplayName: "Maria"})
	must(err)
	_, _, err = h.App.Invitation.InviteByHand(t.Context(), invitation.Invite{Email: all["invited"]}, true)
	must(err)
	must(h.App.Signin.ChangeEmail(t.Context(), moving.Actor(), all["moved to"]))
	return all
}

// Every operation that takes an address answers with the same bytes and the
// same headers, cookies and rate limits among them, after the same statements
// and password hashes, whatever is behind the address; again and again, until
// it is told to wait, and then too. Only an id and the time may differ.
func TestNoAnswerTellsWhatIsBehindAnAddress(t *testing.T) {
	t.Parallel()
	now := clock.NewManual(time.Now())
	h := apitest.At(t, now, func(c *server.Config) { c.RateLimitFactor, c.TrustedProxies = 1, []string{"127.0.0.1"} })
	w := &watch{h: h}
	h.App.Observe = w.observe
	all := namings(t, h)
	for _, op := range h.App.Contract.Operations {
		if !op.Takes("email") {
			continue
		}
		n, ok := all[op.ID]
		if !ok {
			t.Errorf("%s takes an address: give it an entry in namings", op.ID)
			continue
		}
		delete(all, op.ID)
		t.Run(op.ID, func(t *testing.T) { asked(t, w, now, op, n) })
	}
	for id := range all {
		t.Errorf("%s takes no address: take it out of namings", id)
	}
}

// asked sends rounds of requests, one for each kind of address by somebody of
// her own, and compares the answers.
func asked(t *testing.T, w *watch, now *clock.Manual, op middleware.Operation, n naming) {
	t.Helper()
	now.Advance(time.Hour) // so that those who asked before do not count
	emails, tokens := addresses(t, w.h, op), map[string]string{}
	for kind, email := range emails {
		tokens[kind] = caller(t, w.h, op, n)
		now.Advance(time.Second) // so that signing in here is not too much
		if n.before != nil {
			n.before(t, w.h, email)
		}
	}
	w.h.Settle(t)
	const rounds = 6
	for round := range rounds {
		first := w.ask(t, op, n, emails["unknown"], tokens["unknown"])
		if want := fmt.Sprintf("%d, %d hashes", n.status, n.hashes); round == 0 && !strings.HasPrefix(first, want) {
			t.Fatalf("an unknown address is answered %s\nwant %s", first, want)
		}
		if round == rounds-1 && !strings.HasPrefix(first, "429, 0 hashes") {
			t.Errorf("no end to asking: %s", first)
		}
		for kind, email := range emails {
			if kind == "unknown" {
				continue
			}
			if got := w.ask(t, op, n, email, tokens[kind]); got != first {
				t.Errorf("request %d, %s: %s\nand unknown: %s", round+1, kind, got, first)
			}
		}
		now.Advance(time.Second)
	}
}

// caller signs in whoever may ask, a new person each time; "" for anyone.
func caller(t *testing.T, h *apitest.House, op middleware.Operation, n naming) string {
	t.Helper()
	switch {
	case op.Access.Who == middleware.Anyone:
		return ""
	case n.admin, op.Access.Relation == "inviter":
		return h.Person(t, "administrator", account.Admin).Token
	}
	return h.Person(t, "member").Token
}

// watch knows what the last request took.
type watch struct {
	h     *apitest.House
	asked int
	of    string // the operation that is looked at; Stripe may call at the same time

	mu   sync.Mutex
	last middleware.Observed
}

func (w *watch) observe(o middleware.Observed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o.Operation == w.of {
		w.last = o
	}
}

var (
	anyID   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	attempt = regexp.MustCompile(`"signup":"[^"]*"`)
	paidAt  = regexp.MustCompile(`cs_test_[0-9A-Za-z]+`)
	expiry  = regexp.MustCompile(`"expires_at":"[^"]*"`)
)

// ask gives all there is to see of an answer, without what is random.
func (w *watch) ask(t *testing.T, op middleware.Operation, n naming, email, token string) string {
	t.Helper()
	body := map[string]any{"email": email}
	maps.Copy(body, n.with)
	w.asked++
	w.mu.Lock()
	w.of = op.ID
	w.mu.Unlock()
	path := cmp.Or(n.path, op.Path)
	before, _ := w.h.App.Account.PasswordWork()
	a := w.h.Do(t, apitest.Call{Method: op.Method, Path: path, Token: token, Body: body, Header: map[string]string{
		"X-Request-Id": "request-of-a-test", "X-Forwarded-For": fmt.Sprintf("203.0.%d.%d", w.asked/250, w.asked%250),
	}})
	after, _ := w.h.App.Account.PasswordWork()
	a.Header.Del("Date")
	w.mu.Lock()
	defer w.mu.Unlock()
	text := fmt.Sprintf("%d, %d hashes, %d statements\n%v\n%s", a.Status, after-before, w.last.Statements, a.Header, a.Body)
	for _, random := range []*regexp.Regexp{anyID, attempt, paidAt, expiry} {
		text = random.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("x", len(s)) })
	}
	return text
}
