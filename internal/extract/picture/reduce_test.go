package picture

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// slope is a picture that gets brighter to the right and less green to the bottom, a little each pixel.
func slope(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(60 + x), uint8(150 - y), uint8(90 + x/2), 255})
		}
	}
	return m
}

func as(m *image.RGBA, to image.Image) image.Image {
	b := m.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := m.At(x, y).RGBA()
			switch to := to.(type) {
			case *image.Gray:
				to.Set(x, y, m.At(x, y))
			case *image.YCbCr:
				yy, cb, cr := color.RGBToYCbCr(uint8(r>>8), uint8(g>>8), uint8(bl>>8))
				to.Y[to.YOffset(x, y)] = yy
				to.Cb[to.COffset(x, y)], to.Cr[to.COffset(x, y)] = cb, cr
			}
		}
	}
	return to
}

func TestReducedLooksTheSame(t *testing.T) {
	for _, size := range []image.Point{{97, 61}, {64, 64}, {7, 100}, {1, 1}, {33, 2}} {
		whole := image.Rectangle{Max: size}
		m := slope(size.X, size.Y)
		pictures := map[string]image.Image{"RGBA": m, "Gray": as(m, image.NewGray(whole))}
		for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
			image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
			pictures[ratio.String()] = as(m, image.NewYCbCr(whole, ratio))
		}
		for name, m := range pictures {
			for _, k := range []int{1, 2, 3, 5} {
				small := reduced(m, k)
				if got, want := small.Bounds().Size(), (image.Point{smaller(size.X, k), smaller(size.Y, k)}); got != want {
					t.Fatalf("%s %v by %d: %v, want %v", name, size, k, got, want)
				}
				far := 0.0
				for y := range small.Bounds().Dy() {
					for x := range small.Bounds().Dx() {
						far = max(far, farOff(small.At(x, y), mean(m, x*k, y*k, k)))
					}
				}
				if far > 12 { // colours that stand for several places are rounded
					t.Errorf("%s %v by %d: colours are %.0f apart", name, size, k, far)
				}
			}
		}
	}
}

// mean is the mean colour of k by k pixels, one by one.
func mean(m image.Image, left, top, k int) color.Color {
	var sum [3]float64
	n := 0.0
	for y := top; y < min(top+k, m.Bounds().Dy()); y++ {
		for x := left; x < min(left+k, m.Bounds().Dx()); x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			sum[0], sum[1], sum[2], n = sum[0]+float64(r), sum[1]+float64(g), sum[2]+float64(b), n+1
		}
	}
	return color.RGBA64{uint16(sum[0] / n), uint16(sum[1] / n), uint16(sum[2] / n), 0xffff}
}

func farOff(a, b color.Color) float64 {
	r, g, bl, _ := a.RGBA()
	R, G, B, _ := b.RGBA()
	d := 0.0
	for _, p := range [][2]uint32{{r, R}, {g, G}, {bl, B}} {
		d = max(d, math.Abs(float64(p[0])-float64(p[1]))/256)
	}
	return d
}

func TestTransparentPicturesAreNotReduced(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 10, 10))
	if reduced(m, 3) != image.Image(m) {
		t.Error("transparent pixels were not weighed")
	}
}

func BenchmarkScale(b *testing.B) {
	photo := as(slope(4000, 3000), image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420))
	b.SetBytes(4000 * 3000)
	for b.Loop() {
		scale(photo, 4000, 3000, thumbnailWidth, false)
	}
}
