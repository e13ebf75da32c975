package office

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

// maxStrings bounds the table of strings that a spreadsheet's cells point
// into: the one thing that has to be held in memory, in bytes.
const maxStrings = 128 << 20

var errStrings = errors.New("it holds more than 128 MiB of distinct texts: cells that point past them were not read")

// XLSX reads a SpreadsheetML workbook: each sheet under its name, a line a row,
// tabs between cells, dates as dates. The error is the sink's.
func XLSX(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	p, reading, ok := openOffice(src, typ)
	if !ok {
		return reading, nil
	}
	book := workbook{pack: p, w: plain.NewWriter(sink)}
	sheets, err := book.open()
	if err != nil {
		faulty(&reading, err, false)
		return reading, nil
	}
	if book.problem != nil {
		reading.Lack(book.problem.Error())
	}
	for _, s := range sheets {
		if err := book.sheet(s); err != nil && book.w.Err() == nil {
			reading.Lack(fmt.Sprintf("the sheet %q could not be read to its end", s.title))
		}
	}
	p.asides(&reading, book.w)
	if err := book.w.Close(); err != nil {
		return reading, err
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "doc:Sheets", Value: fmt.Sprint(len(sheets))})
	if reading.Language == "" {
		reading.Language = book.w.Language()
	}
	return reading, p.embedded(&reading, sink, "xl/embeddings/", "xl/media/")
}

type sheet struct{ title, member string }

type workbook struct {
	*pack
	w       *plain.Writer
	strings []string
	formats formats
	problem error
}

func (b *workbook) open() ([]sheet, error) {
	const main = "xl/workbook.xml"
	rels := b.relations(main)
	b.formats.epoch = epoch1900
	var sheets []sheet
	err := b.walk(main, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok {
			return nil
		}
		switch e.Name.Local {
		case "workbookPr":
			if v := attr(e, "date1904"); v == "1" || v == "true" {
				b.formats.epoch = epoch1904
			}
		case "sheet":
			sheets = append(sheets, sheet{attr(e, "name"), rels[attr(e, "id")]})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := b.sharedStrings(); err != nil && !errors.Is(err, errMissing) {
		b.problem = err
	}
	b.readFormats()
	return sheets, nil
}

func (b *workbook) sharedStrings() error {
	var s strings.Builder
	size, inText, phonetic := 0, false, false
	return b.walk("xl/sharedStrings.xml", func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			inText = e.Name.Local == "t"
			phonetic = phonetic || e.Name.Local == "rPh"
		case xml.CharData:
			if inText && !phonetic {
				s.Write(e)
			}
		case xml.EndElement:
			inText = false
			switch e.Name.Local {
			case "rPh":
				phonetic = false
			case "si":
				if size += s.Len() + 16; size > maxStrings {
					return errStrings
				}
				b.strings = append(b.strings, s.String())
				s.Reset()
			}
		}
		return nil
	})
}

// readFormats reads how cells show numbers. Without it they are shown as they are.
func (b *workbook) readFormats() {
	inCells := false
	_ = b.walk("xl/styles.xml", func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			id, _ := strconv.Atoi(attr(e, "numFmtId"))
			switch {
			case e.Name.Local == "numFmt":
				b.formats.define(id, attr(e, "formatCode"))
			case e.Name.Local == "cellXfs":
				inCells = true
			case e.Name.Local == "xf" && inCells:
				b.formats.style(id)
			}
		case xml.EndElement:
			if e.Name.Local == "cellXfs" {
				inCells = false
			}
		}
		return nil
	})
}

// pageLine is the text of a header or footer without its codes (ECMA-376 part 1,
// 18.3.1.46): fonts, sizes, colours, and what each page has of its own.
func pageLine(s string) string {
	var b strings.Builder
	for s != "" {
		before, rest, coded := strings.Cut(s, "&")
		b.WriteString(before)
		if s = rest; !coded || s == "" {
			break
		}
		switch c := s[0]; {
		case c == '&':
			b.WriteByte('&')
			s = s[1:]
		case c == '"':
			_, s, _ = strings.Cut(s[1:], `"`)
		case c >= '0' && c <= '9':
			s = strings.TrimLeft(s, "0123456789")
		case c == 'K':
			s = s[min(len("K000000"), len(s)):]
		default: // a part of the line, or a mark of one letter
			if strings.IndexByte("LCR", c) >= 0 {
				b.WriteByte(' ')
			}
			s = s[size(s):]
		}
	}
	return strings.TrimSpace(b.String())
}

// cell is the cell that is being read.
type cell struct {
	kind  string // its t attribute: s, str, inlineStr, b, e, n, d
	style int
	value strings.Builder
}

func (b *workbook) sheet(s sheet) error {
	_, _ = b.w.WriteString(s.title)
	b.w.Line()
	var c cell
	inValue, first := false, true
	return b.walk(s.member, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				first = true
			case "c":
				c.kind = attr(e, "t")
				c.style, _ = strconv.Atoi(attr(e, "s"))
				c.value.Reset()
			case "v", "t":
				inValue = true
			case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
				inValue = true
				c.value.Reset()
			}
		case xml.CharData:
			if inValue && c.value.Len() < 1<<20 {
				c.value.Write(e)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter":
				inValue = false
				_, _ = b.w.WriteString(pageLine(c.value.String()))
				b.w.Line()
			case "v", "t":
				inValue = false
			case "row":
				b.w.Line()
			case "c":
				if text := b.show(&c); text != "" {
					if !first {
						_, _ = b.w.WriteString("\t")
					}
					_, _ = b.w.WriteString(text)
					first = false
				}
			}
		}
		return b.w.Err()
	})
}

// show gives a cell as a reader sees it, as far as searching needs.
func (b *workbook) show(c *cell) string {
	v := c.value.String()
	switch c.kind {
	case "s":
		i, err := strconv.Atoi(v)
		if err != nil || i < 0 || i >= len(b.strings) {
			return ""
		}
		return b.strings[i]
	case "b":
		return map[string]string{"1": "TRUE", "0": "FALSE"}[v]
	case "", "n":
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return b.formats.text(n, c.style)
		}
	}
	return v
}
