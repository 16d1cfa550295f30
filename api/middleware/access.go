package middleware

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

var (
	errAdminOnly = &fault.Error{Kind: fault.Forbidden, Code: "admin-only", Detail: "Only an administrator may do this."}
	errOrigin    = &fault.Error{Kind: fault.Forbidden, Code: "origin-unknown", Detail: "A browser may send the session cookie only from the frontend's own origin."}
)

// Authenticate finds out who makes the request. Without a token, or with one
// that is not valid, she is nobody and goes on: she is counted as such, an old
// token does not keep her from signing in again, and where somebody must be
// signed in Permit refuses her. So it is with a session that owes a second
// factor, where anyone may call.
func Authenticate(contract *Contract, who func(ctx context.Context, bearer string) (account.Actor, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		op := contract.Find(c)
		header := c.GetHeader("Authorization")
		if op == nil || header == "" || op.Raw {
			c.Next()
			return
		}
		scheme, token, _ := strings.Cut(header, " ")
		actor, err := account.Actor{}, error(account.ErrUnauthenticated)
		if strings.EqualFold(scheme, "Bearer") {
			actor, err = who(c.Request.Context(), token)
		}
		f := fault.From(err)
		switch {
		case err == nil && actor.Owes() && op.Access.Who == Anyone && !op.Access.Owing:
		case err == nil:
			c.Request = c.Request.WithContext(account.WithActor(c.Request.Context(), actor))
		case f != nil && f.Kind == fault.Unauthenticated:
		default:
			problem.Write(c, err)
			return
		}
		c.Next()
	}
}

// Permit asks x-access. What ties the caller to an object is asked later, in
// the domain.
func Permit(contract *Contract, c clock.Clock, active func(ctx context.Context, userID uuid.UUID) (bool, error)) gin.HandlerFunc {
	now := c.Now
	return func(c *gin.Context) {
		op := contract.Find(c)
		if op == nil {
			c.Next()
			return
		}
		if err := permitted(c.Request.Context(), op.Access, now(), active); err != nil {
			problem.Write(c, err)
			return
		}
		c.Next()
	}
}

func permitted(ctx context.Context, access Access, now time.Time, active func(context.Context, uuid.UUID) (bool, error)) error {
	if access.Who == Anyone {
		return nil
	}
	actor, ok := account.ActorFrom(ctx)
	switch {
	case !ok:
		return account.ErrUnauthenticated
	case actor.Owes() && !access.Owing:
		return actor.Owed()
	case access.Who != SignedIn && !actor.Verified:
		return account.ErrEmailUnverified
	case access.Who == Admin && !actor.Has(account.Admin):
		return errAdminOnly
	case access.StepUp && !actor.Fresh(now):
		return account.ErrStepUp.By(actor.Proofs()...)
	case access.Membership != "active":
		return nil
	}
	paid, err := active(ctx, actor.ID)
	if err == nil && !paid {
		return fault.ErrMembershipRequired
	}
	return err
}

// Cookie hands the named cookie to the handler, through with, if a browser
// may have sent it: it must come from a listed origin (or from no browser at
// all, which has no cookie to steal).
func Cookie(name string, origins []string, with func(ctx context.Context, value string) context.Context) (gin.HandlerFunc, error) {
	guard := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trust the origin %s: %w", origin, err)
		}
	}
	return func(c *gin.Context) {
		cookie, err := c.Request.Cookie(name)
		if err != nil {
			c.Next()
			return
		}
		if err := guard.Check(c.Request); err != nil {
			problem.Write(c, errOrigin)
			return
		}
		c.Request = c.Request.WithContext(with(c.Request.Context(), cookie.Value))
		c.Next()
	}, nil
}
