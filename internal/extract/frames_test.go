package extract

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/wire"
)

// white decodes everything as white.
type white struct{ asked *int }

func (w white) Decode(_ context.Context, m wire.CodedMessage, film io.Reader, out io.Writer) error {
	if w.asked != nil {
		*w.asked++
	}
	if data, err := io.ReadAll(film); err != nil || bytes.Contains(data, []byte("damaged")) {
		return candor.Errorf(candor.Invalid, "the film is damaged")
	}
	for range m.Count {
		frame := append(bytes.Repeat([]byte{255}, m.Width*m.Height), bytes.Repeat([]byte{128}, m.FrameSize()-m.Width*m.Height)...)
		if _, err := out.Write(frame); err != nil {
			return err
		}
	}
	return nil
}

func telephone(unit string) []byte {
	units := append([]byte{0, 0, 0, byte(len(unit))}, unit...)
	sets := make([]byte, 23)
	sets[21] = 3
	return fixture.HEIF(fixture.Tiles{Width: 600, Height: 300, Columns: 2, TileWidth: 320, TileHeight: 320, Sets: sets, Units: [][]byte{units, units}})
}

func TestFilmIsDecodedOutside(t *testing.T) {
	asked := 0
	p := newPool(t, func(c *Config) { c.Decoder = white{&asked} })
	r, _ := read(t, p, "a.heic", telephone("a tile"))
	if r.Condition != candor.Done || len(r.Thumbnail) == 0 || field(r, "file:Width") != "600" || asked != 1 {
		t.Errorf("%s (%s), a small picture of %d bytes, asked %d times", r.Condition, r.Reason, len(r.Thumbnail), asked)
	}
	page, err := p.Render(t.Context(), source("a.heic", telephone("a tile")), 1, 100)
	if err != nil || !bytes.HasPrefix(page, []byte("\x89PNG")) {
		t.Errorf("drawn: %d bytes, %v", len(page), err)
	}
	r, _ = read(t, p, "a.heic", telephone("damaged"))
	if r.Condition != candor.Partial || !strings.Contains(r.Reason, "the film is damaged") {
		t.Errorf("damaged: %s (%s)", r.Condition, r.Reason)
	}
	p = newPool(t, nil)
	if r, _ := read(t, p, "a.heic", telephone("a tile")); r.Condition != candor.Partial || !strings.Contains(r.Reason, "not installed") {
		t.Errorf("without a decoder: %s (%s)", r.Condition, r.Reason)
	}
}
