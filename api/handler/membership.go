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
	own, err := h.own(ctx)
	return openapi.GetMembership200JSONResponse(own), err
}

// own is her membership as it is now.
func (h Membership) own(ctx context.Context) (openapi.Membership, error) {
	own, err := h.Membership.Of(ctx, actor(ctx).ID)
	if err != nil {
		return openapi.Membership{}, err
	}
	lines := make([]openapi.Subscription, len(own.Subscriptions))
	for i, s := range own.Subscriptions {
		lines[i] = subscriptionOut(s)
	}
	return openapi.Membership{Access: accessOut(own.Access), Subscriptions: lines}, nil
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

// CancelMembership answers PUT /v1/membership/cancellation.
func (h Membership) CancelMembership(ctx context.Context, in openapi.CancelMembershipRequestObject) (openapi.CancelMembershipResponseObject, error) {
	err := h.Billing.Cancel(ctx, actor(ctx), billing.Cancellation{Reason: string(in.Body.Reason), Comment: in.Body.Comment})
	if err != nil {
		return nil, err
	}
	own, err := h.own(ctx)
	return openapi.CancelMembership200JSONResponse(own), err
}

// KeepMembership answers DELETE /v1/membership/cancellation.
func (h Membership) KeepMembership(ctx context.Context, _ openapi.KeepMembershipRequestObject) (openapi.KeepMembershipResponseObject, error) {
	if err := h.Billing.Keep(ctx, actor(ctx)); err != nil {
		return nil, err
	}
	own, err := h.own(ctx)
	return openapi.KeepMembership200JSONResponse(own), err
}

// OpenPortal answers POST /v1/membership/portal.
func (h Membership) OpenPortal(ctx context.Context, _ openapi.OpenPortalRequestObject) (openapi.OpenPortalResponseObject, error) {
	url, err := h.Billing.Portal(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.OpenPortal200JSONResponse{PortalURL: url}, nil
}

// ListInvoices answers GET /v1/membership/invoices.
func (h Membership) ListInvoices(ctx context.Context, _ openapi.ListInvoicesRequestObject) (openapi.ListInvoicesResponseObject, error) {
	all, err := h.Billing.Invoices(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListInvoices200JSONResponse{Items: make([]openapi.Invoice, len(all))}
	for i, v := range all {
		out.Items[i] = openapi.Invoice{
			ID: v.ID, Number: v.Number, Status: openapi.InvoiceStatus(v.Status), CreatedAt: v.CreatedAt.UTC(), PaidAt: orZero(v.PaidAt),
			Due: openapi.Money{Minor: v.DueMinor, Currency: v.Currency}, Paid: openapi.Money{Minor: v.PaidMinor, Currency: v.Currency},
			PageURL: v.PageURL, PdfURL: v.PDFURL,
		}
	}
	return out, nil
}
