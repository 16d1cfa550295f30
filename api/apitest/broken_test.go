package apitest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
)

// sentinel is a value that no answer may repeat.
const sentinel = "s3ntinel"

// broken is one request that must not work.
type broken struct {
	what    string
	call    apitest.Call
	status  []int
	pointer string // named in errors, "" for none
}

// Every operation is sent everything that is wrong with it. The contract says
// what that is, so a new operation is in this test the moment it is written.
func TestBrokenInputIsAProblemThatNamesThePlace(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	for _, op := range h.App.Contract.Operations {
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			for _, b := range everythingWrong(t, op, w) {
				t.Run(b.what, func(t *testing.T) {
					holds(t, b, h.Do(t, b.call))
				})
			}
		})
	}
}

func holds(t *testing.T, b broken, a apitest.Answer) {
	t.Helper()
	if !slices.Contains(b.status, a.Status) {
		t.Fatalf("answered %d, want %v: %s", a.Status, b.status, a.Body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("media type %q", got)
	}
	if bytes.Contains(a.Body, []byte(sentinel)) {
		t.Errorf("repeats what was sent: %s", a.Body)
	}
	var p struct {
		Type, Title, Code, Detail, Instance string
		Status                              int
		Errors                              []struct{ Pointer, Code, Detail string }
	}
	a.Into(t, &p)
	if p.Type != "/problems/"+p.Code || p.Title == "" || p.Detail == "" || p.Status != a.Status || !strings.HasPrefix(p.Instance, "urn:request:") {
		t.Errorf("not a whole problem: %s", a.Body)
	}
	if b.pointer == "" {
		return
	}
	for _, e := range p.Errors {
		if e.Pointer == b.pointer && e.Code != "" && e.Detail != "" {
			return
		}
	}
	t.Errorf("no error names %s: %s", b.pointer, a.Body)
}

func everythingWrong(t *testing.T, op middleware.Operation, w apitest.World) []broken {
	t.Helper()
	good := w.Example(t, op)
	var all []broken
	if op.Raw || op.ID == "openStream" {
		return append(all, wrongToken(op, good)...)
	}
	all = append(all, wrongToken(op, good)...)
	all = append(all, wrongPath(op, good)...)
	all = append(all, wrongQuery(op, good)...)
	all = append(all, wrongBody(t, op, good)...)
	return all
}

func wrongToken(op middleware.Operation, good apitest.Call) []broken {
	if op.Access.Who == middleware.Anyone {
		return nil
	}
	var all []broken
	for what, token := range map[string]string{"no token": "", "not a token": sentinel, "a huge token": strings.Repeat("a.", 4000)} {
		c := good
		c.Token = token
		all = append(all, broken{what, c, []int{401}, ""})
	}
	return all
}

func wrongPath(op middleware.Operation, good apitest.Call) []broken {
	var all []broken
	if strings.Contains(op.Path, "{provider}") {
		for what, name := range map[string]string{
			"a provider that is none": sentinel, "a NUL in its name": "a%00b", "a very long name": strings.Repeat("a", 3000), "a path as a name": "..%2f..%2fetc",
		} {
			c := good
			c.Path = strings.Replace(op.Path, "{provider}", name, 1)
			all = append(all, broken{what, c, []int{400, 404}, ""})
		}
	}
	if !strings.Contains(op.Path, "{id}") {
		return all
	}
	for what, id := range map[string]string{
		"an id that is none": sentinel, "an id that names nothing": "00000000-0000-7000-8000-000000000000",
		"a NUL in the id": "a%00b", "broken UTF-8 in the id": "%ff%fe", "a very long id": strings.Repeat("9", 3000), "SQL in the id": "1'%20OR%20'1'='1",
	} {
		c := good
		c.Path = strings.Replace(op.Path, "{id}", id, 1)
		all = append(all, broken{what, c, []int{400, 404}, ""})
	}
	return all
}

func wrongQuery(op middleware.Operation, good apitest.Call) []broken {
	with := func(query string) apitest.Call {
		c := good
		path, asked, _ := strings.Cut(c.Path, "?")
		if name, _, _ := strings.Cut(query, "="); asked != "" && !strings.HasPrefix(asked, name+"=") {
			query = asked + "&" + query
		}
		c.Path = path + "?" + query
		return c
	}
	all := []broken{
		{"an unknown parameter", with("surprise=" + sentinel), []int{400}, "#/query/surprise"},
		{"a NUL in the query", with("surprise=%00"), []int{400}, ""},
		{"a broken escape", with("a=%zz"), []int{400}, ""},
	}
	for _, p := range op.Route.Operation.Parameters {
		name, schema := p.Value.Name, p.Value.Schema.Value
		if p.Value.In != "query" {
			continue
		}
		pointer := "#/query/" + name
		all = append(all, broken{name + " twice", with(name + "=1&" + name + "=2"), []int{400}, pointer})
		if schema.Type.Is("integer") {
			all = append(all, broken{name + " is a word", with(name + "=" + sentinel), []int{400}, pointer},
				broken{name + " is negative", with(name + "=-1"), []int{400}, pointer},
				broken{name + " is beyond any number", with(name + "=99999999999999999999"), []int{400}, pointer})
		}
		if len(schema.Enum) > 0 || schema.Pattern != "" || schema.Format == "uuid" || schema.Format == "date" {
			all = append(all, broken{name + " is none of the allowed", with(name + "=" + sentinel), []int{400}, pointer})
		}
		if name == "cursor" {
			all = append(all, broken{"a forged cursor", with("cursor=" + sentinel), []int{400}, pointer})
		}
		if name == "time_zone" {
			all = append(all, broken{"a time zone that is none", with("time_zone=" + sentinel), []int{422}, pointer})
		}
	}
	return all
}

func wrongBody(t *testing.T, op middleware.Operation, good apitest.Call) []broken {
	t.Helper()
	with := func(raw string) apitest.Call {
		c := good
		c.Body, c.Raw = nil, []byte(raw)
		return c
	}
	if op.Route.Operation.RequestBody == nil {
		return []broken{{"a body where none belongs", with(`{"a":"` + sentinel + `"}`), []int{400}, ""}}
	}
	if op.Upload.Is() {
		return wrongFile(op, good)
	}
	media := with(`{}`)
	media.Header = maps.Clone(media.Header)
	if media.Header == nil {
		media.Header = map[string]string{}
	}
	media.Header["Content-Type"] = "text/plain"
	all := []broken{
		{"another media type", media, []int{http.StatusUnsupportedMediaType}, ""},
		{"not JSON", with(`{"a":`), []int{400}, ""},
		{"a list", with(`["` + sentinel + `"]`), []int{422}, ""},
		{"something behind the value", with(valid(t, good) + ` {"b":1}`), []int{400}, ""},
		{"too much", with(`{"a":"` + strings.Repeat("a", 300<<10) + `"}`), []int{413}, ""},
		{"a key twice", with(`{"a":1,"a":2}`), []int{400}, "/a"},
		{"invalid UTF-8", with("{\"a\":\"\xff\"}"), []int{422}, "/a"},
		{"a lone surrogate", with(`{"a":"\ud800"}`), []int{422}, "/a"},
		{"nested too deep", with(strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)), []int{400}, ""},
		{"a field that is not there", with(merged(t, good, "surprise", sentinel)), []int{422}, "/surprise"},
	}
	schema := op.Route.Operation.RequestBody.Value.Content.Get("application/json").Schema.Value
	for name, field := range schema.Properties {
		all = append(all, wrongField(t, good, with, name, field.Value, slices.Contains(schema.Required, name))...)
	}
	return all
}

