package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// ListMemberRoles answers GET /v1/admin/members/{id}/roles.
func (h *Account) ListMemberRoles(ctx context.Context, r openapi.ListMemberRolesRequestObject) (openapi.ListMemberRolesResponseObject, error) {
	grants, err := h.Account.RolesOf(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.ListMemberRoles200JSONResponse{Items: grantsOut(grants)}, nil
}

// GrantRole answers POST /v1/admin/members/{id}/roles.
func (h *Account) GrantRole(ctx context.Context, r openapi.GrantRoleRequestObject) (openapi.GrantRoleResponseObject, error) {
	g, fresh, err := h.Account.GrantRole(ctx, actor(ctx), r.ID, account.NewGrant{
		Role: account.Role(r.Body.Role), CohortID: r.Body.CohortID, SpaceID: r.Body.SpaceID, EndsAt: r.Body.EndsAt,
	})
	switch {
	case err != nil:
		return nil, err
	case fresh:
		return openapi.GrantRole201JSONResponse(grantOut(g)), nil
	}
	return openapi.GrantRole200JSONResponse(grantOut(g)), nil
}

// TakeRole answers DELETE /v1/admin/members/{id}/roles/{grant_id}.
func (h *Account) TakeRole(ctx context.Context, r openapi.TakeRoleRequestObject) (openapi.TakeRoleResponseObject, error) {
	if err := h.Account.TakeRole(ctx, actor(ctx), r.ID, r.GrantID); err != nil {
		return nil, err
	}
	return openapi.TakeRole204Response{}, nil
}

func grantsOut(grants []account.Grant) []openapi.RoleGrant {
	out := make([]openapi.RoleGrant, len(grants))
	for i, g := range grants {
		out[i] = grantOut(g)
	}
	return out
}

func grantOut(g account.Grant) openapi.RoleGrant {
	return openapi.RoleGrant{
		ID: g.ID, Role: openapi.Role(g.Role), CohortID: g.Scope.CohortID, SpaceID: g.Scope.SpaceID,
		GrantedBy: g.GrantedBy, GrantedAt: g.GrantedAt, EndsAt: orZero(g.EndsAt),
	}
}
