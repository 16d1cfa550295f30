package billing

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// The metadata that says an object at Stripe is ours, and whose.
const (
	metaUser     = "user_id"
	metaCheckout = "checkout_id"
	metaPrice    = "price_id"
)

// createCustomer makes a member's customer, or finds the one that an earlier
// try made although its answer was lost. replaces is the id of the customer
// that is gone, if there was one.
func (g *gateway) createCustomer(ctx context.Context, userID uuid.UUID, email, replaces string) (string, error) {
	var id string
	var err error
	for attempt := range 3 {
		// A key is forgotten after a day, and a failed one answers its failure until then: only looking tells.
		if id, err = g.findCustomer(ctx, userID, email, replaces); id != "" || err != nil {
			return id, err
		}
		params := &stripe.CustomerParams{Email: new(email), Metadata: map[string]string{metaUser: userID.String()}}
		params.Context = ctx //nolint:fatcontext // the parameters are made anew each time
		params.SetIdempotencyKey(keyFor("customer", userID.String(), email, replaces, strconv.Itoa(attempt)))
		err = g.call(ctx, func() error {
			c, err := g.api.Customers.New(params)
			if err == nil {
				id = c.ID
			}
			return err
		})
		if err == nil || !failedForGood(err) {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("create a customer: %w", err)
	}
	return id, nil
}

func (g *gateway) findCustomer(ctx context.Context, userID uuid.UUID, email, except string) (string, error) {
	params := &stripe.CustomerListParams{Email: new(email)}
	params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize)
	found := ""
	err := g.call(ctx, func() error {
		it := g.api.Customers.List(params)
		for it.Next() {
			c := it.Customer()
			if !c.Deleted && c.ID != except && c.Metadata[metaUser] == userID.String() {
				found = c.ID
			}
		}
		return it.Err()
	})
	if err != nil {
		return "", fmt.Errorf("look for a customer: %w", err)
	}
	return found, nil
}

// tellEmail sets the address that Stripe writes to. A customer that is gone is
// no error.
func (g *gateway) tellEmail(ctx context.Context, id, email string) error {
	params := &stripe.CustomerParams{Email: new(email)}
	params.Context = ctx
	err := g.call(ctx, func() error {
		_, err := g.api.Customers.Update(id, params)
		return err
	})
	if err != nil && !missing(err, "") {
		return fmt.Errorf("tell the address of customer %s: %w", id, err)
	}
	return nil
}

// sessionOrder is what a checkout session is made of. All of it is persisted
// or derived, so that asking twice asks the same.
type sessionOrder struct {
	CheckoutID uuid.UUID
	UserID     uuid.UUID
	PriceID    uuid.UUID
	Customer   string
	Price      string // Stripe's id
	TrialDays  int64
	Coupon     string     // "" for none
	NoCard     bool       // none is asked for while nothing is due
	ExpiresAt  *time.Time // nil: as late as Stripe lets it
	SuccessURL string
	CancelURL  string
}

// session is a checkout session at Stripe.
type session struct {
	ID           string
	URL          string
	Status       string // open, complete or expired
	Subscription string // that came of it
	ExpiresAt    time.Time
}

var errCustomerGone = errors.New("the customer does not exist at Stripe any more")

