package middleware

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/strictjson"
)

// maxBody is the most a request body may have. A post of 32 KiB of characters
// that JSON writes as six bytes each still fits.
const maxBody = 256 << 10

var (
	errBody  = &fault.Error{Kind: fault.Malformed, Code: "body-unexpected", Detail: "This operation takes no body."}
	errText  = &fault.Error{Kind: fault.Malformed, Code: "text-invalid", Detail: "The address holds characters that cannot be read."}
	errQuery = &fault.Error{Kind: fault.Malformed, Code: "parameter-invalid", Detail: "Some parameters need another value."}
)

// Validate lets only requests through that are what the contract asks for.
func Validate(contract *Contract) gin.HandlerFunc {
	return func(c *gin.Context) {
		op := contract.Find(c)
		if op == nil || op.Raw {
			c.Next()
			return
		}
		if err := validate(c, op); err != nil {
			problem.Write(c, err)
			return
		}
		c.Next()
	}
}

func validate(c *gin.Context, op *Operation) error {
	query, err := readableQuery(c.Request.URL)
	if err != nil {
		return err
	}
	if err := knownParameters(query, op); err != nil {
		return err
	}
	body, err := readBody(c, op)
	if err != nil {
		return err
	}
	if len(body) > 0 && !op.Upload.Is() {
		if unknown := unknownFields(body, op); len(unknown) > 0 {
			return fault.ErrInvalid.At(unknown...)
		}
	}
	params := map[string]string{}
	for _, p := range c.Params {
		if !readable(p.Value) {
			return errText
		}
		params[p.Key] = p.Value
	}
	in := &openapi3filter.RequestValidationInput{
		Request: c.Request, PathParams: params, QueryParams: query, Route: op.Route,
		Options: &openapi3filter.Options{
			MultiError: true, SkipSettingDefaults: true, ExcludeRequestBody: op.Upload.Is(), // what is in a file its domain finds out
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, // Permit has asked
		},
	}
	err = openapi3filter.ValidateRequest(c.Request.Context(), in)
	// The validator has read the body; the handler wants it again.
	c.Request.Body = hold(body)
	if err != nil {
		return violations(err)
	}
	return nil
}

func readableQuery(u *url.URL) (url.Values, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errText
	}
	for name, values := range query {
		if len(values) > 1 {
			return nil, errQuery.At(fault.Field{Pointer: "#/query/" + pointerText(name), Code: "repeated", Detail: "may be given once"})
		}
		if !readable(name) || !readable(values[0]) {
			return nil, errText
		}
	}
	return query, nil
}

func readable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) < 0
}

func knownParameters(query url.Values, op *Operation) error {
	known := map[string]bool{}
	for _, list := range []openapi3.Parameters{op.Route.Operation.Parameters, op.Route.PathItem.Parameters} {
		for _, p := range list {
			known[p.Value.In+p.Value.Name] = true
		}
	}
	for name := range query {
		if !known["query"+name] {
			return errQuery.At(fault.Field{Pointer: "#/query/" + pointerText(name), Code: "unknown", Detail: "there is no such parameter"})
		}
	}
	return nil
}

// readBody asks that a body is one clean JSON value, or a file of a kind and
// size that the operation takes; it leaves it to be read again.
func readBody(c *gin.Context, op *Operation) ([]byte, error) {
	body, err := receive(c, op)
	if err != nil {
		return nil, err
	}
	wants := op.Route.Operation.RequestBody
	c.Request.Body = hold(body)
	switch {
	case wants == nil && len(body) > 0:
		return nil, errBody
	case len(body) == 0 && (wants == nil || !wants.Value.Required):
		c.Request.Body = http.NoBody
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch {
	case err != nil || !op.reads(media):
		return nil, op.errMedia()
	case op.Upload.Is():
		return body, nil
	}
	if err := strictjson.Check(body, strictjson.Limits{}); err != nil {
		return nil, unclean(err)
	}
	return body, nil
}

func unclean(err error) error {
	var e *strictjson.Error
	if !errors.As(err, &e) {
		return err
	}
	kind := fault.Malformed
	if e.Code == strictjson.CodeTextNUL || e.Code == strictjson.CodeTextInvalid {
		kind = fault.Invalid
	}
	return &fault.Error{
		Kind: kind, Code: e.Code, Detail: "The body cannot be used: " + e.Detail + ".",
		Fields: []fault.Field{{Pointer: e.Pointer, Code: e.Code, Detail: e.Detail}},
	}
}

func pointerText(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(strings.ToValidUTF8(s, ""))
}

// violations names every place at which a request is not what the contract
// asks for. The validator's own words are not used: they repeat values.
func violations(err error) error {
	var fields []fault.Field
	inBody := false
	for _, one := range flatten(err) {
		found, body := violation(one)
		inBody = inBody || body
		fields = append(fields, found...)
	}
	if inBody {
		return fault.ErrInvalid.At(fields...)
	}
	return errQuery.At(fields...)
}

// flatten takes apart what the validator nests: many errors, of requests, of
// schemas. Each stays with the request error that says where it was.
func flatten(err error) []error {
	switch e := err.(type) { //nolint:errorlint // one layer at a time
	case openapi3.MultiError:
		var all []error
		for _, one := range e {
			all = append(all, flatten(one)...)
		}
		return all
	case *openapi3filter.RequestError:
		var all []error
		for _, one := range flatten(e.Err) {
			wrapped := *e
			wrapped.Err = one
			all = append(all, &wrapped)
		}
		return all
	}
	return []error{err}
}
