package middleware

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

const mediaJSON = "application/json"

// Upload is what an operation takes whose body is a file instead of JSON. The
// zero value is an operation like most.
type Upload struct {
	Media []string
	Max   int64 // bytes
}

// Is tells operations that take a file.
func (u Upload) Is() bool { return len(u.Media) > 0 }

// errUpload keeps a file from being as large as it likes.
var errUpload = errors.New("a body that is not JSON must say how many bytes it may have (maxLength)")

// upload reads it from the contract: every media type names the same limit.
func upload(op *openapi3.Operation) (u Upload, err error) {
	if op.RequestBody == nil || op.RequestBody.Value.Content[mediaJSON] != nil {
		return u, nil
	}
	content := op.RequestBody.Value.Content
	for _, media := range slices.Sorted(maps.Keys(content)) {
		s := content[media].Schema
		if s == nil || s.Value.MaxLength == nil || u.Is() && int64(*s.Value.MaxLength) != u.Max { //nolint:gosec // no file is so large
			return u, errUpload
		}
		u.Media, u.Max = append(u.Media, media), int64(*s.Value.MaxLength) //nolint:gosec // no file is so large
	}
	return u, nil
}

// limit is the most bytes that the body of an operation may have.
func (op *Operation) limit() int64 {
	if op.Upload.Is() {
		return op.Upload.Max
	}
	return maxBody
}

// reads tells whether an operation takes a body of a media type.
func (op *Operation) reads(media string) bool {
	if op.Upload.Is() {
		return slices.Contains(op.Upload.Media, media)
	}
	return media == mediaJSON
}

// errMedia says what it takes.
func (op *Operation) errMedia() *fault.Error {
	takes := mediaJSON
	if op.Upload.Is() {
		takes = strings.Join(op.Upload.Media, ", ")
	}
	return &fault.Error{Kind: fault.UnsupportedMedia, Code: "media-type-unsupported", Detail: "Send the body as " + takes + "."}
}
