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
		if showsDate(code) != want {
			t.Errorf("%s: %v", code, !want)
		}
	}
}

func TestEncryptedOfficeFilesAreTold(t *testing.T) {
	r := OLE(source([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more")), "application/x-ole-storage")
	if r.Condition != candor.Failed {
		t.Errorf("a cut compound file: %s (%s)", r.Condition, r.Reason)
	}
	if r := OLE(source(fixture.OLE("EncryptedPackage")), "application/x-ole-storage"); r.Condition != candor.Encrypted {
		t.Errorf("an encrypted document: %s (%s)", r.Condition, r.Reason)
	}
	if r := OLE(source(fixture.OLE("WordDocument")), "application/x-ole-storage"); r.Condition != candor.Unsupported || r.Type != "application/msword" {
		t.Errorf("an old document: %s, %s (%s)", r.Type, r.Condition, r.Reason)
	}
}

func TestXMLInOtherEncodingsIsReadAsItStands(t *testing.T) {
	var g gathered
	w := plain.NewWriter(&g)
	err := walkXML(strings.NewReader(`<?xml version="1.0" encoding="windows-1252"?><p><t>caf`+"\xe9"+`</t></p>`), wordVisitor(w))
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
	fuzzXML(f, []string{`<w:p><w:r><w:t>a</w:t><w:tab/></w:r></w:p>`, `<t>&amp;&nbsp;</t></p></p>`}, wordVisitor)
}

func FuzzDrawing(f *testing.F) {
	fuzzXML(f, []string{`<a:p><a:r><a:t>a</a:t></a:r><a:br/></a:p>`}, drawingVisitor)
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
