package handler

import (
	"context"
	"net/http"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// Invitation answers the operations of inviting and of saying yes.
type Invitation struct {
	Invitation *invitation.Invitation
	Cursors    *cursor.Sealer
}

// ShowInvitation answers POST /v1/auth/invitation.
func (h Invitation) ShowInvitation(ctx context.Context, r openapi.ShowInvitationRequestObject) (openapi.ShowInvitationResponseObject, error) {
	t, err := h.Invitation.Look(ctx, r.Body.Token)
	if err != nil {
		return nil, err
	}
	out := openapi.ShowInvitation200JSONResponse{AccessDays: int(t.AccessDays), NeedsEmail: t.NeedsEmail, ExpiresAt: t.ExpiresAt.UTC()}
	out.Plan.Slug, out.Plan.Name = t.Plan, t.PlanName
	if t.Cohort != nil {
		out.Cohort = cohortOut(*t.Cohort)
	}
	return out, nil
}

// JoinByInvitation answers POST /v1/auth/invitation/accept.
func (h Invitation) JoinByInvitation(ctx context.Context, r openapi.JoinByInvitationRequestObject) (openapi.JoinByInvitationResponseObject, error) {
	in, err := h.Invitation.Join(ctx, invitation.Newcomer{
		Token: r.Body.Token, DisplayName: r.Body.DisplayName, Password: r.Body.Password, Email: r.Body.Email,
	})
	if err != nil {
		return nil, err
	}
	if in.Session == nil {
		return openapi.JoinByInvitation202JSONResponse{Message: signupPromise, Signup: in.Attempt}, nil
	}
	body, cookie := sessionOut(*in.Session, r.Body.RefreshIn == openapi.Cookie)
	return joined{openapi.JoinByInvitation200JSONResponse{SessionJSONResponse: body}, cookie}, nil
}

// joined adds the cookie, which the contract does not know.
type joined struct {
	openapi.JoinByInvitation200JSONResponse
	cookie cookies
}

// VisitJoinByInvitationResponse writes the cookie, then the generated answer.
func (r joined) VisitJoinByInvitationResponse(w http.ResponseWriter) error {
	setCookie(w, r.cookie)
	return r.JoinByInvitation200JSONResponse.VisitJoinByInvitationResponse(w)
}

// AcceptInvitation answers POST /v1/me/invitations.
func (h Invitation) AcceptInvitation(ctx context.Context, r openapi.AcceptInvitationRequestObject) (openapi.AcceptInvitationResponseObject, error) {
	o, err := h.Invitation.Accept(ctx, actor(ctx), r.Body.Token)
	if err != nil {
		return nil, err
	}
	return openapi.AcceptInvitation200JSONResponse{
		Plan: o.Plan, AccessUntil: o.AccessUntil.UTC(), CohortID: o.CohortID, SeatTaken: o.SeatTaken,
	}, nil
}

// ListInvitations answers GET /v1/invitations.
func (h Invitation) ListInvitations(ctx context.Context, r openapi.ListInvitationsRequestObject) (openapi.ListInvitationsResponseObject, error) {
	who := actor(ctx)
	list := "invitations/" + who.ID.String() + "/" + r.Params.CohortID.String()
	var after invitation.Position
	if r.Params.Cursor != "" && h.Cursors.Open(list, r.Params.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	page, more, err := h.Invitation.Offers(ctx, who, r.Params.CohortID, after, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListInvitations200JSONResponse{Items: make([]openapi.Invitation, len(page))}
	for i, o := range page {
		out.Items[i] = invitationOut(o)
	}
	if more {
		last := page[len(page)-1]
		out.NextCursor, err = h.Cursors.Seal(list, invitation.Position{CreatedAt: last.CreatedAt, ID: last.ID})
	}
	return out, err
}

// CreateInvitation answers POST /v1/invitations.
func (h Invitation) CreateInvitation(ctx context.Context, r openapi.CreateInvitationRequestObject) (openapi.CreateInvitationResponseObject, error) {
	o, err := h.Invitation.Invite(ctx, actor(ctx), invitation.Invite{
		Email: r.Body.Email, Plan: r.Body.Plan, AccessDays: r.Body.AccessDays, CohortID: r.Body.CohortID, Uses: r.Body.Uses, Days: r.Body.ExpiresInDays,
	})
	if err != nil {
		return nil, err
	}
	return openapi.CreateInvitation201JSONResponse{
		Body:    invitationOut(invitation.Listed{Offer: o, State: invitation.Open}),
		Headers: openapi.CreateInvitation201ResponseHeaders{Location: "/v1/invitations/" + o.ID.String()},
	}, nil
}

// RevokeInvitation answers DELETE /v1/invitations/{id}.
func (h Invitation) RevokeInvitation(ctx context.Context, r openapi.RevokeInvitationRequestObject) (openapi.RevokeInvitationResponseObject, error) {
	if err := h.Invitation.Revoke(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.RevokeInvitation204Response{}, nil
}

// GetInvitationLink answers GET /v1/invitations/{id}/link.
func (h Invitation) GetInvitationLink(ctx context.Context, r openapi.GetInvitationLinkRequestObject) (openapi.GetInvitationLinkResponseObject, error) {
	link, err := h.Invitation.Link(ctx, actor(ctx), r.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetInvitationLink200JSONResponse{Link: link}, nil
}

// ResendInvitation answers POST /v1/invitations/{id}/letters.
func (h Invitation) ResendInvitation(ctx context.Context, r openapi.ResendInvitationRequestObject) (openapi.ResendInvitationResponseObject, error) {
	if err := h.Invitation.Resend(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.ResendInvitation202JSONResponse{Message: "The letter is on its way."}, nil
}

func invitationOut(o invitation.Listed) openapi.Invitation {
	out := openapi.Invitation{
		ID: o.ID, State: openapi.InvitationState(o.State), Plan: o.Plan, AccessDays: int(o.AccessDays), Uses: int(o.Uses), Used: int(o.Used),
		CreatedAt: o.CreatedAt.UTC(), ExpiresAt: o.ExpiresAt.UTC(), MailedAt: orZero(o.MailedAt).UTC(),
	}
	if o.CreatedBy != nil {
		out.CreatedBy = *o.CreatedBy
	}
	if o.CohortID != nil {
		out.CohortID = *o.CohortID
	}
	if o.Email != nil {
		out.Email = *o.Email
	}
	return out
}
