package office

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/fixture"
	"candor/internal/extract/plain"
)

type gathered struct{ bytes.Buffer }

func (g *gathered) Text(p []byte) error { g.Write(p); return nil }

func (g *gathered) Part(_ candor.Place, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func source(data []byte) candor.Source {
	return candor.Source{Name: "x", Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}
}

func TestFormatsThatShowDates(t *testing.T) {
	for code, want := range map[string]bool{
		"yyyy-mm-dd": true, `d\.m\.yy`: true, "General": false, "0.00": false, `"day" 0`: false, "[Red]0": false, "#,##0.00": false, "[$-409]d-mmm-yy": true,
	} {
		if parseFormat(code).showsDays() != want {
			t.Errorf("%s: %v", code, !want)
		}
	}
}

func TestEncryptedOfficeFilesAreTold(t *testing.T) {
	ole := func(data []byte) candor.Reading {
		r, err := OLE(source(data), "application/x-ole-storage", &gathered{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := ole([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more")); r.Condition != candor.Failed {
		t.Errorf("a cut compound file: %s (%s)", r.Condition, r.Reason)
	}
	if r := ole(fixture.OLE("EncryptedPackage")); r.Condition != candor.Encrypted {
		t.Errorf("an encrypted document: %s (%s)", r.Condition, r.Reason)
	}
	if r := ole(fixture.OLE("WordDocument")); r.Condition != candor.Failed || r.Type != "application/msword" {
		t.Errorf("an empty document: %s, %s (%s)", r.Type, r.Condition, r.Reason)
	}
	if r := ole(fixture.OLE("Something")); r.Condition != candor.Unsupported {
		t.Errorf("another compound file: %s (%s)", r.Condition, r.Reason)
	}
}

func TestOldOfficeFiles(t *testing.T) {
	doc := fixture.DOC("Minutes of the council\rFees:\x0712\x13 HYPERLINK x\x14\x07\r", "Straßenbau in Łódź\r")
	for name, c := range map[string]struct {
		data       []byte
		typ, wants string
	}{
		"doc": {doc, "application/msword", "Minutes of the council\nFees:\t12\t\nStraßenbau in Łódź\n"},
		"xls": {fixture.XLS(), "application/vnd.ms-excel", "Ledger\nCoal\tPort Velméré\n12.5\t2021-01-01\n7\t8.5\ntotal\n"},
		"ppt": {fixture.PPT("The first slide\rand more", "Łódź"), "application/vnd.ms-powerpoint", "The first slide\nand more\n\fŁódź\n"},
		"msg": {fixture.MSG(), "application/vnd.ms-outlook", "Dear Rosa,\nthe second tender is lower. — Ana\n"},
	} {
		var g gathered
		r, err := OLE(source(c.data), "application/x-ole-storage", &g)
		if err != nil || r.Condition != candor.Done || r.Type != c.typ || strings.TrimRight(g.String(), "\n") != strings.TrimRight(c.wants, "\n") {
			t.Errorf("%s: %s, %s (%s), %v: %q, want %q", name, r.Type, r.Condition, r.Reason, err, g.String(), c.wants)
		}
	}
}

func TestOutlookMessages(t *testing.T) {
	parts := &parted{}
	r, err := OLE(source(fixture.MSG()), "application/x-ole-storage", parts)
	if err != nil || r.Title != "Flood wall: the second tender" || r.Date.Format("2006-01-02") != "2021-02-01" || r.DateFrom != "mail:Date" {
		t.Errorf("%+v, %v", r, err)
	}
	if got := strings.Join(r.People, "; "); got != "Ana Lund <a.lund@example.org>; Rosa Osei <r.osei@example.org>" {
		t.Errorf("people: %s", got)
	}
	if len(parts.names) != 2 || parts.names[0] != "fees.csv" || parts.data[0] != "item,fee\nwall,12\n" || parts.names[1] != "An older message.eml" {
		t.Fatalf("%q, %q", parts.names, parts.data)
	}
	for _, want := range []string{"From: J. Reyes\r\n", "Subject: An older message\r\n", "Date: Mon, 01 Feb 2021", "The first tender."} {
		if !strings.Contains(parts.data[1], want) {
			t.Errorf("the message inside lacks %q: %q", want, parts.data[1])
		}
	}
}

// parted keeps parts.
type parted struct {
	gathered
	names, data []string
}

func (p *parted) Part(place candor.Place, r io.Reader) error {
	b, err := io.ReadAll(r)
	p.names, p.data = append(p.names, place.Path), append(p.data, string(b))
	return err
}

func FuzzOLE(f *testing.F) {
	f.Add(fixture.DOC("Minutes\r", "Łódź"))
	f.Add(fixture.XLS())
	f.Add(fixture.PPT("One", "Two"))
	f.Add(fixture.MSG())
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := OLE(source(in), "application/x-ole-storage", &gathered{})
		if err != nil || r.Condition == "" || r.Condition != candor.Done && r.Reason == "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestXMLInOtherEncodingsIsReadAsItStands(t *testing.T) {
	var g gathered
	w := plain.NewWriter(&g)
	err := walkXML(strings.NewReader(`<?xml version="1.0" encoding="windows-1252"?><p><t>caf`+"\xe9"+`</t></p>`), wordMarkup.visitor(w))
	if _ = w.Close(); err == nil && g.String() != "café\n" {
		t.Errorf("%q, %v", g.String(), err)
	}
}

// fuzzXML feeds an XML walker directly, without a zip around it.
func fuzzXML(f *testing.F, seeds []string, visitor func(*plain.Writer) func(xml.Token) error) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		w := plain.NewWriter(&g)
		_ = walkXML(bytes.NewReader(in), visitor(w))
		if err := w.Close(); err != nil || !utf8.Valid(g.Bytes()) {
			t.Errorf("%q, %v", g.String(), err)
		}
	})
}

func FuzzWord(f *testing.F) {
	fuzzXML(f, []string{`<w:p><w:r><w:t>a</w:t><w:tab/></w:r></w:p>`, `<t>&amp;&nbsp;</t></p></p>`}, wordMarkup.visitor)
}

func FuzzDrawing(f *testing.F) {
	fuzzXML(f, []string{`<a:p><a:r><a:t>a</a:t></a:r><a:br/></a:p>`}, drawingMarkup.visitor)
}

func FuzzODF(f *testing.F) {
	fuzzXML(f, []string{`<text:p>a<text:s text:c="99999999"/></text:p><draw:page/><draw:page/>x`, `<table:table table:name="x"><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table>`},
		func(w *plain.Writer) func(xml.Token) error { v := odfVisitor{w: w}; return v.visit })
}

func FuzzPackages(f *testing.F) {
	for _, s := range [][]byte{fixture.DOCX("a", "b"), fixture.XLSX(), fixture.PPTX(), fixture.ODF("spreadsheet", false)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, read := range []func(candor.Source, string, candor.Sink) (candor.Reading, error){DOCX, XLSX, PPTX, ODF} {
			r, err := read(source(in), "x/y", &gathered{})
			if err != nil || r.Condition != candor.Done && r.Reason == "" {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

func FuzzRTF(f *testing.F) {
	f.Add([]byte(fixture.RTF))
	f.Add([]byte(`{\rtf1\bin99999999 {\u-10179?\u-8704?}{\*\x y}\'e}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var g gathered
		if r, err := RTF(source(in), "text/rtf", &g); err != nil || r.Condition != candor.Done && r.Reason == "" || !utf8.Valid(g.Bytes()) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// kept gathers the parts too.
type kept struct {
	gathered
	names []string
	parts [][]byte
}

func (k *kept) Part(p candor.Place, r io.Reader) error {
	data, err := io.ReadAll(r)
	k.names, k.parts = append(k.names, p.Path), append(k.parts, data)
	return err
}

// native is a packager's stream around a file.
func native(label, file string) []byte {
	b := []byte{0, 0, 0, 0, 2, 0}
	b = append(b, label+"\x00C:\\tmp\\"+label+"\x00\x00\x00\x03\x00\x04\x00\x00\x00tmp\x00"...)
	b = append(b, byte(len(file)), 0, 0, 0)
	return append(b, file...)
}

func TestObjects(t *testing.T) {
	for name, c := range map[string]struct {
		file       []byte
		part, data string
		condition  candor.Condition
	}{
		"a packaged file":     {fixture.OLEStream("\x01Ole10Native", native("letter.txt", "Dear Ana")), "letter.txt", "Dear Ana", candor.Done},
		"a name with a path":  {fixture.OLEStream("\x01Ole10Native", native(`C:\x\..\letter.txt`, "Dear Ana")), "letter.txt", "Dear Ana", candor.Done},
		"a PDF of its own":    {fixture.OLEStream("CONTENTS", []byte("%PDF-1.4")), "CONTENTS", "%PDF-1.4", candor.Done},
		"other contents":      {fixture.OLEStream("CONTENTS", []byte("drawing")), "", "", candor.Unsupported},
		"a package cut short": {fixture.OLEStream("\x01Ole10Native", native("letter.txt", "Dear Ana")[:40]), "", "", candor.Unsupported},
		"a lying size":        {fixture.OLEStream("\x01Ole10Native", bytes.Replace(native("a", "Dear"), []byte{4, 0, 0, 0, 'D'}, []byte{255, 255, 255, 255, 'D'}, 1)), "", "", candor.Unsupported},
	} {
		k := &kept{}
		r, err := OLE(source(c.file), "application/x-ole-storage", k)
		if err != nil || r.Condition != c.condition {
			t.Errorf("%s: %s (%s), %v", name, r.Condition, r.Reason, err)
		}
		if got := strings.Join(k.names, "|"); got != c.part {
			t.Errorf("%s: parts %q", name, got)
		} else if len(k.parts) == 1 && string(k.parts[0]) != c.data {
			t.Errorf("%s: %q", name, k.parts[0])
		}
	}
}

func FuzzPackaged(f *testing.F) {
	f.Add(native("letter.txt", "Dear Ana"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, data := packaged(b); len(data) > len(b) {
			t.Errorf("%d bytes out of %d", len(data), len(b))
		}
	})
}

func TestAsides(t *testing.T) {
	file := fixture.Zip(
		fixture.Member{Name: "word/document.xml", Body: `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Body.</w:t></w:r></w:p></w:body></w:document>`},
		fixture.Member{Name: "word/charts/chart1.xml", Body: `<c:chart xmlns:c="c" xmlns:a="a"><a:p><a:r><a:t>Harbour fees</a:t></a:r></a:p><c:v>2024</c:v><c:v>17</c:v></c:chart>`},
		fixture.Member{Name: "word/diagrams/data1.xml", Body: `<d xmlns:a="a"><a:p><a:r><a:t>Who decides</a:t></a:r></a:p></d>`},
		fixture.Member{Name: "word/charts/style1.xml", Body: `<c><t>style</t></c>`},
		fixture.Member{Name: "word/comments.xml", Body: `<w:comments xmlns:w="w"><w:comment><w:p><w:r><w:t>Once.</w:t></w:r></w:p></w:comment></w:comments>`},
		fixture.Member{Name: "word/charts/_rels/x.rels", Body: `<t>rels</t>`},
	)
	g := &gathered{}
	r, err := DOCX(source(file), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", g)
	text := strings.Join(strings.Fields(g.String()), " ")
	if err != nil || r.Condition != candor.Done {
		t.Errorf("%s (%s), %v", r.Condition, r.Reason, err)
	}
	for _, want := range []string{"Body.", "Harbour fees 2024 17", "Who decides"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	if strings.Contains(text, "style") || strings.Contains(text, "rels") || strings.Count(text, "Once.") != 1 {
		t.Errorf("too much: %q", text)
	}
}

// TestEastAsianRTF reads characters of two bytes, by the document's code page and by
// that of a font, which a group gives back at its end.
func TestEastAsianRTF(t *testing.T) {
	for in, want := range map[string]string{
		`{\rtf1\ansi\ansicpg932 \'8d\'60\'83A.}`: "港ア.", // the second byte may be a letter
		`{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}{\f2\fcharset204 C;}}\f0 caf\'e9 {\f1 \'8d\'60} \'e9{\f2 \'c4}}`: "café 港 éД",
		`{\rtf1\ansi\ansicpg936 \'b8\'db}`:     "港",
		`{\rtf1\ansi\ansicpg932 \'8d}`:         "",
		`{\rtf1\ansi\ansicpg99999 caf\'e9}`:    "café",
		`{\rtf1\ansi{\fonttbl{\f1\fcharset128`: "",
	} {
		var g gathered
		if _, err := RTF(source([]byte(in)), "text/rtf", &g); err != nil || strings.TrimSpace(g.String()) != want {
			t.Errorf("%s: %q, %v; want %q", in, g.String(), err, want)
		}
	}
}

// TestAltChunks: documents of other formats inside a document become parts.
func TestAltChunks(t *testing.T) {
	var p parted
	data := fixture.DOCX("A letter", "Words.")
	data = fixture.WithMember(data, fixture.Member{Name: "word/afchunk.html", Body: "<p>chunk"})
	if _, err := DOCX(source(data), "", &p); err != nil || len(p.names) != 2 || p.names[0] != "afchunk.html" || p.data[0] != "<p>chunk" {
		t.Errorf("%q, %q, %v", p.names, p.data, err)
	}
}
