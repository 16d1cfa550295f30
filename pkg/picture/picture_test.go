package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/pkg/picture"
)

func maker() *picture.Maker { return picture.New(2, 100, time.Minute) }

// made gives the squares as pictures, which must have the sides asked for.
func made(t testing.TB, file []byte, sizes ...int) []image.Image {
	t.Helper()
	files, err := maker().Squares(t.Context(), file, sizes...)
	fine(t, err)
	all := make([]image.Image, len(files))
	for i, f := range files {
		all[i], err = jpeg.Decode(bytes.NewReader(f))
		fine(t, err)
		if got := all[i].Bounds(); got != image.Rect(0, 0, sizes[i], sizes[i]) {
			t.Errorf("asked for %d, got %v", sizes[i], got)
		}
	}
	return all
}

// at is the colour in the middle of a quarter, 0 to 3 by rows, as a word.
func at(img image.Image, quarter int) string {
	n := img.Bounds().Dx()
	r, g, b, _ := img.At(n/4+quarter%2*n/2, n/4+quarter/2*n/2).RGBA()
	near := func(c uint32, want uint8) bool { return max(int(c>>8), int(want))-min(int(c>>8), int(want)) < 24 }
	for name, c := range map[string][3]uint8{
		"red": {255, 0, 0}, "green": {0, 255, 0}, "blue": {0, 0, 255}, "grey": {128, 128, 128}, "white": {255, 255, 255}, "black": {0, 0, 0},
	} {
		if near(r, c[0]) && near(g, c[1]) && near(b, c[2]) {
			return name
		}
	}
	return fmt.Sprint(r>>8, g>>8, b>>8)
}

func quarters(img image.Image) string {
	return strings.Join([]string{at(img, 0), at(img, 1), at(img, 2), at(img, 3)}, " ")
}

