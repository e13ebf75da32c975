package rows

import (
	"bytes"
	"cmp"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/office"
	"candor/internal/extract/plain"
)

// The format of Jet 3 and 4 and of ACE is not published; what is known of it is
// in the notes of the projects mdbtools (HACKING) and Jackcess.
const (
	accessData       = 0x01 // a page of rows
	accessDefinition = 0x02 // a page of a table's definition
	accessCatalog    = 2    // the page of the definition of MSysObjects
	accessHidden     = 0x80000002

	mostDefinition = 1 << 20
	mostMemo       = 16 << 20
	mostTables     = 10_000
)

// layout is where things stand in one version.
type layout struct {
	page                                                      int
	rows, offsets                                             int // in a page of rows
	varColumns, columns, indexes, definition, index, describe int // in a table's definition
	number, variable, bits, fixed, length                     int // in a column's description
	count                                                     int // bytes of a row's number of columns
}

var (
	jet3 = layout{page: 2048, rows: 8, offsets: 10, varColumns: 23, columns: 25, indexes: 31, definition: 43, index: 8, describe: 18,
		number: 1, variable: 3, bits: 13, fixed: 14, length: 16, count: 1}
	jet4 = layout{page: 4096, rows: 12, offsets: 14, varColumns: 43, columns: 45, indexes: 51, definition: 63, index: 12, describe: 25,
		number: 5, variable: 7, bits: 15, fixed: 21, length: 23, count: 2}
)

// Kinds of columns.
const (
	accessBool = 1 + iota
	accessByte
	accessInt16
	accessInt32
	accessMoney
	accessFloat
	accessDouble
	accessDate
	accessBinary
	accessText
	accessObject
	accessMemo
	accessGUID    = 15
	accessNumeric = 16
	accessInt64   = 19
)

type accessColumn struct {
	name             string
	kind             byte
	number, variable int
	isFixed          bool
	fixed, length    int
	scale            int
}

type accessTable struct {
	name    string
	columns []accessColumn
	varying bool // some of them have values of any length
	pages   []uint32
}

type access struct {
	layout
	src     candor.Source
	key     []byte // of encryption before 2007, nil without
	code    encoding.Encoding
	owned   map[uint32][]uint32 // pages of rows, by the page of the table's definition
	w       *plain.Writer
	sink    candor.Sink
	reading *candor.Reading
	rows    int64
	broken  int   // rows that could not be read
	err     error // the sink's
}

// Access reads a database of Microsoft Access from 97 on: its tables in the order
// in which they were made, and the names of its queries, forms, reports and
// modules. Documents and packages in its fields become parts. What is deleted and still
// stands in the file is not read, nor are attachments. The error is the sink's.
func Access(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	a := &access{src: src, sink: sink, reading: &reading, w: plain.NewWriter(sink), owned: map[uint32][]uint32{}}
	if why := a.open(); why != "" {
		reading.Condition, reading.Reason = candor.Failed, why
		return reading, nil
	}
	catalog, ok := a.table("MSysObjects", accessCatalog)
	if !ok {
		reading.Condition, reading.Reason = candor.Encrypted, "it is locked with a password, or damaged"
		return reading, nil
	}
	tables, others := a.catalog(catalog)
	a.rows, a.broken = 0, 0
	for _, t := range tables {
		a.write(t)
	}
	a.w.Line()
	for _, name := range others {
		_, _ = a.w.WriteString(name + "\n")
	}
	if err := cmp.Or(a.w.Close(), a.err); err != nil {
		return reading, err
	}
	if a.broken > 0 {
		reading.Lack(fmt.Sprintf("%d rows are damaged and were not read", a.broken))
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "db:Tables", Value: fmt.Sprint(len(tables))}, candor.Field{Name: "db:Rows", Value: fmt.Sprint(a.rows)})
	reading.Language = plain.Language(a.w.Sample())
	return reading, nil
}

