package office

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/text/encoding"

	"candor"
	"candor/internal/extract/plain"
)

// Records of metafiles that write text ([MS-EMF] 2.3.5, [MS-WMF] 2.3.3,
// [MS-EMFPLUS] 2.3.4).
const (
	emfNarrow  = 83
	emfWide    = 84
	emfComment = 70
	emfPlus    = 0x2B464D45
	emfString  = 0x401C
	wmfText    = 0x0521
	wmfTextExt = 0x0A32
	wmfFont    = 0x02FB
	wmfPlaced  = 0x9AC6CDD7

	mostMetafile = 256 << 20
)

// Metafile reads the text that a drawing of Windows (EMF or WMF) writes. The error
// is the sink's.
func Metafile(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostMetafile, "drawings")
	if !ok {
		return reading, nil
	}
	m := metafile{w: plain.NewWriter(sink), code: codePage(1252)}
	if len(data) >= 44 && string(data[40:44]) == " EMF" {
		m.emf(data)
	} else {
		m.wmf(data)
	}
	if err := m.w.Close(); err != nil {
		return reading, err
	}
	reading.Language = m.w.Language()
	return reading, nil
}

// speaks reports whether a drawing writes any text. One that does not is an
// ornament, however large.
func speaks(data []byte) bool {
	text := &plain.Kept{}
	_, err := Metafile(candor.Source{Size: int64(len(data)), ReaderAt: bytes.NewReader(data)}, "", text)
	return err == nil && bytes.IndexFunc(text.Bytes(), readable) >= 0
}

type metafile struct {
	w    *plain.Writer
	code encoding.Encoding
	y    uint32 // where the last text stands
	some bool
}

// put writes a text: texts of one height are a line.
func (m *metafile) put(text string, y uint32) {
	if text = strings.TrimRight(text, "\x00"); text == "" {
		return
	}
	if m.some {
		if y != m.y {
			m.w.Line()
		} else {
			_, _ = m.w.WriteString(" ")
		}
	}
	m.some, m.y = true, y
	_, _ = m.w.WriteString(text)
}

func (m *metafile) narrow(b []byte) string {
	text, _ := m.code.NewDecoder().Bytes(b)
	return strings.ToValidUTF8(string(text), "\ufffd")
}

func (m *metafile) emf(b []byte) {
	for len(b) >= 8 && m.w.Err() == nil {
		kind, size := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if size < 8 || uint64(size) > uint64(len(b)) {
			return
		}
		record := b[:size]
		b = b[size:]
		switch {
		case (kind == emfWide || kind == emfNarrow) && size >= 52:
			m.emfText(record, kind == emfWide)
		case kind == emfComment && size >= 16 && binary.LittleEndian.Uint32(record[12:]) == emfPlus:
			m.plus(record[16:])
		}
	}
}

func (m *metafile) emfText(record []byte, wideText bool) {
	count, at := binary.LittleEndian.Uint32(record[44:]), binary.LittleEndian.Uint32(record[48:])
	size := uint64(count)
	if wideText {
		size *= 2
	}
	if uint64(at)+size > uint64(len(record)) {
		return
	}
	text, y := record[at:uint64(at)+size], binary.LittleEndian.Uint32(record[40:])
	if wideText {
		m.put(wide(text), y)
	} else {
		m.put(m.narrow(text), y)
	}
}

// plus reads the newer records that stand in a comment.
func (m *metafile) plus(b []byte) {
	for len(b) >= 12 {
		kind, size := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint32(b[4:])
		if size < 12 || uint64(size) > uint64(len(b)) {
			return
		}
		if kind == emfString && size >= 40 {
			body := b[12:size]
			if n := uint64(binary.LittleEndian.Uint32(body[8:])) * 2; n <= uint64(len(body)-28) {
				m.put(wide(body[28:28+n]), binary.LittleEndian.Uint32(body[16:]))
			}
		}
		b = b[size:]
	}
}

func (m *metafile) wmf(b []byte) {
	if len(b) >= 22 && binary.LittleEndian.Uint32(b) == wmfPlaced {
		b = b[22:]
	}
	if len(b) < 18 {
		return
	}
	for b = b[18:]; len(b) >= 6 && m.w.Err() == nil; {
		size, kind := 2*uint64(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint16(b[4:])
		if size < 6 || size > uint64(len(b)) {
			return
		}
		m.wmfRecord(kind, b[6:size])
		b = b[size:]
	}
}

func (m *metafile) wmfRecord(kind uint16, body []byte) {
	switch {
	case kind == wmfFont && len(body) > 13:
		m.code = codePage(1252)
		if page, ok := charsets[int(body[13])]; ok {
			m.code = codePage(page)
		}
	case kind == wmfText && len(body) >= 2:
		n := int(binary.LittleEndian.Uint16(body))
		if end := 2 + n + n%2; end+2 <= len(body) {
			m.put(m.narrow(body[2:2+n]), uint32(binary.LittleEndian.Uint16(body[end:])))
		}
	case kind == wmfTextExt && len(body) >= 8:
		n, at := int(binary.LittleEndian.Uint16(body[4:])), 8
		if binary.LittleEndian.Uint16(body[6:])&6 != 0 {
			at += 8 // a rectangle
		}
		if at+n <= len(body) {
			m.put(m.narrow(body[at:at+n]), uint32(binary.LittleEndian.Uint16(body)))
		}
	}
}