// createSession makes the session of an order; asked again it answers the
// same session. It returns errCustomerGone when the customer was deleted.
func (g *gateway) createSession(ctx context.Context, o sessionOrder) (session, error) {
	meta := map[string]string{metaUser: o.UserID.String(), metaCheckout: o.CheckoutID.String(), metaPrice: o.PriceID.String()}
	params := &stripe.CheckoutSessionParams{
		Mode:              stripe.String(string(stripe.CheckoutSessionModeSubscription)),
		Customer:          new(o.Customer),
		ClientReferenceID: new(o.UserID.String()),
		LineItems:         []*stripe.CheckoutSessionLineItemParams{{Price: new(o.Price), Quantity: stripe.Int64(1)}},
		SubscriptionData:  &stripe.CheckoutSessionSubscriptionDataParams{Metadata: meta},
		SuccessURL:        new(o.SuccessURL),
		CancelURL:         new(o.CancelURL),
		Metadata:          meta,
	}
	if o.TrialDays > 0 {
		params.SubscriptionData.TrialPeriodDays = new(o.TrialDays)
	}
	if o.Coupon != "" {
		params.Discounts = []*stripe.CheckoutSessionDiscountParams{{Coupon: new(o.Coupon)}}
	}
	if o.NoCard {
		o.askNoCard(params)
	}
	if o.ExpiresAt != nil {
		params.ExpiresAt = new(o.ExpiresAt.Unix())
	}
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("session", o.CheckoutID.String(), o.Customer, o.Price,
		strconv.FormatInt(o.TrialDays, 10), strconv.FormatBool(o.NoCard), o.Coupon, o.until(), o.SuccessURL, o.CancelURL))
	var made session
	err := g.call(ctx, func() error {
		s, err := g.api.CheckoutSessions.New(params)
		if err == nil {
			made = sessionOf(s)
		}
		return err
	})
	if missing(err, "customer") {
		return session{}, errCustomerGone
	}
	if err != nil {
		return session{}, fmt.Errorf("create a checkout session: %w", err)
	}
	return made, nil
}

// until is when it expires, for the key.
func (o sessionOrder) until() string {
	if o.ExpiresAt == nil {
		return ""
	}
	return strconv.FormatInt(o.ExpiresAt.Unix(), 10)
}

// askNoCard asks for a card only when something is due now. A trial that ends
// without one waits for it, and bills nobody.
func (o sessionOrder) askNoCard(params *stripe.CheckoutSessionParams) {
	params.PaymentMethodCollection = stripe.String(string(stripe.CheckoutSessionPaymentMethodCollectionIfRequired))
	if o.TrialDays > 0 {
		params.SubscriptionData.TrialSettings = &stripe.CheckoutSessionSubscriptionDataTrialSettingsParams{
			EndBehavior: &stripe.CheckoutSessionSubscriptionDataTrialSettingsEndBehaviorParams{MissingPaymentMethod: new("pause")},
		}
	}
}

// session fetches a checkout session; false when Stripe does not know it.
func (g *gateway) session(ctx context.Context, id string) (found session, ok bool, err error) {
	params := &stripe.CheckoutSessionParams{}
	params.Context = ctx
	err = g.call(ctx, func() error {
		s, err := g.api.CheckoutSessions.Get(id, params)
		if err == nil {
			found = sessionOf(s)
		}
		return err
	})
	if missing(err, "") || missing(err, "session") {
		return session{}, false, nil
	}
	return found, err == nil, err
}

// expireSession closes an open session, so that nobody can pay there. It
// answers it as it found or left it.
func (g *gateway) expireSession(ctx context.Context, id string) (session, error) {
	found, ok, err := g.session(ctx, id)
	if err != nil {
		return found, fmt.Errorf("look up a checkout session: %w", err)
	}
	if !ok {
		return session{ID: id, Status: checkoutExpired}, nil
	}
	if found.Status != checkoutOpen {
		return found, nil
	}
	params := &stripe.CheckoutSessionExpireParams{}
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("expire", id))
	err = g.call(ctx, func() error {
		_, err := g.api.CheckoutSessions.Expire(id, params)
		return err
	})
	if err != nil {
		return found, fmt.Errorf("expire a checkout session: %w", err)
	}
	found.Status = checkoutExpired
	return found, nil
}

func sessionOf(s *stripe.CheckoutSession) session {
	made := session{ID: s.ID, URL: s.URL, Status: string(s.Status), ExpiresAt: time.Unix(s.ExpiresAt, 0).UTC()}
	if s.Subscription != nil {
		made.Subscription = s.Subscription.ID
	}
	return made
}
