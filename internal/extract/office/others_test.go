package office

import (
	"bytes"
	"compress/flate"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/fixture"
)

// oneSet is a set of properties of OneNote with a text.
func oneSet(text string, narrow bool) []byte {
	id, value := uint32(0x1C001C22), utf16le(text)
	if narrow {
		id, value = 0x1C003498, []byte(text)
	}
	return little(uint16(3), uint32(0x14001D7A), uint32(0x2000342C), id, uint32(0x3CDF14A2), uint32(len(value)), value)
}

func oneNote() []byte {
	file := "a pinned file"
	return little("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", make([]byte, 40), oneSet("Meet at the pier\x00", false), make([]byte, 9), oneSet("write to Ana", true), oneSet("Meet at the pier\x00", false),
		uint32(0x1C001C22), make([]byte, 12), oneFile, uint64(len(file)), make([]byte, 12), file, oneFile, uint64(1<<40), make([]byte, 12))
}

func TestOneNote(t *testing.T) {
	text, r, k := told(t, OneNote, oneNote(), "application/onenote")
	if text != "Meet at the pier write to Ana" || r.Condition != candor.Done {
		t.Errorf("%q, %s (%s)", text, r.Condition, r.Reason)
	}
	if len(k.parts) != 1 || string(k.parts[0]) != "a pinned file" {
		t.Errorf("parts %q", k.parts)
	}
	if _, r, _ := told(t, OneNote, oneNote()[:40], ""); r.Condition != candor.Partial {
		t.Errorf("without a text: %s (%s)", r.Condition, r.Reason)
	}
}

