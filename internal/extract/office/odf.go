package office

import (
	"encoding/xml"
	"strconv"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

// ODF reads an OpenDocument text, spreadsheet, presentation or drawing. The
// pages of a presentation or drawing are pages. The error is the sink's.
func ODF(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	p, err := openPack(src)
	if err != nil {
		faulty(&reading, err, false)
		return reading, nil
	}
	if p.encrypted() {
		reading.Condition, reading.Reason = candor.Encrypted, "it opens only with its password"
		return reading, nil
	}
	p.meta(&reading, "meta.xml")
	v := odfVisitor{w: plain.NewWriter(sink)}
	err = p.walk("content.xml", v.visit)
	p.judge(&reading, err, v.w)
	p.odfAsides(v.w)
	if err := v.w.Close(); err != nil {
		return reading, err
	}
	reading.Pages = v.pages
	if reading.Language == "" {
		reading.Language = v.w.Language()
	}
	return reading, p.embedded(&reading, sink, "", "Pictures/")
}

// odfAsides writes what stands beside the content: headers and footers, and
// objects, such as a table in a text.
func (p *pack) odfAsides(w *plain.Writer) {
	for _, f := range p.order {
		if f.Name == "styles.xml" || f.Name != "content.xml" && strings.HasSuffix(f.Name, "/content.xml") {
			w.Line()
			v := odfVisitor{w: w}
			_ = p.walk(f.Name, v.visit) // a fault there lacks nothing of the content
		}
	}
}

func (p *pack) encrypted() bool {
	found := false
	_ = p.walk("META-INF/manifest.xml", func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "encryption-data" {
			found = true
		}
		return nil
	})
	return found
}

// odfVisitor writes the text of content.xml (ISO 26300 part 1). Only text
// inside paragraphs and headings is text; changes that were deleted are not.
type odfVisitor struct {
	w       *plain.Writer
	para    int // paragraphs open
	deleted int // elements open inside text:tracked-changes
	pages   int
	cell    int  // table cells open
	filled  bool // this cell holds text
}

func (v *odfVisitor) visit(t xml.Token) error {
	switch e := t.(type) {
	case xml.StartElement:
		if e.Name.Local == "tracked-changes" || v.deleted > 0 {
			v.deleted++
			return nil
		}
		v.start(e)
	case xml.CharData:
		if v.para > 0 && v.deleted == 0 {
			v.filled = true
			_, _ = v.w.WriteString(joinSpace(string(e)))
		}
	case xml.EndElement:
		if v.deleted > 0 {
			v.deleted--
			return nil
		}
		v.end(e.Name.Local)
	}
	return v.w.Err()
}

func (v *odfVisitor) start(e xml.StartElement) {
	switch e.Name.Local {
	case "p", "h":
		v.para++
	case "table-cell", "covered-table-cell":
		v.cell++
		v.filled = false
	case "tab":
		_, _ = v.w.WriteString("\t")
	case "line-break":
		_, _ = v.w.WriteString("\n")
	case "s":
		n, err := strconv.Atoi(attr(e, "c"))
		if err != nil {
			n = 1
		}
		_, _ = v.w.WriteString(strings.Repeat(" ", min(max(n, 1), 100)))
	case "page":
		if e.Name.Space == "draw" {
			if v.pages++; v.pages > 1 {
				v.w.Page()
			}
		}
	case "table":
		if title := attr(e, "name"); title != "" && e.Name.Space == "table" {
			v.w.Line()
			_, _ = v.w.WriteString(title)
			v.w.Line()
		}
	}
}

func (v *odfVisitor) end(local string) {
	switch local {
	case "p", "h":
		v.para = max(0, v.para-1)
		if v.cell > 0 {
			_, _ = v.w.WriteString(" ")
		} else {
			_, _ = v.w.WriteString("\n")
		}
	case "table-cell", "covered-table-cell":
		v.cell = max(0, v.cell-1)
		if v.filled {
			_, _ = v.w.WriteString("\t")
		}
		v.filled = false
	case "table-row":
		v.w.Line()
	}
}

// joinSpace collapses white space as OpenDocument says it is to be read.
func joinSpace(s string) string {
	if !strings.ContainsAny(s, "\n\r\t") && !strings.Contains(s, "  ") {
		return s
	}
	f := strings.Join(strings.Fields(s), " ")
	if f == "" {
		return " "
	}
	if strings.ContainsAny(s[:1], " \n\r\t") {
		f = " " + f
	}
	if strings.ContainsAny(s[len(s)-1:], " \n\r\t") {
		f += " "
	}
	return f
}
