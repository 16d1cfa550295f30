package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/pause"
)

// PauseMembership answers PUT /v1/membership/pause.
func (h Membership) PauseMembership(ctx context.Context, in openapi.PauseMembershipRequestObject) (openapi.PauseMembershipResponseObject, error) {
	err := h.Pause.Take(ctx, actor(ctx), pause.Wish{
		From: in.Body.From.Time, Until: in.Body.Until.Time, Reason: in.Body.Reason, Subscription: in.Body.Subscription,
	})
	if err != nil {
		return nil, err
	}
	own, err := h.own(ctx)
	return openapi.PauseMembership200JSONResponse(own), err
}

// ReturnFromPause answers DELETE /v1/membership/pause.
func (h Membership) ReturnFromPause(ctx context.Context, _ openapi.ReturnFromPauseRequestObject) (openapi.ReturnFromPauseResponseObject, error) {
	if err := h.Pause.Return(ctx, actor(ctx)); err != nil {
		return nil, err
	}
	own, err := h.own(ctx)
	return openapi.ReturnFromPause200JSONResponse(own), err
}

func pauseOut(p *pause.Current) openapi.Pause {
	if p == nil {
		return openapi.Pause{}
	}
	return openapi.Pause{From: p.From.UTC(), Until: p.Until.UTC(), Reason: p.Reason, BillsAt: orZero(p.BillsAt)}
}
