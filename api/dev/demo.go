package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// demoPassword opens every demo account.
const demoPassword = "make room for yes"

// history is how far back the demo community goes: the sandbox lives through
// it, month by month, so that every number has a past.
const history = 240 * 24 * time.Hour

// sandboxNow is the base of the sandbox's time; loading the demo community
// brings it to the present.
func sandboxNow() time.Time { return clock.System{}.Now().Add(-history) }

// person is one of the demo community.
type person struct {
	email, name, what string
	roles             []account.Role
	cohort            string // she is in it, or leads it
}

func people() []person {
	return []person{
		{"admin@example.org", "Ada", "administrator: reports, members", []account.Role{account.Admin}, ""},
		{"becky@example.org", "Becky", "coach of both cohorts", []account.Role{account.Coach}, ""},
		{"mo@example.org", "Mo", "moderator", []account.Role{account.Moderator}, ""},
		{"aisha@example.org", "Aisha", "member, Winter cohort", nil, winter},
		{"beatriz@example.org", "Beatriz", "", nil, winter},
		{"chen@example.org", "Chen", "", nil, winter},
		{"dorothea@example.org", "Dorothea", "", nil, autumn},
		{"elif@example.org", "Elif", "member whose membership has ended", nil, ""},
		{"fatou@example.org", "Fatou", "member on a scholarship, Winter cohort", nil, winter},
		{"grace@example.org", "Grace", "member, Autumn cohort", nil, autumn},
		{"hanna@example.org", "Hanna", "", nil, autumn},
		{"ines@example.org", "Ines", "member whose last payment failed", nil, autumn},
		{"joy@example.org", "Joy", "", nil, ""},
		{"keiko@example.org", "Keiko", "", nil, winter},
		{"lucia@example.org", "Lucia", "", nil, ""},
	}
}

// shown are the accounts on the card.
func shown() []person {
	return slices.DeleteFunc(people(), func(p person) bool { return p.what == "" })
}

const (
	renewsFine  = "4242424242424242"
	renewsNever = "4000000000000341"
)

// event is something that happened so many days ago.
type event struct {
	daysAgo int
	do      func(context.Context, *community) error
}

func pays(email, plan, price, card string) func(context.Context, *community) error {
	return func(ctx context.Context, c *community) error { return c.subscribe(ctx, email, plan, price, card) }
}

func past() []event {
	return []event{
		{238, pays("lucia@example.org", "circle", "monthly", renewsFine)},
		{215, pays("beatriz@example.org", "circle", "annual", renewsFine)},
		{185, pays("hanna@example.org", "studio", "annual", renewsFine)},
		{180, pays("dorothea@example.org", "circle", "monthly", renewsFine)},
		{160, pays("aisha@example.org", "circle", "monthly", renewsFine)},
		{155, pays("grace@example.org", "circle", "monthly", renewsFine)},
		{150, ends("lucia@example.org")},
		{120, pays("chen@example.org", "studio", "monthly", renewsFine)},
		{95, pays("elif@example.org", "circle", "monthly", renewsFine)},
		{90, pays("joy@example.org", "evergreen", "monthly", renewsFine)},
		{70, granted("fatou@example.org", "scholarship", "Winter scholarship")},
		{65, moves("dorothea@example.org", "studio", "monthly")},
		{40, ends("elif@example.org")},
		{35, granted("keiko@example.org", "comp", "helps with the newsletter")},
		{33, pays("ines@example.org", "circle", "monthly", renewsNever)},
		{24, pays("lucia@example.org", "circle", "monthly", renewsFine)},
	}
}

func plans() []membership.PlanSpec {
	price := func(key, interval string, minor int64) membership.PriceSpec {
		return membership.PriceSpec{Key: key, Interval: interval, IntervalCount: 1, AmountMinor: minor, Currency: "usd"}
	}
	withTrial := func(p membership.PriceSpec) membership.PriceSpec { p.TrialDays = 14; return p }
	return []membership.PlanSpec{
		{
			Slug: "circle", Name: "Circle", Position: 1, Description: "The whole community, one cohort at a time.",
			Benefits: []string{"All community spaces", "One cohort at a time", "Weekly live session"},
			Prices:   []membership.PriceSpec{price("monthly", "month", 4900), withTrial(price("quarterly", "quarter", 13500)), price("annual", "year", 49000)},
		},
		{
			Slug: "studio", Name: "Studio", Position: 2, Description: "Circle, and a coach who works with you.",
			Benefits: []string{"Everything in Circle", "A coaching session each month", "Your applications read before they go out"},
			Prices:   []membership.PriceSpec{price("monthly", "month", 9900), price("annual", "year", 99000)},
		},
		{
			Slug: "evergreen", Name: "Evergreen", Position: 3, Description: "For those who have found their work and stay.",
			Benefits: []string{"All community spaces", "Alumnae evenings"},
			Prices:   []membership.PriceSpec{price("monthly", "month", 1900), price("annual", "year", 19000)},
		},
	}
}

