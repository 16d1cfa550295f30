package picture

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
)

// The markers of a JPEG that matter here (ITU-T T.81, table B.1).
const (
	markerSOF0  = 0xc0 // baseline; SOF1 is extended, SOF2 progressive
	markerSOF2  = 0xc2
	markerRST0  = 0xd0
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP1  = 0xe1 // EXIF
	markerAPP14 = 0xee // Adobe
)

// maxScans bounds how often a progressive picture may go over its pixels: a
// scan of a few bytes costs as much time as one of megabytes. Usual ones have
// ten, and a thumbnail or two beside.
const maxScans = 64

// readJPEG takes from the frame header what decoding will take: a progressive
// picture is kept as coefficients of four bytes until its last scan.
func readJPEG(file []byte) (h header, err error) {
	h = header{orientation: 1, decode: jpeg.Decode}
	if h.config, err = jpeg.DecodeConfig(bytes.NewReader(file)); err != nil {
		return h, err
	}
	if bytes.Count(file, []byte{0xff, markerSOS}) > maxScans {
		return h, ErrUnreadable
	}
	converted := 0.0
	for marker, segment := range segments(file) {
		switch {
		case marker == markerAPP1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")):
			h.orientation = orientation(segment[6:])
		case marker == markerAPP14 && len(segment) >= 12 && segment[11] == 0:
			converted = 4 // to RGB
		case marker >= markerSOF0 && marker <= markerSOF2:
			h.perPixel = weight(segment, marker == markerSOF2)
		}
	}
	if h.perPixel == 0 {
		return h, ErrUnreadable
	}
	h.perPixel += converted
	return h, nil
}

// weight is how many bytes a pixel takes while it is decoded, from the
// components and their sampling.
func weight(frame []byte, progressive bool) float64 {
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return 0
	}
	most, sum := 1, 0
	var named []rune
	for c := frame[6 : 6+3*int(frame[5])]; len(c) > 0; c = c[3:] {
		size := int(c[1]>>4) * int(c[1]&15)
		most, sum = max(most, size), sum+size
		named = append(named, rune(c[0]))
	}
	bytes := float64(frame[5])
	if progressive {
		bytes += 4 * float64(sum) / float64(most)
	}
	if frame[5] == 4 || string(named) == "RGB" {
		bytes += 4 // of the result, beside its parts
	}
	return bytes
}

// segments walks the markers before the first scan, as forgiving as the
// decoder is.
func segments(file []byte) func(yield func(marker byte, segment []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		for rest := file[2:]; ; {
			at := bytes.IndexByte(rest, 0xff)
			if at < 0 {
				return
			}
			for rest = rest[at:]; len(rest) > 0 && rest[0] == 0xff; {
				rest = rest[1:] // filling
			}
			if len(rest) < 3 || rest[0] == markerSOS || rest[0] == markerEOI {
				return
			}
			marker := rest[0]
			if rest = rest[1:]; marker == 0 || marker >= markerRST0 && marker < markerEOI {
				continue // stuffing, or a marker without a segment
			}
			n := int(binary.BigEndian.Uint16(rest))
			if n < 2 || n > len(rest) || !yield(marker, rest[2:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}
