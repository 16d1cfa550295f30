package picture

import (
	"bytes"
	"encoding/binary"
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
	perPixel    float64 // bytes of memory that decoding takes, at most
	orientation int     // as EXIF counts, 1 to 8
	decode      func(io.Reader) (image.Image, error)
}

// inspect tells what a file is and turns away what is none of the four or asks
// for too much.
func inspect(file []byte) (header, error) {
	h, err := read(file)
	if err != nil {
		return h, ErrUnreadable
	}
	w, height := h.config.Width, h.config.Height
	switch {
	case w < 1 || height < 1:
		return h, ErrUnreadable
	case w > MaxSide || height > MaxSide || w*height > MaxPixels, float64(w*height)*h.perPixel > maxMemory:
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

// readWebP turns animations away, of which the decoder knows nothing.
func readWebP(file []byte) (h header, err error) {
	// Colours and, on their way into it, a plane of alpha as a picture of its own; or a lossless one and its transform.
	h = header{perPixel: 8, orientation: 1, decode: webp.Decode}
	if h.config, err = webp.DecodeConfig(bytes.NewReader(file)); err != nil {
		return h, err
	}
	_, chunks, err := riff.NewReader(bytes.NewReader(file))
	for err == nil {
		var id riff.FourCC
		var data io.Reader
		if id, _, data, err = chunks.Next(); err == nil && string(id[:]) == "EXIF" {
			tiff, _ := io.ReadAll(data) // what is missing of it says nothing
			h.orientation = orientation(tiff)
		}
	}
	return h, nil
}
