package office

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

// Attributes of a TNEF stream ([MS-OXTNEF] 2.1.3.1), by type and name.
const (
	tnefMark        = 0x223E9F78
	tnefSubject     = 0x00018004
	tnefSent        = 0x00038005
	tnefMessageID   = 0x00018009
	tnefBody        = 0x0002800C
	tnefAttachData  = 0x0006800F
	tnefAttachTitle = 0x00018010
	tnefAttachBegin = 0x00069002
	tnefProperties  = 0x00069003
	tnefAttachment  = 0x00069005
	tnefCodepage    = 0x00069007

	mostTNEF       = 256 << 20 // bytes of a stream: it is read in memory
	mostProperties = 10_000
)

// Properties ([MS-OXPROPS]) and their types ([MS-OXCDATA] 2.11.1).
const (
	propBody      = 0x1000
	propRTF       = 0x1009
	propHTML      = 0x1013
	propSubject   = 0x0037
	propMessageID = 0x1035
	propFile      = 0x3707
	propFileShort = 0x3704
	propData      = 0x3701

	typeString8 = 0x001E
	typeString  = 0x001F
	typeObject  = 0x000D
	typeBinary  = 0x0102
	typeMany    = 0x1000 // a flag: several values
	guidSize    = 16
	namedFrom   = 0x8000 // properties from here on have names
)

// tnef is what a stream has told so far.
type tnef struct {
	code        encoding.Encoding
	subject, id string
	sent        time.Time
	body        string // of the plain attribute
	properties  map[uint16]property
	attachments []tnefAttached
}

type property struct {
	kind uint16
	data []byte
}

type tnefAttached struct {
	title string
	data  []byte
	inner bool // data is a message, as TNEF
}

// TNEF reads what Outlook sends in place of attachments, winmail.dat ([MS-OXTNEF]):
// the message's text, and its attachments as parts; a message attached to it is
// TNEF again. The error is the sink's.
func TNEF(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	if src.Size > mostTNEF {
		reading.Condition, reading.Reason = candor.Unsupported, "it is larger than 256 MB, and would have to be read in memory"
		return reading, nil
	}
	data, err := io.ReadAll(io.NewSectionReader(src, 0, src.Size))
	if err != nil {
		return plain.Unreadable(reading, err), nil
	}
	t := &tnef{code: charmap.Windows1252, properties: map[uint16]property{}}
	whole := t.read(data)
	w := plain.NewWriter(sink)
	_, _ = w.WriteString(t.text())
	if err := w.Close(); err != nil {
		return reading, err
	}
	t.describe(&reading)
	reading.Language = w.Language()
	if err := t.hand(sink); err != nil {
		return reading, err
	}
	if !whole {
		faulty(&reading, io.ErrUnexpectedEOF, len(w.Sample()) > 0 || len(t.attachments) > 0)
	}
	return reading, nil
}

// read walks through the attributes and tells whether it came to the end.
func (t *tnef) read(b []byte) (whole bool) {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != tnefMark {
		return false
	}
	for b = b[6:]; len(b) > 0; {
		if len(b) < 11 {
			return false
		}
		id, size := binary.LittleEndian.Uint32(b[1:]), int64(binary.LittleEndian.Uint32(b[5:]))
		if b = b[9:]; size+2 > int64(len(b)) {
			return false
		}
		t.attribute(id, b[:size])
		b = b[size+2:]
	}
	return true
}

func (t *tnef) attribute(id uint32, data []byte) {
	last := len(t.attachments) - 1
	switch id {
	case tnefCodepage:
		if len(data) >= 4 {
			t.code = codePage(int(binary.LittleEndian.Uint32(data)))
		}
	case tnefSubject:
		t.subject = t.narrow(data)
	case tnefMessageID:
		t.id = t.narrow(data)
	case tnefBody:
		t.body = t.narrow(data)
	case tnefSent:
		t.sent = tnefTime(data)
	case tnefProperties:
		for p, v := range propertiesOf(data) {
			t.properties[p] = v
		}
	case tnefAttachBegin:
		t.attachments = append(t.attachments, tnefAttached{})
	case tnefAttachTitle:
		if last >= 0 && t.attachments[last].title == "" {
			t.attachments[last].title = t.narrow(data)
		}
	case tnefAttachData:
		if last >= 0 {
			t.attachments[last].data = data
		}
	case tnefAttachment:
		if last >= 0 {
			t.attached(&t.attachments[last], propertiesOf(data))
		}
	}
}

