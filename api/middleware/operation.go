// Package middleware is what every request passes before its handler: who is
// it, may she, and is what she sent what the contract asks for.
package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"
)

// Who may call an operation.
type Who string

// The answers of x-access.who.
const (
	Anyone   Who = "anyone"
	SignedIn Who = "signed_in"
	Member   Who = "member"
	Admin    Who = "admin"
)

// Access is the x-access of an operation.
type Access struct {
	Who        Who    `json:"who"`
	Membership string `json:"membership"` // "active" or nothing
	Relation   string `json:"relation"`   // what ties the caller to the object; the domain checks it
	Proof      string `json:"proof"`      // another proof than a token; the handler checks it
	StepUp     bool   `json:"step_up"`    // asks for a proof of who she is not older than account.Freshness
	Owing      bool   `json:"owing"`      // open to a session that still owes a second factor
}

// Operation is one entry of the contract.
type Operation struct {
	ID         string
	Method     string
	Path       string // as in the contract
	Access     Access
	Budgets    []Budget // x-limit, beside the general one
	Idempotent bool     // takes an Idempotency-Key
	Raw        bool     // its handler reads the body itself
	Upload     Upload   // its body is a file, where there are media types
	Route      *routers.Route
}

// Contract finds operations by the route that gin matched.
type Contract struct {
	Doc        *openapi3.T
	General    General
	Operations []Operation
	byRoute    map[string]*Operation
}

// LoadContract reads the contract and refuses one in which an operation has
// no x-access, or lets guess without an x-limit: nothing is open by mistake.
func LoadContract(ctx context.Context, spec []byte) (*Contract, error) {
	formats()
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	if err := doc.Validate(ctx, openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("the contract is not valid: %w", err)
	}
	c := &Contract{Doc: doc, byRoute: map[string]*Operation{}}
	var missing []error
	if c.General, err = general(doc); err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			o, err := operation(doc, path, method, item, op)
			if err != nil {
				missing = append(missing, err)
				continue
			}
			c.Operations = append(c.Operations, o)
		}
	}
	slices.SortFunc(c.Operations, func(a, b Operation) int { return strings.Compare(a.ID, b.ID) })
	for i := range c.Operations {
		o := &c.Operations[i]
		c.byRoute[o.Method+" "+ginPath(o.Path)] = o
	}
	return c, errors.Join(missing...)
}

func operation(doc *openapi3.T, path, method string, item *openapi3.PathItem, op *openapi3.Operation) (Operation, error) {
	o := Operation{ID: op.OperationID, Method: method, Path: path}
	err := extension(op.Extensions, "x-access", &o.Access)
	if err != nil {
		return o, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if !slices.Contains([]Who{Anyone, SignedIn, Member, Admin}, o.Access.Who) {
		return o, fmt.Errorf("%s %s: x-access.who must say who may call it", method, path)
	}
	o.Raw = o.Access.Proof != ""
	if o.Upload, err = upload(op); err != nil {
		return o, fmt.Errorf("%s %s: %w", method, path, err)
	}
	for _, p := range op.Parameters {
		o.Idempotent = o.Idempotent || p.Value.Name == "Idempotency-Key"
	}
	o.Route = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
	if o.Budgets, err = budgets(op); err != nil {
		return o, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if err := o.guarded(); err != nil {
		return o, fmt.Errorf("%s %s (%s): %w", method, path, o.ID, err)
	}
	return o, nil
}

// ginPath writes /v1/topics/{id} as gin does, /v1/topics/:id.
func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// Find gives the operation that gin matched, or nil.
func (c *Contract) Find(g *gin.Context) *Operation {
	return c.byRoute[g.Request.Method+" "+g.FullPath()]
}
