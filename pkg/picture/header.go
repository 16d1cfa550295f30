package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/png"
	"io"

	"golang.org/x/image/riff"
	"golang.org/x/image/webp"
)

// header is what is known of a picture before it is decoded.
type header struct {
	config      image.Config
	perPixel    float64 // bytes of memory that decoding takes beside the file, at most
	orientation int     // as EXIF counts, 1 to 8
	decode      func(io.Reader) (image.Image, error)
}

// inspect tells what a file is and turns away what is none of the four or asks
// for too much.
func inspect(file []byte) (header, error) {
	h, err := read(file)
	switch {
	case errors.Is(err, ErrLossless):
		return h, err
	case err != nil:
		return h, ErrUnreadable
	}
	w, height := h.config.Width, h.config.Height
	switch {
	case w < 1 || height < 1:
		return h, ErrUnreadable
	case w > MaxSide || height > MaxSide || w*height > MaxPixels, float64(w*height)*h.perPixel > MaxMemory:
		return h, ErrTooLarge
	}
	return h, nil
}

func read(file []byte) (header, error) {
	starts := func(magic string) bool { return bytes.HasPrefix(file, []byte(magic)) }
	switch {
	case starts("\x89PNG\r\n\x1a\n"):
		return readPNG(file)
	case starts("\xff\xd8\xff"):
		return readJPEG(file)
	case starts("GIF87a"), starts("GIF89a"):
		h := header{perPixel: 2, orientation: 1, decode: gif.Decode} // Decode stops behind the first frame
		var err error
		h.config, err = gif.DecodeConfig(bytes.NewReader(file))
		return h, err
	case starts("RIFF") && len(file) > 12 && string(file[8:12]) == "WEBP":
		return readWebP(file)
	}
	return header{}, ErrUnreadable
}

// readPNG takes from the first chunk how many bytes a pixel will have:
// interlaced, the passes are made beside the picture.
func readPNG(file []byte) (h header, err error) {
	h = header{perPixel: 4, orientation: 1, decode: png.Decode}
	if h.config, err = png.DecodeConfig(bytes.NewReader(file)); err != nil {
		return h, err
	}
	ihdr := file[16:29] // it was there, and whole
	if depth := ihdr[8]; depth == 16 {
		h.perPixel = 8
	}
	if interlaced := ihdr[12] == 1; interlaced {
		h.perPixel *= 2
	}
	for rest := file[8:]; len(rest) >= 12; {
		n, kind := binary.BigEndian.Uint32(rest), string(rest[4:8])
		if kind == "IDAT" || uint64(n)+12 > uint64(len(rest)) {
			break
		}
		if kind == "eXIf" {
			h.orientation = orientation(rest[8 : 8+n])
		}
		rest = rest[12+n:]
	}
	return h, nil
}

// readWebP turns away animations, of which the decoder knows nothing, and what
// is coded without loss: there, the tables of a file that is small in bytes and
// pixels may take hundreds of megabytes. Alpha may lie beside the colours as it
// is, which few programs write.
func readWebP(file []byte) (h header, err error) {
	h = header{perPixel: 3, orientation: 1, decode: webp.Decode} // three colours, two of them a quarter of the size, and alpha
	if int64(binary.LittleEndian.Uint32(file[4:]))+8 > int64(len(file)) {
		return h, ErrUnreadable // a decoder makes room for what a chunk only says it has
	}
	_, chunks, err := riff.NewReader(bytes.NewReader(file))
	for err == nil {
		var id riff.FourCC
		var data io.Reader
		if id, _, data, err = chunks.Next(); err != nil {
			break // the decoder, which reads the same way, comes no further
		}
		switch string(id[:]) {
		case "VP8L":
			return h, ErrLossless
		case "ALPH":
			if how, _ := io.ReadAll(io.LimitReader(data, 1)); len(how) == 1 && how[0]&alphCompression != 0 {
				return h, ErrLossless
			}
		case "EXIF":
			tiff, _ := io.ReadAll(data) // what is missing of it says nothing
			h.orientation = orientation(tiff)
		}
	}
	h.config, err = webp.DecodeConfig(bytes.NewReader(file))
	return h, err
}

// alphCompression are the bits that say how an ALPH chunk is coded (RFC 9649,
// section 2.7.1.2); zero is not at all.
const alphCompression = 0x03
