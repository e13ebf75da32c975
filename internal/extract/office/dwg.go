package office

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/extract/plain"
)

const (
	dwgProperties = 0x20      // where the header says where the properties are, since AutoCAD 2004
	mostDWG       = 256 << 20 // bytes that are looked through for those of AutoCAD 2000
	mostTypes     = 200       // properties
)

// dwgNames are the properties in their order.
var dwgNames = []string{"doc:Title", "doc:Subject", "doc:Creator", "doc:Keywords", "doc:Description", "doc:LastModifiedBy", "doc:Revision", "doc:HyperlinkBase"}

// dwgCookie begins the properties in drawings of AutoCAD 2000, and these are the
// numbers that stand before each.
var (
	dwgCookie  = []byte("DWGPROPS COOKIE")
	dwgNumbers = map[uint16]string{2: "doc:Title", 3: "doc:Subject", 4: "doc:Creator", 6: "doc:Description", 7: "doc:Keywords", 8: "doc:LastModifiedBy", 9: "doc:Revision", 1: "doc:HyperlinkBase"}
)

// DWG reads what a drawing of AutoCAD says of itself, since AutoCAD 2000. What is
// drawn is not read, and that is said.
func DWG(src candor.Source, typ string) candor.Reading {
	data, reading, ok := plain.Whole(src, typ, mostDWG, "drawings")
	if !ok {
		return reading
	}
	reading.Lack("what is drawn is not read: only what the file says of itself")
	switch {
	case len(data) < dwgProperties+4:
		reading.Condition, reading.Reason = candor.Failed, oleDamaged
	case bytes.HasPrefix(data, []byte("AC1015")):
		oldDrawing(&reading, data)
	case bytes.HasPrefix(data, []byte("AC1018")):
		drawing(&reading, data, 1)
	case string(data[:4]) == "AC10" && string(data[:6]) > "AC1018":
		drawing(&reading, data, 2)
	}
	return reading
}

// drawing reads properties that stand one after the other, in so many bytes a
// character, and after them pairs of names and values.
func drawing(r *candor.Reading, data []byte, width int) {
	at := binary.LittleEndian.Uint32(data[dwgProperties:])
	if uint64(at) >= uint64(len(data)) {
		return
	}
	b := data[at:]
	next := func() (string, bool) {
		if len(b) < 2 {
			return "", false
		}
		size := int(binary.LittleEndian.Uint16(b)) * width
		if b = b[2:]; size > len(b) {
			return "", false
		}
		text := b[:size]
		b = b[size:]
		if width == 2 {
			return cleanDWG(wide(text)), true
		}
		return narrowDWG(text), true
	}
	for _, name := range dwgNames {
		value, ok := next()
		if !ok {
			return
		}
		dwgField(r, name, value)
	}
	if len(b) < 24+2 { // times of editing, making and changing
		return
	}
	count := int(binary.LittleEndian.Uint16(b[24:]))
	b = b[26:]
	for range min(count, mostTypes) {
		name, ok := next()
		value, ok2 := next()
		if !ok || !ok2 {
			return
		}
		if name != "" {
			dwgField(r, "doc:Custom", name+"="+value)
		}
	}
}

// oldDrawing reads properties behind the mark that AutoCAD 2000 leaves: each a
// number, a length, a code page and a text.
func oldDrawing(r *candor.Reading, data []byte) {
	at := bytes.Index(data, dwgCookie)
	if at < 0 {
		return
	}
	b := data[at+len(dwgCookie):]
	for range mostTypes {
		if len(b) < 5 {
			return
		}
		number, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if number == 40 || number == 41 || number == 42 { // times
			if len(b) < 10 {
				return
			}
			b = b[10:]
			continue
		}
		if b = b[5:]; number > 400 || size > len(b) {
			return
		}
		value := narrowDWG(b[:size])
		b = b[size:]
		switch name := dwgNumbers[number]; {
		case name != "":
			dwgField(r, name, value)
		case strings.Trim(value, "=") != "":
			dwgField(r, "doc:Custom", value)
		}
	}
}

func dwgField(r *candor.Reading, name, value string) {
	if value != "" {
		setMeta(r, name, value)
	}
}

func narrowDWG(b []byte) string {
	text, _ := charmap.Windows1252.NewDecoder().Bytes(b)
	return cleanDWG(string(text))
}

func cleanDWG(s string) string { return strings.TrimSpace(strings.TrimRight(s, "\x00")) }