// community is the demo community being loaded.
type community struct {
	app     *server.App
	stripe  sandbox
	phones  *authenticator
	users   map[string]account.User
	actors  map[string]account.Actor
	cohorts map[string]uuid.UUID
	spaces  map[string]uuid.UUID // by slug
}

// demo loads the community into an empty database, once.
func (r *run) demo(ctx context.Context) error {
	there, err := r.house.App.Membership.Plans(ctx)
	if err != nil {
		return err
	}
	if r.sandbox == nil {
		return r.ownStripe(ctx, len(there) > 0)
	}
	defer r.present()
	if len(there) > 0 {
		return nil
	}
	started := clock.System{}.Now()
	r.say("loading the demo community …")
	r.sandbox.PauseDeliveries(true) // what happened is read from Stripe, in order
	c := &community{
		app: r.house.App, stripe: sandbox{r.sandbox, r.house.Sandbox, r.cfg.StripeSecretKey}, phones: r.phones,
		users: map[string]account.User{}, actors: map[string]account.Actor{}, cohorts: map[string]uuid.UUID{}, spaces: map[string]uuid.UUID{},
	}
	for _, step := range []func(context.Context) error{c.catalogue, c.accounts, c.curriculum, c.money, c.talk, c.profiles} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("load the demo community (`go run ./api --fresh` starts over): %w", err)
		}
	}
	r.sandbox.DropHeld()
	r.sandbox.PauseDeliveries(false)
	r.say("loading the demo community … %d people, %d days of history, in %.1f s", len(people()), int(history.Hours()/24), clock.System{}.Now().Sub(started).Seconds())
	return nil
}

// ownStripe puts the plans into the Stripe account of STRIPE_SECRET_KEY, which
// gets no invented customers.
func (r *run) ownStripe(ctx context.Context, there bool) error {
	if !strings.Contains(r.cfg.StripeSecretKey, "_test_") {
		return errors.New("STRIPE_SECRET_KEY is not a test key; development mode does not touch a live account")
	}
	if there {
		return nil
	}
	r.say("putting the demo plans into your Stripe test account …")
	if err := r.house.App.Billing.Setup(ctx, plans(), billing.SetupOptions{}, r.opt.Out); err != nil {
		return fmt.Errorf("put the plans into your Stripe account: %w", err)
	}
	return nil
}

// present brings a sandbox that has no history to today.
func (r *run) present() {
	if behind := (clock.System{}).Now().Sub(r.sandbox.Now()); behind > 0 {
		r.sandbox.Advance(behind)
	}
}

func (c *community) catalogue(ctx context.Context) error {
	return c.app.Billing.Setup(ctx, plans(), billing.SetupOptions{}, io.Discard)
}

func (c *community) accounts(ctx context.Context) error {
	for i, p := range people() {
		user, err := c.app.Account.Create(ctx, account.NewUser{
			Email: p.email, Password: demoPassword, DisplayName: p.name, Roles: p.roles,
			CreatedAt: sandboxNow().Add(time.Duration(i) * time.Hour),
		})
		if err != nil {
			return fmt.Errorf("create %s: %w", p.email, err)
		}
		c.users[p.email] = user
		c.actors[p.email] = account.Actor{ID: user.ID, Verified: true, Roles: p.roles}
		if len(p.roles) == 0 {
			continue
		}
		if err := c.secondFactor(ctx, p.email); err != nil {
			return fmt.Errorf("set up the second factor of %s: %w", p.email, err)
		}
	}
	return nil
}

// secondFactor signs in and sets up what a role asks for. It is confirmed with the code
// before the current one, which stays good for the first to sign in.
func (c *community) secondFactor(ctx context.Context, email string) error {
	session, err := c.app.Account.LogIn(ctx, email, demoPassword)
	if err != nil {
		return err
	}
	who, err := c.app.Account.Authenticate(ctx, session.AccessToken)
	if err != nil {
		return err
	}
	begun, err := c.app.Factor.BeginTOTP(ctx, who)
	if err != nil {
		return err
	}
	if err := c.phones.keep(email, begun.Secret); err != nil {
		return err
	}
	code, err := c.phones.code(email, clock.System{}.Now().Add(-step*time.Second))
	if err != nil {
		return err
	}
	if _, err := c.app.Factor.ConfirmTOTP(ctx, who, code); err != nil {
		return err
	}
	return c.app.Account.LogOut(ctx, session.ID, "")
}

// money lives through the past, oldest first.
func (c *community) money(ctx context.Context) error {
	now := clock.System{}.Now()
	for _, e := range past() {
		at := now.AddDate(0, 0, -e.daysAgo)
		if wait := at.Sub(c.stripe.box.Now()); wait > 0 {
			c.stripe.box.Advance(wait)
		}
		if err := e.do(ctx, c); err != nil {
			return err
		}
	}
	c.stripe.box.Advance(max(0, now.Sub(c.stripe.box.Now())))
	for email := range c.users {
		if err := c.sync(ctx, email); err != nil {
			return err
		}
	}
	return nil
}
