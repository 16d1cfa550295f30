package middleware

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
)

var errTooMany = &fault.Error{Kind: fault.TooMany, Code: "too-many", Detail: "Please wait a little before trying again."}

// How many of each are remembered at once in one process.
const (
	manyAddresses = 1 << 16
	manyPeople    = 1 << 16
	manyMailboxes = 1 << 16
)

// Subjects says for whom a request is counted.
type Subjects interface {
	// LimitKey is the same for every way of writing an e-mail address, and
	// does not tell it; "" for what is none.
	LimitKey(email string) string
	// KnownDevice is true for a token given to a device that signed in with
	// that e-mail address, and names it.
	KnownDevice(email, token string) (uuid.UUID, bool)
	// SessionOf names the session of a refresh token.
	SessionOf(refreshToken string) (uuid.UUID, bool)
}

// LimitConfig is what Limits stands on.
type LimitConfig struct {
	Factor        int // multiplies every limit; development uses a large one
	Shared        *ratelimit.Shared
	Clock         clock.Clock
	Subjects      Subjects
	RefreshCookie string
	DeviceCookie  string
}

// Limits holds requests to the budgets of the contract. Each attempt counts,
// right or wrong: nobody learns from a limit what was right. Beyond its budget
// an account is slowed down, never locked, and not for its owner on a device
// she has used before (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
type Limits struct {
	LimitConfig

	contract  *Contract
	anyone    *ratelimit.Limiter
	signedIn  *ratelimit.Limiter
	known     *ratelimit.Limiter
	operation map[string][]spender
}

// spender is a budget of an operation with its counts.
type spender struct {
	Budget

	limiter *ratelimit.Limiter
	title   string // in the headers
}

// NewLimits makes the counters. What can be made up without end, such as
// addresses of networks and mailboxes, does not push out the counts of people.
func NewLimits(contract *Contract, cfg LimitConfig) (*Limits, error) {
	l := &Limits{LimitConfig: cfg, contract: contract, operation: map[string][]spender{}}
	counters := map[Per]*ratelimit.Counter{}
	for per, size := range map[Per]int{PerAddress: manyAddresses, PerSession: manyPeople, PerAccount: manyMailboxes} {
		var err error
		if counters[per], err = ratelimit.NewCounter(size, cfg.Shared, cfg.Clock.Now); err != nil {
			return nil, err
		}
	}
	counters[PerAll], counters[PerRecipient] = counters[PerSession], counters[PerAccount]
	var err error
	if l.anyone, err = counters[PerAddress].Limiter("anyone", contract.General.Anyone.Times(cfg.Factor)); err != nil {
		return nil, err
	}
	if l.signedIn, err = counters[PerSession].Limiter("signed-in", contract.General.SignedIn.Times(cfg.Factor)); err != nil {
		return nil, err
	}
	if l.known, err = counters[PerAccount].Limiter("known", contract.General.Known.Times(cfg.Factor)); err != nil {
		return nil, err
	}
	for _, op := range contract.Operations {
		for _, b := range op.Budgets {
			counter := counters[b.Per]
			if b.Per == PerAccount && op.Access.Who != Anyone {
				counter = counters[PerSession]
			}
			s := spender{Budget: b, title: fmt.Sprintf("%s-%d", b.Per, int(b.Quota.Within/time.Second))}
			if s.limiter, err = counter.Limiter(budgetName(op, b), b.Quota.Times(cfg.Factor)); err != nil {
				return nil, err
			}
			l.operation[op.ID] = append(l.operation[op.ID], s)
		}
	}
	return l, nil
}

// budgetName is shared by the operations that share a budget.
func budgetName(op Operation, b Budget) string {
	if b.Per == PerRecipient {
		return string(b.Per) + " " + b.Quota.String()
	}
	return op.ID + " " + string(b.Per) + " " + b.Quota.String()
}

// Arrive holds every request to the general limit: of whoever is signed in,
// else of the address it comes from.
func (l *Limits) Arrive(c *gin.Context) {
	op := l.contract.Find(c)
	if op == nil || op.Raw || op.ID == "getHealth" || op.ID == "getReadiness" {
		c.Next()
		return
	}
	limiter, key := l.anyone, address(c.ClientIP())
	if a, ok := account.ActorFrom(c.Request.Context()); ok {
		limiter, key = l.signedIn, a.ID.String()
	}
	if l.take(c, limiter, key, "default", true) {
		c.Next()
	}
}

// Spend holds a request that is what the contract asks for to the budgets of
// its operation.
func (l *Limits) Spend(c *gin.Context) {
	op := l.contract.Find(c)
	if op == nil || len(op.Budgets) == 0 {
		c.Next()
		return
	}
	who := l.whom(c, op)
	for _, s := range l.operation[op.ID] {
		key, counts := who.key(s.Per)
		if counts && !l.take(c, s.limiter, key, s.title, who.mayKnow(s.Per)) {
			return
		}
	}
	c.Next()
}

// take counts one, and answers when that is too much. Some budgets are told of
// only then: what is left of them tells what others did.
func (l *Limits) take(c *gin.Context, limiter *ratelimit.Limiter, key, title string, told bool) bool {
	r, err := limiter.Take(c.Request.Context(), key)
	if err != nil {
		problem.Write(c, err)
		return false
	}
	if told || r.Refused {
		tell(c, title, r)
	}
	if r.Refused {
		problem.Write(c, errTooMany.After(r.Retry))
		return false
	}
	return true
}

// address is what counts as one place: the /64 of an IPv6 address.
func address(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
