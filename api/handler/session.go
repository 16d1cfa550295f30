package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
)

// ListSessions answers GET /v1/me/sessions.
func (h *Account) ListSessions(ctx context.Context, _ openapi.ListSessionsRequestObject) (openapi.ListSessionsResponseObject, error) {
	who := actor(ctx)
	devices, err := h.Account.Devices(ctx, who)
	if err != nil {
		return nil, err
	}
	out := openapi.ListSessions200JSONResponse{Items: make([]openapi.Device, len(devices))}
	for i, d := range devices {
		out.Items[i] = openapi.Device{
			ID: d.ID, Device: d.Device, Network: d.Network, Way: openapi.DeviceWay(d.Way), Current: d.ID == who.SessionID,
			CreatedAt: d.CreatedAt.UTC(), LastSeenAt: d.LastSeenAt.UTC(),
		}
	}
	return out, nil
}

// EndSession answers DELETE /v1/me/sessions/{id}.
func (h *Account) EndSession(ctx context.Context, r openapi.EndSessionRequestObject) (openapi.EndSessionResponseObject, error) {
	if err := h.Account.EndDevice(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.EndSession204Response{}, nil
}

// EndSessions answers DELETE /v1/me/sessions.
func (h *Account) EndSessions(ctx context.Context, r openapi.EndSessionsRequestObject) (openapi.EndSessionsResponseObject, error) {
	if err := h.Account.EndDevices(ctx, actor(ctx), r.Params.Keep == openapi.Current); err != nil {
		return nil, err
	}
	return openapi.EndSessions204Response{}, nil
}
