package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Membership answers for plans, one's own membership and paying for it.
type Membership struct {
	Membership *membership.Membership
	Billing    *billing.Billing
}

// ListPlans answers GET /v1/plans.
func (h Membership) ListPlans(ctx context.Context, _ openapi.ListPlansRequestObject) (openapi.ListPlansResponseObject, error) {
	plans, err := h.Membership.Plans(ctx)
	if err != nil {
		return nil, err
	}
	items := make([]openapi.Plan, len(plans))
	for i, p := range plans {
		items[i] = planOut(p)
	}
	return openapi.ListPlans200JSONResponse{Items: items}, nil
}

// GetMembership answers GET /v1/membership.
func (h Membership) GetMembership(ctx context.Context, _ openapi.GetMembershipRequestObject) (openapi.GetMembershipResponseObject, error) {
	own, err := h.Membership.Of(ctx, actor(ctx).ID)
	if err != nil {
		return nil, err
	}
	lines := make([]openapi.Subscription, len(own.Subscriptions))
	for i, s := range own.Subscriptions {
		lines[i] = subscriptionOut(s)
	}
	return openapi.GetMembership200JSONResponse{Access: accessOut(own.Access), Subscriptions: lines}, nil
}

// StartCheckout answers POST /v1/membership/checkout.
func (h Membership) StartCheckout(ctx context.Context, in openapi.StartCheckoutRequestObject) (openapi.StartCheckoutResponseObject, error) {
	open, fresh, err := h.Billing.StartCheckout(ctx, actor(ctx), in.Body.Plan, in.Body.Price)
	if err != nil {
		return nil, err
	}
	out := openapi.Checkout{CheckoutURL: open.URL, ExpiresAt: open.ExpiresAt}
	if !fresh {
		return openapi.StartCheckout200JSONResponse(out), nil
	}
	return openapi.StartCheckout201JSONResponse(out), nil
}

func planOut(p membership.PlanWithPrices) openapi.Plan {
	out := openapi.Plan{Slug: p.Slug, Name: p.Name, Description: p.Description, Benefits: []string{}, Prices: make([]openapi.Price, len(p.Prices))}
	out.Benefits = append(out.Benefits, p.BenefitList()...)
	for i, price := range p.Prices {
		out.Prices[i] = openapi.Price{
			Key: price.Key, Interval: openapi.Interval(price.Interval), IntervalCount: int(price.IntervalCount),
			Amount: openapi.Money{Minor: price.AmountMinor, Currency: price.Currency}, TrialDays: int(price.TrialDays),
		}
	}
	return out
}

func accessOut(a membership.Access) openapi.Access {
	return openapi.Access{
		Level: openapi.AccessLevel(a.Level), Reason: openapi.AccessReason(a.Reason), Until: orZero(a.Until),
		Notice: openapi.AccessNotice(a.Notice), PayURL: a.PayURL,
	}
}

func subscriptionOut(s membership.Line) openapi.Subscription {
	return openapi.Subscription{
		ID: s.ID, Plan: s.PlanSlug, Price: s.PriceKey, Status: openapi.SubscriptionStatus(s.Status),
		Amount: openapi.Money{Minor: s.AmountMinor, Currency: s.Currency}, Interval: openapi.Interval(s.Interval),
		IntervalCount: int(s.IntervalCount), CurrentPeriodEnd: orZero(s.CurrentPeriodEnd), EndsAt: orZero(s.EndsAt()),
	}
}
