package rows

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/office"
	"candor/internal/extract/plain"
)

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
	var kept plain.Kept
	w := plain.NewWriter(&kept)
	_, _ = plain.StripHTML(strings.NewReader(text), w)
	_ = w.Close()
	return strings.TrimSpace(string(kept.Bytes()))
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
