package stripesandbox

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// object is one Stripe object as it is on the wire. Nested objects are object,
// lists are []any, integers int64. Keys that begin with an underscore are the
// sandbox's own and never leave it.
type object map[string]any

func (o object) str(key string) string {
	v, _ := o[key].(string)
	return v
}

func (o object) num(key string) int64 {
	v, _ := o[key].(int64)
	return v
}

func (o object) flag(key string) bool {
	v, _ := o[key].(bool)
	return v
}

func (o object) sub(key string) object {
	v, _ := o[key].(object)
	return v
}

func (o object) list(key string) []any {
	v, _ := o[key].([]any)
	return v
}

func (o object) has(key string) bool {
	_, ok := o[key]
	return ok
}

func (o object) id() string { return o.str("id") }

// rows returns the objects of a list, given as a plain list or a Stripe list.
func (o object) rows(key string) []object {
	values := o.list(key)
	if l := o.sub(key); l != nil {
		values = l.list("data")
	}
	rows := make([]object, 0, len(values))
	for _, v := range values {
		if row, ok := v.(object); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// copyFrom takes over those of the keys that in has.
func (o object) copyFrom(in object, keys ...string) {
	for _, key := range keys {
		if in.has(key) {
			o[key] = clone(in[key])
		}
	}
}

// mergeMetadata applies Stripe's rule: an empty value removes a key, an empty
// metadata removes all of them.
func (o object) mergeMetadata(in object) {
	if !in.has("metadata") {
		return
	}
	merged := object{}
	if given := in.sub("metadata"); given != nil {
		maps.Copy(merged, o.sub("metadata"))
		for k, v := range given {
			if v == "" {
				delete(merged, k)
			} else {
				merged[k] = v
			}
		}
	}
	o["metadata"] = merged
}

func clone(v any) any {
	switch v := v.(type) {
	case object:
		c := make(object, len(v))
		for k, e := range v {
			c[k] = clone(e)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = clone(e)
		}
		return c
	}
	return v
}

// public returns a deep copy without the sandbox's own keys.
func (o object) public() object {
	c := make(object, len(o))
	for k, v := range o {
		if strings.HasPrefix(k, "_") {
			continue
		}
		switch v := v.(type) {
		case object:
			c[k] = v.public()
		case []any:
			l := make([]any, len(v))
			for i, e := range v {
				if row, ok := e.(object); ok {
					l[i] = row.public()
				} else {
					l[i] = e
				}
			}
			c[k] = l
		default:
			c[k] = v
		}
	}
	return c
}

// UnmarshalJSON reads an object so that integers stay int64 at every depth.
func (o *object) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil {
		return fmt.Errorf("reading an object: %w", err)
	}
	*o, _ = settleNumbers(raw).(object)
	return nil
}

func settleNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := make(object, len(v))
		for k, e := range v {
			o[k] = settleNumbers(e)
		}
		return o
	case []any:
		for i, e := range v {
			v[i] = settleNumbers(e)
		}
		return v
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

// blank returns an object with every field that the stripe-go struct knows, set
// to null, false or empty. Fields that Stripe sends on request only are left out.
func blank(of any) object {
	o := object{}
	t := reflect.TypeOf(of)
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" || onRequest(name, field.Type) {
			continue
		}
		switch field.Type.Kind() {
		case reflect.Bool:
			o[name] = false
		case reflect.Slice:
			o[name] = []any{}
		default:
			o[name] = nil
		}
		if name == "metadata" {
			o[name] = object{}
		}
	}
	return o
}

// onRequest names the fields that Stripe leaves out unless they are expanded or
// their feature is used. An invoice's tax is a number and always there.
func onRequest(name string, t reflect.Type) bool {
	switch name {
	case "deleted", "line_items", "subscriptions", "sources", "refunds", "secret",
		"applies_to", "amount_details", "authorization_code", "currency_options", "invoice_credit_balance", "invoice_item",
		"level3", "phone_number_collection", "radar_options", "redirect_on_completion", "rendering_options", "return_url",
		"subscription_proration_date", "tax_id_collection", "tax_ids", "threshold_reason", "transfer":
		return true
	case "tax", "source":
		return t.Kind() == reflect.Pointer
	}
	return false
}

// newID returns an unguessable id, so that ids of an earlier in-memory sandbox
// are never met again.
func newID(prefix string) string {
	return prefix + rand.Text()[:24]
}

func texts(values ...string) []any {
	l := make([]any, len(values))
	for i, v := range values {
		l[i] = v
	}
	return l
}

func listOf(url string, rows []object, more bool) object {
	data := make([]any, len(rows))
	for i, row := range rows {
		data[i] = row
	}
	return object{"object": "list", "url": url, "has_more": more, "data": data}
}
