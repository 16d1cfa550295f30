package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/klauspost/compress/gzhttp"
	"github.com/oasdiff/yaml"

	conservatory "github.com/womens-tech-conservatory/conservatory"
	"github.com/womens-tech-conservatory/conservatory/api/docs"
	"github.com/womens-tech-conservatory/conservatory/api/handler"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/api/webhook"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
)

const streamPath = "/v1/stream"

var errMethod = &fault.Error{Kind: fault.NotAllowedMethod, Code: "method-not-allowed", Detail: "This resource is there, but not with this method; see the Allow header."}

// Handler is the API as the world sees it.
func (a *App) Handler() (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.ContextWithFallback = true // the request's own context reaches the domains
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := engine.SetTrustedProxies(a.Config.TrustedProxies); err != nil {
		return nil, fmt.Errorf("CONSERVATORY_TRUSTED_PROXIES: %w", err)
	}
	if err := a.use(engine); err != nil {
		return nil, err
	}
	a.mount(engine)
	if err := serveContract(engine); err != nil {
		return nil, err
	}
	compress, err := gzhttp.NewWrapper(gzhttp.EnableZstd(true), gzhttp.MinSize(1024),
		gzhttp.ExceptContentTypes([]string{"text/event-stream", "application/zip", profile.AvatarMedia}))
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	return compress(a.headAsGet(engine)), nil
}

// headAsGet answers HEAD as GET; the server leaves the body out (RFC 9110,
// section 9.3.2). While draining it asks callers to come back on a connection
// of their own, which may be to another node.
func (a *App) headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		if r.Method == http.MethodHead && r.URL.Path != streamPath {
			r = r.WithContext(r.Context())
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// use lines up what every request passes. The order is the security of it: is
// it all here, who is it, may she, then what does she send. So is a file, which
// is read later, and she is asked for again.
func (a *App) use(engine *gin.Engine) error {
	limits, err := middleware.NewLimits(a.Contract, middleware.LimitConfig{
		Factor: a.Config.RateLimitFactor, Shared: a.limits, Clock: a.Clock, Subjects: a.Account,
		RefreshCookie: handler.RefreshCookie, DeviceCookie: handler.DeviceCookie,
	})
	if err != nil {
		return err
	}
	cookie, err := middleware.Cookie(handler.RefreshCookie, a.Config.FrontendOrigins, handler.WithRefreshCookie)
	if err != nil {
		return fmt.Errorf("CONSERVATORY_FRONTEND_ORIGINS: %w", err)
	}
	permit, uploads := middleware.Permit(a.Contract, a.Clock, a.active), middleware.NewUploads(a.Contract, limits)
	engine.Use(
		middleware.RequestID,
		middleware.Log(a.Contract, a.observe),
		middleware.Recover,
		middleware.Headers(strings.HasPrefix(a.Config.BaseURL, "https://")),
		middleware.CORS(a.Config.FrontendOrigins),
		a.deadline,
		middleware.Client,
		middleware.Receive(a.Contract),
		middleware.Authenticate(a.Contract, a.Account.Authenticate),
		limits.Arrive,
		permit,
		uploads.Admit,
		a.unhurried,
		middleware.Validate(a.Contract),
		a.arrived,
		uploads.Recheck(a.Account.Recheck, permit),
		cookie,
		limits.Spend,
		accept,
		middleware.Idempotent(a.Contract, a.Keys),
	)
	return nil
}

func (a *App) observe(o middleware.Observed) {
	a.metrics.observe(o)
	if a.Observe != nil {
		a.Observe(o)
	}
}

func accept(c *gin.Context) {
	c.Request = c.Request.WithContext(handler.WithAccept(c.Request.Context(), c.GetHeader("Accept")))
	c.Next()
}

func (a *App) active(ctx context.Context, userID uuid.UUID) (bool, error) {
	access, err := a.Membership.Access(ctx, userID)
	return access.Level == membership.Full, err
}

func (a *App) mount(engine *gin.Engine) {
	api := handler.API{
		Account:     &handler.Account{Account: a.Account},
		Identity:    handler.Identity{Identity: a.Identity},
		Factor:      handler.Factor{Factor: a.Factor, Account: a.Account},
		Invitation:  handler.Invitation{Invitation: a.Invitation, Cursors: a.cursors},
		Profile:     handler.Profile{Profile: a.Profile},
		Signin:      handler.Signin{Signin: a.Signin},
		Membership:  handler.Membership{Membership: a.Membership, Billing: a.Billing, Pause: a.Pause, Reminder: a.Reminder},
		Grant:       handler.Grant{Grant: a.Grant},
		Catalogue:   handler.Catalogue{Billing: a.Billing, Cursors: a.cursors, Clock: a.Clock},
		Sponsor:     handler.Sponsor{Sponsors: a.Sponsors},
		Cohort:      handler.Cohort{Cohort: a.Cohort, Cursors: a.cursors},
		Forum:       handler.Forum{Forum: a.Forum},
		Programme:   handler.Programme{Programme: a.Programme},
		Report:      handler.Report{Report: a.Report},
		Admin:       handler.Admin{Admin: a.Admin},
		Audit:       handler.Audit{Log: a.Audit, Cursors: a.cursors},
		Privacy:     handler.Privacy{Privacy: a.Privacy, Membership: a.Membership},
		System:      handler.System{Ready: a.Ready},
		Scholarship: handler.Scholarship{Scholarship: a.Scholarship, Cursors: a.cursors},
		Gift:        handler.Gift{Gifts: a.Gifts, Clock: a.Clock, Cursors: a.cursors},
		Billing:     handler.Billing{Membership: a.Membership, Billing: a.Billing, Cursors: a.cursors},
	}
	wrong := func(c *gin.Context, err error) { problem.Write(c, err) }
	strict := openapi.NewStrictHandlerWithOptions(api, []openapi.StrictMiddlewareFunc{detach}, openapi.StrictGinServerOptions{
		RequestErrorHandlerFunc: wrong, HandlerErrorFunc: wrong, ResponseErrorHandlerFunc: wrong,
	})
	openapi.RegisterHandlersWithOptions(engine, strict, openapi.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { problem.Write(c, unreadable(c, err)) },
	})
	engine.POST("/v1/webhooks/stripe", problems, webhook.Stripe(a.Billing))
	engine.POST("/v1/letters/:token/refusal", problems, webhook.Letter(a.Reminder.Refuse))
	engine.GET(streamPath, a.Hub.Serve)
	engine.NoRoute(func(c *gin.Context) { problem.Write(c, fault.ErrNotFound) })
	engine.NoMethod(func(c *gin.Context) { problem.Write(c, errMethod) })
}

