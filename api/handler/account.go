package handler

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
)

// RefreshCookie is where a browser keeps its refresh token. The prefix binds
// it to this host and to HTTPS (RFC 6265bis §4.1.3.2).
const RefreshCookie = "__Host-refresh"

// DeviceCookie stays when a session ends, as long as account.KnownFor.
const DeviceCookie = "__Host-device"

// signupPromise is said for every address.
const signupPromise = "If this address can be used, a mail with a code is on its way."

// Account answers the operations of getting in, staying in and leaving.
type Account struct {
	Account *account.Account
}

// SignUp answers POST /v1/auth/signup.
func (h *Account) SignUp(ctx context.Context, r openapi.SignUpRequestObject) (openapi.SignUpResponseObject, error) {
	attempt, err := h.Account.SignUp(ctx, account.NewSignup{Email: r.Body.Email, Password: r.Body.Password, DisplayName: r.Body.DisplayName})
	if err != nil {
		return nil, err
	}
	return openapi.SignUp202JSONResponse{Message: signupPromise, Signup: attempt}, nil
}

// VerifyEmail answers POST /v1/auth/verify.
func (h *Account) VerifyEmail(ctx context.Context, r openapi.VerifyEmailRequestObject) (openapi.VerifyEmailResponseObject, error) {
	s, err := h.Account.Verify(ctx, account.Verification{
		Signup: r.Body.Signup, Code: r.Body.Code, Token: r.Body.Token, Password: r.Body.Password,
	})
	if err != nil {
		return nil, err
	}
	body, cookie := sessionOut(s, r.Body.RefreshIn == openapi.Cookie)
	return verified{openapi.VerifyEmail200JSONResponse{SessionJSONResponse: body}, cookie}, nil
}

// LogIn answers POST /v1/auth/login.
func (h *Account) LogIn(ctx context.Context, r openapi.LogInRequestObject) (openapi.LogInResponseObject, error) {
	s, err := h.Account.LogIn(ctx, r.Body.Email, r.Body.Password)
	if err != nil {
		return nil, err
	}
	body, cookie := sessionOut(s, r.Body.RefreshIn == openapi.Cookie)
	return loggedIn{openapi.LogIn200JSONResponse{SessionJSONResponse: body}, cookie}, nil
}

// RefreshSession answers POST /v1/auth/refresh. The successor goes back the
// way its predecessor came.
func (h *Account) RefreshSession(ctx context.Context, r openapi.RefreshSessionRequestObject) (openapi.RefreshSessionResponseObject, error) {
	token, fromCookie := r.Body.RefreshToken, false
	if token == "" {
		token, fromCookie = refreshCookie(ctx), true
	}
	s, err := h.Account.Refresh(ctx, token)
	if err != nil {
		return nil, err
	}
	body, cookie := sessionOut(s, fromCookie)
	return refreshed{openapi.RefreshSession200JSONResponse{SessionJSONResponse: body}, cookie}, nil
}

// LogOut answers POST /v1/auth/logout.
func (h *Account) LogOut(ctx context.Context, r openapi.LogOutRequestObject) (openapi.LogOutResponseObject, error) {
	var token string
	if r.Body != nil {
		token = r.Body.RefreshToken
	}
	if token == "" {
		token = refreshCookie(ctx)
	}
	if err := h.Account.LogOut(ctx, actor(ctx).SessionID, token); err != nil {
		return nil, err
	}
	return loggedOut{openapi.LogOut204Response{
		Headers: openapi.LogOut204ResponseHeaders{ClearSiteData: `"cache","storage"`},
	}}, nil
}

