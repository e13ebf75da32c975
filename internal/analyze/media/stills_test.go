package media

import (
	"bytes"
	"image/png"
	"os"
	"testing"

	"candor"
	"candor/internal/extract"
	"candor/internal/extract/fixture"
)

// coded is a picture of one colour as H.265.
func coded(t *testing.T, colour string) (sets, units []byte) {
	t.Helper()
	film, err := os.ReadFile(made(t, "tile.hevc", "-f", "lavfi", "-i", "color="+colour+":s=128x128", "-frames:v", "1", "-pix_fmt", "yuv420p", "-c:v", "libx265", "-x265-params", "log-level=none:info=0", "-f", "hevc"))
	if err != nil {
		t.Fatal(err)
	}
	return fixture.HEVC(film)
}

func stills(t *testing.T) *extract.Pool {
	t.Helper()
	s, err := NewStills(nil)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := extract.New(extract.Config{Workers: 1, Command: []string{self, extract.Subcommand}, Memory: -1, Decoder: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// TestPicturesOfTelephonesAreDrawn goes the whole way: a worker takes the file apart,
// ffmpeg decodes its tiles, the worker puts them together.
func TestPicturesOfTelephonesAreDrawn(t *testing.T) {
	tiles := fixture.Tiles{Width: 250, Height: 128, Columns: 2, TileWidth: 128, TileHeight: 128, Turned: 1}
	for _, colour := range []string{"red", "blue"} {
		var units []byte
		tiles.Sets, units = coded(t, colour)
		tiles.Units = append(tiles.Units, units)
	}
	file := fixture.HEIF(tiles)
	p := stills(t)
	drawn, err := p.Render(t.Context(), candor.Source{Name: "a.heic", Size: int64(len(file)), ReaderAt: bytes.NewReader(file)}, 1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(drawn))
	if err != nil || m.Bounds().Dx() != 128 || m.Bounds().Dy() != 250 {
		t.Fatalf("%v, %v", m.Bounds(), err)
	}
	top, _, _, _ := m.At(64, 20).RGBA()
	_, _, low, _ := m.At(64, 230).RGBA()
	red, _, blue, _ := m.At(64, 230).RGBA()
	if _, _, b, _ := m.At(64, 20).RGBA(); b>>8 < 200 || top>>8 > 60 {
		t.Errorf("the right tile does not stand on top: %v", m.At(64, 20))
	}
	if red>>8 < 200 || low>>8 > 60 || blue != low {
		t.Errorf("the left tile does not stand below: %v", m.At(64, 230))
	}
}

func TestDamagedFilmIsNoPicture(t *testing.T) {
	sets, units := coded(t, "red")
	noise := append([]byte{0, 0, 0, 40}, bytes.Repeat([]byte{0x5a}, 40)...)
	none := append(bytes.Clone(sets[:22]), 0) // no parameter sets
	p := stills(t)
	for name, c := range map[string]struct{ sets, units []byte }{"noise": {sets, noise}, "no parameter sets": {none, units}, "cut": {sets, units[:len(units)/4]}} {
		file := fixture.HEIF(fixture.Tiles{Width: 128, Height: 128, Columns: 1, TileWidth: 128, TileHeight: 128, Sets: c.sets, Units: [][]byte{c.units}})
		_, err := p.Render(t.Context(), candor.Source{Name: "a.heic", Size: int64(len(file)), ReaderAt: bytes.NewReader(file)}, 1, 1000)
		if candor.CodeOf(err) != candor.NotSupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}
