package office

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/plain"
)

// Property IDs of OneNote whose values are text ([MS-ONE] 2.1.12). The upper bits
// say that a length and so many bytes follow ([MS-ONESTORE] 2.6.6).
var oneTexts = map[uint32]bool{ // and whether a byte is a character
	0x1C001C22: false, // RichEditTextUnicode
	0x1C003498: true,  // TextExtendedAscii
	0x1C001CF3: false, // CachedTitleString
	0x1C00349B: false, // SectionDisplayName
	0x1C001D9C: false, // EmbeddedFileName
	0x1C001E58: false, // ImageAltText
	0x1C001D75: false, // Author
}

// oneFile begins a file that was put into a note ([MS-ONESTORE] 2.6.13).
var oneFile = []byte("\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac")

const (
	mostOneProperties = 200       // of one object
	mostOneText       = 16 << 20  // bytes of one value
	mostOneNote       = 512 << 20 // bytes of a file
	mostOneTexts      = 1_000_000
)

// OneNote reads a section of OneNote. It looks for the sets of properties that hold
// text, wherever they stand: so it reads every revision that the file keeps, each
// text once, in the order of the file and not in that of its pages. Handwriting is
// not read. Files that were put into notes are parts. The error is the sink's.
func OneNote(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostOneNote, "notes")
	if !ok {
		return reading, nil
	}
	w := plain.NewWriter(sink)
	oneNoteTexts(data, w)
	if err := w.Close(); err != nil {
		return reading, err
	}
	if len(w.Sample()) == 0 {
		reading.Lack("no text was found in it")
	}
	reading.Language = w.Language()
	return reading, oneNoteFiles(data, sink)
}

// oneNoteTexts writes each text once.
func oneNoteTexts(data []byte, w *plain.Writer) {
	told := map[string]bool{}
	done := 0 // what stands before was read
	for at := 4; at+4 <= len(data) && w.Err() == nil && len(told) < mostOneTexts; at++ {
		if data[at+3] != 0x1c || at < done {
			continue
		}
		if _, ok := oneTexts[binary.LittleEndian.Uint32(data[at:])]; !ok {
			continue
		}
		start, count := propertySetAround(data, at)
		if count == 0 {
			continue
		}
		done = start + 4*count
		for _, text := range propertyTexts(data, start, count) {
			text = strings.TrimSpace(strings.ReplaceAll(text, "\r", "\n"))
			if text == "" || told[text] || strings.HasPrefix(text, "\ufddfHYPERLINK") {
				continue
			}
			told[text] = true
			_, _ = w.WriteString(text)
			w.Line()
		}
	}
}

// propertySetAround finds the set of properties in which an ID stands: a count,
// and so many IDs. The count is 0 if there is none.
func propertySetAround(data []byte, at int) (start, count int) {
	for k := 0; k < mostOneProperties; k++ {
		start := at - 4*k
		if start < 2 || !isProperty(binary.LittleEndian.Uint32(data[start:])) {
			return 0, 0
		}
		n := int(binary.LittleEndian.Uint16(data[start-2:]))
		if n <= k || n > mostOneProperties || start+4*n > len(data) {
			continue
		}
		whole := true
		for i := k + 1; i < n && whole; i++ {
			whole = isProperty(binary.LittleEndian.Uint32(data[start+4*i:]))
		}
		if whole {
			return start, n
		}
	}
	return 0, 0
}

// isProperty tells what can be the ID of a property: one of the kinds that there are.
func isProperty(id uint32) bool {
	kind := id >> 26 & 0x1f
	return kind >= 1 && kind <= 0x11 && kind != 0xe && kind != 0xf && id&0x03ff0000 == 0
}

// propertyTexts reads the values of a set, as far as their sizes are known.
func propertyTexts(data []byte, start, count int) (out []string) {
	rest := data[start+4*count:]
	take := func(n int) []byte {
		if n < 0 || n > len(rest) {
			rest = nil
			return nil
		}
		b := rest[:n]
		rest = rest[n:]
		return b
	}
	for i := range count {
		id := binary.LittleEndian.Uint32(data[start+4*i:])
		switch id >> 26 & 0x1f {
		case 0x3:
			take(1)
		case 0x4:
			take(2)
		case 0x5, 0x9, 0xb, 0xd: // numbers, and how many other objects are meant
			take(4)
		case 0x6:
			take(8)
		case 0x7:
			size := take(4)
			if size == nil {
				return out
			}
			value := take(int(min(binary.LittleEndian.Uint32(size), mostOneText)))
			narrow, isText := oneTexts[id&^(1<<31)]
			switch {
			case !isText || value == nil:
			case narrow:
				text, _ := charmap.Windows1252.NewDecoder().Bytes(value)
				out = append(out, string(bytes.TrimRight(text, "\x00")))
			default:
				out = append(out, strings.TrimRight(wide(value), "\x00"))
			}
		case 0x10, 0x11: // sets inside: what comes behind has no known place
			return out
		}
	}
	return out
}

// oneNoteFiles hands on the files that were put into notes, and the larger
// pictures. The error is the sink's.
func oneNoteFiles(data []byte, sink candor.Sink) error {
	for n := 1; n <= mostObjects; n++ {
		at := bytes.Index(data, oneFile)
		if at < 0 || at+36 > len(data) {
			return nil
		}
		size := binary.LittleEndian.Uint64(data[at+16:])
		data = data[at+36:]
		if size == 0 || size > uint64(len(data)) {
			continue
		}
		if file := data[:size]; size >= leastPicture || !isSmallPicture(file) {
			if err := sink.Part(candor.Place{Path: fmt.Sprintf("file-%d", n)}, bytes.NewReader(file)); err != nil {
				return err
			}
		}
		data = data[size:]
	}
	return nil
}

func isSmallPicture(b []byte) bool {
	for _, mark := range []string{"\x89PNG", "\xff\xd8\xff", "GIF8", "BM"} {
		if bytes.HasPrefix(b, []byte(mark)) {
			return true
		}
	}
	return false
}
