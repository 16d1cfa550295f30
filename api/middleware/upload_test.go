package middleware

import (
	"errors"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// taking is an operation whose body is of media types, each with the most
// bytes that its schema names: 0 for no number, -1 for no schema.
func taking(media map[string]int) *openapi3.Operation {
	content := openapi3.Content{}
	for name, most := range media {
		content[name] = openapi3.NewMediaType()
		if most >= 0 {
			content[name].WithSchema(openapi3.NewStringSchema())
		}
		if most > 0 {
			content[name].Schema.Value.WithMaxLength(int64(most))
		}
	}
	return &openapi3.Operation{RequestBody: &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithContent(content)}}
}

func TestWhatIsUploadedIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op    *openapi3.Operation
		want  Upload
		fails bool
	}{
		"no body":                             {op: &openapi3.Operation{}},
		"JSON needs no limit of its own":      {op: taking(map[string]int{"application/json": 0})},
		"one media type":                      {op: taking(map[string]int{"image/png": 10}), want: Upload{[]string{"image/png"}, 10}},
		"several with one limit, in an order": {op: taking(map[string]int{"image/webp": 10, "image/gif": 10, "image/png": 10}), want: Upload{[]string{"image/gif", "image/png", "image/webp"}, 10}},
		"a limit that is missing":             {op: taking(map[string]int{"image/png": 0}), fails: true},
		"one of several that is missing":      {op: taking(map[string]int{"image/gif": 10, "image/png": 0}), fails: true},
		"limits that are not one":             {op: taking(map[string]int{"image/gif": 10, "image/png": 11}), fails: true},
		"no schema":                           {op: taking(map[string]int{"image/png": -1}), fails: true},
	} {
		got, err := upload(c.op)
		if errors.Is(err, errUpload) != c.fails || err == nil && (!slices.Equal(got.Media, c.want.Media) || got.Max != c.want.Max) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAnOperationReadsWhatItTakes(t *testing.T) {
	t.Parallel()
	file, usual := &Operation{Upload: Upload{[]string{"image/gif", "image/png"}, 10}}, &Operation{}
	for media, want := range map[string][2]bool{"image/png": {true, false}, "image/gif": {true, false}, "image/webp": {}, "application/json": {false, true}, "": {}} {
		if got := [2]bool{file.reads(media), usual.reads(media)}; got != want {
			t.Errorf("%q: %v", media, got)
		}
	}
	if file.limit() != 10 || usual.limit() != maxBody {
		t.Errorf("limits of %d and %d", file.limit(), usual.limit())
	}
	if got := file.errMedia().Detail; got != "Send the body as image/gif, image/png." {
		t.Error(got)
	}
}
