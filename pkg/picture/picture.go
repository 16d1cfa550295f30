// Package picture makes clean square pictures out of what strangers send: PNG,
// JPEG, GIF or lossy WebP in, small JPEGs out, in which nothing is left of the file
// but what it shows.
//
// Decisions: the first bytes decide what a file is, and only the four decoders
// named here ever see it, whatever else the program registers. The header is
// read first, and says how much memory decoding will take at most: MaxMemory,
// beside the file and twenty megabytes for the squares. A picture that asks
// for more is turned away before a pixel is made, and so is what no header
// bounds: WebP that is coded without loss, as is its compressed transparency,
// whose tables cost far more than its pixels. Of several
// frames only the first is decoded. The middle square is kept, turned as EXIF
// says, on white; colours are taken for sRGB. Every result is a JPEG, so that
// there is one media type to serve: none of the sizes is large enough for
// transparency to matter more than that.
package picture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/image/draw"
)

// What is taken.
const (
	MaxPixels = 20_000_000
	MaxSide   = 12_000
	MaxMemory = 128 << 20 // bytes, of one decoding beside its file
)

// MediaType is that of every result.
const MediaType = "image/jpeg"

const quality = 85

// The reasons why there is no result.
var (
	ErrUnreadable = errors.New("picture: no PNG, JPEG, GIF or WebP, or a damaged one")
	ErrTooLarge   = errors.New("picture: too many pixels")
	ErrLossless   = errors.New("picture: a WebP that is coded without loss, or its transparency is")
	ErrBusy       = errors.New("picture: too many at once")
)

// Maker makes pictures, so many at once and no more: each may take MaxMemory, and
// twenty megabytes for the squares. It is safe for concurrent use.
type Maker struct {
	slots  chan struct{}
	queue  int64
	queued atomic.Int64
	wait   time.Duration
}

// New gives a Maker that works on atOnce pictures, while at most waiting more
// wait, each not longer than wait.
func New(atOnce, waiting int, wait time.Duration) *Maker {
	return &Maker{slots: make(chan struct{}, atOnce), queue: int64(atOnce + waiting), wait: wait}
}

// Squares gives the middle of a picture as squares with sides of sizes, in
// their order. It ends early with ctx. Faults: ErrUnreadable, ErrTooLarge,
// ErrLossless, ErrBusy.
func (m *Maker) Squares(ctx context.Context, file []byte, sizes ...int) (squares [][]byte, err error) {
	head, err := inspect(file) // cheap, and no reason to wait
	if err != nil {
		return nil, err
	}
	err = m.run(ctx, func() (err error) {
		squares, err = head.squares(ctx, file, sizes)
		return err
	})
	return squares, err
}

func (m *Maker) run(ctx context.Context, work func() error) error {
	if m.queued.Add(1) > m.queue {
		m.queued.Add(-1)
		return ErrBusy
	}
	defer m.queued.Add(-1)
	patience := time.NewTimer(m.wait)
	defer patience.Stop()
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
		return work()
	case <-patience.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h header) squares(ctx context.Context, file []byte, sizes []int) ([][]byte, error) {
	whole, err := h.decode(patient{ctx, bytes.NewReader(file)})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, errors.Join(ErrUnreadable, err)
	}
	largest := slices.Max(sizes)
	full := turned(scaled(middle(whole, largest), largest), h.orientation)
	squares := make([][]byte, len(sizes))
	for i, size := range sizes {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, scaled(full, size), &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		squares[i] = out.Bytes()
	}
	return squares, nil
}

func scaled(src *image.RGBA, size int) *image.RGBA {
	if src.Rect.Dx() == size {
		return src
	}
	dst := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(dst, dst.Rect, src, src.Rect, draw.Src, nil)
	return dst
}

// patient lets a decoder, which knows no context, end with one.
type patient struct {
	ctx context.Context //nolint:containedctx // a decoder asks a reader for more, and has no other way to be told
	r   io.Reader
}

// Read reads unless nobody waits any more.
func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}
