package strictjson

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Decode is [Check], then stores the value in dst, a non-nil pointer.
// Keys match field names exactly; a key without a field is field-unknown, and
// a value that does not fit is type-wrong, which includes null for anything but
// a pointer, an interface, or a type with its own JSON decoding. Errors are
// *[Error], except when dst itself is unusable. After an error dst may be
// partly written.
//
// Types with an UnmarshalJSON method decode themselves: what they nest is
// checked for shape but not for unknown fields.
func Decode(body []byte, dst any, limit Limits) error {
	if v := reflect.ValueOf(dst); v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("strictjson: decode into %T: need a non-nil pointer", dst)
	}
	if err := Check(body, limit); err != nil {
		return err
	}
	err := json.Unmarshal(body, dst,
		json.RejectUnknownMembers(true),
		json.WithUnmarshalers(json.UnmarshalFromFunc(refuseNull)))
	if err == nil {
		return nil
	}
	var sem *json.SemanticError
	if !errors.As(err, &sem) {
		return &Error{Code: CodeTypeWrong, Detail: "the value does not have the expected form"}
	}
	at := bounded(sem.JSONPointer)
	if errors.Is(sem.Err, json.ErrUnknownName) {
		return &Error{Code: CodeFieldUnknown, Pointer: at, Detail: "there is no such field"}
	}
	return &Error{Code: CodeTypeWrong, Pointer: at, Detail: expected(sem.GoType)}
}

// refuseNull keeps null from silently becoming a zero value.
func refuseNull(dec *jsontext.Decoder, dst any) error {
	if dec.PeekKind() != 'n' {
		return json.SkipFunc
	}
	switch reflect.TypeOf(dst).Elem().Kind() {
	case reflect.Pointer, reflect.Interface:
		return json.SkipFunc
	}
	switch dst.(type) {
	case stdjson.Unmarshaler, json.UnmarshalerFrom:
		return json.SkipFunc
	}
	return errors.New("null is not allowed here")
}

// expected says in JSON's words what a Go type takes.
func expected(t reflect.Type) string {
	const otherwise = "the value does not have the expected form"
	if t == nil {
		return otherwise
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "expected true or false"
	case reflect.String:
		return "expected a string"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprintf("expected a whole number of at most %d bits", t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprintf("expected a non-negative whole number of at most %d bits", t.Bits())
	case reflect.Float32, reflect.Float64:
		return "expected a number"
	}
	return otherwise
}
