package office

import (
	"cmp"
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/plain"
)

// Records of Excel 97 to 2003 ([MS-XLS] 2.3).
const (
	xlsBegin     = 0x0809
	xlsEnd       = 0x000A
	xlsSheet     = 0x0085
	xlsFilePass  = 0x002F
	xlsDate1904  = 0x0022
	xlsFormat    = 0x041E
	xlsStyle     = 0x00E0
	xlsStrings   = 0x00FC
	xlsContinue  = 0x003C
	xlsStringRef = 0x00FD
	xlsLabel     = 0x0204
	xlsNumber    = 0x0203
	xlsShort     = 0x027E
	xlsShorts    = 0x00BD
	xlsFormula   = 0x0006
	xlsResult    = 0x0207 // the text that the formula before gives
	xlsNote      = 0x001C
	xlsTextBox   = 0x01B6 // its text is in the record that continues it
	xlsChartText = 0x100D
	xlsCodePage  = 0x0042
	xlsHeader    = 0x0014
	xlsFooter    = 0x0015
	xlsRich      = 0x00D6 // a text, in Excel 95

	// In Excel 3 and 4, where they differ.
	xlsBegin3, xlsBegin4     = 0x0209, 0x0409
	xlsStyle3, xlsStyle4     = 0x0243, 0x0443
	xlsFormula3, xlsFormula4 = 0x0206, 0x0406

	xlsGlobals  = 0x0005
	xlsVersion8 = 0x0600
	mostCells   = 20_000_000
)

// oldWorkbook reads the records of one workbook in turn.
type oldWorkbook struct {
	w       *plain.Writer
	sheets  []string
	strings []string
	formats formats
	depth   int
	sheet   int // of those begun
	row     int
	cells   int
	after   bool // something stands in the row
	waits   bool // a formula's text comes next
	boxed   int  // characters of a text box that come next

	code encoding.Encoding // of texts before Excel 97; nil since then
}

// readWorkbook reads the cells of a workbook, a line a row, sheet by sheet.
func readWorkbook(c *compound, w *plain.Writer, r *candor.Reading, _ candor.Sink) error {
	stream := "Workbook"
	if c.streams[stream] == nil {
		stream = "Book"
	}
	data, err := c.read(stream)
	readRecords(data, err == nil, w, r)
	return nil
}

// bareWorkbook reads a workbook of Excel 3 to 95 that is no compound file.
func bareWorkbook(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostStream, "workbooks")
	if !ok {
		return reading, nil
	}
	w := plain.NewWriter(sink)
	readRecords(data, true, w, &reading)
	if err := w.Close(); err != nil {
		return reading, err
	}
	if reading.Language == "" {
		reading.Language = w.Language()
	}
	return reading, nil
}

// readRecords reads the records of a workbook, of which some may be missing.
func readRecords(data []byte, whole bool, w *plain.Writer, r *candor.Reading) {
	b := &oldWorkbook{w: w, formats: formats{epoch: epoch1900}, row: -1}
	for len(data) >= 4 && b.cells < mostCells && w.Err() == nil {
		kind, size := binary.LittleEndian.Uint16(data), int(binary.LittleEndian.Uint16(data[2:]))
		if 4+size > len(data) {
			whole = false
			break
		}
		body, rest := data[4:4+size], data[4+size:]
		switch kind {
		case xlsFilePass:
			r.Condition, r.Reason = candor.Encrypted, "it opens only with its password"
			return
		case xlsStrings:
			rest = b.table(body, rest)
		case xlsBegin, xlsBegin3, xlsBegin4:
			if kind != xlsBegin || len(body) >= 2 && binary.LittleEndian.Uint16(body) < xlsVersion8 {
				b.code = cmp.Or[encoding.Encoding](b.code, charmap.Windows1252)
				b.formats.inOrder = kind != xlsBegin
			}
			b.begin(body)
		default:
			b.record(kind, body)
		}
		data = rest
	}
	if b.after {
		w.Line()
	}
	if !whole || len(data) > 0 && len(data) < 4 && strings.Trim(string(data), "\x00") != "" {
		faulty(r, errOLE, b.cells > 0)
	}
}

// begin begins a stream of records: the globals, a sheet, or something inside one.
func (b *oldWorkbook) begin(body []byte) {
	b.depth++
	if b.depth > 1 || len(body) < 4 || binary.LittleEndian.Uint16(body[2:]) == xlsGlobals {
		return
	}
	if b.after {
		b.w.Line()
	}
	b.after, b.row = false, -1
	if b.sheet < len(b.sheets) {
		_, _ = b.w.WriteString(b.sheets[b.sheet])
		b.w.Line()
	}
	b.sheet++
}

