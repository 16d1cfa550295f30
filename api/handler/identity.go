package handler

import (
	"context"
	"net/http"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/identity"
)

// Identity answers the operations of signing in with a provider.
type Identity struct {
	Identity *identity.Identity
}

// ListProviders answers GET /v1/auth/oidc.
func (h Identity) ListProviders(context.Context, openapi.ListProvidersRequestObject) (openapi.ListProvidersResponseObject, error) {
	out := openapi.ListProviders200JSONResponse{Items: []openapi.IdentityProvider{}}
	for _, p := range h.Identity.Providers() {
		out.Items = append(out.Items, openapi.IdentityProvider{Name: p.Name, Title: p.Title})
	}
	return out, nil
}

// BeginSignIn answers POST /v1/auth/oidc/{provider}/begin.
func (h Identity) BeginSignIn(ctx context.Context, r openapi.BeginSignInRequestObject) (openapi.BeginSignInResponseObject, error) {
	f, err := h.Identity.Begin(ctx, r.Provider, r.Body.SignUp)
	if err != nil {
		return nil, err
	}
	return openapi.BeginSignIn200JSONResponse{FlowJSONResponse: flowOut(f)}, nil
}

// FinishSignIn answers POST /v1/auth/oidc/finish.
func (h Identity) FinishSignIn(ctx context.Context, r openapi.FinishSignInRequestObject) (openapi.FinishSignInResponseObject, error) {
	s, err := h.Identity.SignIn(ctx, identity.Return{Secret: r.Body.Flow, State: r.Body.State, Code: r.Body.Code, Issuer: r.Body.Iss})
	if err != nil {
		return nil, err
	}
	body, cookie := sessionOut(s, r.Body.RefreshIn == openapi.Cookie)
	return signedIn{openapi.FinishSignIn200JSONResponse{SessionJSONResponse: body}, cookie}, nil
}

// signedIn is the generated answer with a cookie.
type signedIn struct {
	openapi.FinishSignIn200JSONResponse

	cookie cookies
}

// VisitFinishSignInResponse writes the cookie, then the generated answer.
func (r signedIn) VisitFinishSignInResponse(w http.ResponseWriter) error {
	setCookie(w, r.cookie)
	return r.FinishSignIn200JSONResponse.VisitFinishSignInResponse(w)
}

// BeginLink answers POST /v1/me/identities/{provider}.
func (h Identity) BeginLink(ctx context.Context, r openapi.BeginLinkRequestObject) (openapi.BeginLinkResponseObject, error) {
	f, err := h.Identity.BeginLink(ctx, actor(ctx), r.Provider)
	if err != nil {
		return nil, err
	}
	return openapi.BeginLink200JSONResponse{FlowJSONResponse: flowOut(f)}, nil
}

// LinkIdentity answers POST /v1/me/identities.
func (h Identity) LinkIdentity(ctx context.Context, r openapi.LinkIdentityRequestObject) (openapi.LinkIdentityResponseObject, error) {
	linked, err := h.Identity.Link(ctx, actor(ctx), identity.Return{Secret: r.Body.Flow, State: r.Body.State, Code: r.Body.Code, Issuer: r.Body.Iss})
	if err != nil {
		return nil, err
	}
	return openapi.LinkIdentity201JSONResponse(identityOut(linked)), nil
}

// BeginProof answers POST /v1/auth/step-up/oidc/{provider}.
func (h Identity) BeginProof(ctx context.Context, r openapi.BeginProofRequestObject) (openapi.BeginProofResponseObject, error) {
	f, err := h.Identity.BeginProof(ctx, actor(ctx), r.Provider)
	if err != nil {
		return nil, err
	}
	return openapi.BeginProof200JSONResponse{FlowJSONResponse: flowOut(f)}, nil
}

// ProveIdentity answers POST /v1/auth/step-up/oidc.
func (h Identity) ProveIdentity(ctx context.Context, r openapi.ProveIdentityRequestObject) (openapi.ProveIdentityResponseObject, error) {
	err := h.Identity.Prove(ctx, actor(ctx), identity.Return{Secret: r.Body.Flow, State: r.Body.State, Code: r.Body.Code, Issuer: r.Body.Iss})
	if err != nil {
		return nil, err
	}
	return openapi.ProveIdentity204Response{}, nil
}

// ListIdentities answers GET /v1/me/identities.
func (h Identity) ListIdentities(ctx context.Context, _ openapi.ListIdentitiesRequestObject) (openapi.ListIdentitiesResponseObject, error) {
	all, err := h.Identity.List(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListIdentities200JSONResponse{Items: make([]openapi.Identity, len(all))}
	for i, linked := range all {
		out.Items[i] = identityOut(linked)
	}
	return out, nil
}

// UnlinkIdentity answers DELETE /v1/me/identities/{provider}.
func (h Identity) UnlinkIdentity(ctx context.Context, r openapi.UnlinkIdentityRequestObject) (openapi.UnlinkIdentityResponseObject, error) {
	if err := h.Identity.Unlink(ctx, actor(ctx), r.Provider); err != nil {
		return nil, err
	}
	return openapi.UnlinkIdentity204Response{}, nil
}

func flowOut(f identity.Flow) openapi.FlowJSONResponse {
	return openapi.FlowJSONResponse{AuthorizationURL: f.AuthorizationURL, Flow: f.Secret, ExpiresAt: f.ExpiresAt.UTC()}
}

func identityOut(l identity.Linked) openapi.Identity {
	return openapi.Identity{Provider: l.Provider, LinkedAt: l.LinkedAt.UTC(), LastUsedAt: l.LastUsedAt.UTC()}
}