// open reads the head and finds out whose rows each page holds. It says why it
// cannot.
func (a *access) open() (why string) {
	head := make([]byte, 0xa0)
	if _, err := a.src.ReadAt(head, 0); err != nil {
		return "it is cut short"
	}
	a.layout, a.code = jet4, charmap.Windows1252
	masked := 128
	if head[0x14] == 0 {
		a.layout, masked = jet3, 126
	}
	c, _ := rc4.NewCipher([]byte{0xc7, 0xda, 0x39, 0x6b})
	c.XORKeyStream(head[0x18:0x18+masked], head[0x18:0x18+masked])
	if code, _ := plain.CodePage(int(binary.LittleEndian.Uint16(head[0x3c:]))); code != nil {
		a.code = code
	}
	if key := head[0x3e:0x42]; binary.LittleEndian.Uint32(key) != 0 {
		a.key = slices.Clone(key)
	}
	for n := uint32(1); int64(n+1)*int64(a.page) <= a.src.Size; n++ {
		page := a.read(n)
		if page == nil {
			return "it cannot be read"
		}
		if page[0] == accessData {
			owner := binary.LittleEndian.Uint32(page[4:])
			a.owned[owner] = append(a.owned[owner], n)
		}
	}
	return ""
}

// read returns a page, nil if there is none.
func (a *access) read(n uint32) []byte {
	page := make([]byte, a.page)
	if _, err := a.src.ReadAt(page, int64(n)*int64(a.page)); err != nil {
		return nil
	}
	if a.key != nil {
		key := binary.LittleEndian.AppendUint32(nil, binary.LittleEndian.Uint32(a.key)^n)
		if c, err := rc4.NewCipher(key); err == nil {
			c.XORKeyStream(page, page)
		}
	}
	return page
}

// table reads a table's definition.
func (a *access) table(name string, at uint32) (t accessTable, ok bool) {
	t = accessTable{name: name, pages: a.owned[at]}
	var d []byte
	for next := at; next != 0 && len(d) < mostDefinition; {
		page := a.read(next)
		if page == nil || page[0] != accessDefinition {
			return t, false
		}
		if d == nil {
			d = page
		} else {
			d = append(d, page[8:]...)
		}
		next = binary.LittleEndian.Uint32(page[4:])
	}
	if len(d) < a.definition {
		return t, false
	}
	t.varying = binary.LittleEndian.Uint16(d[a.varColumns:]) > 0
	n := int(binary.LittleEndian.Uint16(d[a.columns:]))
	from := int64(a.definition) + int64(binary.LittleEndian.Uint32(d[a.indexes:]))*int64(a.index)
	names := from + int64(n*a.describe)
	if names > int64(len(d)) {
		return t, false
	}
	rest := d[names:]
	for i := range n {
		c := a.column(d[int(from)+i*a.describe:])
		if c.name, rest, ok = a.name(rest); !ok {
			return t, false
		}
		t.columns = append(t.columns, c)
	}
	slices.SortStableFunc(t.columns, func(x, y accessColumn) int { return x.number - y.number })
	return t, true
}

func (a *access) column(d []byte) accessColumn {
	at := func(i int) int { return int(binary.LittleEndian.Uint16(d[i:])) }
	c := accessColumn{kind: d[0], number: at(a.number), variable: at(a.variable), isFixed: d[a.bits]&1 != 0, fixed: at(a.fixed), length: at(a.length)}
	if a.count == 2 {
		c.scale = int(d[12])
	}
	return c
}

// name reads the name of a column.
func (a *access) name(b []byte) (name string, rest []byte, ok bool) {
	if len(b) < a.count {
		return "", nil, false
	}
	n := int(b[0])
	if a.count == 2 {
		n = int(binary.LittleEndian.Uint16(b))
	}
	if b = b[a.count:]; n > len(b) {
		return "", nil, false
	}
	if a.count == 2 {
		return utf16Text(b[:n]), b[n:], true
	}
	return a.decode(b[:n]), b[n:], true
}

func (a *access) decode(b []byte) string {
	out, err := a.code.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(out)
}