// wrongFile is for operations that take a file.
func wrongFile(op middleware.Operation, good apitest.Call) []broken {
	with := func(media string, raw []byte) apitest.Call {
		c := good
		c.Raw, c.Header = raw, maps.Clone(good.Header)
		c.Header["Content-Type"] = media
		return c
	}
	var all []broken
	for _, media := range []string{"application/json", "text/plain", "image/svg+xml", "image/tiff", "image/*", "multipart/form-data", "application/octet-stream", "", sentinel} {
		all = append(all, broken{"sent as " + media, with(media, good.Raw), []int{http.StatusUnsupportedMediaType}, ""})
	}
	for _, media := range op.Upload.Media {
		all = append(all, broken{"too much " + media, with(media, bytes.Repeat(good.Raw, int(op.Upload.Max)/len(good.Raw)+1)), []int{413}, ""})
		for what, raw := range map[string][]byte{
			"nothing": {}, "JSON": []byte(`{"a":"` + sentinel + `"}`), "half of": good.Raw[:len(good.Raw)/2], "SVG": []byte(`<svg id="` + sentinel + `"/>`), "TIFF": []byte("II*\x00\x08\x00\x00\x00"),
		} {
			all = append(all, broken{what + " as " + media, with(media, raw), []int{422}, ""})
		}
	}
	return all
}

