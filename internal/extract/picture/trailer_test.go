package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"candor"
	"candor/internal/extract/fixture"
)

// headlineIIM is IPTC of one field.
const headlineIIM = "\x1c\x02\x69\x00\x09Quay wall"

func fotoStationFile() []byte {
	record := func(what uint16, data string) []byte {
		out := binary.BigEndian.AppendUint16([]byte(data), what)
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(out, uint32(len(data)+fotoStationFoot)), fotoStationMark)
	}
	return bytes.Join([][]byte{fixture.Image("jpeg", 20, 10), record(fotoStationIPTC, headlineIIM), record(2, "soft edit")}, nil)
}

func afcpFile(mark string, order binary.AppendByteOrder) []byte {
	out := fixture.Image("jpeg", 20, 10)
	at := uint32(len(out))
	out = order.AppendUint16(order.AppendUint16(append(out, mark...), 0x0100), 2)
	out = append(out, 0, 0, 0, 0)
	for _, tag := range []string{"SCC\x00", "IPTC"} {
		out = order.AppendUint32(order.AppendUint32(append(out, tag...), uint32(len(headlineIIM))), at+36)
	}
	out = append(out, headlineIIM...)
	return append(order.AppendUint32(append(out, mark...), at), 0, 0, 0, 0)
}

func TestFieldsBehindAPicture(t *testing.T) {
	for name, file := range map[string][]byte{
		"FotoStation": fotoStationFile(), "AXS, big-endian": afcpFile("AXS!", binary.BigEndian), "AXS, little-endian": afcpFile("AXS*", binary.LittleEndian),
	} {
		var text textOf
		r, err := Reader{MaxPixels: 1e6}.Read(memory(file), "image/jpeg", &text)
		if err != nil || r.Condition != candor.Done || !strings.Contains(fmt.Sprint(r.Fields), "{iptc:Headline Quay wall}") || text.String() != "Quay wall\n" {
			t.Errorf("%s: %s (%s), %v, %q, %v", name, r.Condition, r.Reason, r.Fields, text.String(), err)
		}
		for n := range file {
			trailer(memory(file[:n])) // what is cut is not followed
		}
	}
}

func FuzzTrailer(f *testing.F) {
	f.Add(fotoStationFile())
	f.Add(afcpFile("AXS!", binary.BigEndian))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := trailer(memory(b)); len(got) > maxTags {
			t.Errorf("%d fields", len(got))
		}
	})
}
