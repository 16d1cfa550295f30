package handler

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/factor"
)

// passkeyTimeout is what browsers are told, in milliseconds.
const passkeyTimeout = int(factor.ChallengeTTL / time.Millisecond)

// BeginPasskeySignIn answers POST /v1/auth/passkey/options.
func (h Factor) BeginPasskeySignIn(ctx context.Context, _ openapi.BeginPasskeySignInRequestObject) (openapi.BeginPasskeySignInResponseObject, error) {
	r, err := h.Factor.BeginPasskeySignIn(ctx)
	if err != nil {
		return nil, err
	}
	return openapi.BeginPasskeySignIn200JSONResponse{PasskeyRequestJSONResponse: requestOut(r)}, nil
}

// SignInWithPasskey answers POST /v1/auth/passkey.
func (h Factor) SignInWithPasskey(ctx context.Context, r openapi.SignInWithPasskeyRequestObject) (openapi.SignInWithPasskeyResponseObject, error) {
	s, err := h.Factor.SignInWithPasskey(ctx, assertionIn(r.Body.Credential))
	if err != nil {
		return nil, err
	}
	body, cookie := sessionOut(s, r.Body.RefreshIn == openapi.Cookie)
	return passkeyTaken{openapi.SignInWithPasskey200JSONResponse{SessionJSONResponse: body}, cookie}, nil
}

// BeginPasskeyProof answers POST /v1/auth/step-up/options.
func (h Factor) BeginPasskeyProof(ctx context.Context, _ openapi.BeginPasskeyProofRequestObject) (openapi.BeginPasskeyProofResponseObject, error) {
	r, err := h.Factor.BeginPasskeyProof(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.BeginPasskeyProof200JSONResponse{PasskeyRequestJSONResponse: requestOut(r)}, nil
}

// ListPasskeys answers GET /v1/me/passkeys.
func (h Factor) ListPasskeys(ctx context.Context, _ openapi.ListPasskeysRequestObject) (openapi.ListPasskeysResponseObject, error) {
	all, err := h.Factor.Passkeys(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListPasskeys200JSONResponse{Items: make([]openapi.Passkey, len(all))}
	for i, p := range all {
		out.Items[i] = passkeyOut(p)
	}
	return out, nil
}

// BeginPasskey answers POST /v1/me/passkeys/options.
func (h Factor) BeginPasskey(ctx context.Context, _ openapi.BeginPasskeyRequestObject) (openapi.BeginPasskeyResponseObject, error) {
	c, err := h.Factor.BeginPasskey(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.BeginPasskey200JSONResponse(creationOut(c)), nil
}

// AddPasskey answers POST /v1/me/passkeys.
func (h Factor) AddPasskey(ctx context.Context, r openapi.AddPasskeyRequestObject) (openapi.AddPasskeyResponseObject, error) {
	c := r.Body.Credential
	p, err := h.Factor.AddPasskey(ctx, actor(ctx), r.Body.Name, factor.Attestation{
		ID: c.ID, RawID: c.RawID, ClientData: c.Response.ClientDataJSON, Object: c.Response.AttestationObject, Transports: c.Response.Transports,
	})
	if err != nil {
		return nil, err
	}
	return openapi.AddPasskey201JSONResponse(passkeyOut(p)), nil
}

// RenamePasskey answers PATCH /v1/me/passkeys/{id}.
func (h Factor) RenamePasskey(ctx context.Context, r openapi.RenamePasskeyRequestObject) (openapi.RenamePasskeyResponseObject, error) {
	p, err := h.Factor.RenamePasskey(ctx, actor(ctx), r.ID, r.Body.Name)
	if err != nil {
		return nil, err
	}
	return openapi.RenamePasskey200JSONResponse(passkeyOut(p)), nil
}

// RemovePasskey answers DELETE /v1/me/passkeys/{id}.
func (h Factor) RemovePasskey(ctx context.Context, r openapi.RemovePasskeyRequestObject) (openapi.RemovePasskeyResponseObject, error) {
	if err := h.Factor.RemovePasskey(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.RemovePasskey204Response{}, nil
}

type passkeyTaken struct {
	openapi.SignInWithPasskey200JSONResponse
	cookie cookies
}

// VisitSignInWithPasskeyResponse writes the cookie, then the generated answer.
func (r passkeyTaken) VisitSignInWithPasskeyResponse(w http.ResponseWriter) error {
	setCookie(w, r.cookie)
	return r.SignInWithPasskey200JSONResponse.VisitSignInWithPasskeyResponse(w)
}

// assertionIn reads a user handle that is null or left out as none.
func assertionIn(a openapi.PasskeyAssertion) factor.Assertion {
	handle, _ := a.Response.UserHandle.Get()
	return factor.Assertion{
		ID: a.ID, RawID: a.RawID, ClientData: a.Response.ClientDataJSON, AuthenticatorData: a.Response.AuthenticatorData,
		Signature: a.Response.Signature, UserHandle: handle,
	}
}

func passkeyOut(p factor.Passkey) openapi.Passkey {
	return openapi.Passkey{ID: p.ID, Name: p.Name, Synced: p.Synced, CreatedAt: p.CreatedAt, LastUsedAt: p.LastUsedAt}
}

func requestOut(r factor.Request) openapi.PasskeyRequestJSONResponse {
	return openapi.PasskeyRequestJSONResponse{
		ExpiresAt: r.ExpiresAt,
		PublicKey: openapi.PasskeyRequestOptions{
			Challenge: r.Text, RpID: r.Domain, AllowCredentials: descriptorsOut(r.Allow), UserVerification: openapi.UserVerificationRequired, Timeout: passkeyTimeout,
		},
	}
}

func creationOut(c factor.Creation) openapi.PasskeyCreation {
	out := openapi.PasskeyCreation{ExpiresAt: c.ExpiresAt, PublicKey: openapi.PasskeyCreationOptions{
		Challenge: c.Text, ExcludeCredentials: descriptorsOut(c.Exclude), Timeout: passkeyTimeout, Attestation: openapi.PasskeyCreationOptionsAttestationNone,
	}}
	o := &out.PublicKey
	o.Rp.ID, o.Rp.Name = c.Domain, c.Issuer
	o.User.ID, o.User.Name, o.User.DisplayName = base64.RawURLEncoding.EncodeToString(c.User[:]), c.Name, c.DisplayName
	for _, alg := range factor.Algorithms() {
		o.PubKeyCredParams = append(o.PubKeyCredParams, openapi.CredentialParameter{Type: openapi.PublicKey, Alg: alg})
	}
	o.AuthenticatorSelection.RequireResidentKey = true
	o.AuthenticatorSelection.ResidentKey = openapi.PasskeyCreationOptionsAuthenticatorSelectionResidentKeyRequired
	o.AuthenticatorSelection.UserVerification = openapi.UserVerificationRequired
	return out
}

func descriptorsOut(all []factor.Descriptor) []openapi.CredentialDescriptor {
	out := make([]openapi.CredentialDescriptor, len(all))
	for i, d := range all {
		out[i] = openapi.CredentialDescriptor{Type: openapi.PublicKey, ID: base64.RawURLEncoding.EncodeToString(d.ID), Transports: d.Transports}
		if d.Transports == nil {
			out[i].Transports = []string{}
		}
	}
	return out
}
