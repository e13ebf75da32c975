package picture

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unicode/utf8"

	"candor/internal/extract/fixture"
)

func resource(id uint16, name string, data []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte("8BIM"), id)
	b = append(b, byte(len(name)))
	b = append(b, name...)
	if len(name)%2 == 0 {
		b = append(b, 0)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	if len(data)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func TestIIM(t *testing.T) {
	city := []byte("\x1c\x02\x5a\x00\x05Bras\xedlia")[:10]
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"plain", resource(0x0404, "", []byte("\x1c\x02\x5a\x00\x04Bonn")), "Bonn"},
		{"windows-1252", resource(0x0404, "", []byte("\x1c\x02\x5a\x00\x04K\xf6ln")), "Köln"},
		{"UTF-8", resource(0x0404, "", []byte("\x1c\x02\x5a\x00\x05Köln")), "Köln"},
		{"after a block of odd length", append(resource(0x0409, "x", []byte("abc")), resource(0x0404, "name", []byte("\x1c\x02\x5a\x00\x04Bonn"))...), "Bonn"},
		{"after another record", resource(0x0404, "", []byte("\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x5a\x00\x04Bonn")), "Bonn"},
		{"cut", resource(0x0404, "", city), "Brasí"},
		{"a length past the end", resource(0x0404, "", []byte("\x1c\x02\x5a\x00\x90Bonn")), ""},
		{"a block past the end", resource(0x0404, "", []byte("\x1c\x02\x5a\x00\x04Bonn"))[:14], ""},
	} {
		got := ""
		if f := iim(c.in); len(f) > 0 {
			got = f[0].Value
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzIIM(f *testing.F) {
	f.Add(fixture.Photo(8, 8, 1))
	f.Add(fixture.Image("jpeg", 8, 8))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, field := range append(iim(photoshop(bytes.NewReader(in))), iim(in)...) {
			if !utf8.ValidString(field.Value) || field.Name == "iptc:" {
				t.Errorf("field %q", field)
			}
		}
	})
}
