package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/wire"
)

const headline = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="Quay wall"/></rdf:RDF></x:xmpmeta>`

// quay is a picture of 6 tiles, each of which is coded as the one byte that all of its
// pixels have.
func quay(change func(*fixture.Tiles)) []byte {
	t := fixture.Tiles{Width: 20, Height: 14, Columns: 3, TileWidth: 8, TileHeight: 8, Sets: make([]byte, 23), XMP: headline}
	t.Sets[21] = 3 // lengths of 4 bytes
	for i := range 6 {
		t.Units = append(t.Units, append(binary.BigEndian.AppendUint32(nil, 1), byte(40*i+10)))
	}
	if change != nil {
		change(&t)
	}
	return fixture.HEIF(t)
}

// plainly decodes what quay codes.
func plainly(m wire.CodedMessage, film []byte, give func([]byte)) error {
	units := bytes.Split(film, []byte{0, 0, 0, 1})[1:]
	if len(units) != m.Count {
		return candor.Errorf(candor.NotSupported, "there are %d units", len(units))
	}
	for _, u := range units {
		frame := bytes.Repeat([]byte{128}, m.FrameSize())
		copy(frame, bytes.Repeat(u[:1], m.Width*m.Height))
		give(frame)
	}
	return nil
}

func heif(t *testing.T, file []byte, frames Frames) (candor.Reading, string) {
	t.Helper()
	var text textOf
	r, err := Reader{MaxPixels: 1e6, Frames: frames}.Read(candor.Source{Size: int64(len(file)), ReaderAt: bytes.NewReader(file)}, "image/heic", &text)
	if err != nil {
		t.Fatal(err)
	}
	return r, text.String()
}

func TestTilesArePutTogether(t *testing.T) {
	for _, c := range []struct {
		name          string
		change        func(*fixture.Tiles)
		width, height int
		corners       [4]int // grey of left top, right top, left bottom, right bottom
	}{
		{"as stored", nil, 20, 14, [4]int{10, 90, 130, 210}},
		{"turned to the left", func(t *fixture.Tiles) { t.Turned = 1 }, 14, 20, [4]int{90, 210, 10, 130}},
		{"on its head", func(t *fixture.Tiles) { t.Turned = 2 }, 20, 14, [4]int{210, 130, 90, 10}},
		{"top and bottom changed", func(t *fixture.Tiles) { t.Mirrored = 1 }, 20, 14, [4]int{130, 210, 10, 90}},
		{"turned, left and right changed", func(t *fixture.Tiles) { t.Turned, t.Mirrored = 3, 2 }, 14, 20, [4]int{10, 130, 90, 210}},
		{"half transparent", func(t *fixture.Tiles) { t.Alpha = []byte{0, 0, 0, 1, 0x80} }, 20, 14, [4]int{132, 172, 193, 233}},
		{"cropped", func(t *fixture.Tiles) { t.Cropped = [2]int{4, 4} }, 4, 4, [4]int{50, 50, 170, 170}},
	} {
		file := quay(c.change)
		s, err := readStill(io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		m, err := s.decode(plainly, 1e6)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		w, h := m.Bounds().Dx(), m.Bounds().Dy()
		if s.orientation >= 5 {
			w, h = h, w
		}
		up := upright(scale(m, w, h, 1000, s.orientation >= 5), s.orientation)
		var got [4]int
		for i, p := range []image.Point{{0, 0}, {w - 1, 0}, {0, h - 1}, {w - 1, h - 1}} {
			got[i] = int(up.RGBAAt(p.X, p.Y).G)
		}
		if up.Rect.Dx() != c.width || up.Rect.Dy() != c.height || got != c.corners {
			t.Errorf("%s: %v, corners %v, want %d by %d, %v", c.name, up.Rect.Max, got, c.width, c.height, c.corners)
		}
	}
}

func TestPicturesOfTelephones(t *testing.T) {
	r, text := heif(t, quay(nil), plainly)
	if r.Condition != candor.Done || !strings.Contains(fmt.Sprint(r.Fields), "{file:Width 20} {file:Height 14}") || text != "Quay wall\n" || len(r.Thumbnail) == 0 || len(r.Pictures) != 1 {
		t.Errorf("%s (%s), %v, %q, a small picture of %d bytes", r.Condition, r.Reason, r.Fields, text, len(r.Thumbnail))
	}
	r, text = heif(t, quay(nil), func(wire.CodedMessage, []byte, func([]byte)) error {
		return candor.Errorf(candor.NotSupported, "nobody is here to decode it")
	})
	if r.Condition != candor.Partial || !strings.HasSuffix(r.Reason, "nobody is here to decode it") || text != "Quay wall\n" {
		t.Errorf("without a decoder: %s (%s), %q", r.Condition, r.Reason, text)
	}
}

// TestHugePicturesAreNotDrawn says that pictures, or tiles, are so large that memory
// would run out, and shows little of them.
func TestHugePicturesAreNotDrawn(t *testing.T) {
	never := func(wire.CodedMessage, []byte, func([]byte)) error {
		t.Error("it is decoded")
		return nil
	}
	for name, change := range map[string]func(*fixture.Tiles){
		"picture": func(t *fixture.Tiles) { t.Width, t.Height, t.TileWidth, t.TileHeight = 60000, 60000, 30000, 30000 },
		"cropped": func(t *fixture.Tiles) {
			t.Width, t.Height, t.TileWidth, t.TileHeight, t.Cropped = 60000, 60000, 30000, 30000, [2]int{10, 10}
		},
		"tiles": func(t *fixture.Tiles) { t.TileWidth, t.TileHeight = 60000, 60000 },
	} {
		if r, _ := heif(t, quay(change), never); r.Condition != candor.Partial || r.Reason == "" || len(r.Thumbnail) > 0 {
			t.Errorf("%s: %s (%s)", name, r.Condition, r.Reason)
		}
	}
}

func TestDamagedPicturesOfTelephones(t *testing.T) {
	r, _ := heif(t, []byte("\x00\x00\x00\x18ftypheic"), plainly)
	if r.Condition != candor.Failed {
		t.Errorf("junk: %s (%s)", r.Condition, r.Reason)
	}
	for name, change := range map[string]func(*fixture.Tiles){
		"a tile is missing":              func(t *fixture.Tiles) { t.Units = t.Units[:5] },
		"the tiles do not cover it":      func(t *fixture.Tiles) { t.Width = 30 },
		"a unit is longer than its tile": func(t *fixture.Tiles) { t.Units[3] = []byte{0, 0, 0, 9, 1} },
		"a tile is empty":                func(t *fixture.Tiles) { t.Units[3] = nil },
		"no parameter sets":              func(t *fixture.Tiles) { t.Sets = nil },
	} {
		if r, _ := heif(t, quay(change), plainly); r.Condition != candor.Partial || !strings.Contains(r.Reason, "damaged") {
			t.Errorf("%s: %s (%s)", name, r.Condition, r.Reason)
		}
	}
	whole := quay(nil)
	for n := range whole {
		if r, _ := heif(t, whole[:n], plainly); r.Condition == candor.Done && n < len(whole)-len(headline) {
			t.Errorf("cut after %d of %d bytes: %s", n, len(whole), r.Condition)
		}
	}
}

func FuzzHEIF(f *testing.F) {
	f.Add(quay(nil))
	f.Add(quay(func(t *fixture.Tiles) { t.Turned, t.Mirrored, t.Cropped = 1, 1, [2]int{4, 4} }))
	f.Fuzz(func(t *testing.T, b []byte) {
		src := candor.Source{Size: int64(len(b)), ReaderAt: bytes.NewReader(b)}
		if _, err := (Reader{MaxPixels: 1e6, Frames: plainly}).Read(src, "image/heic", &textOf{}); err != nil {
			t.Error(err)
		}
	})
}

// textOf is a sink that keeps the text.
type textOf struct {
	candor.Sink
	strings.Builder
}

func (s *textOf) Text(p []byte) error {
	_, err := s.Write(p)
	return err
}
