package archive_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"candor"
	"candor/internal/archive"
)

// scans are PDF files of two pages that are pictures, on which a recogniser
// reads a letter wrong.
type scans struct{}

func (scans) Extract(context.Context, candor.Source, candor.Sink) (candor.Reading, error) {
	return candor.Reading{Type: "application/pdf", Condition: candor.Done, Pictures: []int{1, 2}, Extraction: candor.Extraction{Pages: 2}}, nil
}

func (scans) Render(_ context.Context, _ candor.Source, page, _ int) ([]byte, error) {
	return fmt.Appendf(nil, "page %d", page), nil
}

type misreading struct{}

func (misreading) Languages() []string { return []string{"eng"} }
func (misreading) Recognize(_ context.Context, png []byte, _ []string) (candor.PageText, error) {
	return candor.PageText{Text: "The harb0ur, " + string(png), Confidence: 90, Width: 10, Height: 10, Words: []candor.WordBox{{Text: "harb0ur", Confidence: 90}}}, nil
}

func scanHouse(t *testing.T) *house {
	h := newHouse(t)
	h.close()
	h.adjust = func(c *archive.Config) { c.Extractor, c.Recognizer = scans{}, misreading{} }
	h.open(false)
	return h
}

// TestRetype: what was recognised wrong is typed anew, found from then on, and
// brought back; reading again, a rebuild and a restart lose none of it.
func TestRetype(t *testing.T) {
	h := scanHouse(t)
	h.add([2]string{"scan.pdf", "x"})
	p := h.purposeTo(candor.ActSearch, candor.ActOpen, candor.ActAnalyse)
	res, err := h.find(p, "harb0ur")
	must(t, err)
	id := res.Hits[0].Item.ID
	type_ := func(page int, text string) error {
		_, err := h.Retype(bg, h.reader, archive.RetypeRequest{Item: id, Purpose: p, Page: page, Text: text})
		return err
	}
	finds := func(what, q string, want int64) {
		t.Helper()
		if res, err := h.find(p, q); err != nil || res.Total != want {
			t.Errorf("%s: %d found for %s, %v; want %d", what, res.Total, q, err, want)
		}
	}
	must(t, type_(2, "The harbour, page 2"))
	finds("typed", "harbour", 1)
	finds("the other page", "harb0ur", 1)
	text := func() (string, []archive.RetypedPage) {
		t.Helper()
		v, err := h.Open(bg, h.reader, archive.OpenRequest{Item: id, Purpose: p})
		must(t, err)
		text, err := v.Text(bg)
		must(t, err)
		all, err := v.Retyped(bg)
		must(t, err)
		return text, all
	}
	if got, all := text(); !strings.Contains(got, "harb0ur, page 1") || !strings.Contains(got, "harbour, page 2") || len(all) != 1 || all[0].By != h.reader.Person.ID || all[0].Page != 2 {
		t.Errorf("%q, %+v", got, all)
	}
	must(t, type_(1, "The harbour, page 1"))
	finds("both typed", "harb0ur", 0)
	_, err = h.Analyse(bg, h.reader, archive.AnalyseRequest{Items: []candor.ItemID{id}, Purpose: p})
	must(t, err)
	finds("read again", "harb0ur", 0)
	_, _, err = h.Rebuild(bg, h.admin, nil)
	must(t, err)
	finds("rebuilt", "harb0ur", 0)
	finds("rebuilt", "harbour", 1)
	must(t, type_(1, ""))
	finds("brought back", "harb0ur", 1)
	if _, all := text(); len(all) != 3 {
		t.Errorf("%d versions are kept, not 3", len(all))
	}
	for name, err := range map[string]error{"page 3": type_(3, "x"), "page 0": type_(0, "x"), "form feed": type_(1, "a\fb"), "no UTF-8": type_(1, "\xff"), "too long": type_(1, strings.Repeat("x", 300<<10))} {
		if candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Retype(bg, h.reader, archive.RetypeRequest{Item: id, Purpose: h.purpose(10), Page: 1, Text: "x"}); candor.CodeOf(err) != candor.Denied {
		t.Errorf("without the act in the purpose: %v", err)
	}
	differences, err := h.Check(bg, h.admin, nil)
	if err != nil || len(differences) > 0 {
		t.Error(differences, err)
	}
}

// TestOnlyRecognisedTextIsRetyped: what a file says itself stays.
func TestOnlyRecognisedTextIsRetyped(t *testing.T) {
	h := newHouse(t)
	h.add([2]string{"a.txt", "words"})
	p := h.purposeTo(candor.ActSearch, candor.ActOpen, candor.ActAnalyse)
	res, err := h.find(p, "words")
	must(t, err)
	if _, err := h.Retype(bg, h.reader, archive.RetypeRequest{Item: res.Hits[0].Item.ID, Purpose: p, Page: 1, Text: "x"}); candor.CodeOf(err) != candor.NotSupported {
		t.Errorf("%v", err)
	}
}

// TestEstimateGoesByTheCollection: where a collection's pictures are not read,
// reading its items again reads none.
func TestEstimateGoesByTheCollection(t *testing.T) {
	h := scanHouse(t)
	h.add([2]string{"scan.pdf", "x"})
	p := h.purposeTo(candor.ActSearch, candor.ActOpen, candor.ActAnalyse)
	res, err := h.find(p, "harb0ur")
	must(t, err)
	ask := archive.AnalyseRequest{Items: []candor.ItemID{res.Hits[0].Item.ID}, Purpose: p, Estimate: true}
	for ocr, pages := range map[string]int64{"": 2, "off": 0, "eng": 2} {
		_, err := h.SetOCR(bg, h.admin, "main", ocr)
		must(t, err)
		if out, err := h.Analyse(bg, h.reader, ask); err != nil || out.Cost.Pages != pages {
			t.Errorf("with %q: %d pages, %v; want %d", ocr, out.Cost.Pages, err, pages)
		}
	}
}
