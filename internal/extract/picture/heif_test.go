package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"candor"
)

// box is a box of ISO 14496-12.
func box(kind string, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(b))), kind...), b...)
}

// heifFile is a picture with an XMP packet that names a headline.
func heifFile() []byte {
	xmp := []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="Quay wall"/></rdf:RDF></x:xmpmeta>`)
	ftyp := box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))
	full := []byte{0, 0, 0, 0}
	infe := box("infe", []byte{2, 0, 0, 0, 0, 1, 0, 0}, []byte("mime\x00application/rdf+xml\x00"))
	iinf := box("iinf", full, []byte{0, 1}, infe)
	meta := func(at uint32) []byte {
		iloc := box("iloc", full, []byte{0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1}, binary.BigEndian.AppendUint32(nil, at), binary.BigEndian.AppendUint32(nil, uint32(len(xmp))))
		return box("meta", full, box("hdlr", full, []byte("\x00\x00\x00\x00pict"), make([]byte, 13)), box("pitm", full, []byte{0, 1}), iinf, iloc)
	}
	at := uint32(len(ftyp) + len(meta(0)) + 8)
	return bytes.Join([][]byte{ftyp, meta(at), box("mdat", xmp)}, nil)
}

func TestPicturesOfTelephones(t *testing.T) {
	var text textOf
	r, err := Fields(candor.Source{Size: int64(len(heifFile())), ReaderAt: bytes.NewReader(heifFile())}, "image/heic", &text)
	if err != nil || r.Condition != candor.Partial || !strings.Contains(fmt.Sprint(r.Fields), "Quay wall") || !strings.Contains(text.String(), "Quay wall") {
		t.Errorf("%s (%s), %v, %v, %q", r.Condition, r.Reason, err, r.Fields, text.String())
	}
	junk := []byte("\x00\x00\x00\x18ftypheic")
	if r, err := Fields(candor.Source{Size: int64(len(junk)), ReaderAt: bytes.NewReader(junk)}, "image/heic", &text); err != nil || r.Condition != candor.Partial || !strings.Contains(r.Reason, "no fields") {
		t.Errorf("junk: %s (%s), %v", r.Condition, r.Reason, err)
	}
}

func FuzzFields(f *testing.F) {
	f.Add(heifFile())
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Fields(candor.Source{Size: int64(len(b)), ReaderAt: bytes.NewReader(b)}, "image/heic", &textOf{}); err != nil {
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
