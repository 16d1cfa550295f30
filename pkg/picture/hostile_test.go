package picture_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"runtime"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/pkg/picture"
)

func TestWhatAsksForTooMuchIsTurnedAwayByItsHeader(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"a PNG of 30,000 by 30,000":              rawPNG(t, 30_000, 30_000, 1, 0, 0, 3750),
		"one pixel more than there may be":       rawPNG(t, 20_001, 1_000, 1, 0, 0, 1),
		"a side too long":                        rawPNG(t, 12_001, 1, 1, 0, 0, 1501),
		"sixteen bits for each of many channels": rawPNG(t, 4_400, 4_400, 16, 6, 0, 10),
		"an interlaced PNG":                      rawPNG(t, 4_400, 4_400, 8, 6, 1, 10),
		"a progressive JPEG":                     flatJPEG(progressive, 4_400, 4_400, 3, 1),
		"a GIF of 65,535 by 65,535":              []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00\x2c"),
		"a WebP":                                 webP("VP8 ", flatVP8(16_383, 16_383, 0, 50)),
		"a WebP with a canvas":                   webP("VP8X", vp8x(1<<14, 1<<14, false), "VP8 ", flatVP8(16, 16, 0, 50)),
	} {
		if _, err := maker().Squares(t.Context(), file, 64); !errors.Is(err, picture.ErrTooLarge) || len(file) > 1<<20 {
			t.Errorf("%s, %d bytes: %v", name, len(file), err)
		}
	}
	if _, err := maker().Squares(t.Context(), webP("VP8X", vp8x(16, 16, false), "VP8 ", flatVP8(16_383, 16_383, 0, 50)), 64); !errors.Is(err, picture.ErrUnreadable) {
		t.Errorf("a large frame on a small canvas: %v", err)
	}
}

