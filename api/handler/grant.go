package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/grant"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Grant serves what a member is given without payment.
type Grant struct{ Grant *grant.Grant }

// ListMemberGrants answers GET /v1/admin/members/{id}/grants.
func (h Grant) ListMemberGrants(ctx context.Context, r openapi.ListMemberGrantsRequestObject) (openapi.ListMemberGrantsResponseObject, error) {
	all, err := h.Grant.Given(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := openapi.ListMemberGrants200JSONResponse{Items: make([]openapi.Grant, len(all))}
	for i, g := range all {
		out.Items[i] = givenOut(g)
	}
	return out, nil
}

// GiveGrant answers POST /v1/admin/members/{id}/grants.
func (h Grant) GiveGrant(ctx context.Context, r openapi.GiveGrantRequestObject) (openapi.GiveGrantResponseObject, error) {
	g, err := h.Grant.Give(ctx, actor(ctx), r.ID, grant.Comp{Level: membership.Level(r.Body.Level), EndsAt: r.Body.EndsAt, Reason: r.Body.Reason})
	if err != nil {
		return nil, err
	}
	return openapi.GiveGrant201JSONResponse(givenOut(g)), nil
}

// ExtendGrant answers PUT /v1/admin/members/{id}/grants/{grant_id}.
func (h Grant) ExtendGrant(ctx context.Context, r openapi.ExtendGrantRequestObject) (openapi.ExtendGrantResponseObject, error) {
	g, err := h.Grant.Extend(ctx, actor(ctx), r.ID, r.GrantID, r.Body.EndsAt)
	if err != nil {
		return nil, err
	}
	return openapi.ExtendGrant200JSONResponse(givenOut(g)), nil
}

// EndGrant answers DELETE /v1/admin/members/{id}/grants/{grant_id}.
func (h Grant) EndGrant(ctx context.Context, r openapi.EndGrantRequestObject) (openapi.EndGrantResponseObject, error) {
	if err := h.Grant.End(ctx, actor(ctx), r.ID, r.GrantID); err != nil {
		return nil, err
	}
	return openapi.EndGrant204Response{}, nil
}

// GraduateMember answers POST /v1/admin/members/{id}/graduation.
func (h Grant) GraduateMember(ctx context.Context, r openapi.GraduateMemberRequestObject) (openapi.GraduateMemberResponseObject, error) {
	g, fresh, err := h.Grant.Graduate(ctx, actor(ctx), r.ID, r.Body.Note)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return openapi.GraduateMember200JSONResponse(givenOut(g)), nil
	}
	return openapi.GraduateMember201JSONResponse(givenOut(g)), nil
}

func givenOut(g membership.Grant) openapi.Grant {
	out := openapi.Grant{
		ID: g.ID, Kind: openapi.GrantKind(g.Kind), Level: openapi.GivenLevel(g.Level), Reason: g.Reason, StartsAt: g.StartsAt.UTC(),
		EndsAt: orZero(g.EndsAt), CreatedAt: g.CreatedAt.UTC(), EndedAt: orZero(g.RevokedAt), EndedBecause: openapi.GrantEndedBecause(g.RevokedBecause),
	}
	if g.GrantedBy != nil {
		out.GrantedBy = *g.GrantedBy
	}
	return out
}

func ownGivenOut(g membership.Grant) openapi.OwnGrant {
	return openapi.OwnGrant{
		ID: g.ID, Kind: openapi.GrantKind(g.Kind), Level: openapi.GivenLevel(g.Level), StartsAt: g.StartsAt.UTC(), EndsAt: orZero(g.EndsAt),
	}
}
