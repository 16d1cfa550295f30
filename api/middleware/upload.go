package middleware

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

const mediaJSON = "application/json"

// Upload is what an operation takes whose body is a file instead of JSON. The
// zero value is an operation like most.
type Upload struct {
	Media []string
	Max   int64 // bytes
}

// Is tells operations that take a file.
func (u Upload) Is() bool { return len(u.Media) > 0 }

// errUpload keeps a file from being as large as it likes.
var errUpload = errors.New("a body that is not JSON must say how many bytes it may have (maxLength)")

// upload reads it from the contract: every media type names the same limit.
func upload(op *openapi3.Operation) (u Upload, err error) {
	if op.RequestBody == nil || op.RequestBody.Value.Content[mediaJSON] != nil {
		return u, nil
	}
	content := op.RequestBody.Value.Content
	for _, media := range slices.Sorted(maps.Keys(content)) {
		s := content[media].Schema
		if s == nil || s.Value.MaxLength == nil || u.Is() && int64(*s.Value.MaxLength) != u.Max { //nolint:gosec // no file is so large
			return u, errUpload
		}
		u.Media, u.Max = append(u.Media, media), int64(*s.Value.MaxLength) //nolint:gosec // no file is so large
	}
	return u, nil
}

// limit is the most bytes that the body of an operation may have.
func (op *Operation) limit() int64 {
	if op.Upload.Is() {
		return op.Upload.Max
	}
	return maxBody
}

// reads tells whether an operation takes a body of a media type.
func (op *Operation) reads(media string) bool {
	if op.Upload.Is() {
		return slices.Contains(op.Upload.Media, media)
	}
	return media == mediaJSON
}

// errMedia says what it takes.
func (op *Operation) errMedia() *fault.Error {
	takes := mediaJSON
	if op.Upload.Is() {
		takes = strings.Join(op.Upload.Media, ", ")
	}
	return &fault.Error{Kind: fault.UnsupportedMedia, Code: "media-type-unsupported", Detail: "Send the body as " + takes + "."}
}

// mostUploads is how many files one process holds in memory at once.
const mostUploads = 16

var errUploads = &fault.Error{
	Kind: fault.Unavailable, Code: "uploads-busy",
	Detail: "A file of yours, or very many of others, are on their way. Please try again in a moment.", Retry: 5 * time.Second,
}

// Uploads lets files in: so many at once, and one of each person, because they
// are held in memory for as long as their senders like.
type Uploads struct {
	contract *Contract
	limits   *Limits
	mutex    sync.Mutex
	inside   map[string]struct{}
}

// NewUploads asks limits before a file is read.
func NewUploads(contract *Contract, limits *Limits) *Uploads {
	return &Uploads{contract: contract, limits: limits, inside: map[string]struct{}{}}
}

// Admit stands after Permit and before the file is read. It spends her budgets
// and takes a place, which is free again when the request is over.
func (u *Uploads) Admit(c *gin.Context) {
	op := u.contract.Find(c)
	if op == nil || !op.Upload.Is() {
		c.Next()
		return
	}
	if !u.limits.spend(c, op) {
		return
	}
	who := u.limits.whom(c, op)
	from := who.person
	if from == "" {
		from = who.address
	}
	if !u.enter(from) {
		problem.Write(c, errUploads)
		return
	}
	defer u.leave(from)
	c.Next()
}

func (u *Uploads) enter(from string) bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	_, here := u.inside[from]
	if here || len(u.inside) >= mostUploads {
		return false
	}
	u.inside[from] = struct{}{}
	return true
}

func (u *Uploads) leave(from string) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	delete(u.inside, from)
}

// Recheck stands after the file was read, and asks anew who sends it by now
// and whether she may: see Receive.
func (u *Uploads) Recheck(who func(context.Context, account.Actor) (account.Actor, error), permit gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		op := u.contract.Find(c)
		actor, ok := account.ActorFrom(c.Request.Context())
		if op == nil || !op.Upload.Is() || !ok {
			c.Next()
			return
		}
		actor, err := who(c.Request.Context(), actor)
		if err != nil {
			problem.Write(c, err)
			return
		}
		c.Request = c.Request.WithContext(account.WithActor(c.Request.Context(), actor))
		permit(c)
	}
}
