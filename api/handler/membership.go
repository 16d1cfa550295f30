package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pause"
	"github.com/womens-tech-conservatory/conservatory/internal/reminder"
)

// Membership answers for plans, one's own membership and paying for it.
type Membership struct {
	Membership *membership.Membership
	Billing    *billing.Billing
	Pause      *pause.Pause
	Reminder   *reminder.Reminder
}

// ListPlans answers GET /v1/plans.
func (h Membership) ListPlans(ctx context.Context, _ openapi.ListPlansRequestObject) (openapi.ListPlansResponseObject, error) {
	plans, err := h.Membership.Plans(ctx)
	if err != nil {
		return nil, err
	}
	left, err := h.Billing.Places(ctx)
	if err != nil {
		return nil, err
	}
	items := make([]openapi.Plan, len(plans))
	for i, p := range plans {
		items[i] = planOut(p)
		if n, counted := left[p.ID]; counted {
			items[i].SeatsLeft, items[i].SoldOut = int(n), n == 0
		}
	}
	return openapi.ListPlans200JSONResponse{Items: items, TermsVersion: h.Billing.Terms()}, nil
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
	rest, err := h.Pause.Of(ctx, actor(ctx).ID)
	out := membershipOut(own)
	out.Pause = pauseOut(rest)
	return out, err
}

func membershipOut(own membership.Overview) openapi.Membership {
	lines := make([]openapi.Subscription, len(own.Subscriptions))
	for i, s := range own.Subscriptions {
		lines[i] = subscriptionOut(s)
	}
	grants := make([]openapi.OwnGrant, len(own.Grants))
	for i, g := range own.Grants {
		grants[i] = ownGivenOut(g)
	}
	return openapi.Membership{Access: accessOut(own.Access), Subscriptions: lines, Grants: grants}
}

// StartCheckout answers POST /v1/membership/checkout.
func (h Membership) StartCheckout(ctx context.Context, in openapi.StartCheckoutRequestObject) (openapi.StartCheckoutResponseObject, error) {
	open, fresh, err := h.Billing.StartCheckout(ctx, actor(ctx), billing.Choice{Plan: in.Body.Plan, Price: in.Body.Price, Terms: in.Body.Terms, Offer: in.Body.Offer})
	if err != nil {
		return nil, err
	}
	out := checkoutOut(open)
	if !fresh {
		return openapi.StartCheckout200JSONResponse(out), nil
	}
	return openapi.StartCheckout201JSONResponse(out), nil
}

// GetCheckout answers GET /v1/membership/checkout/{id}.
func (h Membership) GetCheckout(ctx context.Context, in openapi.GetCheckoutRequestObject) (openapi.GetCheckoutResponseObject, error) {
	c, err := h.Billing.Checkout(ctx, actor(ctx), in.ID)
	return openapi.GetCheckout200JSONResponse(checkoutOut(c)), err
}

func checkoutOut(c billing.Checkout) openapi.Checkout {
	return openapi.Checkout{
		ID: c.ID, Plan: c.Plan, Price: c.Price, State: openapi.CheckoutState(c.State), CheckoutURL: c.URL, ExpiresAt: c.ExpiresAt,
	}
}

func planOut(p membership.PlanWithPrices) openapi.Plan {
	out := openapi.Plan{Slug: p.Slug, Name: p.Name, Description: p.Description, Group: p.GroupKey, Benefits: []string{}, Prices: make([]openapi.Price, len(p.Prices))}
	out.Benefits = append(out.Benefits, p.BenefitList()...)
	for i, price := range p.Prices {
		out.Prices[i] = openapi.Price{
			Key: price.Key, Interval: openapi.Interval(price.Interval), IntervalCount: int(price.IntervalCount),
			Amount: openapi.Money{Minor: price.AmountMinor, Currency: price.Currency}, TrialDays: int(price.TrialDays),
			CardForTrial: price.CardForTrial,
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
	out := openapi.Subscription{
		ID: s.ID, Plan: s.PlanSlug, Price: s.PriceKey, Status: openapi.SubscriptionStatus(s.Status),
		Amount: openapi.Money{Minor: s.AmountMinor, Currency: s.Currency}, Interval: openapi.Interval(s.Interval),
		IntervalCount: int(s.IntervalCount), CurrentPeriodEnd: orZero(s.CurrentPeriodEnd), EndsAt: orZero(s.EndsAt()),
	}
	if s.NextAt != nil && s.NextPlanSlug != "" {
		out.Next = openapi.PlanNext{Plan: s.NextPlanSlug, Price: s.NextPriceKey, At: s.NextAt.UTC()}
	}
	return out
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

// RefreshMembership answers POST /v1/membership/refresh.
func (h Membership) RefreshMembership(ctx context.Context, _ openapi.RefreshMembershipRequestObject) (openapi.RefreshMembershipResponseObject, error) {
	if err := h.Billing.Refresh(ctx, actor(ctx).ID, "member"); err != nil {
		return nil, err
	}
	own, err := h.own(ctx)
	return openapi.RefreshMembership200JSONResponse(own), err
}
