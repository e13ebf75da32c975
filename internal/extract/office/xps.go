package office

import (
	"encoding/xml"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"candor"
	"candor/internal/extract/plain"
)

// XPS reads the pages of a printed document (ECMA-388), in the order of their
// numbers. The error is the sink's.
func XPS(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	p, reading, ok := openOffice(src, typ)
	if !ok {
		return reading, nil
	}
	var pages []string
	for _, f := range p.order {
		if path.Ext(f.Name) == ".fpage" {
			pages = append(pages, f.Name)
		}
	}
	slices.SortFunc(pages, byNumber)
	w := plain.NewWriter(sink)
	p.pages(pages, "pages", w, &reading, p.printed)
	if err := w.Close(); err != nil {
		return reading, err
	}
	reading.Language = w.Language()
	return reading, p.embedded(&reading, sink, "", "Resources/")
}

// byNumber orders names by their lengths first, so that 10 comes behind 9.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// printed writes one page: runs of letters of one height are a line, and words are
// parted where a run begins further on than letters reach as a rule.
func (p *pack) printed(member string, w *plain.Writer) error {
	const widest = 0.8 // of a letter, by the size of the type
	height, reach := "", 0.0
	return p.walk(member, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok {
			return w.Err()
		}
		if link := attr(e, "FixedPage.NavigateUri"); strings.Contains(link, ":") {
			_, _ = w.WriteString(" " + link + " ")
		}
		if e.Name.Local != "Glyphs" {
			return w.Err()
		}
		text := strings.TrimPrefix(attr(e, "UnicodeString"), "{}") // which escapes a brace
		x, _ := strconv.ParseFloat(attr(e, "OriginX"), 64)
		em, _ := strconv.ParseFloat(attr(e, "FontRenderingEmSize"), 64)
		switch y := attr(e, "OriginY"); {
		case y != height:
			w.Line()
			height = y
		case x > reach:
			_, _ = w.WriteString(" ")
		}
		reach = x + widest*em*float64(utf8.RuneCountInString(text))
		_, _ = w.WriteString(text)
		return w.Err()
	})
}
