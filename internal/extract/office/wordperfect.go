package office

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"candor"
	"candor/internal/extract/plain"
)

// What is known of the formats of WordPerfect 5 and 6 is what Corel's developer
// kits and libwpd tell of them.
const (
	mostWordPerfect = 256 << 20
	wpIndexEntry    = 14
	wpText          = 0x08 // a packet of text: a header, a note, a box
	wpDeepest       = 8
)

// WordPerfect reads a document of WordPerfect 5 or later: its text, headers and
// footers, and since version 6 notes and boxes. The error is the sink's.
func WordPerfect(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	data, reading, ok := plain.Whole(src, typ, mostWordPerfect, "documents")
	if !ok {
		return reading, nil
	}
	const document = "\x01\x0a"
	switch {
	case len(data) < 16 || uint64(binary.LittleEndian.Uint32(data[4:])) > uint64(len(data)):
		reading.Condition, reading.Reason = candor.Failed, "it is damaged or cut short"
		return reading, nil
	case binary.LittleEndian.Uint16(data[12:]) != 0:
		reading.Condition, reading.Reason = candor.Encrypted, "it opens only with its password"
		return reading, nil
	case string(data[8:10]) != document:
		reading.Condition, reading.Reason = candor.Unsupported, "of the files of WordPerfect only documents are read"
		return reading, nil
	}
	p := wordPerfect{w: plain.NewWriter(sink)}
	body := data[binary.LittleEndian.Uint32(data[4:]):]
	if data[10] == 0 {
		p.five(body, 0)
	} else {
		p.six(body)
		p.packets(data)
	}
	if err := p.w.Close(); err != nil {
		return reading, err
	}
	if p.broken {
		reading.Lack("it is damaged: what comes behind the damage was not read")
	}
	if p.notes > 0 {
		reading.Lack(fmt.Sprintf("%d notes were not read", p.notes))
	}
	if p.unknown > 0 {
		reading.Lack(fmt.Sprintf("%d characters of WordPerfect's own sets are not known", p.unknown))
	}
	reading.Language = p.w.Language()
	return reading, nil
}

type wordPerfect struct {
	w       *plain.Writer
	broken  bool
	notes   int
	unknown int
}

func (p *wordPerfect) put(s string) { _, _ = p.w.WriteString(s) }

// six writes a text of version 6 and later.
func (p *wordPerfect) six(b []byte) {
	fixed := [16]int{4, 5, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 8, 8, 1}
	for i := 0; i < len(b) && p.w.Err() == nil; {
		c, n := b[i], 1
		switch {
		case c == 0:
		case c <= 0x20:
			p.put(string([]rune(wpUsual)[c-1]))
		case c < 0x7f:
			p.put(string(rune(c)))
		case c < 0xd0:
			p.put(wpSign(c))
		case c < 0xf0: // of any length
			if i+4 > len(b) {
				p.broken = true
				return
			}
			if n = int(binary.LittleEndian.Uint16(b[i+2:])); n < 4 || i+n > len(b) {
				p.broken = true
				return
			}
			p.put(wpGroup(c, b[i+1]))
		default:
			if n = fixed[c-0xf0]; c == 0xf0 && i+n <= len(b) {
				p.character(b[i+2], b[i+1])
			}
		}
		i += n
	}
}

// wpSign is what a function of one byte shows in version 6.
func wpSign(c byte) string {
	switch c {
	case 0x80, 0x81, 0xcf: // blanks, and the end of a line that was broken
		return " "
	case 0x84:
		return "-"
	case 0xb7, 0xb8, 0xb9, 0xc6, 0xc7, 0xcc, 0xcd, 0xce: // ends of lines, columns, pages
		return "\n"
	}
	return ""
}

// wpGroup is what a function of any length shows in version 6.
func wpGroup(group, kind byte) string {
	switch {
	case group == 0xd0 && kind >= 1 && kind <= 3:
		return " "
	case group == 0xd0 && kind == 0x0a, group == 0xe0: // a cell, a tabulator
		return "\t"
	case group == 0xd0:
		return "\n"
	}
	return ""
}

