package office

import (
	"encoding/binary"
	"errors"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/plain"
)

var errOLE = errors.New(oleDamaged)

// Places in the file information block of Word 97 to 2003 ([MS-DOC] 2.5).
const (
	fibMagic    = 0xA5EC
	fibFlags    = 0x0A // bit 8: encrypted; bit 9: which of the two table streams
	fibLengths  = 0x4C // characters of the main text, footnotes, headers, …
	fibClx      = 0x1A2
	fibLeast    = 0x1AA
	pieceSize   = 8
	mostWordCPs = 1 << 28
)

// readWord reads the text of a Word document, with notes and headers behind it.
func readWord(c *compound, w *plain.Writer, r *candor.Reading, _ candor.Sink) error {
	doc, err := c.read("WordDocument")
	if err != nil || len(doc) < fibLeast || binary.LittleEndian.Uint16(doc) != fibMagic {
		r.Condition, r.Reason = candor.Failed, oleDamaged
		return nil
	}
	flags := binary.LittleEndian.Uint16(doc[fibFlags:])
	if flags&0x100 != 0 {
		r.Condition, r.Reason = candor.Encrypted, "it opens only with its password"
		return nil
	}
	table := "0Table"
	if flags&0x200 != 0 {
		table = "1Table"
	}
	data, err := c.read(table)
	pieces, ok := wordPieces(doc, data)
	if err != nil || !ok {
		r.Condition, r.Reason = candor.Failed, "the table that leads to its text is damaged"
		return nil
	}
	t := wordText{w: w}
	for _, p := range pieces {
		if !t.piece(doc, p) {
			faulty(r, errOLE, t.some)
			return nil
		}
	}
	return nil
}

// wordPiece is a run of characters in the document's stream.
type wordPiece struct {
	at, chars int
	wide      bool // two bytes each
}

// wordPieces reads the piece table ([MS-DOC] 2.8.35, 2.9.38).
func wordPieces(doc, table []byte) ([]wordPiece, bool) {
	from, size := int64(binary.LittleEndian.Uint32(doc[fibClx:])), int64(binary.LittleEndian.Uint32(doc[fibClx+4:]))
	if from+size > int64(len(table)) {
		return nil, false
	}
	clx := table[from : from+size]
	for len(clx) >= 3 && clx[0] == 1 { // formatting that comes before
		n := 3 + int(binary.LittleEndian.Uint16(clx[1:]))
		if n > len(clx) {
			return nil, false
		}
		clx = clx[n:]
	}
	if len(clx) < 5 || clx[0] != 2 {
		return nil, false
	}
	plc := clx[5:]
	if n := int(binary.LittleEndian.Uint32(clx[1:])); n >= 0 && n < len(plc) {
		plc = plc[:n]
	}
	count := (len(plc) - 4) / (4 + pieceSize)
	if count < 1 {
		return nil, false
	}
	out := make([]wordPiece, 0, count)
	for i := range count {
		start, end := binary.LittleEndian.Uint32(plc[4*i:]), binary.LittleEndian.Uint32(plc[4*i+4:])
		if end < start || end > mostWordCPs {
			return nil, false
		}
		fc := binary.LittleEndian.Uint32(plc[4*(count+1)+pieceSize*i+2:])
		p := wordPiece{at: int(fc & 0x3FFFFFFF), chars: int(end - start), wide: fc&0x40000000 == 0}
		if !p.wide {
			p.at /= 2
		}
		out = append(out, p)
	}
	return out, true
}

// wordText writes characters, and knows those that are marks.
type wordText struct {
	w     *plain.Writer
	field int             // instructions of a field, which are not text
	code  strings.Builder // of these
	some  bool
}

// piece writes a piece, or as much of it as is there.
func (t *wordText) piece(doc []byte, p wordPiece) bool {
	size := p.chars
	if p.wide {
		size *= 2
	}
	whole := p.at <= len(doc) && size <= len(doc)-p.at
	raw := doc[min(p.at, len(doc)):min(p.at+size, len(doc))]
	if !p.wide {
		for _, b := range raw {
			t.put(charmap.Windows1252.DecodeByte(b))
		}
		return whole
	}
	for _, c := range wide(raw) {
		t.put(c)
	}
	return whole
}

// put writes one character ([MS-DOC] 2.4.1).
func (t *wordText) put(c rune) {
	switch c {
	case 0x13:
		t.field++
	case 0x14, 0x15:
		if t.field = max(0, t.field-1); t.field == 0 {
			_, _ = t.w.WriteString(equation(t.code.String()))
			t.code.Reset()
		}
	}
	switch {
	case t.field > 0:
		if c >= 0x20 && t.code.Len() < longestFormat {
			t.code.WriteRune(c)
		}
	case c == '\r' || c == 0x0B:
		t.w.Line()
	case c == 0x07:
		_, _ = t.w.WriteString("\t")
	case c == 0x0C:
		t.w.Line()
	case c == 0x1E: // a hyphen that does not break
		_, _ = t.w.WriteString("-")
	case c >= 0x20 || c == '\t':
		_, _ = t.w.WriteString(string(c))
		t.some = true
	}
}

// equation is the text in the instructions of an EQ field, which is how Word sets
// readings above characters: EQ \o\ad(\s\up 10(とうきょう),東京).
func equation(code string) string {
	code, ok := strings.CutPrefix(strings.TrimSpace(code), "EQ ")
	_, code, found := strings.Cut(code, "(")
	if !ok || !found {
		return ""
	}
	return strings.Join(strings.Fields(switches.ReplaceAllString(code, " ")), " ")
}

// switches are what an EQ field has beside its text.
var switches = regexp.MustCompile(`\\[a-zA-Z]+ ?-?\d*|[(),;]`)
