package middleware

import (
	"context"
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
	// StillKnown is false when she has shut out what was known before.
	StillKnown(ctx context.Context, email string, device uuid.UUID) (bool, error)
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
// an account is slowed down, never locked, and for its owner on a device she
// has used before by what is tried with that device (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
type Limits struct {
	LimitConfig

	contract  *Contract
	anyone    *ratelimit.Limiter
	signedIn  *ratelimit.Limiter
	known     *ratelimit.Limiter // all devices of a mailbox
	device    *ratelimit.Limiter // one of them
	operation map[string][]spender
}

// spender is a budget of an operation with its counts.
type spender struct {
	Budget

	limiter *ratelimit.Limiter
	title   string // in the headers
}

// NewLimits makes the counters. What can be made up without end, such as
// addresses of networks and mailboxes, does not push out the counts of people,
// nor letters to mailboxes those of guesses.
func NewLimits(contract *Contract, cfg LimitConfig) (*Limits, error) {
	l := &Limits{LimitConfig: cfg, contract: contract, operation: map[string][]spender{}}
	counters := map[Per]*ratelimit.Counter{}
	sizes := map[Per]int{PerAddress: manyAddresses, PerSession: manyPeople, PerAccount: manyMailboxes, PerRecipient: manyMailboxes}
	for per, size := range sizes {
		var err error
		if counters[per], err = ratelimit.NewCounter(size, cfg.Shared, cfg.Clock.Now); err != nil {
			return nil, err
		}
	}
	counters[PerAll] = counters[PerSession]
	if err := l.general(counters); err != nil {
		return nil, err
	}
	var err error
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

// general makes the budgets that all operations share.
func (l *Limits) general(counters map[Per]*ratelimit.Counter) (err error) {
	g := l.contract.General
	for _, b := range []struct {
		into  **ratelimit.Limiter
		per   Per
		name  string
		quota ratelimit.Quota
	}{
		{&l.anyone, PerAddress, "anyone", g.Anyone},
		{&l.signedIn, PerSession, "signed-in", g.SignedIn},
		{&l.known, PerAccount, "known", g.Known},
		{&l.device, PerAccount, "device", g.Device},
	} {
		if *b.into, err = counters[b.per].Limiter(b.name, b.quota.Times(l.Factor)); err != nil {
			return err
		}
	}
	return nil
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
// its operation. Those of a file were spent before it was read.
func (l *Limits) Spend(c *gin.Context) {
	op := l.contract.Find(c)
	if op == nil || op.Upload.Is() || l.spend(c, op) {
		c.Next()
	}
}

// spend is false when it has answered.
func (l *Limits) spend(c *gin.Context, op *Operation) bool {
	if len(op.Budgets) == 0 {
		return true
	}
	who := l.whom(c, op)
	for _, s := range l.operation[op.ID] {
		key, counts := who.key(s.Per)
		if counts && !l.take(c, s.limiter, key, s.title, who.mayKnow(s.Per)) {
			return false
		}
	}
	return true
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
