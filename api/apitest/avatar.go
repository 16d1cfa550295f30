package apitest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// Picture is a small PNG.
func Picture(t testing.TB) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	img.SetNRGBA(12, 8, color.NRGBA{R: 200, A: 255})
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Avatar gives somebody a picture, and its version.
func (h *House) Avatar(t testing.TB, id uuid.UUID) uuid.UUID {
	t.Helper()
	version, err := h.App.Profile.SetAvatar(t.Context(), account.Actor{ID: id, Verified: true}, Picture(t))
	if err != nil {
		t.Fatal(err)
	}
	return version
}