func (b *oldWorkbook) record(kind uint16, body []byte) {
	switch kind {
	case xlsEnd:
		b.depth = max(0, b.depth-1)
	case xlsDate1904:
		if len(body) >= 2 && body[0] == 1 {
			b.formats.epoch = epoch1904
		}
	case xlsSheet:
		if len(body) > 8 {
			b.sheets = append(b.sheets, b.brief(body[6:]))
		}
	case xlsFormat:
		if len(body) > 2 {
			b.formats.define(int(binary.LittleEndian.Uint16(body)), b.format(body[2:]))
		}
	case xlsCodePage:
		if len(body) >= 2 && b.code != nil {
			b.code = codePage(int(binary.LittleEndian.Uint16(body)))
		}
	case xlsHeader, xlsFooter:
		if len(body) > 2 {
			b.aside(pageLine(b.long(body)))
		}
	case xlsNote, xlsTextBox, xlsContinue, xlsChartText:
		b.beside(kind, body)
	case xlsStyle3, xlsStyle4:
		if len(body) >= 2 {
			b.formats.style(int(body[1]))
		}
	case xlsStyle:
		if len(body) >= 4 {
			b.formats.style(int(binary.LittleEndian.Uint16(body[2:])))
		}
	case xlsResult:
		if b.waits {
			_, _ = b.w.WriteString(b.long(body))
		}
		b.waits = false
	case xlsShorts:
		b.shorts(body)
	default:
		b.cell(kind, body)
	}
}

// cell writes the value of one cell.
func (b *oldWorkbook) cell(kind uint16, body []byte) {
	if len(body) < 6 {
		return
	}
	value, style := body[6:], binary.LittleEndian.Uint16(body[4:])
	switch kind {
	case xlsStringRef:
		if len(value) >= 4 {
			if i := binary.LittleEndian.Uint32(value); int64(i) < int64(len(b.strings)) {
				b.put(body, b.strings[i])
			}
		}
	case xlsLabel, xlsRich:
		b.put(body, b.long(value))
	case xlsNumber:
		if len(value) >= 8 {
			b.put(body, b.number(math.Float64frombits(binary.LittleEndian.Uint64(value)), style))
		}
	case xlsShort:
		if len(value) >= 4 {
			b.put(body, b.number(short(binary.LittleEndian.Uint32(value)), style))
		}
	case xlsFormula, xlsFormula3, xlsFormula4:
		if len(value) < 8 {
			return
		}
		bits := binary.LittleEndian.Uint64(value)
		switch {
		case bits>>48 != 0xFFFF:
			b.put(body, b.number(math.Float64frombits(bits), style))
		case value[0] == 0: // a text, which follows
			b.put(body, "")
			b.waits = true
		case value[0] == 1:
			b.put(body, strings.ToUpper(strconv.FormatBool(value[2] != 0)))
		}
	}
}

// shorts writes a row of short numbers.
func (b *oldWorkbook) shorts(body []byte) {
	if len(body) < 6 {
		return
	}
	for at := 4; at+6 <= len(body)-2; at += 6 {
		style, value := binary.LittleEndian.Uint16(body[at:]), binary.LittleEndian.Uint32(body[at+2:])
		b.put(body, b.number(short(value), style))
	}
}

// put writes a cell in its row.
func (b *oldWorkbook) put(body []byte, text string) {
	row := int(binary.LittleEndian.Uint16(body))
	if row != b.row && b.after {
		b.w.Line()
		b.after = false
	}
	b.row = row
	if b.after {
		_, _ = b.w.WriteString("\t")
	}
	_, _ = b.w.WriteString(text)
	b.after = true
	b.cells++
	b.waits = false
}