// packets writes the texts that stand before the document's own.
func (p *wordPerfect) packets(data []byte) {
	index := int(binary.LittleEndian.Uint16(data[14:]))
	if index+wpIndexEntry > len(data) {
		return
	}
	for i := range int(binary.LittleEndian.Uint16(data[index+2:])) {
		at := index + wpIndexEntry*(i+1)
		if at+wpIndexEntry > len(data) {
			return
		}
		size, from := uint64(binary.LittleEndian.Uint32(data[at+6:])), uint64(binary.LittleEndian.Uint32(data[at+10:]))
		if data[at+1] != wpText || from+size > uint64(len(data)) || size < 6 {
			continue
		}
		packet := data[from : from+size]
		head := 6 + 4*int(binary.LittleEndian.Uint16(packet))
		if head > len(packet) {
			continue
		}
		p.w.Line()
		p.six(packet[head:])
	}
}

// five writes a text of version 5.
func (p *wordPerfect) five(b []byte, depth int) {
	fixed := map[byte]int{0xc0: 4, 0xc1: 9, 0xc2: 11, 0xc3: 3, 0xc4: 3, 0xc5: 5, 0xc6: 6, 0xc7: 7}
	for i := 0; i < len(b) && p.w.Err() == nil; {
		c, n := b[i], 1
		switch {
		case c >= 0x20 && c < 0x7f:
			p.put(string(rune(c)))
		case c < 0xc0:
			p.put(wpFiveSign(c))
		case c < 0xd0:
			if n = fixed[c]; n == 0 { // one that is not known ends as it begins
				n = bytes.IndexByte(b[i+1:], c) + 2
			}
			if n < 3 || i+n > len(b) || b[i+n-1] != c {
				p.broken = true
				return
			}
			switch c {
			case 0xc0:
				p.character(b[i+2], b[i+1])
			case 0xc1, 0xc2:
				p.put("\t")
			}
		default:
			if i+4 > len(b) || i+4+int(binary.LittleEndian.Uint16(b[i+2:])) > len(b) {
				p.broken = true
				return
			}
			n = 4 + int(binary.LittleEndian.Uint16(b[i+2:]))
			p.fiveGroup(c, b[i+4:i+n], depth)
		}
		i += n
	}
}

// wpFiveSign is what a function of one byte shows in version 5.
func wpFiveSign(c byte) string {
	switch c {
	case '\n', '\f', 0x8c, 0x90, 0x91, 0x95, 0x99:
		return "\n"
	case 0x0b, '\r', 0xa0: // a page or line that was broken, a blank
		return " "
	case 0xa9, 0xaa, 0xab:
		return "-"
	}
	return ""
}

// fiveGroup reads a function of any length: headers and footers have text.
func (p *wordPerfect) fiveGroup(group byte, body []byte, depth int) {
	const before, behind = 18, 4
	switch {
	case group == 0xd6:
		p.notes++
	case group == 0xd5 && len(body) > before+behind && depth < wpDeepest:
		p.w.Line()
		p.five(body[before:len(body)-behind], depth+1)
		p.w.Line()
	}
}

// wpUsual are the characters of the codes 1 to 32 in version 6.
const wpUsual = "åÅæÆäÄáàâãÃçÇëéÉèêíñÑøØõÕöÖüÜúùß"

// wpSets are WordPerfect's own sets of characters, each from a first code on, as
// far as they are known here; a question mark is not.
var wpSets = map[byte]struct {
	first byte
	chars []rune
}{
	1:  {9, []rune("’?????????????ß??ÁáÂâÄäÀàÅåÆæÇçÉéÊêËëÈèÍíÎîÏïÌìÑñÓóÔôÖöÒòÚúÛûÜüÙùŸÿÃãĐđØøÕõÝýÐðÞþĂăĀāĄąĆćČčĈĉĊċĎďĚěĖėĒēĘę")},
	4:  {0, []rune("●○■•＊¶§¡¿«»£¥₧ƒªº½¼¢²ⁿ®©¤¾³‛’‘‟”“–—‹›○□†‡™℠℞")},
	10: {0, []rune("АаБбВвГгДдЕеЁёЖжЗзИиЙйКкЛлМмНнОоПпРрСсТтУуФфХхЦцЧчШшЩщЪъЫыЬьЭэЮюЯя")},
}

// character writes a character of a set.
func (p *wordPerfect) character(set, code byte) {
	if s, ok := wpSets[set]; ok && code >= s.first && int(code-s.first) < len(s.chars) && s.chars[code-s.first] != '?' {
		p.put(string(s.chars[code-s.first]))
		return
	}
	if set == 0 && code >= 0x20 && code < 0x7f {
		p.put(string(rune(code)))
		return
	}
	p.unknown++
	p.put("\ufffd")
}
