package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
)

// QuoteChange answers POST /v1/membership/quotes.
func (h Membership) QuoteChange(ctx context.Context, in openapi.QuoteChangeRequestObject) (openapi.QuoteChangeResponseObject, error) {
	q, err := h.Billing.Quote(ctx, actor(ctx), billing.PlanChange{Plan: in.Body.Plan, Price: in.Body.Price, Subscription: in.Body.Subscription})
	if err != nil {
		return nil, err
	}
	return openapi.QuoteChange201JSONResponse(quoteOut(q)), nil
}

func quoteOut(q billing.Quote) openapi.Quote {
	of := func(minor int64) openapi.Money { return openapi.Money{Minor: minor, Currency: q.Currency} }
	out := openapi.Quote{
		ID: q.ID, Plan: q.Plan, Price: q.Price, Effect: openapi.QuoteEffect(q.Effect), EffectiveAt: q.EffectiveAt, Due: of(q.DueMinor),
		Tax: of(q.TaxMinor), Next: of(q.NextMinor), NextAt: q.NextAt, ExpiresAt: q.ExpiresAt, Lines: make([]openapi.QuoteLine, len(q.Lines)),
	}
	for i, l := range q.Lines {
		out.Lines[i] = openapi.QuoteLine{Text: l.Text, Amount: of(l.AmountMinor), Proration: l.Proration, From: l.From, Until: l.Until}
	}
	return out
}

// ChangePlan answers POST /v1/membership/change.
func (h Membership) ChangePlan(ctx context.Context, in openapi.ChangePlanRequestObject) (openapi.ChangePlanResponseObject, error) {
	if err := h.Billing.ChangePlan(ctx, actor(ctx), in.Body.Quote); err != nil {
		return nil, err
	}
	own, err := h.own(ctx)
	return openapi.ChangePlan200JSONResponse(own), err
}

// KeepPlan answers DELETE /v1/membership/change.
func (h Membership) KeepPlan(ctx context.Context, _ openapi.KeepPlanRequestObject) (openapi.KeepPlanResponseObject, error) {
	if err := h.Billing.KeepPlan(ctx, actor(ctx)); err != nil {
		return nil, err
	}
	own, err := h.own(ctx)
	return openapi.KeepPlan200JSONResponse(own), err
}
