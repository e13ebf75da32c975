package rows

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"candor"
	"candor/internal/extract/plain"
)

const (
	dbfHeader = 32 // bytes of the header, and of each description of a column
	dbfEnd    = 0x0d
	deleted   = '*'
	endOfFile = 0x1a
	memos     = "MGPW" // kinds of columns whose values stand in another file
)

// codePages are the language drivers of dBASE and FoxPro that say how text is
// encoded: the byte at 29 of the header.
var codePages = map[byte]encoding.Encoding{
	0x01: charmap.CodePage437, 0x02: charmap.CodePage850, 0x03: charmap.Windows1252, 0x08: charmap.CodePage865, 0x13: japanese.ShiftJIS,
	0x26: charmap.CodePage866, 0x4d: simplifiedchinese.GBK, 0x4e: korean.EUCKR, 0x4f: traditionalchinese.Big5, 0x57: charmap.Windows1252,
	0x64: charmap.CodePage852, 0x65: charmap.CodePage866, 0x66: charmap.CodePage865, 0x78: traditionalchinese.Big5, 0x79: korean.EUCKR,
	0x7a: simplifiedchinese.GBK, 0x7b: japanese.ShiftJIS, 0x7c: charmap.Windows874, 0x7d: charmap.Windows1255, 0x7e: charmap.Windows1256,
	0xc8: charmap.Windows1250, 0xc9: charmap.Windows1251, 0xca: charmap.Windows1254, 0xcb: charmap.Windows1253,
}

type column struct {
	name string
	kind byte
	size int
}

// DBF reads a table of dBASE III to V or FoxPro. Rows that are marked as deleted
// and still stand in the file are read and marked so; memos, which stand in a
// file of their own, are not. Text of a code page that is not stated is told from its
// bytes. The error is the sink's.
func DBF(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	head, err := plain.Head(src)
	if err != nil {
		return plain.Unreadable(reading, err), nil
	}
	columns, ok := dbfColumns(head)
	if !ok {
		reading.Condition, reading.Reason = candor.Failed, "the description of its columns is damaged"
		return reading, nil
	}
	t := dbf{columns: columns, w: plain.NewWriter(sink), decode: dbfDecoder(head)}
	start, size := int64(binary.LittleEndian.Uint16(head[8:])), int(binary.LittleEndian.Uint16(head[10:]))
	t.read(io.NewSectionReader(src, start, src.Size-start), size)
	if err := t.w.Close(); err != nil {
		return reading, err
	}
	if stated := int64(binary.LittleEndian.Uint32(head[4:])); t.rows < stated {
		reading.Lack(fmt.Sprintf("it states %d rows and holds %d: it is cut short", stated, t.rows))
	}
	if slices.ContainsFunc(columns, func(c column) bool { return strings.IndexByte(memos, c.kind) >= 0 }) {
		reading.Lack("its memos stand in another file and were not read")
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "db:Rows", Value: fmt.Sprint(t.rows)})
	if t.deleted > 0 {
		reading.Fields = append(reading.Fields, candor.Field{Name: "db:DeletedRows", Value: fmt.Sprint(t.deleted)})
	}
	reading.Language = t.w.Language()
	return reading, nil
}

// dbfColumns reads the descriptions of columns and checks that they fill a row.
func dbfColumns(head []byte) ([]column, bool) {
	if len(head) < 2*dbfHeader+1 {
		return nil, false
	}
	var all []column
	width := 1 // the mark of deletion
	for at := dbfHeader; at+dbfHeader <= len(head) && head[at] != dbfEnd; at += dbfHeader {
		d := head[at : at+dbfHeader]
		c := column{name: string(bytes.TrimRight(d[:11], "\x00 ")), kind: d[11], size: int(d[16])}
		if c.kind == 'C' {
			c.size |= int(d[17]) << 8 // Clipper and FoxPro: wide texts
		}
		if i := strings.IndexByte(c.name, 0); i >= 0 {
			c.name = c.name[:i]
		}
		all = append(all, c)
		width += c.size
	}
	return all, len(all) > 0 && width <= int(binary.LittleEndian.Uint16(head[10:]))
}

// dbfDecoder tells how text of a table is encoded.
func dbfDecoder(head []byte) func([]byte) string {
	enc := codePages[head[29]]
	if enc == nil {
		start := min(int(binary.LittleEndian.Uint16(head[8:])), len(head))
		enc, _ = plain.Guess(head[start:])
	}
	if enc == nil { // UTF-8
		return func(b []byte) string { return string(b) }
	}
	d := enc.NewDecoder()
	return func(b []byte) string {
		out, err := d.Bytes(b)
		if err != nil {
			return string(b)
		}
		return string(out)
	}
}

type dbf struct {
	columns       []column
	w             *plain.Writer
	decode        func([]byte) string
	rows, deleted int64
}

// read reads rows until the mark of the file's end, or its end.
func (t *dbf) read(r io.Reader, size int) {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = t.decode([]byte(c.name))
	}
	_, _ = t.w.WriteString(strings.Join(names, "\t") + "\n")
	in, row := bufio.NewReaderSize(r, 64<<10), make([]byte, size)
	for t.w.Err() == nil {
		if _, err := io.ReadFull(in, row); err != nil || row[0] == endOfFile {
			return
		}
		t.row(row)
	}
}

func (t *dbf) row(row []byte) {
	t.rows++
	at := 1
	for i, c := range t.columns {
		if i > 0 {
			_, _ = t.w.WriteString("\t")
		}
		_, _ = t.w.WriteString(oneLine(t.value(c.kind, row[at:at+c.size])))
		at += c.size
	}
	if row[0] == deleted {
		t.deleted++
		_, _ = t.w.WriteString("\t[deleted]")
	}
	_, _ = t.w.WriteString("\n")
}

// value shows a value by its column's kind.
func (t *dbf) value(kind byte, b []byte) string {
	switch {
	case kind == 'D' && len(b) == 8:
		if d, err := time.Parse("20060102", string(b)); err == nil {
			return d.Format(time.DateOnly)
		}
	case kind == 'I' && len(b) == 4:
		return fmt.Sprint(int32(binary.LittleEndian.Uint32(b)))
	case kind == 'B' && len(b) == 8, kind == 'O' && len(b) == 8:
		return fmt.Sprint(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case kind == 'Y' && len(b) == 8:
		return fmt.Sprintf("%.4f", float64(int64(binary.LittleEndian.Uint64(b)))/10_000)
	case kind == 'T' && len(b) == 8:
		return julian(b)
	case strings.IndexByte(memos+"0", kind) >= 0:
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(t.decode(b), "\x00"))
}

// julian shows FoxPro's time: a day's Julian number and milliseconds of that day.
func julian(b []byte) string {
	const unixDay = 2440588
	day, ms := int64(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint32(b[4:]))
	if day == 0 {
		return ""
	}
	return time.Unix((day-unixDay)*86400, ms*1e6).UTC().Format("2006-01-02 15:04:05")
}
