package picture

import (
	"image"
	"image/color"
	"math"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/draw"
)

// scene is a picture of soft shapes, another for each seed.
func scene(seed uint64, w, h int) *image.RGBA {
	rng := rand.New(rand.NewPCG(seed, 1))
	var waves [24][4]float64
	for i := range waves {
		waves[i] = [4]float64{rng.Float64()*20 - 10, rng.Float64()*20 - 10, rng.Float64() * 6, rng.Float64() * 70}
	}
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := 128.0
			for _, k := range waves {
				v += k[3] * math.Sin(k[0]*float64(x)/float64(w)*3+k[1]*float64(y)/float64(h)*3+k[2]) / 2
			}
			g := uint8(max(0, min(255, v)))
			m.SetRGBA(x, y, color.RGBA{g, g / 2, 255 - g, 255})
		}
	}
	return m
}

func changed(m *image.RGBA, by func(c color.RGBA) color.RGBA) *image.RGBA {
	out := image.NewRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			out.SetRGBA(x, y, by(m.RGBAAt(x, y)))
		}
	}
	return out
}

func scaled(m *image.RGBA, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(out, out.Rect, m, m.Rect, draw.Src, nil)
	return out
}

func apart(t *testing.T, a, b string) (n int) {
	t.Helper()
	for i := 0; i < 64; i += 16 {
		x, err := strconv.ParseUint(a[i:i+16], 16, 64)
		y, err2 := strconv.ParseUint(b[i:i+16], 16, 64)
		if err != nil || err2 != nil {
			t.Fatalf("prints %q and %q", a, b)
		}
		n += bits.OnesCount64(x ^ y)
	}
	return n
}

func TestPrint(t *testing.T) {
	m := scene(1, 480, 360)
	whole, detail := print(m)
	if len(whole) != 64 || detail < leastQuality {
		t.Fatalf("print %q, detail %d", whole, detail)
	}
	for name, c := range map[string]struct {
		m    *image.RGBA
		near bool
	}{
		"a smaller copy":  {scaled(m, 200, 150), true},
		"a squeezed copy": {scaled(m, 300, 360), true},
		"brighter":        {changed(m, func(c color.RGBA) color.RGBA { return color.RGBA{c.R/2 + 100, c.G/2 + 100, c.B/2 + 100, 255} }), true},
		"in grey": {changed(m, func(c color.RGBA) color.RGBA {
			g := uint8((299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000)
			return color.RGBA{g, g, g, 255}
		}), true},
		"another":     {scene(2, 480, 360), false},
		"on its head": {upright(m, 3), false},
	} {
		p, _ := print(c.m)
		if p == "" {
			t.Errorf("%s has no print", name)
			continue
		}
		if n := apart(t, whole, p); (n <= 31) != c.near {
			t.Errorf("%s: %d bits apart", name, n)
		}
	}
	for name, m := range map[string]*image.RGBA{
		"a grey area": changed(m, func(color.RGBA) color.RGBA { return color.RGBA{90, 90, 90, 255} }),
		"a stamp":     scaled(m, 31, 31), "a line": scaled(m, 480, 1),
	} {
		if p, detail := print(m); p != "" {
			t.Errorf("%s has the print %s, detail %d", name, p, detail)
		}
	}
	if p, _ := print(scaled(m, 32, 32)); len(strings.Trim(p, "0123456789abcdef")) > 0 {
		t.Errorf("a small picture has the print %q", p)
	}
}

func BenchmarkPrint(b *testing.B) {
	m := scene(1, 480, 360)
	for b.Loop() {
		print(m)
	}
}