func FuzzOneNote(f *testing.F) {
	f.Add(oneNote())
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		if r, err := OneNote(source(in), "", &g); err != nil || r.Condition != candor.Done && r.Reason == "" || !utf8.Valid(g.Bytes()) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// drawn is a drawing that says something of itself.
func drawn(version string, write func(string) []byte) []byte {
	head := little(version, make([]byte, dwgProperties-6), uint32(dwgProperties+4))
	for _, v := range []string{"Quay wall", "", "Ana Sand", "", "", "", "", ""} {
		head = append(head, write(v)...)
	}
	return little(head, make([]byte, 24), uint16(1), write("Sheet"), write("A-12"))
}

func TestDrawingsSayWhatTheyAre(t *testing.T) {
	narrow := func(s string) []byte { return little(uint16(len(s)+1), s, uint8(0)) }
	wide := func(s string) []byte { return little(uint16(len([]rune(s))+1), utf16le(s), uint16(0)) }
	old := little("AC1015", make([]byte, 40), dwgCookie, uint16(2), uint16(9), uint8(30), "Quay wall", uint16(40), make([]byte, 8), uint16(4), uint16(8), uint8(30), "Ana Sand", uint16(300), uint16(10), uint8(30), "Sheet=A-12", uint16(301), uint16(1), uint8(30), "=", uint16(999))
	for name, data := range map[string][]byte{"2000": old, "2004": drawn("AC1018", narrow), "2007": drawn("AC1021", wide), "2018": drawn("AC1032", wide)} {
		r := DWG(source(data), "image/vnd.dwg")
		if r.Title != "Quay wall" || fmt.Sprint(r.People) != "[Ana Sand]" || !strings.Contains(fmt.Sprint(r.Fields), "{doc:Custom Sheet=A-12}") || r.Condition != candor.Partial {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := DWG(source([]byte("AC1018")), ""); r.Condition != candor.Failed {
		t.Errorf("cut short: %s", r.Condition)
	}
}

func FuzzDrawings(f *testing.F) {
	f.Add(drawn("AC1018", func(s string) []byte { return little(uint16(len(s)), s) }))
	f.Add(little("AC1015", make([]byte, 40), dwgCookie, uint16(2), uint16(1), uint8(0), "x"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, field := range DWG(source(in), "").Fields {
			if !utf8.ValidString(field.Value) {
				t.Errorf("%q", field.Value)
			}
		}
	})
}

func emf() []byte {
	text := func(y uint32, s string) []byte {
		u := utf16le(s)
		return little(uint32(84), uint32(52+len(u)), make([]byte, 28), uint32(7), y, uint32(len(u)/2), uint32(52), u)
	}
	plus := utf16le("newer")
	comment := little(uint16(0x401C), uint16(0), uint32(40+len(plus)), uint32(28+len(plus)), uint32(0), uint32(0), uint32(len(plus)/2), uint32(0), uint32(50), uint64(0), plus)
	return little(uint32(1), uint32(44), make([]byte, 32), " EMF", text(10, "Quay"), text(10, "wall"), text(20, "Łódź"), uint32(83), uint32(52+3), make([]byte, 32), uint32(30), uint32(3), uint32(52), "abc",
		uint32(70), uint32(16+len(comment)), uint32(0), "EMF+", comment, uint32(84), uint32(1<<30))
}

func TestMetafiles(t *testing.T) {
	if text, r, _ := told(t, Metafile, emf(), "image/emf"); text != "Quay wall Łódź abc newer" || r.Condition != candor.Done {
		t.Errorf("%q, %s", text, r.Condition)
	}
	rec := func(kind uint16, body ...any) []byte {
		b := little(body...)
		return little(uint32(3+len(b)/2), kind, b)
	}
	wmf := little("\xd7\xcd\xc6\x9a", make([]byte, 18), "\x01\x00\x09\x00\x00\x03", make([]byte, 12), rec(0x02FB, make([]byte, 13), uint8(204), make([]byte, 4)),
		rec(0x0521, uint16(3), "\xca\xe0\xe9\x00", uint16(7), uint16(1)), rec(0x0A32, uint16(9), uint16(1), uint16(2), uint16(2), make([]byte, 8), "OK"), rec(0x0521, uint16(9999), "x\x00"))
	if text, _, _ := told(t, Metafile, wmf, "image/wmf"); text != "Кай OK" {
		t.Errorf("%q", text)
	}
}

func FuzzMetafiles(f *testing.F) {
	f.Add(emf())
	f.Add([]byte("\x01\x00\x09\x00\x00\x03"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		if r, err := Metafile(source(in), "", &g); err != nil || r.Condition != candor.Done || !utf8.Valid(g.Bytes()) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func hangul(flags uint32) []byte {
	text := little(utf16le("항구"), uint16(9), make([]byte, 14), utf16le("fees"), uint16(11), make([]byte, 14), utf16le("up"), uint16(13))
	var section bytes.Buffer
	w, _ := flate.NewWriter(&section, flate.BestSpeed)
	_, _ = w.Write(little(uint32(66|4<<20), "skip", uint32(67|uint32(len(text))<<20), text, uint32(67|0xfff<<20), uint32(4), utf16le("so")))
	_ = w.Close()
	return fixture.OLEOf(map[string][]byte{"FileHeader": little(hwpMark, make([]byte, 36-len(hwpMark)), flags, make([]byte, 216)), "BodyText/Section0": section.Bytes()})
}

func TestHangul(t *testing.T) {
	if text, r, _ := told(t, OLE, hangul(1), ""); text != "항구 feesup so" || r.Condition != candor.Done || r.Type != "application/x-hwp-v5" {
		t.Errorf("%q, %s, %s (%s)", text, r.Type, r.Condition, r.Reason)
	}
	for flags, says := range map[uint32]string{3: "password", 5: "cannot be taken out"} {
		if _, r, _ := told(t, OLE, hangul(flags), ""); r.Condition != candor.Encrypted || !strings.Contains(r.Reason, says) {
			t.Errorf("flags %d: %s (%s)", flags, r.Condition, r.Reason)
		}
	}
	if _, r, _ := told(t, OLE, fixture.OLEStream("FileHeader", make([]byte, 256)), ""); r.Condition != candor.Unsupported {
		t.Errorf("another's header: %s (%s)", r.Condition, r.Reason)
	}
}

func FuzzHangul(f *testing.F) {
	f.Add(little(uint32(67|8<<20), utf16le("ab"), uint16(9)))
	f.Fuzz(func(t *testing.T, in []byte) {
		file := fixture.OLEOf(map[string][]byte{"FileHeader": little(hwpMark, make([]byte, 36-len(hwpMark)), uint32(0)), "BodyText/Section0": in})
		var g gathered
		if r, err := OLE(source(file), "", &g); err != nil || r.Condition != candor.Done && r.Reason == "" || !utf8.Valid(g.Bytes()) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestWhatStandsBesideOpenDocuments(t *testing.T) {
	file := fixture.ODF("text", false)
	for name, body := range map[string]string{
		"styles.xml":           `<s:s xmlns:s="s" xmlns:text="t"><s:footer><text:p>Page footer</text:p></s:footer></s:s>`,
		"Object 1/content.xml": `<o xmlns:text="t"><text:p>A table inside</text:p></o>`,
	} {
		file = fixture.WithMember(file, fixture.Member{Name: name, Body: body})
	}
	if text, _, _ := told(t, ODF, file, ""); !strings.Contains(text, "Page footer") || !strings.Contains(text, "A table inside") {
		t.Errorf("%q", text)
	}
}