func utf16Text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// catalog lists the tables that people made, and the names of what else they did.
func (a *access) catalog(catalog accessTable) (tables []accessTable, others []string) {
	a.each(catalog, func(values map[string]string) {
		id, _ := strconv.ParseInt(values["Id"], 10, 64)
		flags, _ := strconv.ParseInt(values["Flags"], 10, 64)
		title := values["Name"]
		switch {
		case uint32(flags)&accessHidden != 0 || strings.HasPrefix(title, "MSys") || strings.HasPrefix(title, "~") || len(tables) == mostTables:
		case values["Type"] == "1":
			if t, ok := a.table(title, uint32(id)&0xffffff); ok {
				tables = append(tables, t)
			} else {
				a.broken++
			}
		case slices.Contains([]string{"4", "5", "6", "-32768", "-32766", "-32764", "-32761"}, values["Type"]): // linked, queries, forms, macros, reports, modules
			others = append(others, title)
		}
	})
	slices.SortFunc(tables, func(x, y accessTable) int { return strings.Compare(x.name, y.name) })
	slices.Sort(others)
	return tables, slices.Compact(others)
}

func (a *access) each(t accessTable, yield func(values map[string]string)) {
	a.eachRow(t, func(row []byte) {
		values := map[string]string{}
		if a.cells(t, row, func(c accessColumn, text string) { values[c.name] = text }) {
			yield(values)
		}
	})
}

// write writes a table, a line a row.
func (a *access) write(t accessTable) {
	a.w.Line()
	_, _ = a.w.WriteString(t.name + "\n")
	for i, c := range t.columns {
		_, _ = a.w.WriteString(strings.Repeat("\t", min(i, 1)) + c.name)
	}
	_, _ = a.w.WriteString("\n")
	a.eachRow(t, func(row []byte) {
		first := true
		a.rows++
		if !a.cells(t, row, func(c accessColumn, text string) {
			if c.kind == accessObject {
				text = a.object(text, fmt.Sprintf("%s/%s-%d", t.name, c.name, a.rows))
			}
			if !first {
				_, _ = a.w.WriteString("\t")
			}
			first = false
			_, _ = a.w.WriteString(oneLine(text))
		}) {
			a.broken++
		}
		_, _ = a.w.WriteString("\n")
	})
}

// eachRow goes through the rows of a table that are not deleted.
func (a *access) eachRow(t accessTable, yield func(row []byte)) {
	for _, n := range t.pages {
		page := a.read(n)
		if page == nil || a.w.Err() != nil {
			return
		}
		for i := range int(binary.LittleEndian.Uint16(page[a.layout.rows:])) {
			row, flags := a.row(page, i)
			switch {
			case flags&0x8000 != 0: // deleted
			case row == nil:
				a.broken++
			case flags&0x4000 == 0:
				yield(row)
			case len(row) >= 4: // it stands elsewhere
				if row = a.pointed(row); row != nil {
					yield(row)
				}
			}
		}
	}
}

// row returns a row of a page with its flags, nil if there is none.
func (a *access) row(page []byte, i int) (row []byte, flags uint16) {
	at, end := a.offsets+2*i, a.page
	if at+2 > len(page) {
		return nil, 0
	}
	flags = binary.LittleEndian.Uint16(page[at:])
	if i > 0 {
		end = int(binary.LittleEndian.Uint16(page[at-2:]) & 0x1fff)
	}
	if start := int(flags & 0x1fff); start < end && end <= len(page) {
		row = page[start:end]
	}
	return row, flags
}

// pointed returns the row that a pointer leads to: a byte, and three of a page.
func (a *access) pointed(pointer []byte) []byte {
	at := binary.LittleEndian.Uint32(pointer)
	page := a.read(at >> 8)
	if page == nil || page[0] != accessData {
		return nil
	}
	row, _ := a.row(page, int(at&0xff))
	return row
}