// short decodes a number in four bytes ([MS-XLS] 2.5.122).
func short(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// number writes a number as cells of a style show it.
func (b *oldWorkbook) number(f float64, style uint16) string {
	return b.formats.text(f, int(style))
}

// beside writes what stands beside the cells: notes, text boxes, words of charts.
func (b *oldWorkbook) beside(kind uint16, body []byte) {
	var text string
	switch {
	case kind == xlsTextBox:
		if len(body) >= 12 {
			b.boxed = int(binary.LittleEndian.Uint16(body[10:]))
		}
		return
	case kind == xlsContinue:
		if b.boxed == 0 || len(body) == 0 {
			return
		}
		text, _ = characters(body[1:], b.boxed, body[0]&1 != 0)
		b.boxed = 0
	case kind == xlsChartText && len(body) > 2:
		text = b.brief(body[2:])
	case kind == xlsNote && b.code != nil && len(body) > 6: // the note itself; later, whose it is
		text = b.decode(body[6:])
	case kind == xlsNote && len(body) > 8:
		text = longString(body[8:])
	}
	b.aside(text)
}

// aside writes a text that stands in no cell.
func (b *oldWorkbook) aside(text string) {
	if text = strings.TrimSpace(strings.ReplaceAll(text, "\r", "\n")); text == "" {
		return
	}
	if b.after {
		b.w.Line()
		b.after = false
	}
	_, _ = b.w.WriteString(text)
	b.w.Line()
	b.row = -1
}

// decode reads bytes in the workbook's code page.
func (b *oldWorkbook) decode(bytes []byte) string {
	text, _ := b.code.NewDecoder().Bytes(bytes)
	return strings.ToValidUTF8(string(text), "\ufffd")
}

// long, brief and format read strings as the version of the workbook has them.
func (b *oldWorkbook) long(body []byte) string {
	if b.code == nil {
		return longString(body)
	}
	if len(body) < 2 {
		return ""
	}
	return b.decode(body[2:min(len(body), 2+int(binary.LittleEndian.Uint16(body)))])
}

func (b *oldWorkbook) brief(body []byte) string {
	if b.code == nil || len(body) == 0 {
		return shortString(body)
	}
	return b.decode(body[1:min(len(body), 1+int(body[0]))])
}

func (b *oldWorkbook) format(body []byte) string {
	if b.code == nil {
		return longString(body)
	}
	return b.brief(body)
}

// shortString reads a string with a length of one byte.
func shortString(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	s, _ := characters(b[2:], int(b[0]), b[1]&1 != 0)
	return s
}

// longString reads a string with a length of two bytes.
func longString(b []byte) string {
	if len(b) < 3 {
		return ""
	}
	s, _ := characters(b[3:], int(binary.LittleEndian.Uint16(b)), b[2]&1 != 0)
	return s
}

// characters decodes as many characters as there are, and returns how many bytes
// they take.
func characters(b []byte, n int, twoBytes bool) (string, int) {
	if !twoBytes {
		n = min(n, len(b))
		text, _ := charmap.ISO8859_1.NewDecoder().Bytes(b[:n])
		return string(text), n
	}
	n = min(n, len(b)/2)
	return wide(b[:2*n]), 2 * n
}

// table reads the table of strings, which goes on in records that follow, and
// returns what comes behind those ([MS-XLS] 2.4.265).
func (b *oldWorkbook) table(body, rest []byte) []byte {
	parts := [][]byte{body}
	for len(rest) >= 4 && binary.LittleEndian.Uint16(rest) == xlsContinue {
		size := int(binary.LittleEndian.Uint16(rest[2:]))
		if 4+size > len(rest) {
			break
		}
		parts, rest = append(parts, rest[4:4+size]), rest[4+size:]
	}
	t := stringTable{parts: parts}
	t.skip(8)
	for !t.ended() {
		b.strings = append(b.strings, t.next())
	}
	return rest
}

// stringTable reads strings over the bounds of records.
type stringTable struct{ parts [][]byte }

// ended drops parts that are read, and reports whether there is nothing left.
func (t *stringTable) ended() bool {
	for len(t.parts) > 0 && len(t.parts[0]) == 0 {
		t.parts = t.parts[1:]
	}
	return len(t.parts) == 0
}

func (t *stringTable) skip(n int) {
	for n > 0 && !t.ended() {
		k := min(n, len(t.parts[0]))
		t.parts[0] = t.parts[0][k:]
		n -= k
	}
}

func (t *stringTable) take(n int) []byte {
	out := make([]byte, 0, n)
	for len(out) < n && !t.ended() {
		k := min(n-len(out), len(t.parts[0]))
		out = append(out, t.parts[0][:k]...)
		t.parts[0] = t.parts[0][k:]
	}
	return append(out, make([]byte, n-len(out))...)
}

// next reads one string. Where its characters go on in another record, that
// begins with a byte that says anew how wide they are.
func (t *stringTable) next() string {
	head := t.take(3)
	left, flags := int(binary.LittleEndian.Uint16(head)), head[2]
	runs, extra := 0, 0
	if flags&8 != 0 {
		runs = int(binary.LittleEndian.Uint16(t.take(2)))
	}
	if flags&4 != 0 {
		extra = int(binary.LittleEndian.Uint32(t.take(4)))
	}
	var out strings.Builder
	for wide := flags&1 != 0; left > 0 && len(t.parts) > 0; {
		if len(t.parts[0]) == 0 {
			if t.ended() {
				break
			}
			wide = t.parts[0][0]&1 != 0
			t.parts[0] = t.parts[0][1:]
			continue
		}
		text, size := characters(t.parts[0], left, wide)
		if size == 0 { // half a character
			t.parts[0] = nil
			continue
		}
		out.WriteString(text)
		t.parts[0] = t.parts[0][size:]
		if wide {
			size /= 2
		}
		left -= size
	}
	t.skip(4*runs + max(extra, 0))
	return out.String()
}