func TestWhatIsNoneOfTheFourIsNotRead(t *testing.T) {
	t.Parallel()
	good := asPNG(t, corners(30, 30))
	for name, file := range map[string][]byte{
		"nothing": nil, "a few bytes": []byte("\x89PNG"), "text": []byte(canary), "SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"SVG that says it is XML": []byte(`<?xml version="1.0"?><svg/>`), "TIFF": exif(1), "TIFF of the other order": []byte("II*\x00\x08\x00\x00\x00"), "Photoshop": []byte("8BPS\x00\x01"),
		"BMP": []byte("BM\x46\x00\x00\x00"), "PDF": []byte("%PDF-1.7"), "AVIF": []byte("\x00\x00\x00\x20ftypavif"), "something before it": append([]byte("\n"), good...),
		"the beginning of another": append([]byte("GIF89a"), good[8:]...), "a JPEG in name only": append([]byte("\xff\xd8\xff"), good...),
		"a WebP that is an animation": webP("VP8X", "\x02\x00\x00\x00\x0f\x00\x00\x0f\x00\x00", "ANIM", "\x00\x00\x00\x00\x00\x00", "ANMF", strings.Repeat("\x00", 24)),
		"a WebP that is a sound":      append([]byte("RIFF\x24\x00\x00\x00WAVE"), good...), "no pixels": rawPNG(t, 0, 0, 8, 0, 0, 1),
		"a picture of a thousand scans": flatJPEG(progressive, 64, 64, 1, 1000),
	} {
		if _, err := maker().Squares(t.Context(), file, 64); !errors.Is(err, picture.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatEndsTooEarlyIsNotRead(t *testing.T) {
	t.Parallel()
	noise := image.NewPaletted(image.Rect(0, 0, 90, 90), color.Palette{color.Black, color.White, color.Transparent})
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i / 7 % 3)
	}
	for name, file := range map[string][]byte{"PNG": asPNG(t, noise), "JPEG": asJPEG(t, noise), "GIF": asGIF(t, 200, color.White), "WebP": webP("VP8 ", flatVP8(90, 90, 400, 400))} {
		made(t, file, 64)
		for part := range 16 {
			if _, err := maker().Squares(t.Context(), file[:len(file)*part/17], 64); !errors.Is(err, picture.ErrUnreadable) {
				t.Errorf("%s, %d of 17: %v", name, part, err)
			}
		}
	}
}

func FuzzSquares(f *testing.F) {
	plain := corners(9, 7)
	for _, seed := range [][]byte{
		asPNG(f, plain), withChunks(asPNG(f, plain), chunk("eXIf", exif(6))), withSegments(asJPEG(f, plain), map[byte][]byte{0xe1: append([]byte("Exif\x00\x00"), exif(6)...)}),
		asGIF(f, 4, color.White, color.Black), unbase64(f, lossyWebP), unbase64(f, losslessWebP), flatJPEG(progressive, 16, 16, 3, 2), flatJPEG(baseline, 16, 16, 4, 1), rawPNG(f, 9, 9, 8, 6, 1, 36),
	} {
		f.Add(seed)
	}
	m := maker()
	f.Fuzz(func(t *testing.T, file []byte) {
		out, err := m.Squares(t.Context(), file, 8, 4)
		if err == nil && len(out) != 2 || err != nil && !errors.Is(err, picture.ErrUnreadable) && !errors.Is(err, picture.ErrTooLarge) && !errors.Is(err, picture.ErrLossless) {
			t.Errorf("%d results, %v", len(out), err)
		}
	})
}

// What the header promises of memory must hold for what is really decoded.
//
//nolint:paralleltest // it counts what the whole program allocates
func TestADecodingTakesNoMoreMemoryThanItsHeaderSays(t *testing.T) {
	for name, file := range heavy(t) {
		before := allocated()
		if _, err := maker().Squares(t.Context(), file, 64, 256, 512); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := allocated() - before; took > picture.MaxMemory+(22<<20) {
			t.Errorf("%s: %d MiB", name, took>>20)
		}
	}
}

// heavy are pictures that just fit.
func heavy(t testing.TB) map[string][]byte {
	t.Helper()
	lossy := flatVP8(5_000, 4_000, 1<<19-1, 4<<20)
	return map[string][]byte{
		"PNG": rawPNG(t, 5_000, 4_000, 8, 6, 0, 20_000), "PNG of sixteen bits": rawPNG(t, 4_000, 4_000, 16, 6, 0, 32_000), "interlaced PNG": rawPNG(t, 4_000, 4_000, 8, 6, 1, 16_000),
		"JPEG": asJPEG(t, image.NewRGBA(image.Rect(0, 0, 5_000, 4_000))), "progressive JPEG": flatJPEG(progressive, 2_900, 2_900, 3, 1),
		"progressive JPEG, grey": flatJPEG(progressive, 5_000, 4_000, 1, 1), "JPEG of RGB": withSegments(flatJPEG(baseline, 4_300, 4_400, 3, 1), adobe(0)),
		"JPEG of CMYK": withSegments(flatJPEG(baseline, 3_300, 3_300, 4, 1), adobe(0)), "JPEG of YCCK": withSegments(flatJPEG(baseline, 4_000, 4_000, 4, 1), adobe(2)),
		"progressive JPEG of CMYK": withSegments(flatJPEG(progressive, 2_100, 2_100, 4, 1), adobe(0)),
		"GIF":                      interlaced(asGIF(t, 4_400, color.White)), "WebP": webP("VP8 ", lossy), "WebP with alpha": webP("VP8X", vp8x(5_000, 4_000, true), "ALPH", string(make([]byte, 1+20_000_000)), "VP8 ", lossy),
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// Bytes allocated for one picture: go test ./pkg/picture -bench . -benchmem.
func BenchmarkSquares(b *testing.B) {
	for name, file := range heavy(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			m := maker()
			for b.Loop() {
				if _, err := m.Squares(b.Context(), bytes.Clone(file), 64, 256, 512); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
