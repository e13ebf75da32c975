package rows

import (
	"cmp"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"candor"
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
	lost    int   // tables that could not be read
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
	if a.lost > 0 {
		reading.Lack(fmt.Sprintf("%d tables are damaged and were not read", a.lost))
	}
	if a.broken > 0 {
		reading.Lack(fmt.Sprintf("%d rows are damaged and were not read", a.broken))
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "db:Tables", Value: fmt.Sprint(len(tables))}, candor.Field{Name: "db:Rows", Value: fmt.Sprint(a.rows)})
	reading.Language = a.w.Language()
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
				a.lost++
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