// problems writes the error that a handler of the raw request left behind.
func problems(c *gin.Context) {
	c.Next()
	if last := c.Errors.Last(); last != nil && !c.Writer.Written() {
		problem.Write(c, last.Err)
	}
}

// detach gives handlers a copy: gin uses its context again for the next
// request.
func detach(next openapi.StrictHandlerFunc, _ string) openapi.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) { return next(c.Copy(), request) }
}

// unreadable is for parameters whose format the generated code checks: an id
// that is none names nothing.
func unreadable(c *gin.Context, err error) error {
	for _, p := range c.Params {
		if uuid.Validate(p.Value) != nil {
			return fault.ErrNotFound.At(fault.Field{Pointer: "#/path/" + p.Key, Code: "format", Detail: "must be a UUID"})
		}
	}
	return (&fault.Error{
		Kind: fault.Malformed, Code: "parameter-invalid", Detail: "Some parameters need another value.",
		Fields: []fault.Field{{Pointer: "#/query/" + parameter(err), Code: "format", Detail: "is not in the format that the contract names"}},
	}).Because(err)
}

// parameter takes the name out of "Invalid format for parameter x: …".
func parameter(err error) string {
	_, rest, _ := strings.Cut(err.Error(), "parameter ")
	name, _, _ := strings.Cut(rest, ":")
	if slices.ContainsFunc([]rune(name), func(r rune) bool { return r == ' ' || r == '/' }) {
		return ""
	}
	return name
}

func serveContract(engine *gin.Engine) error {
	asJSON, err := yaml.YAMLToJSON(conservatory.Contract)
	if err != nil {
		return fmt.Errorf("write the contract as JSON: %w", err)
	}
	if !json.Valid(asJSON) {
		return errors.New("the contract as JSON is not valid")
	}
	show := func(media string, body []byte) gin.HandlerFunc {
		return func(c *gin.Context) {
			c.Header("Cache-Control", "no-cache")
			c.Data(http.StatusOK, media, body)
		}
	}
	engine.GET("/openapi.yaml", show("application/yaml; charset=utf-8", conservatory.Contract))
	engine.GET("/openapi.json", show("application/json", asJSON))
	page := gin.WrapH(docs.Handler("/openapi.json"))
	engine.GET(docs.PagePath, page)
	engine.GET(docs.PagePath+"/*file", page)
	engine.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, docs.PagePath) })
	return nil
}
