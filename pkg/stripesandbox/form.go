package stripesandbox

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// parseTree turns bracket notation, a[b][0][c]=v, into nested objects whose
// leaves are texts. List positions stay keys until the type is known.
func parseTree(values url.Values) (object, *apiError) {
	root := object{}
	for key, texts := range values {
		for i, text := range texts {
			if err := plant(root, key, i, text); err != nil {
				return nil, err
			}
		}
	}
	return root, nil
}

func plant(root object, key string, position int, text string) *apiError {
	path := strings.Split(strings.ReplaceAll(key, "]", ""), "[")
	if len(path) > 12 {
		return invalid(key, "Parameters are nested too deeply.")
	}
	at := root
	for i, part := range path {
		if part == "" {
			part = strconv.Itoa(position)
		}
		if i == len(path)-1 {
			if _, nested := at[part].(object); nested {
				return invalid(key, "Invalid parameter: "+key+" is both a value and an object.")
			}
			at[part] = text
			return nil
		}
		if at[part] == nil {
			at[part] = object{}
		}
		next, ok := at[part].(object)
		if !ok {
			return invalid(key, "Invalid parameter: "+key+" is both a value and an object.")
		}
		at = next
	}
	return nil
}

// paramFields returns the parameters that a stripe-go struct knows. One name may
// have two types, such as created=1 and created[gte]=1.
func paramFields(t reflect.Type) map[string][]reflect.Type {
	fields := map[string][]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("form"), ",")
		switch {
		case name == "" || name == "-":
		case name == "*" && f.Anonymous:
			for inner, types := range paramFields(f.Type) {
				// The embedded metadata is deprecated; structs that have one declare it.
				if inner != "metadata" {
					fields[inner] = append(fields[inner], types...)
				}
			}
		case name == "*":
		default:
			fields[name] = append(fields[name], f.Type)
		}
	}
	return fields
}

// coerce gives the texts of a tree the types of a stripe-go parameter struct and
// refuses parameters that the struct does not have.
func coerce(tree object, t reflect.Type, prefix string) (object, *apiError) {
	fields := paramFields(t)
	out := object{}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		path, value := key, tree[key]
		if prefix != "" {
			path = prefix + "[" + key + "]"
		}
		types, ok := fields[key]
		if !ok {
			e := invalid(path, "Received unknown parameter: "+path)
			e.code = "parameter_unknown"
			return nil, e
		}
		typed, err := coerceValue(value, pick(types, value), path)
		if err != nil {
			return nil, err
		}
		out[key] = typed
	}
	return out, nil
}

func pick(types []reflect.Type, value any) reflect.Type {
	_, nested := value.(object)
	for _, t := range types {
		composite := slices.Contains([]reflect.Kind{reflect.Struct, reflect.Map, reflect.Slice}, plain(t).Kind())
		if composite == nested {
			return plain(t)
		}
	}
	return plain(types[0])
}

func plain(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func coerceValue(value any, t reflect.Type, path string) (any, *apiError) {
	nested, isNested := value.(object)
	text, _ := value.(string)
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice:
		if !isNested && text != "" {
			return nil, invalid(path, "Invalid object")
		}
		if !isNested {
			return nil, nil // an empty text unsets
		}
		return coerceNested(nested, t, path)
	case reflect.Interface:
		return value, nil
	}
	if isNested {
		return nil, invalid(path, "Invalid string: "+path+" takes a single value")
	}
	return coerceText(text, t, path)
}

func coerceNested(nested object, t reflect.Type, path string) (any, *apiError) {
	switch t.Kind() {
	case reflect.Struct:
		return coerce(nested, t, path)
	case reflect.Map:
		out := object{}
		for key, v := range nested {
			if text, ok := v.(string); ok && t.Elem().Kind() == reflect.String {
				out[key] = text
				continue
			}
			typed, err := coerceValue(v, plain(t.Elem()), path+"["+key+"]")
			if err != nil {
				return nil, err
			}
			out[key] = typed
		}
		return out, nil
	}
	positions := make([]int, 0, len(nested))
	for key := range nested {
		n, err := strconv.Atoi(key)
		if err != nil {
			return nil, invalid(path, "Invalid array")
		}
		positions = append(positions, n)
	}
	slices.Sort(positions)
	list := make([]any, 0, len(positions))
	for _, n := range positions {
		key := strconv.Itoa(n)
		typed, err := coerceValue(nested[key], plain(t.Elem()), path+"["+key+"]")
		if err != nil {
			return nil, err
		}
		list = append(list, typed)
	}
	return list, nil
}

func coerceText(text string, t reflect.Type, path string) (any, *apiError) {
	if text == "" {
		return nil, nil
	}
	switch t.Kind() {
	case reflect.Int64, reflect.Int:
		// Moments may be given as a word: trial_end=now, billing_cycle_anchor=unchanged.
		if text == "now" || text == "unchanged" {
			return text, nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			e := invalid(path, "Invalid integer: "+text)
			e.code = "parameter_invalid_integer"
			return nil, e
		}
		return n, nil
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, invalid(path, "Invalid decimal: "+text)
		}
		if strings.HasSuffix(path, "_decimal]") || strings.HasSuffix(path, "_decimal") {
			return text, nil
		}
		return f, nil
	case reflect.Bool:
		if text != "true" && text != "false" {
			return nil, invalid(path, "Invalid boolean: "+text)
		}
		return text == "true", nil
	}
	return text, nil
}
