package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/gift"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// Gift answers the operations of giving and accepting.
type Gift struct {
	Gifts   *gift.Gifts
	Clock   clock.Clock
	Cursors *cursor.Sealer
}

// ListGifts answers GET /v1/gifts.
func (h Gift) ListGifts(ctx context.Context, _ openapi.ListGiftsRequestObject) (openapi.ListGiftsResponseObject, error) {
	all, err := h.Gifts.Of(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListGifts200JSONResponse{Items: make([]openapi.Gift, len(all))}
	for i, g := range all {
		out.Items[i] = h.giftOut(g)
	}
	return out, nil
}

// BuyGift answers POST /v1/gifts.
func (h Gift) BuyGift(ctx context.Context, r openapi.BuyGiftRequestObject) (openapi.BuyGiftResponseObject, error) {
	g, p, err := h.Gifts.Buy(ctx, actor(ctx), gift.Wish{
		Plan: r.Body.Plan, Price: r.Body.Price, Months: r.Body.Months, Email: r.Body.Email, Name: r.Body.Name, Message: r.Body.Message,
		DeliverAt: r.Body.DeliverAt,
	})
	if err != nil {
		return nil, err
	}
	return openapi.BuyGift201JSONResponse(h.toPay(g, p)), nil
}

// PayGift answers POST /v1/gifts/{id}/checkout.
func (h Gift) PayGift(ctx context.Context, r openapi.PayGiftRequestObject) (openapi.PayGiftResponseObject, error) {
	g, p, err := h.Gifts.Pay(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.PayGift200JSONResponse(h.toPay(g, p)), nil
}

// GetGiftLink answers GET /v1/gifts/{id}/link.
func (h Gift) GetGiftLink(ctx context.Context, r openapi.GetGiftLinkRequestObject) (openapi.GetGiftLinkResponseObject, error) {
	link, err := h.Gifts.Link(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetGiftLink200JSONResponse{Link: link}, nil
}

// ShowGift answers POST /v1/auth/gift.
func (h Gift) ShowGift(ctx context.Context, r openapi.ShowGiftRequestObject) (openapi.ShowGiftResponseObject, error) {
	in, err := h.Gifts.Look(ctx, r.Body.Token)
	if err != nil {
		return nil, err
	}
	return openapi.ShowGift200JSONResponse{
		Plan: in.Plan, PlanName: in.PlanName, Months: int(in.Months), From: in.From, Name: in.Name, Message: in.Message, ExpiresAt: in.ExpiresAt.UTC(),
	}, nil
}

// RedeemGift answers POST /v1/me/gifts.
func (h Gift) RedeemGift(ctx context.Context, r openapi.RedeemGiftRequestObject) (openapi.RedeemGiftResponseObject, error) {
	g, err := h.Gifts.Redeem(ctx, actor(ctx), r.Body.Token)
	if err != nil {
		return nil, err
	}
	return openapi.RedeemGift200JSONResponse(ownGivenOut(g)), nil
}

// ListAllGifts answers GET /v1/admin/gifts.
func (h Gift) ListAllGifts(ctx context.Context, r openapi.ListAllGiftsRequestObject) (openapi.ListAllGiftsResponseObject, error) {
	list := "gifts/" + actor(ctx).ID.String()
	var after gift.Position
	if r.Params.Cursor != "" && h.Cursors.Open(list, r.Params.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	page, more, err := h.Gifts.All(ctx, after, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListAllGifts200JSONResponse{Items: make([]openapi.GiftRow, len(page))}
	for i, g := range page {
		out.Items[i] = h.giftRow(g)
	}
	if more {
		last := page[len(page)-1]
		out.NextCursor, err = h.Cursors.Seal(list, gift.Position{CreatedAt: last.CreatedAt, ID: last.ID})
	}
	return out, err
}

// WithdrawGift answers POST /v1/admin/gifts/{id}/withdrawal.
func (h Gift) WithdrawGift(ctx context.Context, r openapi.WithdrawGiftRequestObject) (openapi.WithdrawGiftResponseObject, error) {
	g, err := h.Gifts.Withdraw(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.WithdrawGift200JSONResponse(h.giftRow(g)), nil
}

func (h Gift) toPay(g gift.Gift, p billing.Purchase) openapi.GiftToPay {
	return openapi.GiftToPay{Gift: h.giftOut(g), PurchaseID: p.ID, CheckoutURL: p.URL, ExpiresAt: orZero(p.ExpiresAt)}
}

func (h Gift) giftOut(g gift.Gift) openapi.Gift {
	out := openapi.Gift{
		ID: g.ID, State: openapi.GiftState(g.StateAt(h.Clock.Now())), Plan: g.Plan, Months: int(g.Months),
		Amount: openapi.Money{Minor: g.AmountMinor, Currency: g.Currency}, Name: g.RecipientName, Message: g.Message,
		DeliverAt: g.DeliverAt.UTC(), CreatedAt: g.CreatedAt.UTC(), PaidAt: orZero(g.PaidAt), MailedAt: orZero(g.MailedAt),
		ExpiresAt: orZero(g.ExpiresAt), RedeemedAt: orZero(g.RedeemedAt),
	}
	if g.RecipientEmail != nil {
		out.Email = *g.RecipientEmail
	}
	return out
}

func (h Gift) giftRow(g gift.Gift) openapi.GiftRow {
	out := openapi.GiftRow{
		ID: g.ID, State: openapi.GiftState(g.StateAt(h.Clock.Now())), BuyerID: g.BuyerID, Plan: g.Plan, Months: int(g.Months),
		Amount: openapi.Money{Minor: g.AmountMinor, Currency: g.Currency}, DeliverAt: g.DeliverAt.UTC(), CreatedAt: g.CreatedAt.UTC(),
		PaidAt: orZero(g.PaidAt), RedeemedAt: orZero(g.RedeemedAt),
	}
	if g.RedeemedBy != nil {
		out.RedeemedBy = *g.RedeemedBy
	}
	return out
}
