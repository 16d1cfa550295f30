package picture

import (
	"image"
	"image/color"
	"image/draw"
)

// middle cuts out the middle square and puts it on white. One much larger than
// size is made smaller on the way, by averaging whole blocks of pixels a row
// of blocks at a time, so that no second copy of it is needed; its side is
// less than twice size afterwards.
func middle(src image.Image, size int) *image.RGBA {
	b := src.Bounds()
	side := min(b.Dx(), b.Dy())
	k := max(side/size, 1)
	n := side / k
	from := b.Min.Add(image.Pt((b.Dx()-n*k)/2, (b.Dy()-n*k)/2))
	dst := image.NewRGBA(image.Rect(0, 0, n, n))
	if k == 1 {
		onWhite(dst, src, from)
		return dst
	}
	strip := image.NewRGBA(image.Rect(0, 0, n*k, k))
	for y := range n {
		onWhite(strip, src, from.Add(image.Pt(0, y*k)))
		average(dst.Pix[y*dst.Stride:], strip, n, k)
	}
	return dst
}

func onWhite(dst *image.RGBA, src image.Image, from image.Point) {
	draw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(dst, dst.Rect, src, from, draw.Over)
}

// average writes n pixels, each of a block of k by k.
func average(row []byte, strip *image.RGBA, n, k int) {
	for x := range n {
		var sum [3]int
		for y := range k {
			block := strip.Pix[y*strip.Stride+x*k*4:][:k*4]
			for i := 0; i < len(block); i += 4 {
				sum[0] += int(block[i])
				sum[1] += int(block[i+1])
				sum[2] += int(block[i+2])
			}
		}
		for c, s := range sum {
			row[x*4+c] = byte((s + k*k/2) / (k * k)) //nolint:gosec // an average of bytes
		}
		row[x*4+3] = 255
	}
}

// turned shows a square as it was meant: EXIF says where its first row and
// column are.
func turned(src *image.RGBA, orientation int) *image.RGBA {
	n := src.Rect.Dx() - 1
	var from func(x, y int) (int, int)
	switch orientation {
	case 2:
		from = func(x, y int) (int, int) { return n - x, y }
	case 3:
		from = func(x, y int) (int, int) { return n - x, n - y }
	case 4:
		from = func(x, y int) (int, int) { return x, n - y }
	case 5:
		from = func(x, y int) (int, int) { return y, x }
	case 6:
		from = func(x, y int) (int, int) { return y, n - x }
	case 7:
		from = func(x, y int) (int, int) { return n - y, n - x }
	case 8:
		from = func(x, y int) (int, int) { return n - y, x }
	default:
		return src
	}
	dst := image.NewRGBA(src.Rect)
	for y := range n + 1 {
		for x := range n + 1 {
			dst.SetRGBA(x, y, src.RGBAAt(from(x, y)))
		}
	}
	return dst
}
