package handler

import (
	"context"
	"net/http"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/signin"
)

// Signin answers the operations of getting in by mail and of changing what one
// gets in with.
type Signin struct {
	Signin *signin.Signin
}

// mailed is said to everybody who names an address.
const mailed = "If this address can be used, a mail is on its way."

// RequestCode answers POST /v1/auth/code.
func (h Signin) RequestCode(ctx context.Context, r openapi.RequestCodeRequestObject) (openapi.RequestCodeResponseObject, error) {
	if err := h.Signin.RequestCode(ctx, r.Body.Email); err != nil {
		return nil, err
	}
	return openapi.RequestCode202JSONResponse{MailedJSONResponse: openapi.MailedJSONResponse{Message: mailed}}, nil
}

// SignInWithCode answers POST /v1/auth/code/sign-in.
func (h Signin) SignInWithCode(ctx context.Context, r openapi.SignInWithCodeRequestObject) (openapi.SignInWithCodeResponseObject, error) {
	s, err := h.Signin.SignIn(ctx, signin.Key{Token: r.Body.Token, Email: r.Body.Email, Code: r.Body.Code})
	if err != nil {
		return nil, err
	}
	body, cookie := sessionOut(s, r.Body.RefreshIn == openapi.Cookie)
	return codeTaken{openapi.SignInWithCode200JSONResponse{SessionJSONResponse: body}, cookie}, nil
}

// ForgotPassword answers POST /v1/auth/password/forgot.
func (h Signin) ForgotPassword(ctx context.Context, r openapi.ForgotPasswordRequestObject) (openapi.ForgotPasswordResponseObject, error) {
	if err := h.Signin.Forgot(ctx, r.Body.Email); err != nil {
		return nil, err
	}
	return openapi.ForgotPassword202JSONResponse{MailedJSONResponse: openapi.MailedJSONResponse{Message: mailed}}, nil
}

// ResetPassword answers POST /v1/auth/password/reset.
func (h Signin) ResetPassword(ctx context.Context, r openapi.ResetPasswordRequestObject) (openapi.ResetPasswordResponseObject, error) {
	if err := h.Signin.Reset(ctx, r.Body.Token, r.Body.Password); err != nil {
		return nil, err
	}
	return openapi.ResetPassword204Response{}, nil
}

// ChangePassword answers PUT /v1/me/password.
func (h Signin) ChangePassword(ctx context.Context, r openapi.ChangePasswordRequestObject) (openapi.ChangePasswordResponseObject, error) {
	if err := h.Signin.ChangePassword(ctx, actor(ctx), r.Body.CurrentPassword, r.Body.Password); err != nil {
		return nil, err
	}
	return openapi.ChangePassword204Response{}, nil
}

// ChangeEmail answers POST /v1/me/email.
func (h Signin) ChangeEmail(ctx context.Context, r openapi.ChangeEmailRequestObject) (openapi.ChangeEmailResponseObject, error) {
	if err := h.Signin.ChangeEmail(ctx, actor(ctx), r.Body.Email); err != nil {
		return nil, err
	}
	return openapi.ChangeEmail202JSONResponse{MailedJSONResponse: openapi.MailedJSONResponse{Message: mailed}}, nil
}

// ConfirmEmail answers POST /v1/auth/email/confirm.
func (h Signin) ConfirmEmail(ctx context.Context, r openapi.ConfirmEmailRequestObject) (openapi.ConfirmEmailResponseObject, error) {
	if err := h.Signin.ConfirmEmail(ctx, r.Body.Token); err != nil {
		return nil, err
	}
	return openapi.ConfirmEmail204Response{}, nil
}

// UndoEmail answers POST /v1/auth/email/undo.
func (h Signin) UndoEmail(ctx context.Context, r openapi.UndoEmailRequestObject) (openapi.UndoEmailResponseObject, error) {
	if err := h.Signin.UndoEmail(ctx, r.Body.Token); err != nil {
		return nil, err
	}
	return openapi.UndoEmail204Response{}, nil
}

type codeTaken struct {
	openapi.SignInWithCode200JSONResponse
	cookie cookies
}

// VisitSignInWithCodeResponse writes the cookie, then the generated answer.
func (r codeTaken) VisitSignInWithCodeResponse(w http.ResponseWriter) error {
	setCookie(w, r.cookie)
	return r.SignInWithCode200JSONResponse.VisitSignInWithCodeResponse(w)
}
