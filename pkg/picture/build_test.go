package picture_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// Two pixels of WebP, as libwebp writes them: lossy, and lossless with alpha.
const (
	lossyWebP    = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"
	losslessWebP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="
)

// canary stands for a place, a name, a script: nothing of it may come out.
const canary = "canary <script>alert(1)</script> 52.5N 13.4E"

// corners is red, green, blue and grey from the upper left, by rows.
func corners(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{255, 0, 0, 255}
			switch {
			case x >= w/2 && y < h/2:
				c = color.NRGBA{0, 255, 0, 255}
			case x < w/2 && y >= h/2:
				c = color.NRGBA{0, 0, 255, 255}
			case x >= w/2:
				c = color.NRGBA{128, 128, 128, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	fine(t, png.Encode(&out, img))
	return out.Bytes()
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	fine(t, jpeg.Encode(&out, img, &jpeg.Options{Quality: 95}))
	return out.Bytes()
}

// asGIF has a frame of each colour.
func asGIF(t testing.TB, side int, frames ...color.Color) []byte {
	t.Helper()
	all := &gif.GIF{}
	for _, c := range frames {
		img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{c, color.Black})
		all.Image, all.Delay = append(all.Image, img), append(all.Delay, 1)
	}
	var out bytes.Buffer
	fine(t, gif.EncodeAll(&out, all))
	return out.Bytes()
}

// interlaced is a GIF whose rows are to be put in another order.
func interlaced(file []byte) []byte {
	at := bytes.Index(file, []byte("\x2c\x00\x00\x00\x00")) // the first frame
	file[at+9] |= 0x40
	return file
}

// exif is a TIFF header with an orientation, and a canary behind it.
func exif(orientation byte) []byte {
	return append([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"+string(rune(orientation))+"\x00\x00\x00\x00\x00\x00"), canary...)
}

// withSegments puts segments behind the first marker of a JPEG.
func withSegments(file []byte, segments map[byte][]byte) []byte {
	out := bytes.Clone(file[:2])
	for marker, data := range segments {
		out = append(out, 0xff, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(len(data)+2))
		out = append(out, data...)
	}
	return append(out, file[2:]...)
}

func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	body := append([]byte(kind), data...)
	return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
}

// withChunks puts chunks behind the header of a PNG.
func withChunks(file []byte, chunks ...[]byte) []byte {
	return bytes.Join([][]byte{file[:33], bytes.Join(chunks, nil), file[33:]}, nil)
}

// rawPNG is one of zeros, of row bytes a row.
func rawPNG(t testing.TB, w, h int, depth, kind, interlace byte, row int) []byte {
	t.Helper()
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	header = append(header, depth, kind, 0, 0, interlace)
	var data bytes.Buffer
	z, err := zlib.NewWriterLevel(&data, zlib.BestSpeed)
	fine(t, err)
	lines := h
	if interlace == 1 { // as many pixels in the rows of seven passes (PNG, section 8.2)
		lines = (h+7)/8*2 + (h+3)/8 + (h+3)/4 + (h+1)/4 + (h+1)/2 + h/2
		_, err = z.Write(make([]byte, h*row))
		fine(t, err)
		row = 0
	}
	for line := make([]byte, row+1); lines > 0; lines-- {
		_, err = z.Write(line)
		fine(t, err)
	}
	fine(t, z.Close())
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header), chunk("IDAT", data.Bytes()), chunk("IEND", nil)}, nil)
}

const baseline, progressive = 0xc0, 0xc2

// flatJPEG is a grey JPEG of one scan for each time, whose only Huffman code is
// a zero bit: no difference to the block before, no more in this one.
func flatJPEG(kind byte, w, h, components, scans int) []byte {
	out := []byte("\xff\xd8\xff\xdb\x00\x43\x00" + string(bytes.Repeat([]byte{1}, 64)))
	out = append(out, 0xff, kind, 0, byte(8+3*components), 8, byte(h>>8), byte(h), byte(w>>8), byte(w), byte(components))
	for c := range components {
		out = append(out, byte(c+1), 0x11, 0)
	}
	for _, table := range []byte{0x00, 0x10} {
		out = append(out, "\xff\xc4\x00\x14"+string(table)+"\x01"+string(make([]byte, 16))...)
	}
	last, bits := byte(0), 1
	if kind == baseline {
		last, bits = 63, 2
	}
	for range scans {
		out = append(out, 0xff, 0xda, 0, byte(6+2*components), byte(components))
		for c := range components {
			out = append(out, byte(c+1), 0)
		}
		out = append(out, 0, last, 0)
		out = append(out, make([]byte, (w+7)/8*((h+7)/8)*components*bits/8+1)...)
	}
	return append(out, 0xff, 0xd9)
}

// adobe is the segment without which four colours are not read.
func adobe(transform byte) map[byte][]byte {
	return map[byte][]byte{0xee: append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), transform)}
}

// webP wraps chunks; each has a kind of four letters and data.
func webP(chunks ...string) []byte {
	body := []byte("WEBP")
	for i := 0; i < len(chunks); i += 2 {
		data := chunks[i+1]
		body = binary.LittleEndian.AppendUint32(append(body, chunks[i]...), uint32(len(data)))
		body = append(body, data...)
		if len(data)%2 == 1 {
			body = append(body, 0)
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// vp8x is the canvas of a WebP, with alpha or without.
func vp8x(w, h int, alpha bool) string {
	le := func(n int) string { return string([]byte{byte(n - 1), byte((n - 1) >> 8), byte((n - 1) >> 16)}) }
	flags := map[bool]string{true: "\x10"}[alpha] + "\x00\x00\x00\x00"
	return flags[:4] + le(w) + le(h)
}

// flatVP8 is a lossy frame whose two partitions are zeros, first and rest bytes
// of them.
func flatVP8(w, h, first, rest int) string {
	tag := first<<5 | 0x10
	out := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 0x01, 0x2a}
	out = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(out, uint16(w)), uint16(h))
	return string(append(out, make([]byte, first+rest)...))
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	fine(t, err)
	return b
}

func fine(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
