package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/factor"
)

// Factor answers the operations of second factors.
type Factor struct {
	Factor  *factor.Factor
	Account *account.Account
}

// StepUp answers POST /v1/auth/step-up.
func (h Factor) StepUp(ctx context.Context, r openapi.StepUpRequestObject) (openapi.StepUpResponseObject, error) {
	if err := h.prove(ctx, *r.Body); err != nil {
		return nil, err
	}
	return openapi.StepUp204Response{}, nil
}

// prove takes the one proof there is; the contract lets no more in.
func (h Factor) prove(ctx context.Context, proof openapi.StepUpProof) error {
	who := actor(ctx)
	switch {
	case proof.Totp != "":
		return h.Factor.ProveTOTP(ctx, who, proof.Totp)
	case proof.RecoveryCode != "":
		return h.Factor.ProveRecoveryCode(ctx, who, proof.RecoveryCode)
	case proof.Passkey.ID != "":
		return h.Factor.ProvePasskey(ctx, who, assertionIn(proof.Passkey))
	}
	return h.Account.ProvePassword(ctx, who, proof.Password)
}

// ListFactors answers GET /v1/me/factors.
func (h Factor) ListFactors(ctx context.Context, _ openapi.ListFactorsRequestObject) (openapi.ListFactorsResponseObject, error) {
	set, err := h.Factor.Factors(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.ListFactors200JSONResponse(factorsOut(set)), nil
}

// BeginTOTP answers POST /v1/me/factors/totp.
func (h Factor) BeginTOTP(ctx context.Context, _ openapi.BeginTOTPRequestObject) (openapi.BeginTOTPResponseObject, error) {
	e, err := h.Factor.BeginTOTP(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.BeginTOTP201JSONResponse{Secret: e.Secret, URI: e.URI, ExpiresAt: e.ExpiresAt}, nil
}

// ConfirmTOTP answers POST /v1/me/factors/totp/confirmation.
func (h Factor) ConfirmTOTP(ctx context.Context, r openapi.ConfirmTOTPRequestObject) (openapi.ConfirmTOTPResponseObject, error) {
	set, err := h.Factor.ConfirmTOTP(ctx, actor(ctx), r.Body.Code)
	if err != nil {
		return nil, err
	}
	return openapi.ConfirmTOTP200JSONResponse(factorsOut(set)), nil
}

// RemoveTOTP answers DELETE /v1/me/factors/totp.
func (h Factor) RemoveTOTP(ctx context.Context, _ openapi.RemoveTOTPRequestObject) (openapi.RemoveTOTPResponseObject, error) {
	if err := h.Factor.RemoveTOTP(ctx, actor(ctx)); err != nil {
		return nil, err
	}
	return openapi.RemoveTOTP204Response{}, nil
}

// MakeRecoveryCodes answers POST /v1/me/factors/recovery-codes.
func (h Factor) MakeRecoveryCodes(ctx context.Context, _ openapi.MakeRecoveryCodesRequestObject) (openapi.MakeRecoveryCodesResponseObject, error) {
	codes, err := h.Factor.MakeRecoveryCodes(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.MakeRecoveryCodes201JSONResponse{Codes: codes}, nil
}

func factorsOut(s factor.Set) openapi.Factors {
	out := openapi.Factors{Required: s.Required, Passkeys: s.Passkeys, RecoveryCodesLeft: s.RecoveryCodes}
	if s.TOTP != nil {
		out.Totp = openapi.TOTP{ConfirmedAt: s.TOTP.ConfirmedAt, LastUsedAt: s.TOTP.LastUsedAt}
	}
	return out
}
