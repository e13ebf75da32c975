package office

import (
	"encoding/xml"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

// PPTX reads a PresentationML file: each slide, with its notes, is a page. The
// error is the sink's.
func PPTX(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	p, reading, ok := openOffice(src, typ)
	if !ok {
		return reading, nil
	}
	slides, err := p.slides()
	if err != nil {
		faulty(&reading, err, false)
		return reading, nil
	}
	w := plain.NewWriter(sink)
	p.pages(slides, "slides", w, &reading, p.slide)
	p.masters(w)
	if err := w.Close(); err != nil {
		return reading, err
	}
	if reading.Language == "" {
		reading.Language = w.Language()
	}
	return reading, p.embedded(&reading, sink, "ppt/embeddings/", "ppt/media/")
}

// slides lists the slides' members in the order in which they are shown.
func (p *pack) slides() ([]string, error) {
	const main = "ppt/presentation.xml"
	rels := p.relations(main)
	var out []string
	err := p.walk(main, func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "sldId" {
			for _, a := range e.Attr {
				if member := rels[a.Value]; a.Name.Local == "id" && member != "" {
					out = append(out, member)
				}
			}
		}
		return nil
	})
	return out, err
}

// masters writes what stands on masters and layouts, and so on every slide made
// after them: a marking, a name. Placeholders hold instructions and are left out.
func (p *pack) masters(w *plain.Writer) {
	for _, f := range p.order {
		if strings.HasPrefix(f.Name, "ppt/slideMasters/slideMaster") || strings.HasPrefix(f.Name, "ppt/slideLayouts/slideLayout") {
			w.Line()
			_ = p.walk(f.Name, fixedText(w)) // one that is damaged lacks nothing of the slides
		}
	}
}

// fixedText writes the text of shapes that are no placeholders.
func fixedText(w *plain.Writer) func(xml.Token) error {
	inner := drawingMarkup.visitor(w)
	inside, placeholder := false, false
	return func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "sp":
				inside, placeholder = true, false
			case "ph":
				placeholder = true
			}
		case xml.EndElement:
			if e.Name.Local == "sp" {
				inside = false
			}
		}
		if inside && !placeholder {
			return inner(t)
		}
		return w.Err()
	}
}

func (p *pack) slide(member string, w *plain.Writer) error {
	if err := p.walk(member, drawingMarkup.visitor(w)); err != nil {
		return err
	}
	targets := p.relations(member)
	if err := p.beside(targets, w); err != nil {
		return err
	}
	for _, target := range targets {
		if strings.HasPrefix(target, "ppt/notesSlides/") {
			w.Line()
			return p.walk(target, drawingMarkup.visitor(w))
		}
	}
	return nil
}

// drawingMarkup is DrawingML (ECMA-376 part 1, 21.1.2).
var drawingMarkup = markup{
	texts: []string{"t"}, lines: []string{"p", "tr"}, cells: []string{"tc"}, signs: map[string]string{"br": "\n"},
}
