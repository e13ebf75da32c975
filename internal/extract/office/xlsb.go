package office

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

// Records of binary workbooks ([MS-XLSB] 2.3).
const (
	xlsbRow       = 0
	xlsbHeaders   = 479
	xlsbShort     = 2
	xlsbError     = 3
	xlsbBool      = 4
	xlsbNumber    = 5
	xlsbText      = 6
	xlsbShared    = 7
	xlsbFormText  = 8
	xlsbFormNum   = 9
	xlsbFormBool  = 10
	xlsbString    = 19
	xlsbFormat    = 44
	xlsbStyle     = 47
	xlsbProps     = 153
	xlsbSheet     = 156
	xlsbStyles    = 617
	xlsbStylesEnd = 618
	xlsbComment   = 637

	mostRecord = 16 << 20 // bytes of one record
)

var errRecord = errors.New("a record is damaged")

// XLSB reads a binary workbook of the formats from 2007 on, as XLSX does one in
// XML. The error is the sink's.
func XLSB(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	p, reading, ok := openOffice(src, typ)
	if !ok {
		return reading, nil
	}
	b := binaryWorkbook{pack: p, w: plain.NewWriter(sink), formats: formats{epoch: epoch1900}}
	sheets, err := b.open()
	if err != nil {
		faulty(&reading, err, false)
		return reading, nil
	}
	for _, s := range sheets {
		_, _ = b.w.WriteString(s.title)
		b.w.Line()
		if err := b.sheet(s.member); err != nil && b.w.Err() == nil {
			reading.Lack(fmt.Sprintf("the sheet %q could not be read to its end", s.title))
		}
	}
	p.asides(&reading, b.w)
	b.comments()
	if err := b.w.Close(); err != nil {
		return reading, err
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "doc:Sheets", Value: fmt.Sprint(len(sheets))})
	if reading.Language == "" {
		reading.Language = b.w.Language()
	}
	return reading, p.embedded(&reading, sink, "xl/embeddings/", "xl/media/")
}

type binaryWorkbook struct {
	*pack
	w       *plain.Writer
	strings []string
	formats formats
	after   bool // something stands in the row
}

