package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
)

// ListPurchases answers GET /v1/membership/purchases.
func (h Membership) ListPurchases(ctx context.Context, _ openapi.ListPurchasesRequestObject) (openapi.ListPurchasesResponseObject, error) {
	all, err := h.Billing.Purchases(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListPurchases200JSONResponse{Items: make([]openapi.Purchase, len(all))}
	for i, p := range all {
		out.Items[i] = purchaseOut(p)
	}
	return out, nil
}

// GetPurchase answers GET /v1/membership/purchases/{id}.
func (h Membership) GetPurchase(ctx context.Context, r openapi.GetPurchaseRequestObject) (openapi.GetPurchaseResponseObject, error) {
	p, err := h.Billing.Purchase(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetPurchase200JSONResponse(purchaseOut(p)), nil
}

func purchaseOut(p billing.Purchase) openapi.Purchase {
	out := openapi.Purchase{
		ID: p.ID, Purpose: openapi.PurchasePurpose(p.Purpose), SubjectID: p.SubjectID, Title: p.Title,
		Amount: openapi.Money{Minor: p.AmountMinor, Currency: p.Currency}, State: openapi.PurchaseState(p.State),
		CreatedAt: p.CreatedAt.UTC(), PaidAt: orZero(p.PaidAt), RefundedAt: orZero(p.RefundedAt),
	}
	if p.State == billing.PurchaseOpen {
		out.CheckoutURL, out.ExpiresAt = p.URL, orZero(p.ExpiresAt)
	}
	return out
}
