package billing

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

const metaPurchase = "purchase_id"

// payment is how a purchase stands at Stripe.
type payment struct {
	PurchaseID uuid.UUID
	Session    string
	Intent     string
	State      PurchaseState
}

// createPayment makes the session in which a purchase is paid; asked again it
// answers the same session. It returns errCustomerGone when the customer was
// deleted. In returnURL {PURCHASE_ID} becomes our own id.
func (g *gateway) createPayment(ctx context.Context, p Purchase, customer, returnURL string) (session, error) {
	meta := map[string]string{metaUser: p.UserID.String(), metaPurchase: p.ID.String()}
	back := strings.ReplaceAll(returnURL, "{PURCHASE_ID}", p.ID.String())
	params := &stripe.CheckoutSessionParams{
		Mode:              stripe.String(string(stripe.CheckoutSessionModePayment)),
		Customer:          new(customer),
		ClientReferenceID: new(p.UserID.String()),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: new(p.Currency), UnitAmount: new(p.AmountMinor),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: new(p.Title)},
			},
		}},
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: meta, Description: new(p.Title)},
		SuccessURL:        new(back),
		CancelURL:         new(back),
		Metadata:          meta,
	}
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("purchase", p.ID.String(), customer, strconv.FormatInt(p.AmountMinor, 10), p.Currency, p.Title, back))
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
		return session{}, fmt.Errorf("create the session of a purchase: %w", err)
	}
	return made, nil
}

// payment fetches how the session of a purchase stands; false when Stripe does
// not know it.
func (g *gateway) payment(ctx context.Context, sessionID string) (found payment, ok bool, err error) {
	params := &stripe.CheckoutSessionParams{}
	params.Context = ctx
	params.AddExpand("payment_intent")
	err = g.call(ctx, func() error {
		s, err := g.api.CheckoutSessions.Get(sessionID, params)
		if err == nil {
			found = paymentOf(s)
		}
		return err
	})
	if missing(err, "") || missing(err, "session") {
		return payment{}, false, nil
	}
	return found, err == nil, err
}

func paymentOf(s *stripe.CheckoutSession) payment {
	p := payment{Session: s.ID, State: paymentState(s)}
	p.PurchaseID, _ = uuid.Parse(s.Metadata[metaPurchase]) // none: nobody's
	if s.PaymentIntent != nil {
		p.Intent = s.PaymentIntent.ID
	}
	return p
}

// paymentState tells money from a promise of it: a session is complete before a
// bank account is debited.
// https://docs.stripe.com/payments/checkout/fulfill-orders#delayed-notification
func paymentState(s *stripe.CheckoutSession) PurchaseState {
	switch s.Status {
	case stripe.CheckoutSessionStatusOpen:
		return PurchaseOpen
	case stripe.CheckoutSessionStatusExpired:
		return PurchaseExpired
	case stripe.CheckoutSessionStatusComplete:
	}
	switch s.PaymentStatus {
	case stripe.CheckoutSessionPaymentStatusPaid, stripe.CheckoutSessionPaymentStatusNoPaymentRequired:
		return PurchasePaid
	case stripe.CheckoutSessionPaymentStatusUnpaid:
	}
	if s.PaymentIntent != nil {
		switch s.PaymentIntent.Status {
		case stripe.PaymentIntentStatusRequiresPaymentMethod, stripe.PaymentIntentStatusCanceled:
			return PurchaseFailed
		default:
		}
	}
	return PurchaseProcessing
}

// payBack gives all of a payment back; asked again it answers the same refund.
func (g *gateway) payBack(ctx context.Context, p Purchase) (id string, err error) {
	params := &stripe.RefundParams{
		PaymentIntent: new(*p.StripePaymentIntentID), Reason: new(string(stripe.RefundReasonRequestedByCustomer)),
		Metadata: map[string]string{metaUser: p.UserID.String(), metaPurchase: p.ID.String()},
	}
	params.Context = ctx
	params.SetIdempotencyKey(keyFor("pay-back", p.ID.String(), *p.StripePaymentIntentID))
	err = g.call(ctx, func() error {
		r, err := g.api.Refunds.New(params)
		if err == nil {
			id = r.ID
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("pay a purchase back: %w", err)
	}
	return id, nil
}
