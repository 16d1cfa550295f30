package middleware

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// violation says where one thing is wrong, and whether that is in the body.
func violation(err error) (fields []fault.Field, body bool) {
	var req *openapi3filter.RequestError
	if !errors.As(err, &req) {
		return []fault.Field{{Code: "invalid", Detail: "cannot be used"}}, true
	}
	at := ""
	if p := req.Parameter; p != nil {
		at = "#/" + p.In + "/" + pointerText(p.Name)
	}
	var schema *openapi3.SchemaError
	if !errors.As(req.Err, &schema) {
		return []fault.Field{{Pointer: at, Code: "invalid", Detail: "is missing or cannot be used"}}, req.Parameter == nil
	}
	// The validator has two engines and errors of two kinds: most schemas go to
	// the one for JSON Schema 2020-12, some to its own.
	if cause, ok := errors.AsType[*jsonschema.ValidationError](schema.Unwrap()); ok {
		return explained(within(at, cause.InstanceLocation, req.Parameter == nil), cause.ErrorKind), req.Parameter == nil
	}
	at = within(at, schema.JSONPointer(), req.Parameter == nil)
	return []fault.Field{{Pointer: at, Code: schema.SchemaField, Detail: wordsOf(schema.SchemaField, schema.Schema)}}, req.Parameter == nil
}

func within(at string, path []string, body bool) string {
	if !body {
		return at
	}
	var pointer strings.Builder
	for _, part := range path {
		pointer.WriteString("/" + pointerText(part))
	}
	return at + pointer.String()
}

// unknownFields names the members of a body that the contract does not have.
func unknownFields(body []byte, op *Operation) []fault.Field {
	schema := op.Route.Operation.RequestBody.Value.Content.Get("application/json").Schema.Value
	if closed := schema.AdditionalProperties.Has; closed == nil || *closed {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil // no object; the validator says so
	}
	var unknown []string
	for name := range members {
		if schema.Properties[name] == nil {
			unknown = append(unknown, name)
		}
	}
	return explained("", &kind.AdditionalProperties{Properties: unknown})
}

// explained names the members that are missing or too many, or says what the
// value at this place must be.
func explained(at string, why jsonschema.ErrorKind) []fault.Field {
	each := func(names []string, code, detail string) []fault.Field {
		slices.Sort(names)
		var all []fault.Field
		for _, name := range names {
			all = append(all, fault.Field{Pointer: at + "/" + pointerText(name), Code: code, Detail: detail})
		}
		return all
	}
	switch k := why.(type) {
	case *kind.Required:
		return each(k.Missing, "required", "must be given")
	case *kind.AdditionalProperties:
		return each(k.Properties, "unknown", "there is no such field")
	}
	code := "invalid"
	if path := why.KeywordPath(); len(path) > 0 {
		code = path[len(path)-1]
	}
	return []fault.Field{{Pointer: at, Code: code, Detail: words(why)}}
}

// words says what a value must be, from the contract alone: the validator's
// own words repeat what was sent.
func words(why jsonschema.ErrorKind) string {
	switch k := why.(type) {
	case *kind.Type:
		return "must be of type " + strings.Join(k.Want, " or ")
	case *kind.Enum:
		allowed, err := json.Marshal(k.Want)
		if err != nil {
			return "must be one of the values in the contract"
		}
		return "must be one of " + string(allowed)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("may have %d characters at most", k.Want)
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "may be at most " + k.Want.RatString()
	case *kind.Pattern:
		return "must match " + k.Want
	case *kind.Format:
		return "must be in the format " + k.Want
	case *kind.MinProperties:
		return "must change something"
	}
	return "needs another value"
}

// wordsOf says the same from a schema.
func wordsOf(keyword string, s *openapi3.Schema) string {
	if s == nil {
		return "needs another value"
	}
	switch {
	case keyword == "type" && s.Type != nil:
		return words(&kind.Type{Want: *s.Type})
	case keyword == "enum":
		return words(&kind.Enum{Want: s.Enum})
	case keyword == "minLength":
		return fmt.Sprintf("must have at least %d characters", s.MinLength)
	case keyword == "maxLength" && s.MaxLength != nil:
		return fmt.Sprintf("may have %d characters at most", *s.MaxLength)
	case keyword == "minimum" && s.Min != nil:
		return fmt.Sprintf("must be at least %v", *s.Min)
	case keyword == "maximum" && s.Max != nil:
		return fmt.Sprintf("may be at most %v", *s.Max)
	case keyword == "pattern":
		return "must match " + s.Pattern
	case keyword == "required":
		return "must be given"
	}
	return "needs another value"
}
