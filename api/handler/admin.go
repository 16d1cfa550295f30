package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
)

// Admin serves what those who run the community do with a member.
type Admin struct{ Admin *admin.Admin }

// SuspendMember answers POST /v1/admin/members/{id}/suspension.
func (h Admin) SuspendMember(ctx context.Context, r openapi.SuspendMemberRequestObject) (openapi.SuspendMemberResponseObject, error) {
	s, err := h.Admin.Suspend(ctx, actor(ctx), r.ID, admin.NewSuspension{
		Closes: admin.Closes(r.Body.Closes), Reason: r.Body.Reason, Told: r.Body.Told, EndsAt: r.Body.EndsAt,
	})
	if err != nil {
		return nil, err
	}
	return openapi.SuspendMember201JSONResponse(suspensionOut(s)), nil
}

// RestoreMember answers DELETE /v1/admin/members/{id}/suspension.
func (h Admin) RestoreMember(ctx context.Context, r openapi.RestoreMemberRequestObject) (openapi.RestoreMemberResponseObject, error) {
	if err := h.Admin.Restore(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.RestoreMember204Response{}, nil
}

// EndMemberSessions answers DELETE /v1/admin/members/{id}/sessions.
func (h Admin) EndMemberSessions(ctx context.Context, r openapi.EndMemberSessionsRequestObject) (openapi.EndMemberSessionsResponseObject, error) {
	if err := h.Admin.SignOut(ctx, r.ID); err != nil {
		return nil, err
	}
	return openapi.EndMemberSessions204Response{}, nil
}

// ViewMember answers GET /v1/admin/members/{id}/view.
func (h Admin) ViewMember(ctx context.Context, r openapi.ViewMemberRequestObject) (openapi.ViewMemberResponseObject, error) {
	v, err := h.Admin.View(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	out := openapi.ViewMember200JSONResponse{
		ID: v.ID, DisplayName: v.DisplayName, Email: v.Email, EmailVerified: v.Verified, State: openapi.MemberViewState(v.State),
		Factors: append([]string{}, v.Factors...), Sessions: v.Sessions, CreatedAt: v.CreatedAt, Access: accessOut(v.Access),
		Roles: grantsOut(v.Roles), Seats: make([]openapi.MemberSeat, len(v.Seats)), Spaces: make([]openapi.Space, len(v.Spaces)),
	}
	if v.Suspension != nil {
		s := suspensionOut(*v.Suspension)
		out.Suspension = &s
	}
	for n, s := range v.Seats {
		out.Seats[n] = openapi.MemberSeat{
			CohortID: s.CohortID, Cohort: s.Cohort, CohortState: openapi.CohortState(s.Run), State: openapi.EnrolmentState(s.State), EnrolledAt: s.EnrolledAt.UTC(),
		}
	}
	for n, s := range v.Spaces {
		out.Spaces[n] = spaceOut(s)
	}
	return out, nil
}

func suspensionOut(s admin.Suspension) openapi.Suspension {
	return openapi.Suspension{
		ID: s.ID, Closes: openapi.SuspensionCloses(s.Closes), Reason: s.Reason, Told: s.Told, SuspendedBy: s.SuspendedBy,
		StartsAt: s.StartsAt, EndsAt: orZero(s.EndsAt).UTC(),
	}
}
