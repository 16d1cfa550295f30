package middleware

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// formats teaches the validator what the generated types can hold: it knows no
// UUID, and takes the 31st of February for a day. What it lets through and they
// do not would be a fault of ours.
var formats = sync.OnceFunc(func() { //nolint:gochecknoglobals // the validator has its formats for the whole process
	define := func(name string, check func(string) error) {
		openapi3.DefineStringFormatValidator(name, openapi3.NewCallbackValidator(check))
	}
	define("uuid", func(s string) error {
		if len(s) != len(uuid.Nil.String()) { // uuid.Validate takes braces and urn: too
			return errors.New("is no UUID")
		}
		return uuid.Validate(s)
	})
	define("date", func(s string) error {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return fmt.Errorf("is no day: %w", err)
		}
		return nil
	})
	define("date-time", func(s string) error { return new(time.Time).UnmarshalText([]byte(s)) })
})
