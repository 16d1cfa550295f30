package csvsafe

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Number is a decimal number already written out, such as "-12.50". As a cell
// it stays a number: it gets no apostrophe. Anything but an optional minus,
// digits, and an optional fraction makes Row fail.
type Number string

func (n Number) valid() bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(string(n), "-"), ".")
	return digits(whole) && (!point || digits(fraction))
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func format(cell any) (string, error) {
	switch c := cell.(type) {
	case nil:
		return "", nil
	case string:
		return safe(c), nil
	case []byte:
		return safe(string(c)), nil
	case Number:
		if !c.valid() {
			return "", errors.New("not a decimal number")
		}
		return string(c), nil
	case time.Time:
		return c.UTC().Format(time.RFC3339), nil
	}
	v := reflect.ValueOf(cell)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "", nil
	}
	if s, ok := cell.(fmt.Stringer); ok {
		return safe(s.String()), nil
	}
	return formatKind(v)
}

func formatKind(v reflect.Value) (string, error) {
	switch {
	case v.Kind() == reflect.Pointer:
		return format(v.Elem().Interface())
	case v.Kind() == reflect.String:
		return safe(v.String()), nil
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	case v.CanFloat():
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return "", nil
		}
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), nil
	}
	return "", fmt.Errorf("no cell form for %v", v.Type())
}
