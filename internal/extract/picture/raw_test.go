package picture

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

// rawFile makes a raw picture: a directory with a small JPEG, and below it one with
// a larger one and one of what the sensor saw.
func rawFile(order binary.ByteOrder, dng bool) []byte {
	small, large := fixture.Image("jpeg", 40, 30), fixture.Image("jpeg", 320, 200)
	mark := "II*\x00"
	if order == binary.ByteOrder(binary.BigEndian) {
		mark = "MM\x00*"
	}
	type entry struct {
		tag, kind    uint16
		count, value uint32
	}
	directory := func(entries ...entry) []byte {
		var b bytes.Buffer
		_ = binary.Write(&b, order, uint16(len(entries)))
		for _, e := range entries {
			_ = binary.Write(&b, order, e.tag)
			_ = binary.Write(&b, order, e.kind)
			_ = binary.Write(&b, order, e.count)
			if e.kind == 3 {
				_ = binary.Write(&b, order, uint16(e.value))
				e.value = 0
				_ = binary.Write(&b, order, uint16(0))
			} else {
				_ = binary.Write(&b, order, e.value)
			}
		}
		_ = binary.Write(&b, order, uint32(0))
		return b.Bytes()
	}
	const first, list, second, third, data = 8, 100, 120, 200, 300
	sensor := uint32(sensorCFA)
	if dng {
		sensor = 2
	}
	entries := []entry{{tiffSubIFDs, 4, 2, list}, {tiffJPEG, 4, 1, data}, {tiffJPEGSize, 4, 1, uint32(len(small))}}
	if dng {
		entries = append(entries, entry{dngVersion, 1, 4, 1})
	}
	out := make([]byte, data)
	copy(out, mark)
	order.PutUint32(out[4:], first)
	copy(out[first:], directory(entries...))
	order.PutUint32(out[list:], second)
	order.PutUint32(out[list+4:], third)
	copy(out[second:], directory(entry{tiffCompression, 3, 1, 7}, entry{tiffStrips, 4, 1, uint32(data + len(small))}, entry{tiffStripSizes, 4, 1, uint32(len(large))}))
	copy(out[third:], directory(entry{tiffPhotometric, 3, 1, sensor}, entry{tiffCompression, 3, 1, 1}))
	return append(append(out, small...), large...)
}

func TestPreviewsOfRawPictures(t *testing.T) {
	for name, data := range map[string][]byte{
		"little": rawFile(binary.LittleEndian, false), "big": rawFile(binary.BigEndian, false), "DNG": rawFile(binary.LittleEndian, true),
	} {
		preview := previewOf(bytes.NewReader(data))
		conf, err := jpeg.DecodeConfig(bytes.NewReader(preview))
		if err != nil || conf.Width != 320 {
			t.Errorf("%s: the preview is %d wide, %v", name, conf.Width, err)
		}
		png, err := Reader{MaxPixels: 1e6}.Render(candor.Source{Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}, "image/tiff", 1, 100)
		if err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
			t.Errorf("%s: it is not drawn: %v", name, err)
		}
	}
	if previewOf(bytes.NewReader(fixture.Image("tiff", 10, 10))) != nil {
		t.Error("a TIFF is taken for a raw picture")
	}
}

func FuzzRaw(f *testing.F) {
	f.Add(rawFile(binary.LittleEndian, false))
	f.Add(rawFile(binary.BigEndian, true))
	f.Fuzz(func(t *testing.T, in []byte) {
		if preview := previewOf(bytes.NewReader(in)); len(preview) > len(in) {
			t.Errorf("%d bytes out of %d", len(preview), len(in))
		}
	})
}

func TestDrawingsAreDrawn(t *testing.T) {
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100"><rect x="0" y="0" width="100" height="100" fill="#ff0000"/><text x="1" y="2">Quay wall</text></svg>`
	src := func(s string) candor.Source {
		return candor.Source{Name: "a.svg", Size: int64(len(s)), ReaderAt: bytes.NewReader([]byte(s))}
	}
	m, err := drawSVG(src(svg), 400, 1e6)
	if err != nil || m.Rect.Dx() != 400 || m.Rect.Dy() != 200 {
		t.Fatalf("%v", err)
	}
	if left, right := m.RGBAAt(50, 100), m.RGBAAt(300, 100); left.R != 255 || left.G != 0 || right.G != 255 {
		t.Errorf("left %v, right %v", left, right)
	}
	if png, err := (Reader{MaxPixels: 1e6}).Render(src(svg), SVGType, 1, 300); err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
		t.Errorf("it is not drawn: %v", err)
	}
	for _, bad := range []string{"", "<svg", `<svg viewBox="0 0 0 0"/>`, `<svg viewBox="0 0 NaN 1"/>`, `<svg viewBox="0 0 1e-300 1e300"><path d="M0 0 L1e300 1e300 z"/></svg>`, `<svg viewBox="0 0 1 1"><path d="M"/><use href="#a"/></svg>`} {
		if m, err := drawSVG(src(bad), 400, 1e6); err == nil && m.Rect.Dx() > maxSide {
			t.Errorf("%q is drawn %v", bad, m.Rect)
		}
	}
}

func FuzzSVG(f *testing.F) {
	f.Add(`<svg viewBox="0 0 20 10"><path d="M0 0 L10 10 z" fill="url(#a)"/></svg>`)
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 1<<12 {
			return
		}
		_, _ = drawSVG(candor.Source{Size: int64(len(in)), ReaderAt: bytes.NewReader([]byte(in))}, 64, 1e6)
	})
}