// attached takes what the properties of an attachment say of it.
func (t *tnef) attached(a *tnefAttached, ps map[uint16]property) {
	for _, id := range []uint16{propFileShort, propFile} {
		if file := t.string(ps[id]); file != "" {
			a.title = file
		}
	}
	p, ok := ps[propData]
	switch {
	case !ok || len(p.data) == 0:
	case p.kind == typeObject && len(p.data) > guidSize:
		a.data = p.data[guidSize:]
		a.inner = len(a.data) > 4 && binary.LittleEndian.Uint32(a.data) == tnefMark
	case p.kind == typeBinary:
		a.data = p.data
	}
}

func (t *tnef) narrow(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	text, err := t.code.NewDecoder().Bytes(b)
	if err != nil {
		return string(b)
	}
	return string(text)
}

func (t *tnef) string(p property) string {
	switch p.kind {
	case typeString:
		return strings.TrimRight(wide(p.data), "\x00")
	case typeString8:
		return t.narrow(p.data)
	}
	return ""
}

// text is the message's: plain, or out of HTML or RTF.
func (t *tnef) text() string {
	if s := t.string(t.properties[propBody]); strings.TrimSpace(s) != "" {
		return s
	}
	if strings.TrimSpace(t.body) != "" {
		return t.body
	}
	switch html := t.properties[propHTML]; html.kind {
	case typeBinary:
		return seen(html.data)
	case typeString, typeString8:
		return seen([]byte(t.string(html)))
	}
	return TextOfRTF(t.properties[propRTF].data)
}

func (t *tnef) describe(r *candor.Reading) {
	r.Title = strings.TrimSpace(t.string(t.properties[propSubject]))
	if r.Title == "" {
		r.Title = strings.TrimSpace(t.subject)
	}
	id := t.string(t.properties[propMessageID])
	if id == "" {
		id = t.id
	}
	for _, f := range []candor.Field{{Name: "mail:Subject", Value: r.Title}, {Name: "mail:Message-Id", Value: strings.TrimSpace(id)}} {
		if f.Value != "" {
			r.Fields = append(r.Fields, f)
		}
	}
	if !t.sent.IsZero() {
		r.Date, r.DateFrom = t.sent, "mail:Date"
	}
}

func (t *tnef) hand(sink candor.Sink) error {
	for i, a := range t.attachments {
		if a.data == nil {
			continue
		}
		file := a.title
		if file == "" {
			file = fmt.Sprintf("attachment-%d", i+1)
		}
		if a.inner {
			file += ".tnef"
		}
		if err := sink.Part(candor.Place{Path: name.Base(file)}, bytes.NewReader(a.data)); err != nil {
			return err
		}
	}
	return nil
}

// tnefTime reads year, month, day, hour, minute and second, 16 bits each, of no
// stated zone.
func tnefTime(b []byte) time.Time {
	if len(b) < 12 {
		return time.Time{}
	}
	n := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	t := time.Date(n(0), time.Month(n(1)), n(2), n(3), n(4), n(5), 0, time.UTC)
	if t.Year() < 1981 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// propertiesOf reads a list of properties ([MS-OXTNEF] 2.1.3.4), as far as it
// holds. Of several values the first is kept; of names nothing.
func propertiesOf(b []byte) map[uint16]property {
	out := map[uint16]property{}
	r := &propertyReader{b: b}
	for n := r.number(); n > 0 && len(out) < mostProperties && !r.bad; n-- {
		kind, id := r.short(), r.short()
		if id >= namedFrom {
			r.take(guidSize)
			if r.number() == 0 {
				r.take(4)
			} else {
				r.padded()
			}
		}
		p := property{kind: kind &^ typeMany}
		count := uint32(1)
		if size := fixedSize(p.kind); size > 0 {
			if kind&typeMany != 0 {
				count = r.number()
			}
			for i := range count {
				if v := r.take(size); i == 0 {
					p.data = v
				}
				if r.bad {
					break
				}
			}
		} else {
			for i := range r.number() {
				if v := r.padded(); i == 0 {
					p.data = v
				}
				if r.bad {
					break
				}
			}
		}
		if !r.bad {
			out[id] = p
		}
	}
	return out
}

// fixedSize is how many bytes a value of a type takes; 0 if it states it itself.
func fixedSize(kind uint16) int {
	switch kind {
	case 0x0002, 0x0003, 0x0004, 0x000A, 0x000B:
		return 4
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040:
		return 8
	case 0x0048:
		return guidSize
	}
	return 0
}

type propertyReader struct {
	b   []byte
	bad bool
}

func (r *propertyReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *propertyReader) short() uint16 {
	if v := r.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (r *propertyReader) number() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// padded reads a length and so many bytes, filled up to a multiple of four.
func (r *propertyReader) padded() []byte {
	n := int64(r.number())
	if n > int64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.take(int(n))
	r.take(min(int(-n&3), len(r.b)))
	return v
}