// cells calls yield for every column of a row, and reports whether it makes sense.
func (a *access) cells(t accessTable, row []byte, yield func(c accessColumn, text string)) bool {
	if len(row) < a.count+1 {
		return false
	}
	columns := int(row[0])
	if a.count == 2 {
		columns = int(binary.LittleEndian.Uint16(row))
	}
	mask := (columns + 7) / 8
	if len(row) < a.count+mask {
		return false
	}
	present := row[len(row)-mask:]
	var ends []int
	ok := true
	if t.varying {
		ends, ok = a.ends(row[:len(row)-mask])
	}
	for _, c := range t.columns {
		has := c.number < columns && present[c.number/8]>>(c.number%8)&1 == 1
		switch {
		case c.kind == accessBool:
			yield(c, strings.ToUpper(strconv.FormatBool(has)))
		case !has:
			yield(c, "")
		case c.isFixed:
			from := min(a.count+c.fixed, len(row))
			yield(c, a.value(c, row[from:min(from+c.length, len(row))]))
		case ok && c.variable+1 < len(ends) && ends[c.variable] <= ends[c.variable+1]:
			yield(c, a.value(c, row[ends[c.variable]:ends[c.variable+1]]))
		default:
			yield(c, "")
		}
	}
	return ok
}

// ends returns where the variable values of a row begin, and the last one ends, in
// a row without its mask. Rows of Jet 3 count in bytes, and say where they pass
// over 256.
func (a *access) ends(row []byte) (ends []int, ok bool) {
	if len(row) < 4 {
		return nil, false
	}
	if a.count == 2 {
		n := int(binary.LittleEndian.Uint16(row[len(row)-2:]))
		for i := range n + 1 {
			at := len(row) - 4 - 2*i
			if at < 0 {
				return nil, false
			}
			ends = append(ends, int(binary.LittleEndian.Uint16(row[at:])))
		}
		return ends, a.inside(ends, len(row))
	}
	n, last := int(row[len(row)-1]), len(row)-1
	jumps := (len(row) - 1) / 256
	table := last - jumps - 1
	if table-n < 0 {
		return nil, false
	}
	if (table-n)/256 < jumps {
		jumps, table = jumps-1, table+1
	}
	used := 0
	for i := range n + 1 {
		for used < jumps && i == int(row[last-used-1]) {
			used++
		}
		if table-i < 0 {
			return nil, false
		}
		ends = append(ends, int(row[table-i])+256*used)
	}
	return ends, a.inside(ends, len(row))
}

func (a *access) inside(ends []int, size int) bool {
	return slices.IsSorted(ends) && ends[0] >= a.count && ends[len(ends)-1] <= size
}

// value shows a value by its column's kind.
func (a *access) value(c accessColumn, b []byte) string {
	le := binary.LittleEndian
	switch {
	case c.kind == accessByte && len(b) >= 1:
		return fmt.Sprint(b[0])
	case c.kind == accessInt16 && len(b) >= 2:
		return fmt.Sprint(int16(le.Uint16(b)))
	case c.kind == accessInt32 && len(b) >= 4:
		return fmt.Sprint(int32(le.Uint32(b)))
	case c.kind == accessInt64 && len(b) >= 8:
		return fmt.Sprint(int64(le.Uint64(b)))
	case c.kind == accessMoney && len(b) >= 8:
		return decimal(big.NewInt(int64(le.Uint64(b))), 4)
	case c.kind == accessFloat && len(b) >= 4:
		return strconv.FormatFloat(float64(math.Float32frombits(le.Uint32(b))), 'f', -1, 32)
	case c.kind == accessDouble && len(b) >= 8:
		return strconv.FormatFloat(math.Float64frombits(le.Uint64(b)), 'f', -1, 64)
	case c.kind == accessDate && len(b) >= 8:
		return accessTime(math.Float64frombits(le.Uint64(b)))
	case c.kind == accessObject:
		return string(a.long(b))
	case c.kind == accessText:
		return a.text(b)
	case c.kind == accessMemo:
		return plainMemo(a.text(a.long(b)))
	case c.kind == accessGUID && len(b) >= 16:
		return fmt.Sprintf("{%08X-%04X-%04X-%X-%X}", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:16])
	case c.kind == accessNumeric && len(b) >= 17:
		return accessDecimal(b, c.scale)
	}
	return ""
}

// object hands on what stands in a field of objects: a head, and the object behind
// it. It returns where it stands, "" if there is none.
func (a *access) object(field, place string) string {
	const mark = "\x15\x1c"
	if a.err != nil || len(field) < 4 || !strings.HasPrefix(field, mark) {
		return ""
	}
	head := int(binary.LittleEndian.Uint16([]byte(field[2:])))
	if head > len(field) {
		return ""
	}
	parts := &counted{Sink: a.sink}
	place = name.Clean(place)
	a.err = office.Object([]byte(field[head:]), place, a.reading, parts)
	if parts.n == 0 {
		return ""
	}
	return "[" + place + "]"
}

