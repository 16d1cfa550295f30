package picture_test

import (
	"bytes"
	"errors"
	"math/bits"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"github.com/womens-tech-conservatory/conservatory/pkg/picture"
)

// stream writes bits, the lowest of a byte first (RFC 9649, section 3).
type stream struct {
	bytes []byte
	used  int // bits
}

func (s *stream) put(value uint32, n int) {
	for ; n > 0; n, value = n-1, value>>1 {
		if s.used%8 == 0 {
			s.bytes = append(s.bytes, 0)
		}
		s.bytes[s.used/8] |= byte(value&1) << (s.used % 8)
		s.used++
	}
}

// one is a Huffman tree of one symbol, which takes no bits.
func (s *stream) one() { s.put(0b0001, 4) }

// tree is one whose symbols have codes of shorter bits, those from many on of
// longer.
func (s *stream) tree(shorter, longer, many, symbols int) {
	order := []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	s.put(0, 1)
	s.put(uint32(len(order)-4), 4)
	for _, length := range order {
		is := uint32(0)
		if length == shorter || length == longer {
			is = 1
		}
		s.put(is, 3)
	}
	s.put(0, 1)
	first := uint32(0) // the smaller of the two lengths has the smaller code
	if longer < shorter {
		first = 1
	}
	for n := range symbols {
		switch {
		case shorter == longer:
		case n < many:
			s.put(first, 1)
		default:
			s.put(1-first, 1)
		}
	}
}

// groups is what a lossless picture of 208 by 208 needs to name another group
// of Huffman trees for each of 2,600 tiles, all trees as large as may be. No
// pixel follows: they are made before.
func groups() []byte {
	const tiles, most = 52 * 52, 2600
	var s stream
	s.put(0, 1)       // no transform
	s.put(11<<1|1, 5) // a colour cache of eleven bits
	s.put(1, 1)       // many groups
	s.put(0, 3)       // for tiles of four by four
	s.put(0, 1)       // which has no cache itself
	s.tree(8, 0, 256, 280)
	s.tree(8, 8, 256, 256)
	s.one()
	s.one()
	s.one()
	for n := range tiles {
		group := min(n, most-1)
		s.put(uint32(bits.Reverse8(byte(group))), 8)
		s.put(uint32(bits.Reverse8(byte(group>>8))), 8)
	}
	for range most {
		s.tree(11, 12, 1768, 280+1<<11)
		s.tree(8, 8, 256, 256)
		s.tree(8, 8, 256, 256)
		s.tree(8, 8, 256, 256)
		s.one()
	}
	return s.bytes
}

// Both are small in bytes and in pixels, and cost the decoder more than any
// picture may.
//
//nolint:paralleltest // it counts what the whole program allocates
func TestWebPWithoutLossIsNotDecoded(t *testing.T) {
	var head stream
	head.put(0x2f|207<<8|207<<22, 32) // fourteen bits of a side in two parts
	head.put(207>>10, 8)
	hostile := string(groups())
	vp8l := string(head.bytes) + hostile
	for name, file := range map[string][]byte{
		"by itself":       webP("VP8L", vp8l),
		"on a canvas":     webP("VP8X", vp8x(208, 208, false), "VP8L", vp8l),
		"as transparency": webP("VP8X", vp8x(208, 208, true), "ALPH", "\x01"+hostile, "VP8 ", flatVP8(208, 208, 4000, 4000)),
	} {
		before := allocated()
		_, err := webp.Decode(bytes.NewReader(file))
		if took := allocated() - before; err == nil || took < picture.MaxMemory || len(file) > 5<<20 {
			t.Errorf("%s, %d bytes: the decoder takes %d MiB, which is not hostile: %v", name, len(file), took>>20, err)
		}
		before = allocated()
		if _, err := maker().Squares(t.Context(), file, 64); !errors.Is(err, picture.ErrLossless) {
			t.Errorf("%s: %v", name, err)
		}
		if took := allocated() - before; took > 1<<20 {
			t.Errorf("%s took %d MiB", name, took>>20)
		}
	}
}

//nolint:paralleltest // it counts what the whole program allocates
func TestWhatSaysItIsLongerThanItIsTakesNothing(t *testing.T) {
	file := webP("VP8 ", flatVP8(16, 16, 40, 40))
	copy(file[4:], "\x00\x00\x00\x07")  // the whole: 112 MiB
	copy(file[16:], "\xf0\xff\xff\x06") // its only chunk
	before := allocated()
	if _, err := maker().Squares(t.Context(), file, 64); !errors.Is(err, picture.ErrUnreadable) {
		t.Error(err)
	}
	if took := allocated() - before; took > 1<<20 {
		t.Errorf("%d MiB", took>>20)
	}
}

func TestTransparencyThatIsNotCompressedIsRead(t *testing.T) {
	t.Parallel()
	file := func(alpha string) []byte {
		return webP("VP8X", vp8x(16, 16, true), "ALPH", "\x00"+strings.Repeat(alpha, 256), "VP8 ", flatVP8(16, 16, 40, 400))
	}
	if there, not := at(made(t, file("\xff"), 64)[0], 0), at(made(t, file("\x00"), 64)[0], 0); there == "white" || not != "white" {
		t.Errorf("%s and %s", there, not)
	}
}
