package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// sandbox is Stripe as a person at its dashboard sees it.
type sandbox struct {
	box *stripesandbox.Sandbox
	url string
	key string
}

// call sends a form to the Stripe API, or JSON to a control operation.
func (s sandbox) call(ctx context.Context, method, path, body string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the sandbox: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/v1/") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		return fmt.Errorf("ask the sandbox: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("ask the sandbox: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the sandbox answered %d to %s %s: %s", resp.StatusCode, method, path, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// subscribe goes the way every member goes: checkout, hosted page, sync.
func (c *community) subscribe(ctx context.Context, email, plan, price, card string) error {
	checkout, _, err := c.app.Billing.StartCheckout(ctx, c.actors[email], billing.Choice{Plan: plan, Price: price})
	if err != nil {
		return fmt.Errorf("start checkout for %s: %w", email, err)
	}
	id := checkout.URL[strings.LastIndex(checkout.URL, "/")+1:]
	if err := c.stripe.call(ctx, http.MethodPost, "/_sandbox/sessions/"+id+"/pay", `{"card":"`+card+`"}`, nil); err != nil {
		return err
	}
	return c.sync(ctx, email)
}

// sync reads what Stripe says about somebody now, at the time it is there.
func (c *community) sync(ctx context.Context, email string) error {
	customer, err := c.app.Billing.Customer(ctx, c.users[email].ID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil // she has never paid
	}
	if err != nil {
		return err
	}
	return c.app.Billing.SyncCustomer(ctx, customer, "demo", c.stripe.box.Now())
}

// live is her running subscription at Stripe.
func (c *community) live(ctx context.Context, email string) (subscription, item string, err error) {
	customer, err := c.app.Billing.Customer(ctx, c.users[email].ID)
	if err != nil {
		return "", "", err
	}
	var list struct {
		Data []struct {
			ID    string
			Items struct{ Data []struct{ ID string } }
		}
	}
	if err := c.stripe.call(ctx, http.MethodGet, "/v1/subscriptions?customer="+customer, "", &list); err != nil {
		return "", "", err
	}
	if len(list.Data) == 0 {
		return "", "", errors.New(email + " has no subscription")
	}
	return list.Data[0].ID, list.Data[0].Items.Data[0].ID, nil
}

// ends lets her cancel, at once.
func ends(email string) func(context.Context, *community) error {
	return func(ctx context.Context, c *community) error {
		id, _, err := c.live(ctx, email)
		if err != nil {
			return err
		}
		if err := c.stripe.call(ctx, http.MethodDelete, "/v1/subscriptions/"+id, "", nil); err != nil {
			return err
		}
		return c.sync(ctx, email)
	}
}

// moves lets her change her plan.
func moves(email, plan, price string) func(context.Context, *community) error {
	return func(ctx context.Context, c *community) error {
		id, item, err := c.live(ctx, email)
		if err != nil {
			return err
		}
		sale, err := c.app.Membership.Price(ctx, plan, price)
		if err != nil {
			return err
		}
		form := url.Values{"items[0][id]": {item}, "items[0][price]": {*sale.Price.StripePriceID}, "proration_behavior": {"none"}}
		if err := c.stripe.call(ctx, http.MethodPost, "/v1/subscriptions/"+id, form.Encode(), nil); err != nil {
			return err
		}
		return c.sync(ctx, email)
	}
}

// granted gives access that nobody pays for.
func granted(email, kind, reason string) func(context.Context, *community) error {
	return func(ctx context.Context, c *community) error {
		ends := clock.System{}.Now().AddDate(0, 4, 0)
		admin := c.users["admin@example.org"].ID
		_, err := c.app.Membership.Grant(ctx, membership.Grant{
			UserID: c.users[email].ID, Kind: kind, Level: membership.Full,
			StartsAt: c.stripe.box.Now(), EndsAt: &ends, Reason: reason, GrantedBy: &admin,
		})
		return err
	}
}
