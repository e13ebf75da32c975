package office

import (
	"path"
	"slices"
	"sort"
	"strings"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

// DOCX reads a WordprocessingML document: its body, notes, comments, headers
// and footers, and the files embedded in it. The error is the sink's.
func DOCX(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	p, reading, ok := openOffice(src, typ)
	if !ok {
		return reading, nil
	}
	w := plain.NewWriter(sink)
	err := p.walk("word/document.xml", wordMarkup.visitor(w))
	p.judge(&reading, err, w)
	for _, member := range wordExtras(p) {
		p.judge(&reading, p.walk(member, wordMarkup.visitor(w)), w)
	}
	p.asides(&reading, w)
	if err := w.Close(); err != nil {
		return reading, err
	}
	if reading.Language == "" {
		reading.Language = w.Language()
	}
	if err := p.chunks(&reading, sink); err != nil {
		return reading, err
	}
	return reading, p.embedded(&reading, sink, "word/embeddings/", "word/media/")
}

// chunks hands on the documents of other formats that stand in this one as they
// came (ECMA-376 part 1, 11.3.1), beside its own XML.
func (p *pack) chunks(r *candor.Reading, sink candor.Sink) error {
	for _, f := range p.order {
		base, ok := strings.CutPrefix(f.Name, "word/")
		if !ok || strings.Contains(base, "/") || !slices.Contains([]string{".htm", ".html", ".xhtml", ".mht", ".mhtml", ".rtf", ".txt", ".docx"}, strings.ToLower(path.Ext(base))) {
			continue
		}
		m, err := f.Open()
		if err != nil {
			r.Lack("a document inside it could not be read")
			continue
		}
		err = sink.Part(candor.Place{Path: name.Base(base)}, m)
		_ = m.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// wordExtras lists the members that hold text beside the body, in a fixed order.
func wordExtras(p *pack) []string {
	var out []string
	for _, f := range p.order {
		base, ok := strings.CutPrefix(f.Name, "word/")
		if !ok || !strings.HasSuffix(base, ".xml") || strings.Contains(base, "/") {
			continue
		}
		for _, stem := range []string{"header", "footer", "footnotes", "endnotes", "comments"} {
			if strings.TrimRight(strings.TrimSuffix(base, ".xml"), "0123456789") == stem {
				out = append(out, f.Name)
			}
		}
	}
	sort.Strings(out)
	return out
}

// wordMarkup is WordprocessingML (ECMA-376 part 1, 17). Deleted text (w:delText)
// is not part of the document and is left out.
var wordMarkup = markup{
	texts: []string{"t"}, lines: []string{"p", "tr"}, cells: []string{"tc"},
	signs: map[string]string{"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"},
}
