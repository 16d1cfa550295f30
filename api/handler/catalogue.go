package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// Catalogue answers those who look after what is on sale.
type Catalogue struct {
	Billing *billing.Billing
	Cursors *cursor.Sealer
	Clock   clock.Clock
}

// ListAbandonedCheckouts answers GET /v1/admin/checkouts/abandoned.
func (h Catalogue) ListAbandonedCheckouts(ctx context.Context, in openapi.ListAbandonedCheckoutsRequestObject) (openapi.ListAbandonedCheckoutsResponseObject, error) {
	list := "abandoned/" + actor(ctx).ID.String()
	var after billing.Since
	if in.Params.Cursor != "" && h.Cursors.Open(list, in.Params.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	page, more, err := h.Billing.Abandoned(ctx, after, in.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListAbandonedCheckouts200JSONResponse{Items: make([]openapi.AbandonedCheckout, len(page))}
	for i, a := range page {
		out.Items[i] = openapi.AbandonedCheckout{
			ID: a.ID, MemberID: a.UserID, DisplayName: a.DisplayName, Email: a.Email, Plan: a.Plan, Price: a.Price,
			Amount: openapi.Money{Minor: a.AmountMinor, Currency: a.Currency}, Interval: openapi.Interval(a.Interval),
			IntervalCount: int(a.IntervalCount), Open: a.State == string(billing.CheckoutOpen), StartedAt: a.CreatedAt.UTC(), ExpiresAt: orZero(a.ExpiresAt),
		}
	}
	if more {
		last := page[len(page)-1]
		out.NextCursor, err = h.Cursors.Seal(list, billing.Since{At: last.CreatedAt, ID: last.ID})
	}
	return out, err
}

// ListCatalogue answers GET /v1/admin/plans.
func (h Catalogue) ListCatalogue(ctx context.Context, _ openapi.ListCatalogueRequestObject) (openapi.ListCatalogueResponseObject, error) {
	all, err := h.Billing.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.ListCatalogue200JSONResponse{Items: make([]openapi.CataloguePlan, len(all))}
	for i, s := range all {
		out.Items[i] = shelfOut(s)
	}
	return out, nil
}

// CreatePlan answers POST /v1/admin/plans.
func (h Catalogue) CreatePlan(ctx context.Context, in openapi.CreatePlanRequestObject) (openapi.CreatePlanResponseObject, error) {
	b := in.Body
	made, err := h.Billing.AddPlan(ctx, actor(ctx), membership.PlanSpec{
		Slug: b.Slug, Name: b.Name, Description: b.Description, Benefits: b.Benefits, Position: int64(b.Position),
		State: membership.Offer(b.State), Group: b.Group, Seats: int64(b.Seats),
	})
	if err != nil {
		return nil, err
	}
	return openapi.CreatePlan201JSONResponse{CataloguePlanJSONResponse: shelfWhole(made)}, nil
}

// UpdatePlan answers PATCH /v1/admin/plans/{id}.
func (h Catalogue) UpdatePlan(ctx context.Context, in openapi.UpdatePlanRequestObject) (openapi.UpdatePlanResponseObject, error) {
	b := in.Body
	edit := membership.PlanEdit{Name: b.Name, Description: b.Description, Benefits: b.Benefits, Position: wide(b.Position), Seats: wide(b.Seats)}
	if b.State != nil {
		state := membership.Offer(*b.State)
		edit.State = &state
	}
	changed, err := h.Billing.EditPlan(ctx, actor(ctx), in.ID, edit, in.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return openapi.UpdatePlan200JSONResponse{CataloguePlanJSONResponse: shelfWhole(changed)}, nil
}

func wide(n *int) *int64 {
	if n == nil {
		return nil
	}
	return new(int64(*n))
}

// OfferPrice answers POST /v1/admin/plans/{id}/prices.
func (h Catalogue) OfferPrice(ctx context.Context, in openapi.OfferPriceRequestObject) (openapi.OfferPriceResponseObject, error) {
	b := in.Body
	changed, err := h.Billing.OfferPrice(ctx, actor(ctx), in.ID, membership.PriceSpec{
		Key: b.Key, Interval: string(b.Interval), IntervalCount: int64(b.IntervalCount), AmountMinor: b.Amount.Minor, Currency: b.Amount.Currency,
		TrialDays: int64(b.TrialDays), NoCard: b.CardForTrial != nil && !*b.CardForTrial,
	})
	if err != nil {
		return nil, err
	}
	return openapi.OfferPrice201JSONResponse{CataloguePlanJSONResponse: shelfWhole(changed)}, nil
}

// ArchivePrice answers DELETE /v1/admin/plans/{id}/prices/{key}.
func (h Catalogue) ArchivePrice(ctx context.Context, in openapi.ArchivePriceRequestObject) (openapi.ArchivePriceResponseObject, error) {
	changed, err := h.Billing.ArchivePrice(ctx, actor(ctx), in.ID, in.Key)
	if err != nil {
		return nil, err
	}
	return openapi.ArchivePrice200JSONResponse{CataloguePlanJSONResponse: shelfWhole(changed)}, nil
}

func shelfWhole(s billing.Shelf) openapi.CataloguePlanJSONResponse {
	return openapi.CataloguePlanJSONResponse{Body: shelfOut(s), Headers: openapi.CataloguePlanResponseHeaders{ETag: s.ETag()}}
}

func shelfOut(s billing.Shelf) openapi.CataloguePlan {
	out := openapi.CataloguePlan{
		ID: s.ID, Slug: s.Slug, Name: s.Name, Description: s.Description, Benefits: []string{}, Position: int(s.Position),
		State: openapi.PlanState(s.State), Group: s.GroupKey, SeatsTaken: int(s.Taken), Members: int(s.Total()), Etag: s.ETag(),
		Prices: make([]openapi.CataloguePrice, len(s.Prices)),
	}
	out.Benefits = append(out.Benefits, s.BenefitList()...)
	if s.Seats != nil {
		out.Seats = int(*s.Seats)
	}
	for i, p := range s.Prices {
		out.Prices[i] = openapi.CataloguePrice{
			ID: p.ID, Key: p.Key, Interval: openapi.Interval(p.Interval), IntervalCount: int(p.IntervalCount),
			Amount: openapi.Money{Minor: p.AmountMinor, Currency: p.Currency}, TrialDays: int(p.TrialDays), CardForTrial: p.CardForTrial,
			State: openapi.CataloguePriceState(p.State), AtStripe: p.StripePriceID != nil, Members: int(s.Members[p.ID]),
		}
	}
	return out
}
