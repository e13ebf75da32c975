package office

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"testing"

	"candor/internal/extract/fixture"
)

// blip is a record of a picture.
func blip(mark, kind uint16, body ...any) []byte {
	b := little(body...)
	return little(mark<<4, kind, uint32(len(b)), b)
}

func deflated(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func TestLargerPicturesOfOldDocumentsAreParts(t *testing.T) {
	large := bytes.Repeat([]byte("\x89PNG picture "), 2000)
	emf := bytes.Repeat([]byte("a drawing "), 4000)
	dib := little(uint32(40), uint32(100), uint32(200), uint16(1), uint16(8), make([]byte, 24), make([]byte, 1024+20000))
	pictures := little("before\xf0", blip(0x6e0, 0xf01e, make([]byte, 17), large), blip(0x6e1, 0xf01e, make([]byte, 33), large[1:]),
		blip(0x6e0, 0xf01e, make([]byte, 17), "an ornament"), blip(0x3d4, 0xf01a, make([]byte, 16+32), uint16(0xfe00), deflated(emf)),
		blip(0x7a8, 0xf01f, make([]byte, 17), dib), blip(0x7a8, 0xf01f, "cut"), "after\xf0\x1e")
	sheet := little(record(0x0809, uint16(0x0600), uint16(5), uint32(0)), record(0x00eb, pictures[:30000]), record(0x003c, pictures[30000:60000]), record(0x003c, pictures[60000:]),
		record(0x000A), record(0x003c, "no more"))
	for stream, data := range map[string][]byte{"Pictures": pictures, "Workbook": sheet} {
		file := fixture.OLEStream(stream, data)
		if stream == "Pictures" {
			file = fixture.OLEOf(map[string][]byte{"PowerPoint Document": {}, stream: data})
		}
		_, r, k := told(t, OLE, file, "application/x-ole-storage")
		want := "picture-1.png|picture-2.png|picture-3.emf|picture-4.bmp"
		if got := strings.Join(k.names, "|"); got != want {
			t.Fatalf("%s: parts %s, %s (%s)", stream, got, r.Condition, r.Reason)
		}
		bmp := k.parts[3]
		if !bytes.Equal(k.parts[0], large) || !bytes.Equal(k.parts[1], large[1:]) || !bytes.Equal(k.parts[2], emf) ||
			!bytes.HasPrefix(bmp, []byte("BM")) || binary.LittleEndian.Uint32(bmp[10:]) != 14+40+1024 || !bytes.Equal(bmp[14:], dib) {
			t.Errorf("%s: other pictures than were put in", stream)
		}
	}
}

func FuzzBlips(f *testing.F) {
	f.Add(blip(0x6e0, 0xf01e, make([]byte, 17), "png"))
	f.Add(blip(0x3d5, 0xf01a, make([]byte, 32+32), uint16(0xfe00), deflated([]byte("emf"))))
	f.Add(blip(0x7a8, 0xf01f, make([]byte, 17+40)))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = eachBlip(b, func(string, []byte) error { return nil })
		drawings(b)
	})
}