// records calls visit for each record of a member.
func (b *binaryWorkbook) records(member string, visit func(kind int, body []byte) error) error {
	f := b.files[member]
	if f == nil {
		return errMissing
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	r := bufio.NewReader(&bounded{r: in, left: &b.left})
	var body []byte
	for {
		kind, err := varint(r, 2)
		if err == io.EOF {
			return nil
		}
		size, serr := varint(r, 4)
		if err != nil || serr != nil || size > mostRecord {
			return errRecord
		}
		if cap(body) < size {
			body = make([]byte, size)
		}
		body = body[:size]
		if _, err := io.ReadFull(r, body); err != nil {
			return err
		}
		if err := visit(kind, body); err != nil {
			return err
		}
	}
}

// varint reads a number of seven bits a byte, of so many bytes at most.
func varint(r *bufio.Reader, most int) (n int, err error) {
	for i := range most {
		c, err := r.ReadByte()
		if err != nil {
			if i > 0 {
				err = errRecord
			}
			return 0, err
		}
		n |= int(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			break
		}
	}
	return n, nil
}

func (b *binaryWorkbook) open() ([]sheet, error) {
	const main = "xl/workbook.bin"
	rels := b.relations(main)
	var sheets []sheet
	err := b.records(main, func(kind int, body []byte) error {
		switch {
		case kind == xlsbProps && len(body) >= 4 && body[0]&1 != 0:
			b.formats.epoch = epoch1904
		case kind == xlsbSheet && len(body) > 8:
			id, rest := wideString(body[8:])
			if rels[id] == "" && len(body) > 12 { // as betas of Excel 2007 wrote it
				id, rest = wideString(body[12:])
			}
			title, _ := wideString(rest)
			sheets = append(sheets, sheet{title, rels[id]})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	size := 0
	_ = b.records("xl/sharedStrings.bin", func(kind int, body []byte) error {
		if kind == xlsbString && len(body) > 1 {
			text, _ := wideString(body[1:])
			if size += len(text) + 16; size > maxStrings {
				return errStrings
			}
			b.strings = append(b.strings, text)
		}
		return nil
	})
	inCells := false
	_ = b.records("xl/styles.bin", func(kind int, body []byte) error {
		switch {
		case kind == xlsbStyles, kind == xlsbStylesEnd:
			inCells = kind == xlsbStyles
		case kind == xlsbFormat && len(body) > 2:
			code, _ := wideString(body[2:])
			b.formats.define(int(binary.LittleEndian.Uint16(body)), code)
		case kind == xlsbStyle && inCells && len(body) >= 4:
			b.formats.style(int(binary.LittleEndian.Uint16(body[2:])))
		}
		return nil
	})
	return sheets, nil
}

// wideString reads a string with a length of four bytes, and returns what comes
// behind it.
func wideString(b []byte) (string, []byte) {
	if len(b) < 4 {
		return "", nil
	}
	n := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(n)*2 > uint64(len(b)) {
		return "", nil
	}
	return wide(b[:2*n]), b[2*n:]
}

func (b *binaryWorkbook) sheet(member string) error {
	b.after = false
	err := b.records(member, func(kind int, body []byte) error {
		if kind == xlsbRow {
			b.line()
		} else if kind == xlsbHeaders && len(body) > 2 {
			b.headers(body[2:])
		} else if len(body) >= 8 && kind <= xlsbFormBool {
			b.cell(kind, binary.LittleEndian.Uint32(body[4:])&0xffffff, body[8:])
		}
		return b.w.Err()
	})
	b.line()
	return err
}

// headers writes the six headers and footers of a sheet.
func (b *binaryWorkbook) headers(body []byte) {
	b.line()
	for len(body) >= 4 {
		var text string
		if binary.LittleEndian.Uint32(body) == math.MaxUint32 { // none
			body = body[4:]
			continue
		}
		text, body = wideString(body)
		_, _ = b.w.WriteString(pageLine(text))
		b.w.Line()
	}
}

func (b *binaryWorkbook) line() {
	if b.after {
		b.w.Line()
	}
	b.after = false
}

// cell writes the value of one cell.
func (b *binaryWorkbook) cell(kind int, style uint32, value []byte) {
	switch {
	case kind == xlsbShort && len(value) >= 4:
		b.put(b.number(short(binary.LittleEndian.Uint32(value)), style))
	case (kind == xlsbNumber || kind == xlsbFormNum) && len(value) >= 8:
		b.put(b.number(math.Float64frombits(binary.LittleEndian.Uint64(value)), style))
	case kind == xlsbText || kind == xlsbFormText:
		text, _ := wideString(value)
		b.put(text)
	case kind == xlsbShared && len(value) >= 4:
		if i := binary.LittleEndian.Uint32(value); int64(i) < int64(len(b.strings)) {
			b.put(b.strings[i])
		}
	case (kind == xlsbBool || kind == xlsbFormBool) && len(value) >= 1:
		b.put(strings.ToUpper(strconv.FormatBool(value[0] != 0)))
	}
}

func (b *binaryWorkbook) put(text string) {
	if b.after {
		_, _ = b.w.WriteString("\t")
	}
	_, _ = b.w.WriteString(text)
	b.after = true
}

func (b *binaryWorkbook) number(f float64, style uint32) string {
	return b.formats.text(f, int(style))
}

// comments writes what people wrote beside cells.
func (b *binaryWorkbook) comments() {
	for _, f := range b.order {
		if !strings.HasPrefix(f.Name, "xl/comments") || !strings.HasSuffix(f.Name, ".bin") {
			continue
		}
		_ = b.records(f.Name, func(kind int, body []byte) error {
			if kind == xlsbComment && len(body) > 1 {
				text, _ := wideString(body[1:])
				_, _ = b.w.WriteString(text)
				b.w.Line()
			}
			return b.w.Err()
		})
	}
}
