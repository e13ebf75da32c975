package rows

import (
	"bytes"
	"crypto/rc4"
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"unicode/utf16"

	"candor"
)

// accessFile makes databases as Access writes them, with what matters for reading.
type accessFile struct {
	layout
	pages [][]byte
}

func newAccessFile(l layout) *accessFile {
	f := &accessFile{layout: l}
	head := f.add()
	copy(head, "\x00\x01\x00\x00Standard Jet DB\x00")
	if l.count == 2 {
		head[0x14] = 1
	}
	binary.LittleEndian.PutUint16(head[0x3c:], 1252)
	f.mask()
	return f
}

// mask hides or shows what stands in the head.
func (f *accessFile) mask() {
	c, _ := rc4.NewCipher([]byte{0xc7, 0xda, 0x39, 0x6b})
	hidden := f.pages[0][0x18 : 0x18+124+2*f.count]
	c.XORKeyStream(hidden, hidden)
}

func (f *accessFile) add() []byte {
	f.pages = append(f.pages, make([]byte, f.page))
	return f.pages[len(f.pages)-1]
}

func (f *accessFile) name(s string) []byte {
	if f.count == 1 {
		return append([]byte{byte(len(s))}, s...)
	}
	return append(binary.LittleEndian.AppendUint16(nil, uint16(2*len(s))), f.text(s)...)
}

