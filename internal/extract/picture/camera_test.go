package picture

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/kind"
)

// directory is a TIFF of one directory, each entry a text.
func directory(entries map[uint16]string) []byte {
	le := binary.LittleEndian
	out := le.AppendUint16([]byte("II*\x00\x08\x00\x00\x00"), uint16(len(entries)))
	at := 8 + 2 + 12*len(entries) + 4
	var texts []byte
	for tag := range uint16(0xffff) {
		if text, ok := entries[tag]; ok {
			out = le.AppendUint16(le.AppendUint16(out, tag), 2)
			out = le.AppendUint32(le.AppendUint32(out, uint32(len(text)+1)), uint32(at+len(texts)))
			texts = append(texts, text+"\x00"...)
		}
	}
	return append(le.AppendUint32(out, 0), texts...)
}

// canonFile has a small JPEG in a box and a larger one as the sample of a track.
func canonFile() []byte {
	small, large := fixture.Image("jpeg", 40, 30), fixture.Image("jpeg", 320, 200)
	box, be := fixture.Box, binary.BigEndian
	head := box("ftyp", []byte("crx \x00\x00\x00\x01crx isom"))
	fields := box("uuid", []byte(canonFields),
		box("CMT1", directory(map[uint16]string{0x010F: "Harbour Cameras", 0x013B: "Rosa Osei"})),
		box("CMT2", directory(map[uint16]string{0x9003: "2026:03:02 10:00:00"})),
		box("CMT4", directory(map[uint16]string{0x001D: "2026:03:02"})))
	track := func(at int) []byte {
		sizes := box("stsz", make([]byte, 4), be.AppendUint32(nil, uint32(len(large))), be.AppendUint32(nil, 1))
		places := box("co64", make([]byte, 4), be.AppendUint32(nil, 1), be.AppendUint64(nil, uint64(at)))
		return box("moov", fields, box("trak", box("mdia", box("minf", box("stbl", sizes, places)))))
	}
	preview := box("uuid", []byte(canonPreview), make([]byte, 8), box("PRVW", make([]byte, 16), small))
	at := len(head) + len(track(0)) + len(preview) + 8
	return bytes.Join([][]byte{head, track(at), preview, box("mdat", large)}, nil)
}

func fujiFile() []byte {
	photo := fixture.Photo(320, 200, 6)
	head := make([]byte, 148)
	copy(head, "FUJIFILMCCD-RAW 0201FF392201")
	binary.BigEndian.PutUint32(head[rafJPEG:], uint32(len(head)))
	binary.BigEndian.PutUint32(head[rafJPEGSize:], uint32(len(photo)))
	return append(head, photo...)
}

func panasonicFile() []byte {
	photo := fixture.Photo(320, 200, 6)
	le := binary.LittleEndian
	out := le.AppendUint16([]byte("IIU\x00\x08\x00\x00\x00"), 1)
	out = le.AppendUint16(le.AppendUint16(out, panasonicJPEG), 7)
	out = le.AppendUint32(le.AppendUint32(out, uint32(len(photo))), 26)
	return append(le.AppendUint32(out, 0), photo...)
}

func TestRawPicturesOfCameras(t *testing.T) {
	for _, c := range []struct {
		typ           string
		file          []byte
		width, height string
		fields        []string
	}{
		{kind.CR3, canonFile(), "320", "200", []string{"exif:Make Harbour Cameras", "exif:Artist Rosa Osei", "exif:DateTimeOriginal 2026:03:02 10:00:00", "exif:GPSDateStamp 2026:03:02"}},
		{kind.RAF, fujiFile(), "320", "200", []string{"exif:Orientation 6"}},
		{kind.RW2, panasonicFile(), "320", "200", []string{"exif:Orientation 6"}},
	} {
		src := candor.Source{Size: int64(len(c.file)), ReaderAt: bytes.NewReader(c.file)}
		if typ, _, err := kind.Detect(src); typ != c.typ || err != nil {
			t.Errorf("%s is taken for %s, %v", c.typ, typ, err)
		}
		r, err := Reader{MaxPixels: 1e6}.Read(src, c.typ, &textOf{})
		if err != nil || r.Condition != candor.Done || len(r.Thumbnail) == 0 {
			t.Errorf("%s: %s (%s), a small picture of %d bytes, %v", c.typ, r.Condition, r.Reason, len(r.Thumbnail), err)
		}
		var all []string
		for _, f := range r.Fields {
			all = append(all, f.Name+" "+f.Value)
		}
		for _, want := range append(c.fields, "file:Width "+c.width, "file:Height "+c.height) {
			if !strings.Contains(strings.Join(all, "\n"), want) {
				t.Errorf("%s has no %s: %v", c.typ, want, all)
			}
		}
		for n := range len(c.file) {
			cut := candor.Source{Size: int64(n), ReaderAt: bytes.NewReader(c.file[:n])}
			if r, err := (Reader{MaxPixels: 1e6}).Read(cut, c.typ, &textOf{}); err != nil || r.Condition == candor.Done && n < 200 {
				t.Errorf("%s cut after %d bytes: %s, %v", c.typ, n, r.Condition, err)
			}
		}
	}
}

func FuzzCamera(f *testing.F) {
	f.Add(canonFile(), byte(0))
	f.Add(fujiFile(), byte(1))
	f.Add(panasonicFile(), byte(2))
	f.Fuzz(func(t *testing.T, b []byte, which byte) {
		typ := []string{kind.CR3, kind.RAF, kind.RW2}[which%3]
		src := candor.Source{Size: int64(len(b)), ReaderAt: bytes.NewReader(b)}
		if _, err := (Reader{MaxPixels: 1e5}).Read(src, typ, &textOf{}); err != nil {
			t.Error(err)
		}
	})
}
