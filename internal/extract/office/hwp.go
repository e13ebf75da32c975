package office

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"strings"

	"candor"
	"candor/internal/extract/plain"
)

// Hangul Word Processor 5 (Hancom, HWP Document File Formats 5.0, revision 1.3).
const (
	hwpHeader     = "FileHeader"
	hwpSection    = "BodyText/Section"
	hwpMark       = "HWP Document File"
	hwpCompressed = 1 << 0
	hwpEncrypted  = 1 << 1
	hwpShared     = 1 << 2 // made so that it cannot be copied
	hwpText       = 67     // a record with the text of a paragraph
)

// readHangul reads the text of a document of Hangul, section by section.
func readHangul(c *compound, w *plain.Writer, r *candor.Reading, _ candor.Sink) error {
	head, err := c.read(hwpHeader)
	if err != nil || len(head) < 40 || !bytes.HasPrefix(head, []byte(hwpMark)) {
		r.Condition, r.Reason = candor.Unsupported, "files of this type are kept but not read by this version"
		return nil
	}
	flags := binary.LittleEndian.Uint32(head[36:])
	switch {
	case flags&hwpEncrypted != 0:
		r.Condition, r.Reason = candor.Encrypted, "it opens only with its password"
		return nil
	case flags&hwpShared != 0:
		r.Condition, r.Reason = candor.Encrypted, "it was made so that its text cannot be taken out"
		return nil
	}
	for _, name := range c.names {
		if !strings.HasPrefix(name, hwpSection) {
			continue
		}
		data, err := c.read(name)
		if err == nil && flags&hwpCompressed != 0 {
			data, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), mostStream))
		}
		hangulText(data, w)
		if err != nil {
			faulty(r, errOLE, len(w.Sample()) > 0)
			return nil
		}
	}
	return nil
}

// hangulText writes the text of a section's records.
func hangulText(b []byte, w *plain.Writer) {
	for len(b) >= 4 && w.Err() == nil {
		head := binary.LittleEndian.Uint32(b)
		size := head >> 20
		if b = b[4:]; size == 0xfff {
			if len(b) < 4 {
				return
			}
			size = binary.LittleEndian.Uint32(b)
			b = b[4:]
		}
		if uint64(size) > uint64(len(b)) {
			return
		}
		if head&0x3ff == hwpText {
			paragraph(b[:size], w)
		}
		b = b[size:]
	}
}

// paragraph writes text between which signs stand for something else: some of one
// unit, some of eight.
func paragraph(b []byte, w *plain.Writer) {
	from := 0
	for at := 0; at+2 <= len(b); {
		c := binary.LittleEndian.Uint16(b[at:])
		if c >= 32 {
			at += 2
			continue
		}
		_, _ = w.WriteString(wide(b[from:at]))
		switch {
		case c == 9:
			_, _ = w.WriteString("\t")
			at += 16
		case c == 10 || c == 13:
			w.Line()
			at += 2
		case c == 30 || c == 31: // spaces of their own kinds
			_, _ = w.WriteString(" ")
			at += 2
		case c == 0 || c >= 24:
			at += 2
		default:
			at += 16
		}
		from = min(at, len(b))
	}
	_, _ = w.WriteString(wide(b[from:]))
	w.Line()
}