func (f *accessFile) text(s string) (b []byte) {
	if f.count == 1 {
		return []byte(s)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// define writes a table's definition into a new page, and returns its number.
func (f *accessFile) define(columns ...accessColumn) uint32 {
	d := f.add()
	d[0] = accessDefinition
	varying := uint16(0)
	names := f.definition + len(columns)*f.describe
	for i := range columns {
		c, at := &columns[i], d[f.definition+i*f.describe:]
		c.number = i
		at[0] = c.kind
		binary.LittleEndian.PutUint16(at[f.number:], uint16(i))
		if c.isFixed {
			at[f.bits] = 1
			binary.LittleEndian.PutUint16(at[f.fixed:], uint16(c.fixed))
		} else {
			binary.LittleEndian.PutUint16(at[f.variable:], varying)
			varying++
		}
		binary.LittleEndian.PutUint16(at[f.length:], uint16(c.length))
		if f.count == 2 {
			at[12] = byte(c.scale)
		}
		names += copy(d[names:], f.name(c.name))
	}
	binary.LittleEndian.PutUint16(d[f.varColumns:], varying)
	binary.LittleEndian.PutUint16(d[f.columns:], uint16(len(columns)))
	return uint32(len(f.pages) - 1)
}

// row makes a row of so many columns, all present, of fixed values and others.
func (f *accessFile) row(columns int, fixed []byte, others ...[]byte) []byte {
	r := []byte{byte(columns)}
	if f.count == 2 {
		r = append(r, 0)
	}
	r = append(r, fixed...)
	ends := []int{len(r)}
	for _, o := range others {
		r = append(r, o...)
		ends = append(ends, len(r))
	}
	mask := bytes.Repeat([]byte{0xff}, (columns+7)/8)
	if f.count == 2 {
		for i := len(ends) - 1; i >= 0; i-- {
			r = binary.LittleEndian.AppendUint16(r, uint16(ends[i]))
		}
		return append(binary.LittleEndian.AppendUint16(r, uint16(len(others))), mask...)
	}
	var jumps []byte
	for i := len(ends) - 1; i >= 0; i-- {
		r = append(r, byte(ends[i]))
		for range ends[i]/256 - ends[max(i-1, 0)]/256 {
			jumps = append(jumps, byte(i))
		}
	}
	return append(append(append(r, jumps...), byte(len(others))), mask...)
}

// data writes rows into a new page, each with flags, and returns its number.
func (f *accessFile) data(owner uint32, rows [][]byte, flags ...uint16) uint32 {
	d := f.add()
	d[0] = accessData
	binary.LittleEndian.PutUint32(d[4:], owner)
	binary.LittleEndian.PutUint16(d[f.layout.rows:], uint16(len(rows)))
	end := f.page
	for i, r := range rows {
		end -= len(r)
		copy(d[end:], r)
		at := uint16(end)
		if i < len(flags) {
			at |= flags[i]
		}
		binary.LittleEndian.PutUint16(d[f.offsets+2*i:], at)
	}
	return uint32(len(f.pages) - 1)
}

// catalog lists a table and a query.
func (f *accessFile) catalog(table uint32, name string) {
	long := func(n ...uint32) (b []byte) {
		for _, v := range n {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return b
	}
	entry := func(id uint32, typ uint16, flags uint32, name string) []byte {
		return f.row(4, append(append(long(id), byte(typ), byte(typ>>8)), long(flags)...), f.text(name))
	}
	f.data(accessCatalog, [][]byte{entry(table, 1, 0, name), entry(9, 5, 0, "Late fees"), entry(9, 1, 0x80000000, "hidden"), entry(9, 1, 0, "MSysACEs")})
}

func (f *accessFile) bytes() []byte { return bytes.Join(f.pages, nil) }

// fees is a database with one table.
func fees(l layout) *accessFile {
	f := newAccessFile(l)
	f.add() // of free pages
	f.define(accessColumn{name: "Id", kind: accessInt32, isFixed: true, length: 4}, accessColumn{name: "Type", kind: accessInt16, isFixed: true, fixed: 4, length: 2},
		accessColumn{name: "Flags", kind: accessInt32, isFixed: true, fixed: 6, length: 4}, accessColumn{name: "Name", kind: accessText})
	at := f.define(accessColumn{name: "Paid", kind: accessBool, isFixed: true}, accessColumn{name: "Due", kind: accessDate, isFixed: true, length: 8},
		accessColumn{name: "Sum", kind: accessMoney, isFixed: true, fixed: 8, length: 8}, accessColumn{name: "Who", kind: accessText}, accessColumn{name: "Note", kind: accessMemo})
	f.catalog(at, "Fees")
	fixed := func(day float64, sum int64) []byte {
		b := binary.LittleEndian.AppendUint64(nil, math.Float64bits(day))
		return binary.LittleEndian.AppendUint64(b, uint64(sum))
	}
	inline := func(s string) []byte {
		b := binary.LittleEndian.AppendUint32(nil, uint32(len(f.text(s)))|0x80000000)
		return append(append(b, make([]byte, 8)...), f.text(s)...)
	}
	second := f.data(0x4c41564c, [][]byte{append([]byte{0, 0, 0, 0}, f.text("the pier")...)})
	first := f.data(0x4c41564c, [][]byte{append(binary.LittleEndian.AppendUint32(nil, second<<8), f.text("Meet at ")...)})
	chained := append(binary.LittleEndian.AppendUint32(nil, uint32(len(f.text("Meet at the pier")))), binary.LittleEndian.AppendUint32(nil, first<<8)...)
	moved := f.data(0, [][]byte{f.row(5, fixed(43831, 5000), f.text("Moved"), inline(""))}, 0x8000)
	f.data(at, [][]byte{
		f.row(5, fixed(43831.5, 12_3450), f.text("Rosa Osei"), inline("twice\nasked")),
		f.row(5, fixed(0.25, -1), f.text(strings.Repeat("long ", 60)), append(chained, make([]byte, 4)...)),
		binary.LittleEndian.AppendUint32(nil, moved<<8),
		f.row(5, fixed(1, 1), f.text("Gone"), inline("")),
	}, 0, 0, 0x4000, 0x8000)
	return f
}

var feesText = "Fees\nPaid\tDue\tSum\tWho\tNote\nTRUE\t2020-01-01 12:00:00\t12.345\tRosa Osei\ttwice asked\nTRUE\t06:00:00\t-0.0001\t" +
	strings.TrimSpace(strings.Repeat("long ", 60)) + " \tMeet at the pier\nTRUE\t2020-01-01\t0.5\tMoved\t\nLate fees\n"

func TestAccess(t *testing.T) {
	for name, l := range map[string]layout{"97": jet3, "2000": jet4} {
		f := fees(l)
		var g gathered
		r, err := Access(from(f.bytes()), "application/x-msaccess", &g)
		if err != nil || r.Condition != candor.Done || g.text.String() != feesText {
			t.Errorf("Access %s: %s (%s), %v\n%q\n%q", name, r.Condition, r.Reason, err, g.text.String(), feesText)
		}
		// A wrong row is told, and the others are read.
		last := f.pages[len(f.pages)-1]
		clear(last[f.page-10 : f.page-4])
		g = gathered{}
		if r, _ := Access(from(f.bytes()), "x", &g); r.Condition != candor.Partial || !strings.Contains(g.text.String(), "Moved") {
			t.Errorf("Access %s, a damaged row: %s (%s), %q", name, r.Condition, r.Reason, g.text.String())
		}
		f.pages[3][0] = 0xff // the table's definition
		if r, _ := Access(from(f.bytes()), "x", &gathered{}); r.Condition != candor.Partial || !strings.Contains(r.Reason, "1 tables are damaged") {
			t.Errorf("Access %s, a damaged table: %s (%s)", name, r.Condition, r.Reason)
		}
	}
}

func TestEncryptedAccess(t *testing.T) {
	f := fees(jet4)
	f.mask()
	copy(f.pages[0][0x3e:], "\x11\x22\x33\x44")
	f.mask()
	for n, page := range f.pages[1:] {
		key := binary.LittleEndian.AppendUint32(nil, 0x44332211^uint32(n+1))
		c, _ := rc4.NewCipher(key)
		c.XORKeyStream(page, page)
	}
	var g gathered
	if r, _ := Access(from(f.bytes()), "x", &g); r.Condition != candor.Done || g.text.String() != feesText {
		t.Errorf("encoded: %s (%s), %q", r.Condition, r.Reason, g.text.String())
	}
	f.pages[2][0] ^= 0xff
	if r, _ := Access(from(f.bytes()), "x", &gathered{}); r.Condition != candor.Encrypted {
		t.Errorf("in another way: %s (%s)", r.Condition, r.Reason)
	}
	if r, _ := Access(from(f.bytes()[:100]), "x", &gathered{}); r.Condition != candor.Failed {
		t.Errorf("cut short: %s (%s)", r.Condition, r.Reason)
	}
}

func TestAccessValues(t *testing.T) {
	a := &access{layout: jet4}
	for _, c := range []struct {
		kind  byte
		scale int
		bytes string
		want  string
	}{
		{accessText, 0, "\xff\xfeab\x00\x41\x04\x00c", "abсc"},
		{accessNumeric, 2, "\x80" + strings.Repeat("\x00", 12) + "\x39\x30\x00\x00", "-123.45"},
		{accessGUID, 0, "\x04\x03\x02\x01\x06\x05\x08\x07\x01\x02\x03\x04\x05\x06\x07\x08", "{01020304-0506-0708-0102-030405060708}"},
		{accessInt16, 0, "\xff\xff", "-1"}, {accessByte, 0, "\x07", "7"}, {accessFloat, 0, "\x00\x00\x20\x40", "2.5"}, {accessInt32, 0, "\x01", ""},
	} {
		if got := a.value(accessColumn{kind: c.kind, scale: c.scale}, []byte(c.bytes)); got != c.want {
			t.Errorf("kind %d: %q, want %q", c.kind, got, c.want)
		}
	}
	if got := plainMemo("<div>Meet <b>at</b> the pier</div>"); got != "Meet at the pier" {
		t.Errorf("%q", got)
	}
}

func FuzzAccess(f *testing.F) {
	f.Add(fees(jet3).bytes())
	f.Add(fees(jet4).bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var g gathered
		if _, err := Access(from(data), "x", &g); err != nil {
			t.Error(err)
		}
	})
}