func wrongField(t *testing.T, good apitest.Call, with func(string) apitest.Call, name string, s *openapi3.Schema, required bool) []broken {
	t.Helper()
	pointer := "/" + name
	var all []broken
	if s.Type.Is("array") {
		all = append(all, broken{name + " is a word", with(merged(t, good, name, sentinel)), []int{422}, pointer})
		if s.MaxItems != nil {
			all = append(all, broken{name + " is too long", with(merged(t, good, name, make([]struct{}, *s.MaxItems+1))), []int{422}, pointer})
		}
	} else {
		all = append(all, broken{name + " is a list", with(merged(t, good, name, []string{sentinel})), []int{422}, pointer})
	}
	if !s.Type.Includes("null") {
		all = append(all, broken{name + " is null", with(merged(t, good, name, nil)), []int{422}, pointer})
	}
	if required {
		all = append(all, broken{name + " is missing", with(without(t, good, name)), []int{422}, pointer})
	}
	if s.Type.Is("string") {
		all = append(all, broken{name + " is a number", with(merged(t, good, name, 7)), []int{422}, pointer},
			broken{name + " has a NUL", with(merged(t, good, name, "a\x00b")), []int{422}, pointer})
		if s.MaxLength != nil {
			all = append(all, broken{name + " is too long", with(merged(t, good, name, strings.Repeat("x", int(*s.MaxLength)+1))), []int{422}, pointer})
		}
		if s.MinLength > 0 {
			all = append(all, broken{name + " is empty", with(merged(t, good, name, "")), []int{422}, pointer})
		}
	}
	for _, wrong := range map[string][]string{
		"uuid": {"", sentinel, "{019ab5c0-0000-7000-8000-000000000701}"}, "date": {"", "2027-02-31"}, "date-time": {"", "2027-02-31T00:00:00Z"},
	}[s.Format] {
		all = append(all, broken{fmt.Sprintf("%s is %q", name, wrong), with(merged(t, good, name, wrong)), []int{422}, pointer})
	}
	if s.Type.Is("integer") {
		all = append(all, broken{name + " is a word", with(merged(t, good, name, sentinel)), []int{422}, pointer},
			broken{name + " is a fraction", with(merged(t, good, name, 1.5)), []int{422}, pointer},
			broken{name + " is beyond any number", with(strings.Replace(merged(t, good, name, 0), fmt.Sprintf(`%q:0`, name), fmt.Sprintf(`%q:1e400`, name), 1)), []int{400, 422}, ""})
	}
	return all
}

func fields(t *testing.T, c apitest.Call) map[string]any {
	t.Helper()
	all := map[string]any{}
	if c.Body != nil {
		raw, err := json.Marshal(c.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func valid(t *testing.T, c apitest.Call) string {
	t.Helper()
	return encode(t, fields(t, c))
}

func merged(t *testing.T, c apitest.Call, name string, value any) string {
	t.Helper()
	all := fields(t, c)
	all[name] = value
	return encode(t, all)
}

func without(t *testing.T, c apitest.Call, name string) string {
	t.Helper()
	all := fields(t, c)
	delete(all, name)
	return encode(t, all)
}

func encode(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