func TestTheMiddleSquareComesOutInEverySize(t *testing.T) {
	t.Parallel()
	wide := image.NewNRGBA(image.Rect(0, 0, 90, 30))
	for x := range 90 {
		for y := range 30 {
			wide.SetNRGBA(x, y, color.NRGBA{uint8(x / 30 * 127), 0, 0, 255})
		}
	}
	for name, file := range map[string][]byte{
		"a large JPEG": asJPEG(t, corners(1700, 1300)), "an odd PNG": asPNG(t, corners(1501, 1501)), "a small one": asPNG(t, corners(40, 40)), "an upright one": asPNG(t, corners(600, 900)),
	} {
		for _, img := range made(t, file, 64, 512, 256) {
			if got := quarters(img); got != "red green blue grey" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	if got := made(t, asPNG(t, wide), 64)[0]; at(got, 0) != at(got, 3) || at(got, 0) != "127 0 0" && at(got, 0) != "126 0 0" && at(got, 0) != "128 0 0" {
		t.Errorf("not the middle: %s", quarters(got))
	}
}

func TestItIsTurnedAsTheCameraSays(t *testing.T) {
	t.Parallel()
	for orientation, want := range map[byte]string{
		0: "red green blue grey", 1: "red green blue grey", 2: "green red grey blue", 3: "grey blue green red", 4: "blue grey red green",
		5: "red blue green grey", 6: "blue red grey green", 7: "grey green blue red", 8: "green grey red blue", 9: "red green blue grey",
	} {
		plain := corners(120, 90)
		for name, file := range map[string][]byte{
			"JPEG": withSegments(asJPEG(t, plain), map[byte][]byte{0xe1: append([]byte("Exif\x00\x00"), exif(orientation)...)}),
			"PNG":  withChunks(asPNG(t, plain), chunk("eXIf", exif(orientation))),
		} {
			if got := quarters(made(t, file, 64)[0]); got != want {
				t.Errorf("%s %d: %s, want %s", name, orientation, got, want)
			}
		}
	}
}

func TestWebPIsReadAndNothingElseOfIt(t *testing.T) {
	t.Parallel()
	lossy := unbase64(t, lossyWebP)
	extended := webP("VP8X", "\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00", "VP8 ", string(lossy[20:]), "EXIF", string(exif(6)))
	for name, file := range map[string][]byte{"lossy": lossy, "with EXIF": extended} {
		out, err := maker().Squares(t.Context(), file, 64)
		if err != nil || bytes.Contains(out[0], []byte("canary")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := maker().Squares(t.Context(), unbase64(t, losslessWebP), 64); !errors.Is(err, picture.ErrLossless) {
		t.Error(err)
	}
}

func TestWhatIsTransparentIsWhite(t *testing.T) {
	t.Parallel()
	img := corners(700, 700)
	for y := range 350 {
		for x := range 350 {
			img.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 0})
		}
	}
	for _, size := range []int{64, 512} {
		if got := quarters(made(t, asPNG(t, img), size)[0]); got != "white green blue grey" {
			t.Errorf("%d: %s", size, got)
		}
	}
}

func TestOnlyTheFirstFrameIsLookedAt(t *testing.T) {
	t.Parallel()
	red, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}
	many := asGIF(t, 16, append([]color.Color{red}, slices.Repeat([]color.Color{blue}, 10_000)...)...)
	one := asGIF(t, 16, red)
	broken := append(bytes.Clone(one[:len(one)-1]), 0x2c, 0, 0, 0xff, 0xff, 0xff, 0xff)
	for name, file := range map[string][]byte{"ten thousand frames": many, "a second one that is broken": broken} {
		if got := at(made(t, file, 64)[0], 0); got != "red" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// What comes out may have only the parts of a JPEG that hold its pixels.
func TestNothingComesOutButPixels(t *testing.T) {
	t.Parallel()
	text := []byte(canary)
	photo := withSegments(asJPEG(t, corners(300, 200)), map[byte][]byte{
		0xe1: append([]byte("Exif\x00\x00"), exif(1)...), 0xe2: append([]byte("ICC_PROFILE\x00\x01\x01"), text...), 0xed: append([]byte("Photoshop 3.0\x00"), text...), 0xfe: text,
	})
	xmp := withSegments(asJPEG(t, corners(300, 200)), map[byte][]byte{0xe1: append([]byte("http://ns.adobe.com/xap/1.0/\x00"), text...)})
	drawing := withChunks(asPNG(t, corners(300, 200)), chunk("tEXt", append([]byte("Comment\x00"), text...)), chunk("eXIf", exif(1)), chunk("prVt", text))
	animation := asGIF(t, 16, color.White)
	commented := slices.Concat(animation[:len(animation)-1], []byte("\x21\xfe"+string(rune(len(text)))), text, []byte("\x00\x3b"))
	for name, file := range map[string][]byte{
		"a photo": photo, "a photo with XMP": xmp, "a drawing": drawing, "an animation": commented,
		"a picture that is a page too": append(asPNG(t, corners(30, 30)), text...), "and one that is an archive": append(asJPEG(t, corners(30, 30)), "PK\x03\x04"+canary...),
	} {
		if !bytes.Contains(file, text) {
			t.Fatalf("%s holds no canary", name)
		}
		files, err := maker().Squares(t.Context(), file, 512, 64)
		fine(t, err)
		for _, out := range files {
			if bytes.Contains(out, []byte("canary")) || bytes.Contains(out, []byte("script")) || !bytes.HasSuffix(out, []byte("\xff\xd9")) {
				t.Errorf("%s: something is left", name)
			}
			for rest := out[2:]; rest[1] != 0xda; rest = rest[2+binary.BigEndian.Uint16(rest[2:]):] {
				if !slices.Contains([]byte{0xdb, 0xc0, 0xc4}, rest[1]) {
					t.Errorf("%s: a segment %x", name, rest[1])
				}
			}
		}
	}
}

func TestOnlySoManyAtOnce(t *testing.T) {
	t.Parallel()
	file := asPNG(t, corners(30, 30))
	full := picture.New(1, -1, time.Minute)
	if _, err := full.Squares(t.Context(), file, 64); !errors.Is(err, picture.ErrBusy) {
		t.Errorf("no room, and %v", err)
	}
	shut := picture.New(0, 1, time.Millisecond)
	if _, err := shut.Squares(t.Context(), file, 64); !errors.Is(err, picture.ErrBusy) {
		t.Errorf("nobody works, and %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, m := range map[string]*picture.Maker{"waiting": picture.New(0, 1, time.Minute), "working": maker()} {
		if _, err := m.Squares(over, file, 64); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := picture.New(1, 0, time.Minute)
	for range 3 {
		if _, err := one.Squares(t.Context(), file, 64); err != nil {
			t.Errorf("a place is not given back: %v", err)
		}
	}
}
