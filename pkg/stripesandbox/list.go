package stripesandbox

import (
	"slices"
	"strings"
)

// page lists objects of a kind newest first, with Stripe's cursors. Every
// equality filter names a field and the parameter of the same name.
func (c *call) page(kind string, keep func(object) bool, fields ...string) (object, *apiError) {
	rows := c.all(kind, func(o object) bool {
		if o.flag("deleted") || !inRange(o, c.in, "created") || (keep != nil && !keep(o)) {
			return false
		}
		for _, f := range fields {
			if want, given := c.in[f]; given && want != nil && o[f] != want {
				return false
			}
		}
		return true
	})
	slices.Reverse(rows)
	return c.cut(rows)
}

// cut applies limit, starting_after and ending_before to rows.
func (c *call) cut(rows []object) (object, *apiError) {
	limit := int64(10)
	if c.in.has("limit") {
		limit = c.in.num("limit")
	}
	if limit < 1 || limit > 100 {
		return nil, invalid("limit", "Invalid limit: must be between 1 and 100.")
	}
	position := func(param string) (int, *apiError) {
		at := slices.IndexFunc(rows, func(o object) bool { return o.id() == c.in.str(param) })
		if at < 0 {
			return 0, missing("object", c.in.str(param), param)
		}
		return at, nil
	}
	if c.in.str("ending_before") != "" {
		at, err := position("ending_before")
		if err != nil {
			return nil, err
		}
		from := max(0, at-int(limit))
		return listOf(c.path, rows[from:at], from > 0), nil
	}
	if c.in.str("starting_after") != "" {
		at, err := position("starting_after")
		if err != nil {
			return nil, err
		}
		rows = rows[at+1:]
	}
	more := len(rows) > int(limit)
	if more {
		rows = rows[:limit]
	}
	return listOf(c.path, rows, more), nil
}

// inRange checks a moment against field=n or field[gt|gte|lt|lte]=n.
func inRange(o, in object, field string) bool {
	at := o.num(field)
	if exact, ok := in[field].(int64); ok {
		return at == exact
	}
	for op, bound := range in.sub(field) {
		n, _ := bound.(int64)
		switch op {
		case "gt":
			if at <= n {
				return false
			}
		case "gte":
			if at < n {
				return false
			}
		case "lt":
			if at >= n {
				return false
			}
		case "lte":
			if at > n {
				return false
			}
		}
	}
	return true
}

// expand replaces the ids along a dotted path by the objects themselves.
func (s *Sandbox) expand(o object, path []string, whole string) *apiError {
	if len(path) == 0 {
		return nil
	}
	key := path[0]
	if o.flag("deleted") {
		return nil
	}
	if !o.has(key) && !s.include(o, key) {
		return invalid("expand", "This property cannot be expanded ("+whole+").")
	}
	switch v := o[key].(type) {
	case string:
		if target, ok := s.state.Objects[v]; ok {
			o[key] = target.public()
			return s.expand(o.sub(key), path[1:], whole)
		}
	case object:
		return s.expand(v, path[1:], whole)
	case []any:
		for i, e := range v {
			if id, ok := e.(string); ok && s.state.Objects[id] != nil {
				v[i] = s.state.Objects[id].public()
			}
			if row, ok := v[i].(object); ok {
				if err := s.expand(row, path[1:], whole); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// include adds a list that Stripe sends only when it is asked for.
func (s *Sandbox) include(o object, key string) bool {
	var rows []object
	var path string
	newestFirst := func(kind string, keep func(object) bool) []object {
		found := s.all(kind, keep)
		slices.Reverse(found)
		return found
	}
	switch o.str("object") + "." + key {
	case "customer.subscriptions":
		path = "/v1/customers/" + o.id() + "/subscriptions"
		rows = newestFirst("subscription", func(sub object) bool { return sub.str("customer") == o.id() && !ended(sub) })
	case "customer.sources":
		path = "/v1/customers/" + o.id() + "/sources"
	case "charge.refunds":
		path = "/v1/charges/" + o.id() + "/refunds"
		rows = newestFirst("refund", func(re object) bool { return re.str("charge") == o.id() })
	case "checkout.session.line_items":
		path = "/v1/checkout/sessions/" + o.id() + "/line_items"
		rows = s.state.Objects[o.id()].rows("_line_items")
	default:
		return false
	}
	for i := range rows {
		rows[i] = rows[i].public()
	}
	o[key] = listOf(path, rows, false)
	return true
}

func (s *Sandbox) expandAll(o object, paths []any) *apiError {
	for _, p := range paths {
		text, _ := p.(string)
		if err := s.expand(o, strings.Split(text, "."), text); err != nil {
			return err
		}
	}
	return nil
}
