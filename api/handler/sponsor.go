package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/sponsor"
)

// Sponsor answers the operations of seats that an organisation pays for.
type Sponsor struct{ Sponsors *sponsor.Sponsors }

// ListMySponsorships answers GET /v1/sponsorships.
func (h Sponsor) ListMySponsorships(ctx context.Context, _ openapi.ListMySponsorshipsRequestObject) (openapi.ListMySponsorshipsResponseObject, error) {
	all, err := h.Sponsors.Mine(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListMySponsorships200JSONResponse{Items: make([]openapi.Sponsorship, len(all))}
	for i, s := range all {
		out.Items[i] = openapi.Sponsorship{
			ID: s.ID, Organisation: s.Organisation, Seats: int(s.Seats), Used: int(s.Used), EndsAt: orZero(s.EndsAt), EndedAt: orZero(s.EndedAt),
		}
	}
	return out, nil
}

// InviteToSeat answers POST /v1/sponsorships/{id}/invitations.
func (h Sponsor) InviteToSeat(ctx context.Context, r openapi.InviteToSeatRequestObject) (openapi.InviteToSeatResponseObject, error) {
	i, link, err := h.Sponsors.Invite(ctx, actor(ctx), r.ID, r.Body.Email)
	if err != nil {
		return nil, err
	}
	return openapi.InviteToSeat201JSONResponse{Link: link, ExpiresAt: i.ExpiresAt.UTC()}, nil
}

// ShowSeat answers POST /v1/auth/seat.
func (h Sponsor) ShowSeat(ctx context.Context, r openapi.ShowSeatRequestObject) (openapi.ShowSeatResponseObject, error) {
	organisation, expires, err := h.Sponsors.Look(ctx, r.Body.Token)
	if err != nil {
		return nil, err
	}
	return openapi.ShowSeat200JSONResponse{Organisation: organisation, ExpiresAt: expires.UTC()}, nil
}

// TakeSeat answers POST /v1/me/seat.
func (h Sponsor) TakeSeat(ctx context.Context, r openapi.TakeSeatRequestObject) (openapi.TakeSeatResponseObject, error) {
	g, err := h.Sponsors.Accept(ctx, actor(ctx), r.Body.Token)
	if err != nil {
		return nil, err
	}
	return openapi.TakeSeat200JSONResponse(ownGivenOut(g)), nil
}

// LeaveSeat answers DELETE /v1/me/seat.
func (h Sponsor) LeaveSeat(ctx context.Context, _ openapi.LeaveSeatRequestObject) (openapi.LeaveSeatResponseObject, error) {
	if err := h.Sponsors.Leave(ctx, actor(ctx)); err != nil {
		return nil, err
	}
	return openapi.LeaveSeat204Response{}, nil
}

// ListSponsorships answers GET /v1/admin/sponsorships.
func (h Sponsor) ListSponsorships(ctx context.Context, _ openapi.ListSponsorshipsRequestObject) (openapi.ListSponsorshipsResponseObject, error) {
	all, err := h.Sponsors.All(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.ListSponsorships200JSONResponse{Items: make([]openapi.SponsorshipFull, len(all))}
	for i, s := range all {
		out.Items[i] = sponsorshipOut(s)
	}
	return out, nil
}

// OpenSponsorship answers POST /v1/admin/sponsorships.
func (h Sponsor) OpenSponsorship(ctx context.Context, r openapi.OpenSponsorshipRequestObject) (openapi.OpenSponsorshipResponseObject, error) {
	s, err := h.Sponsors.Open(ctx, actor(ctx), sponsor.Terms{Organisation: r.Body.Organisation, Seats: r.Body.Seats, Note: r.Body.Note, EndsAt: r.Body.EndsAt})
	if err != nil {
		return nil, err
	}
	return openapi.OpenSponsorship201JSONResponse(sponsorshipOut(s)), nil
}

// ChangeSponsorship answers PUT /v1/admin/sponsorships/{id}.
func (h Sponsor) ChangeSponsorship(ctx context.Context, r openapi.ChangeSponsorshipRequestObject) (openapi.ChangeSponsorshipResponseObject, error) {
	s, err := h.Sponsors.Change(ctx, actor(ctx), r.ID, sponsor.Terms{Seats: r.Body.Seats, Note: r.Body.Note, EndsAt: r.Body.EndsAt})
	if err != nil {
		return nil, err
	}
	return openapi.ChangeSponsorship200JSONResponse(sponsorshipOut(s)), nil
}

// EndSponsorship answers DELETE /v1/admin/sponsorships/{id}.
func (h Sponsor) EndSponsorship(ctx context.Context, r openapi.EndSponsorshipRequestObject) (openapi.EndSponsorshipResponseObject, error) {
	if _, err := h.Sponsors.End(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.EndSponsorship204Response{}, nil
}

// AddSponsorContact answers PUT /v1/admin/sponsorships/{id}/contacts/{user_id}.
func (h Sponsor) AddSponsorContact(ctx context.Context, r openapi.AddSponsorContactRequestObject) (openapi.AddSponsorContactResponseObject, error) {
	if err := h.Sponsors.AddContact(ctx, actor(ctx), r.ID, r.UserID); err != nil {
		return nil, err
	}
	return openapi.AddSponsorContact204Response{}, nil
}

// RemoveSponsorContact answers DELETE /v1/admin/sponsorships/{id}/contacts/{user_id}.
func (h Sponsor) RemoveSponsorContact(ctx context.Context, r openapi.RemoveSponsorContactRequestObject) (openapi.RemoveSponsorContactResponseObject, error) {
	if err := h.Sponsors.RemoveContact(ctx, actor(ctx), r.ID, r.UserID); err != nil {
		return nil, err
	}
	return openapi.RemoveSponsorContact204Response{}, nil
}

func sponsorshipOut(s sponsor.Sponsorship) openapi.SponsorshipFull {
	return openapi.SponsorshipFull{
		ID: s.ID, Organisation: s.Organisation, Seats: int(s.Seats), Used: int(s.Used), Note: s.Note, EndsAt: orZero(s.EndsAt),
		EndedAt: orZero(s.EndedAt), CreatedAt: s.CreatedAt.UTC(),
	}
}
