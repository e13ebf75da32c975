package picture

import (
	"fmt"
	"image"
	"math"
	"slices"
)

// The print of a picture is PDQ (Facebook, "The TMK+PDQF Video-Hashing Algorithm
// and the PDQ Image-Hashing Algorithm", 2019): pictures that are nearly the same
// have prints of nearly the same bits. It tells copies of a picture, not what or
// whom it shows.
const (
	pdqSide = 64 // of the blurred picture
	pdqBits = 16 // a side of the transform that is kept

	// leastQuality: pictures of less detail are like any other such picture, as
	// its authors advise.
	leastQuality = 50
)

// print returns a picture's print, "" if it has too little detail for one, and
// how much detail it has, of 100.
func print(m *image.RGBA) (string, int) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w < pdqSide/2 || h < pdqSide/2 {
		return "", 0
	}
	small := decimate(blurred(luminance(m), w, h), w, h)
	quality := detail(small)
	if quality < leastQuality {
		return "", quality
	}
	return medianBits(transform(small)), quality
}

func luminance(m *image.RGBA) []float32 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := make([]float32, 0, w*h)
	for y := range h {
		row := m.Pix[y*m.Stride:][:4*w]
		for i := 0; i < len(row); i += 4 {
			out = append(out, 0.299*float32(row[i])+0.587*float32(row[i+1])+0.114*float32(row[i+2]))
		}
	}
	return out
}

// blurred takes the mean over a window twice, along rows and along columns
// (Jarosz filters), so that decimating loses little.
func blurred(a []float32, w, h int) []float32 {
	b := make([]float32, len(a))
	for range 2 {
		for y := range h {
			boxes(a[y*w:], b[y*w:], w, 1, window(w))
		}
		for x := range w {
			boxes(b[x:], a[x:], h, w, window(h))
		}
	}
	return a
}

func window(side int) int { return (side + 2*pdqSide - 1) / (2 * pdqSide) }

// boxes puts means of n values that stand step apart, over a window around each.
func boxes(in, out []float32, n, step, window int) {
	ahead := (window + 2) / 2
	behind := window - ahead + 1
	var sum float32
	size := 0
	for i := -ahead + 1; i < n; i++ {
		if add := i + ahead - 1; add < n {
			sum += in[add*step]
			size++
		}
		if drop := i - behind; drop >= 0 {
			sum -= in[drop*step]
			size--
		}
		if i >= 0 {
			out[i*step] = sum / float32(size)
		}
	}
}

func decimate(a []float32, w, h int) (out [pdqSide][pdqSide]float32) {
	for i := range out {
		y := int((float64(i) + 0.5) * float64(h) / pdqSide)
		for j := range out[i] {
			out[i][j] = a[y*w+int((float64(j)+0.5)*float64(w)/pdqSide)]
		}
	}
	return out
}

// detail sums the steps between neighbours, scaled to 100 for a picture rich in them.
func detail(a [pdqSide][pdqSide]float32) int {
	sum := 0
	for i := range pdqSide {
		for j := range pdqSide {
			if i+1 < pdqSide {
				sum += int(math.Abs(float64((a[i][j] - a[i+1][j]) * 100 / 255)))
			}
			if j+1 < pdqSide {
				sum += int(math.Abs(float64((a[i][j] - a[i][j+1]) * 100 / 255)))
			}
		}
	}
	return min(sum/90, 100)
}

// cosines is the part of the matrix of a discrete cosine transform that is kept:
// of low frequency, without the mean.
var cosines = func() (d [pdqBits][pdqSide]float32) {
	scale := math.Sqrt(2.0 / pdqSide)
	for i := range d {
		for j := range d[i] {
			d[i][j] = float32(scale * math.Cos(math.Pi/2/pdqSide*float64(i+1)*float64(2*j+1)))
		}
	}
	return d
}()

func transform(a [pdqSide][pdqSide]float32) (out [pdqBits * pdqBits]float32) {
	var half [pdqBits][pdqSide]float32
	for i := range half {
		for j := range half[i] {
			for k := range pdqSide {
				half[i][j] += cosines[i][k] * a[k][j]
			}
		}
	}
	for i := range pdqBits {
		for j := range pdqBits {
			for k := range pdqSide {
				out[i*pdqBits+j] += half[i][k] * cosines[j][k]
			}
		}
	}
	return out
}

// medianBits has a bit set where a value is above the median, the first the
// lowest, as 64 hexadecimal digits.
func medianBits(values [pdqBits * pdqBits]float32) string {
	var p [4]uint64
	sorted := values
	slices.Sort(sorted[:])
	median := sorted[len(sorted)/2-1]
	for k, v := range values {
		if v > median {
			p[3-k/64] |= 1 << (k % 64)
		}
	}
	return fmt.Sprintf("%016x%016x%016x%016x", p[0], p[1], p[2], p[3])
}
