package middleware

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
)

// subject is for whom the budgets of an operation are counted.
type subject struct {
	person  string // who is signed in, where that is asked
	mailbox string // the key of the e-mail address in the body
	device  string // one she signed in with before
	session string
	address string
}

// whom reads it from what the request carries.
func (l *Limits) whom(c *gin.Context, op *Operation) subject {
	who := subject{address: address(c.ClientIP())}
	if a, ok := account.ActorFrom(c.Request.Context()); ok && op.Access.Who != Anyone {
		who.person = a.ID.String()
	}
	said := l.said(c, op)
	if said.Email != "" {
		who.mailbox = l.Subjects.LimitKey(said.Email)
	}
	if id, ok := l.Subjects.KnownDevice(said.Email, said.DeviceToken); ok && l.believed(c, said.Email, who.mailbox, id) {
		who.device = id.String()
	}
	if id, ok := l.Subjects.SessionOf(said.RefreshToken); ok && op.Takes("refresh_token") {
		who.session = id.String()
	}
	return who
}

// believed reports whether a known device of a mailbox is still told from
// strangers. Beyond what it has for itself, and what all of them have together,
// it is counted like anybody: who was in an account once could otherwise guess
// with as many devices as she made known then, or spend with one what her
// victim's have. It may have been shut out, which is asked last.
func (l *Limits) believed(c *gin.Context, email, mailbox string, device uuid.UUID) bool {
	ctx := c.Request.Context()
	if r, err := l.device.Take(ctx, device.String()); err != nil || r.Refused {
		return false
	}
	if known, err := l.Subjects.StillKnown(ctx, email, device); err != nil || !known {
		return false
	}
	r, err := l.known.Take(ctx, mailbox)
	return err == nil && !r.Refused
}

// said is what of a body, or of the cookies that stand for it, tells for whom
// a request is.
type said struct {
	Email        string `json:"email"`
	DeviceToken  string `json:"device_token"`
	RefreshToken string `json:"refresh_token"`
}

// said leaves the body to be read again. It has been validated.
func (l *Limits) said(c *gin.Context, op *Operation) said {
	var s said
	if op.Route.Operation.RequestBody != nil && !op.Upload.Is() {
		body, err := io.ReadAll(c.Request.Body)
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
		if err == nil {
			_ = json.Unmarshal(body, &s) // what is missing or of another type says nothing
		}
	}
	for name, into := range map[string]*string{l.DeviceCookie: &s.DeviceToken, l.RefreshCookie: &s.RefreshToken} {
		if cookie, err := c.Request.Cookie(name); err == nil && *into == "" {
			*into = cookie.Value
		}
	}
	return s
}

// key says for whom a budget is counted; false where it does not count. A
// known device is counted for itself alone, whatever others do with the
// account or from the same place; and a refresh token of ours is no guess, so
// that guesses keep nobody from going on with a session.
func (s subject) key(per Per) (string, bool) {
	switch per {
	case PerAccount:
		if s.person != "" {
			return s.person, true
		}
		return s.mailboxOrDevice()
	case PerRecipient:
		return s.mailboxOrDevice()
	case PerSession:
		return s.session, s.session != ""
	case PerAddress:
		return s.address, s.device == ""
	case PerAll:
		return "", s.device == "" && s.session == ""
	}
	return "", false
}

func (s subject) mailboxOrDevice() (string, bool) {
	if s.device != "" {
		return "device " + s.device, true
	}
	return s.mailbox, s.mailbox != ""
}

// mayKnow reports whether the caller may see what is left of a budget.
func (s subject) mayKnow(per Per) bool {
	switch per {
	case PerAccount, PerRecipient:
		return s.person != "" || s.device != ""
	case PerSession, PerAddress:
		return true
	case PerAll:
	}
	return false
}

// leastKey is where the request keeps how much is left of its tightest budget.
const leastKey = "limit.least"

// tell writes the headers of draft-ietf-httpapi-ratelimit-headers-10: every
// policy, and of the tightest what is left.
func tell(c *gin.Context, title string, r ratelimit.Result) {
	policy := fmt.Sprintf(`%q;q=%d;w=%d`, title, r.Quota.N, int(r.Quota.Within/time.Second))
	if before := c.Writer.Header().Get("Ratelimit-Policy"); before != "" {
		policy = before + ", " + policy
	}
	c.Header("RateLimit-Policy", policy)
	least, ok := c.Get(leastKey)
	if before, isInt := least.(int); ok && isInt && before < r.Remaining {
		return
	}
	c.Set(leastKey, r.Remaining)
	c.Header("RateLimit", fmt.Sprintf(`%q;r=%d;t=%d`, title, r.Remaining, int(math.Ceil(r.Reset.Seconds()))))
}