// counted counts the parts that are handed on.
type counted struct {
	candor.Sink
	n int
}

func (c *counted) Part(p candor.Place, r io.Reader) error {
	c.n++
	return c.Sink.Part(p, r)
}

// accessTime shows days since the end of 1899; before it, the part of a day still
// counts forward.
func accessTime(days float64) string {
	whole, part := math.Modf(days)
	if math.IsNaN(days) || math.Abs(days) > 3e6 {
		return ""
	}
	t := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(math.Abs(part)*86400)) * time.Second)
	switch {
	case part == 0:
		return t.Format(time.DateOnly)
	case whole == 0:
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// accessDecimal shows a sign and four groups of 32 bits, the highest first.
func accessDecimal(b []byte, scale int) string {
	var bytes [16]byte
	for i := range 4 {
		binary.BigEndian.PutUint32(bytes[4*i:], binary.LittleEndian.Uint32(b[1+4*i:]))
	}
	n := new(big.Int).SetBytes(bytes[:])
	if b[0]&0x80 != 0 {
		n.Neg(n)
	}
	return decimal(n, scale)
}

// decimal writes a number with so many decimals, of which zeros at the end are left
// away.
func decimal(n *big.Int, scale int) string {
	digits := new(big.Int).Abs(n).String()
	digits = strings.Repeat("0", max(0, scale+1-len(digits))) + digits
	text := digits[:len(digits)-scale]
	if rest := strings.TrimRight(digits[len(digits)-scale:], "0"); rest != "" {
		text += "." + rest
	}
	if n.Sign() < 0 {
		return "-" + text
	}
	return text
}

// text reads a text. From Access 2000 on it is in UTF-16, or, behind a mark, in runs
// by turns of the low bytes alone and of UTF-16, with a zero between them.
func (a *access) text(b []byte) string {
	if a.count == 1 {
		return a.decode(b)
	}
	packed, ok := bytes.CutPrefix(b, []byte{0xff, 0xfe})
	if !ok {
		return utf16Text(b)
	}
	var out strings.Builder
	for i, run := range bytes.Split(packed, []byte{0}) {
		if i%2 == 1 {
			out.WriteString(utf16Text(run))
			continue
		}
		for _, c := range run {
			out.WriteRune(rune(c))
		}
	}
	return out.String()
}

// plainMemo takes the marks out of a memo of rich text, which Access keeps as HTML.
func plainMemo(text string) string {
	if !strings.HasPrefix(text, "<div>") {
		return text
	}
	var kept kept
	w := plain.NewWriter(&kept)
	_, _ = plain.StripHTML(strings.NewReader(text), w)
	_ = w.Close()
	return strings.TrimSpace(kept.String())
}

// kept is a sink that keeps the text.
type kept struct {
	candor.Sink
	strings.Builder
}

func (k *kept) Text(p []byte) error {
	_, err := k.Write(p)
	return err
}

// long returns a long value: it stands in the row, in another one, or in a chain of
// others that each begin with a pointer to the next.
func (a *access) long(b []byte) []byte {
	if len(b) < 12 {
		return nil
	}
	size := binary.LittleEndian.Uint32(b)
	n := int(min(size&0x3fffffff, mostMemo))
	switch size >> 30 {
	case 2, 3:
		return b[12:min(12+n, len(b))]
	case 1:
		row := a.pointed(b[4:])
		return row[:min(n, len(row))]
	}
	var out []byte
	seen := map[uint32]bool{}
	for next := b[4:8]; len(out) < n && binary.LittleEndian.Uint32(next) != 0; {
		at := binary.LittleEndian.Uint32(next)
		if seen[at] {
			break
		}
		seen[at] = true
		row := a.pointed(next)
		if len(row) <= 4 {
			break
		}
		out, next = append(out, row[4:]...), row[:4]
	}
	return out[:min(n, len(out))]
}
