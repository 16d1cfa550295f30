package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
)

// GetOffer answers GET /v1/offers/{slug}.
func (h Catalogue) GetOffer(ctx context.Context, in openapi.GetOfferRequestObject) (openapi.GetOfferResponseObject, error) {
	o, err := h.Billing.OfferAt(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return openapi.GetOffer200JSONResponse{
		Slug: o.Slug, Plan: o.Plan, Price: o.PriceKey, PercentOff: int(o.PercentOff), AmountOff: amountOff(o),
		Duration: openapi.OfferDuration(o.Duration), Months: int(o.Months), EndsAt: o.EndsAt.UTC(),
	}, nil
}

// ListOffers answers GET /v1/admin/offers.
func (h Catalogue) ListOffers(ctx context.Context, _ openapi.ListOffersRequestObject) (openapi.ListOffersResponseObject, error) {
	all, err := h.Billing.Offers(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.ListOffers200JSONResponse{Items: make([]openapi.Offer, len(all))}
	for i, o := range all {
		out.Items[i] = h.offerOut(o)
	}
	return out, nil
}

// CreateOffer answers POST /v1/admin/offers.
func (h Catalogue) CreateOffer(ctx context.Context, in openapi.CreateOfferRequestObject) (openapi.CreateOfferResponseObject, error) {
	b := in.Body
	o := billing.Offer{
		Slug: b.Slug, PriceKey: b.Price, PercentOff: int64(b.PercentOff), AmountOffMinor: b.AmountOff.Minor, Currency: b.AmountOff.Currency,
		Duration: billing.Duration(b.Duration), Months: int64(b.Months), EndsAt: b.EndsAt,
	}
	if b.MaxRedemptions > 0 {
		o.MaxRedemptions = new(int64(b.MaxRedemptions))
	}
	made, err := h.Billing.MakeOffer(ctx, actor(ctx), b.Plan, o)
	return openapi.CreateOffer201JSONResponse(h.offerOut(made)), err
}

// CloseOffer answers DELETE /v1/admin/offers/{id}.
func (h Catalogue) CloseOffer(ctx context.Context, in openapi.CloseOfferRequestObject) (openapi.CloseOfferResponseObject, error) {
	return openapi.CloseOffer204Response{}, h.Billing.CloseOffer(ctx, actor(ctx), in.ID)
}

// GiveDiscount answers POST /v1/admin/members/{id}/discount.
func (h Catalogue) GiveDiscount(ctx context.Context, in openapi.GiveDiscountRequestObject) (openapi.GiveDiscountResponseObject, error) {
	return openapi.GiveDiscount204Response{}, h.Billing.GiveDiscount(ctx, actor(ctx), in.ID, in.Body.Offer)
}

func (h Catalogue) offerOut(o billing.Offered) openapi.Offer {
	out := openapi.Offer{
		ID: o.ID, Slug: o.Slug, Plan: o.Plan, Price: o.PriceKey, PercentOff: int(o.PercentOff), AmountOff: amountOff(o),
		Duration: openapi.OfferDuration(o.Duration), Months: int(o.Months), Taken: int(o.Taken), Open: o.Open(h.Clock.Now()),
		AtStripe: o.StripeCouponID != nil, EndsAt: o.EndsAt.UTC(), ClosedAt: orZero(o.ClosedAt), CreatedAt: o.CreatedAt.UTC(),
	}
	if o.MaxRedemptions != nil {
		out.MaxRedemptions = int(*o.MaxRedemptions)
	}
	return out
}

func amountOff(o billing.Offered) openapi.Money {
	return openapi.Money{Minor: o.AmountOffMinor, Currency: o.Currency}
}
