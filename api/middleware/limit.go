package middleware

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

var errTooMany = &fault.Error{Kind: fault.TooMany, Code: "too-many", Detail: "Please wait a little before trying again."}

// quota is so many in such a time, with room to use them all at once.
type quota struct {
	n   int
	per time.Duration
}

// byOperation are limits on top of the general ones. Operations without an
// entry have only those.
func byOperation() map[string]quota {
	return map[string]quota{
		"signUp":         {20, time.Hour},
		"verifyEmail":    {30, 15 * time.Minute},
		"logIn":          {30, 15 * time.Minute},
		"beginSignIn":    {30, 15 * time.Minute},
		"finishSignIn":   {30, 15 * time.Minute},
		"beginLink":      {20, time.Hour},
		"linkIdentity":   {20, time.Hour},
		"requestCode":    {20, time.Hour},
		"signInWithCode": {30, 15 * time.Minute},
		"forgotPassword": {20, time.Hour},
		"resetPassword":  {30, 15 * time.Minute},
		"confirmEmail":   {30, 15 * time.Minute},
		"undoEmail":      {30, 15 * time.Minute},
		"changePassword": {10, time.Hour},
		"changeEmail":    {10, time.Hour},
		"refreshSession": {120, time.Minute},
		"stepUp":         {30, 15 * time.Minute},
		"confirmTOTP":    {30, 15 * time.Minute},
		"startCheckout":  {20, time.Hour},
		"askForExport":   {10, time.Hour},
		"getExportFile":  {30, time.Hour},
		"planErasure":    {10, time.Hour},
		"undoErasure":    {10, time.Hour},
		"createTopic":    {10, time.Minute},
		"reply":          {30, time.Minute},
	}
}

// Limits counts requests per person, or per address (a /64 where it is IPv6)
// while nobody is signed in or where anyone may call: there another account
// must not be another budget. Counts are in the memory of this process.
type Limits struct {
	general   throttled.RateLimiterCtx
	operation map[string]throttled.RateLimiterCtx
}

// NewLimits multiplies every limit by factor; development uses a large one.
func NewLimits(factor int) (*Limits, error) {
	l := &Limits{operation: map[string]throttled.RateLimiterCtx{}}
	var err error
	if l.general, err = limiter(quota{300, time.Minute}, factor); err != nil {
		return nil, err
	}
	for op, q := range byOperation() {
		if l.operation[op], err = limiter(q, factor); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func limiter(q quota, factor int) (throttled.RateLimiterCtx, error) {
	store, err := memstore.NewCtx(1 << 16)
	if err != nil {
		return nil, fmt.Errorf("make a rate limit: %w", err)
	}
	n := q.n * factor
	l, err := throttled.NewGCRARateLimiterCtx(store, throttled.RateQuota{MaxRate: throttled.PerDuration(n, q.per), MaxBurst: n - 1})
	if err != nil {
		return nil, fmt.Errorf("make a rate limit: %w", err)
	}
	return l, nil
}

// Limit refuses what is too much, with Retry-After.
func (l *Limits) Limit(contract *Contract) gin.HandlerFunc {
	return func(c *gin.Context) {
		op := contract.Find(c)
		if op == nil || op.Raw || op.ID == "getHealth" || op.ID == "getReadiness" {
			c.Next()
			return
		}
		key := address(c.ClientIP())
		if a, ok := account.ActorFrom(c.Request.Context()); ok && op.Access.Who != Anyone {
			key = a.ID.String()
		}
		least := -1
		for _, limiter := range []throttled.RateLimiterCtx{l.operation[op.ID], l.general} {
			if limiter == nil {
				continue
			}
			limited, result, err := limiter.RateLimitCtx(c.Request.Context(), key, 1)
			if err != nil {
				problem.Write(c, fmt.Errorf("count requests: %w", err))
				return
			}
			if least < 0 || result.Remaining < least {
				least = result.Remaining
				c.Header("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, result.Remaining, int(result.ResetAfter.Seconds())))
				c.Header("RateLimit-Policy", `"default";q=`+strconv.Itoa(result.Limit))
			}
			if limited {
				problem.Write(c, errTooMany.After(max(result.RetryAfter, time.Second)))
				return
			}
		}
		c.Next()
	}
}

// address is what counts as one place: the /64 of an IPv6 address.
func address(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