// GetMe answers GET /v1/me.
func (h *Account) GetMe(ctx context.Context, _ openapi.GetMeRequestObject) (openapi.GetMeResponseObject, error) {
	u, err := h.Account.Me(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.GetMe200JSONResponse{MeJSONResponse: meResponse(u)}, nil
}

// UpdateMe answers PATCH /v1/me.
func (h *Account) UpdateMe(ctx context.Context, r openapi.UpdateMeRequestObject) (openapi.UpdateMeResponseObject, error) {
	edit := account.Edit{DisplayName: ifSent(r.Body.DisplayName), TimeZone: ifSent(r.Body.TimeZone)}
	u, err := h.Account.Update(ctx, actor(ctx), edit, r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return openapi.UpdateMe200JSONResponse{MeJSONResponse: meResponse(u)}, nil
}

// GetKeys answers GET /.well-known/jwks.json.
func (h *Account) GetKeys(context.Context, openapi.GetKeysRequestObject) (openapi.GetKeysResponseObject, error) {
	keys := []openapi.Key{}
	for _, k := range h.Account.Keys() {
		keys = append(keys, openapi.Key{Kty: k.Kty, Crv: k.Crv, Alg: k.Alg, Use: k.Use, Kid: k.Kid, X: k.X})
	}
	out := openapi.GetKeys200JSONResponse{Headers: openapi.GetKeys200ResponseHeaders{
		CacheControl: "public, max-age=" + strconv.Itoa(int(keyring.CacheFor/time.Second)),
	}}
	out.Body.Keys = keys
	return out, nil
}

type refreshCookieKey struct{}

// WithRefreshCookie gives the handlers of a request the value of its refresh
// cookie. Call it only when the request cannot come from another site.
func WithRefreshCookie(ctx context.Context, value string) context.Context {
	return context.WithValue(account.WithBrowser(ctx, value), refreshCookieKey{}, value)
}

func refreshCookie(ctx context.Context) string {
	value, _ := ctx.Value(refreshCookieKey{}).(string)
	return value
}

// cookies are what a browser keeps of a session.
type cookies []*http.Cookie

// keepFor makes a cookie; a negative age takes it away.
func keepFor(name, token string, age time.Duration) *http.Cookie {
	seconds := int(age / time.Second)
	return &http.Cookie{
		Name: name, Value: token, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	}
}

// setCookie must come before the status. Answers with keys are kept nowhere.
func setCookie(w http.ResponseWriter, all cookies) {
	w.Header().Set("Cache-Control", "no-store")
	for _, cookie := range all {
		http.SetCookie(w, cookie)
	}
}

// The contract knows no Set-Cookie, so these wrap the generated answers.
type (
	verified struct {
		openapi.VerifyEmail200JSONResponse
		cookie cookies
	}
	loggedIn struct {
		openapi.LogIn200JSONResponse
		cookie cookies
	}
	refreshed struct {
		openapi.RefreshSession200JSONResponse
		cookie cookies
	}
	loggedOut struct{ openapi.LogOut204Response }
)

// VisitVerifyEmailResponse writes the cookie, then the generated answer.
func (r verified) VisitVerifyEmailResponse(w http.ResponseWriter) error {
	setCookie(w, r.cookie)
	return r.VerifyEmail200JSONResponse.VisitVerifyEmailResponse(w)
}

// VisitLogInResponse writes the cookie, then the generated answer.
func (r loggedIn) VisitLogInResponse(w http.ResponseWriter) error {
	setCookie(w, r.cookie)
	return r.LogIn200JSONResponse.VisitLogInResponse(w)
}

// VisitRefreshSessionResponse writes the cookie, then the generated answer.
func (r refreshed) VisitRefreshSessionResponse(w http.ResponseWriter) error {
	setCookie(w, r.cookie)
	return r.RefreshSession200JSONResponse.VisitRefreshSessionResponse(w)
}

// VisitLogOutResponse takes the cookie away, then writes the generated answer.
func (r loggedOut) VisitLogOutResponse(w http.ResponseWriter) error {
	setCookie(w, cookies{keepFor(RefreshCookie, "", -time.Second)})
	return r.LogOut204Response.VisitLogOutResponse(w)
}

func sessionOut(s account.Session, inCookie bool) (openapi.SessionJSONResponse, cookies) {
	body := openapi.SessionJSONResponse{
		AccessToken: s.AccessToken, TokenType: openapi.Bearer, ExpiresIn: int(s.ExpiresIn / time.Second),
		RefreshToken: s.RefreshToken, DeviceToken: s.DeviceToken, FactorOwed: s.FactorOwed, Member: meOut(s.User),
	}
	if !inCookie {
		return body, nil
	}
	body.RefreshToken, body.DeviceToken = "", ""
	return body, cookies{keepFor(RefreshCookie, s.RefreshToken, s.RefreshExpiresIn), keepFor(DeviceCookie, s.DeviceToken, account.KnownFor)}
}

func meResponse(u account.User) openapi.MeJSONResponse {
	return openapi.MeJSONResponse{Body: meOut(u), Headers: openapi.MeResponseHeaders{ETag: u.ETag()}}
}

func meOut(u account.User) openapi.Me {
	roles := make([]openapi.Role, len(u.Roles))
	for i, r := range u.Roles {
		roles[i] = openapi.Role(r)
	}
	var scoped []openapi.ScopedRole
	for _, r := range u.Scoped {
		scoped = append(scoped, openapi.ScopedRole{Role: openapi.Role(r.Role), CohortID: r.CohortID, SpaceID: r.SpaceID})
	}
	return openapi.Me{
		ID: u.ID, Email: u.Email, EmailVerified: u.Verified, DisplayName: u.DisplayName,
		TimeZone: u.TimeZone, Roles: roles, ScopedRoles: scoped, CreatedAt: u.CreatedAt,
	}
}

// ifSent reads a member that is left out as the empty value.
func ifSent(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
