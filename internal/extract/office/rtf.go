package office

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

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
	maxGroups = 10_000 // nested RTF groups
	maxFonts  = 10_000
)

// RTF reads Rich Text Format 1.9: its text and its title. The error is the sink's.
func RTF(src candor.Source, typ string, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: typ, Condition: candor.Done}
	w := plain.NewWriter(sink)
	p := rtf{r: bufio.NewReaderSize(io.NewSectionReader(src, 0, src.Size), 64<<10), w: w, sink: sink, inside: candor.Reading{Condition: candor.Done},
		state: rtfState{uc: 1}, fonts: map[int]encoding.Encoding{}}
	p.codepage(1252)
	whole := p.read()
	if err := cmp.Or(p.err, w.Close()); err != nil {
		return reading, err
	}
	reading.Title = strings.TrimSpace(p.title.String())
	if author := strings.TrimSpace(p.author.String()); author != "" {
		reading.People = []string{author}
		reading.Fields = append(reading.Fields, candor.Field{Name: "doc:Creator", Value: author})
	}
	reading.Language = w.Language()
	if !whole {
		faulty(&reading, io.ErrUnexpectedEOF, len(w.Sample()) > 0)
	}
	if p.inside.Condition != candor.Done {
		reading.Lack(p.inside.Reason)
	}
	return reading, nil
}

// rtfState is what a group inherits and its end restores.
type rtfState struct {
	skip bool // a destination that is not text
	hex  bool // the data of an object
	font bool // the table of fonts
	pict bool // hex is of a picture
	twin bool // a picture once more, for older readers
	note bool // what somebody wrote beside the text, or who
	code encoding.Encoding
	into *strings.Builder // a destination that is kept apart: title, author
	uc   int              // characters to skip after \u
}

type rtf struct {
	r      *bufio.Reader
	w      *plain.Writer
	state  rtfState
	stack  []rtfState
	base   encoding.Encoding         // of the document
	fonts  map[int]encoding.Encoding // of those that have one of their own
	named  int                       // the font of which the table speaks
	lead   byte                      // the first byte of a character of two
	skipN  int                       // characters still to skip after \u
	high   rune
	title  strings.Builder
	author strings.Builder
	star   bool // the next word names a destination that may be passed over

	object            []byte // of the object or picture that is read
	half              byte   // the first of two hexadecimal digits
	halved            bool
	objects, pictures int // handed on
	sink              candor.Sink
	inside            candor.Reading // what objects lack
	err               error          // the sink's
}

// read reads to the end and tells whether every group was closed.
func (p *rtf) read() bool {
	opened := false
	for p.w.Err() == nil && p.err == nil {
		c, err := p.r.ReadByte()
		if err != nil {
			return opened && len(p.stack) == 0
		}
		switch c {
		case '{':
			opened = true
			if len(p.stack) >= maxGroups {
				return false
			}
			p.stack = append(p.stack, p.state)
			if p.state.hex { // what stands in a picture beside its bytes
				p.state.hex, p.state.skip = false, true
			}
		case '}':
			p.objectEnds()
			if n := len(p.stack); n > 0 {
				note := p.state.note
				p.state, p.stack = p.stack[n-1], p.stack[:n-1]
				if note && !p.state.note { // what goes on behind a note is no part of it
					p.put("\n")
				}
			}
			if len(p.stack) == 0 {
				return true
			}
		case '\\':
			p.control()
		case '\r', '\n':
		default:
			p.char(c)
		}
	}
	return true
}

func (p *rtf) put(s string) {
	switch {
	case p.state.skip:
	case p.state.into != nil:
		if p.state.into.Len() < 4<<10 {
			p.state.into.WriteString(s)
		}
	default:
		_, _ = p.w.WriteString(s)
	}
}

// char takes one byte in the document's code page.
func (p *rtf) char(c byte) {
	if p.skipN > 0 {
		p.skipN--
		return
	}
	if p.state.hex {
		p.digit(c)
		return
	}
	bytes := []byte{c}
	switch {
	case p.lead != 0:
		bytes, p.lead = []byte{p.lead, c}, 0
	case c < 0x80:
		p.put(string(rune(c)))
		return
	case isLead(p.state.code, c):
		p.lead = c
		return
	}
	s, _ := p.state.code.NewDecoder().String(string(bytes))
	p.put(s)
}

// digit takes a hexadecimal digit of an object.
func (p *rtf) digit(c byte) {
	v, ok := hexValue(c)
	switch {
	case !ok || len(p.object) >= mostStream:
	case !p.halved:
		p.half, p.halved = v, true
	default:
		p.object, p.halved = append(p.object, p.half<<4|v), false
	}
}

func hexValue(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// objectEnds hands on what was read of an object or picture, if a group with one
// ends.
func (p *rtf) objectEnds() {
	if !p.state.hex || len(p.object) == 0 {
		return
	}
	switch {
	case p.state.pict && p.pictures < mostObjects && worthwhile(p.object):
		p.pictures++
		p.err = p.sink.Part(candor.Place{Path: fmt.Sprintf("picture-%d.%s", p.pictures, pictureEnding(p.object))}, bytes.NewReader(p.object))
	case !p.state.pict && p.objects < mostObjects:
		p.objects++
		p.err = Object(p.object, fmt.Sprintf("object-%d", p.objects), &p.inside, p.sink)
	}
	p.object, p.halved = p.object[:0], false
}

// isLead reports whether a byte begins a character of two, in the encodings of
// East Asia.
func isLead(e encoding.Encoding, c byte) bool {
	switch e {
	case japanese.ShiftJIS:
		return c >= 0x81 && c <= 0x9f || c >= 0xe0 && c <= 0xfc
	case simplifiedchinese.GBK, korean.EUCKR, traditionalchinese.Big5:
		return c >= 0x81 && c <= 0xfe
	}
	return false
}

func (p *rtf) codepage(n int) {
	p.base = codePage(n)
	p.state.code = p.base
}

// codePage is an encoding by its number; Western for one that is not known.
func codePage(n int) encoding.Encoding {
	if e, _ := plain.CodePage(n); e != nil {
		return e
	}
	return charmap.Windows1252
}

// charsets are the code pages of fonts by \fcharset. A font of any other has the
// document's.
var charsets = map[int]int{128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250}

// choose takes what a font says of its characters, in the table of fonts and in
// the text.
func (p *rtf) choose(n int) {
	if p.state.font {
		p.named = n
		return
	}
	p.state.code = p.base
	if e, ok := p.fonts[n]; ok {
		p.state.code = e
	}
}

// control reads a control word or symbol; the backslash was read.
func (p *rtf) control() {
	c, err := p.r.ReadByte()
	if err != nil {
		return
	}
	if c|0x20 < 'a' || c|0x20 > 'z' {
		p.symbol(c)
		return
	}
	word := []byte{c}
	for {
		c, err = p.r.ReadByte()
		if err != nil || c|0x20 < 'a' || c|0x20 > 'z' || len(word) >= 32 {
			break
		}
		word = append(word, c)
	}
	var digits []byte
	for err == nil && (c >= '0' && c <= '9' || c == '-' && len(digits) == 0) && len(digits) < 11 {
		digits = append(digits, c)
		c, err = p.r.ReadByte()
	}
	if err == nil && c != ' ' {
		_ = p.r.UnreadByte()
	}
	n, nerr := strconv.Atoi(string(digits))
	p.word(string(word), n, nerr == nil)
}

func (p *rtf) symbol(c byte) {
	switch c {
	case '\'':
		var hex [2]byte
		if _, err := io.ReadFull(p.r, hex[:]); err == nil {
			if v, err := strconv.ParseUint(string(hex[:]), 16, 8); err == nil {
				p.char(byte(v))
			}
		}
	case '*':
		p.star = true
	case '~':
		p.put("\u00a0")
	case '_':
		p.put("-")
	case '\\', '{', '}':
		p.put(string(rune(c)))
	case '\r', '\n':
		p.put("\n")
	}
}

// shown are words behind which a starred group holds what is to be read: text in
// another style, notes in the margin, text boxes.
var shown = map[string]bool{"cs": true, "ds": true, "ts": true, "annotation": true, "atnauthor": true, "shppict": true, "shptxt": true, "objdata": true}

func (p *rtf) word(word string, n int, has bool) {
	if p.star && !shown[word] {
		p.state.skip = true
	}
	p.star = false
	switch word {
	case "par", "line", "row", "sect", "page":
		p.put("\n")
	case "tab", "cell":
		p.put("\t")
	case "emdash":
		p.put("—")
	case "endash":
		p.put("–")
	case "lquote":
		p.put("‘")
	case "rquote":
		p.put("’")
	case "ldblquote":
		p.put("“")
	case "rdblquote":
		p.put("”")
	case "bullet":
		p.put("•")
	case "ansicpg":
		p.codepage(n)
	case "f":
		if has {
			p.choose(n)
		}
	case "fcharset":
		if page, ok := charsets[n]; ok && p.state.font && len(p.fonts) < maxFonts {
			p.fonts[p.named] = codePage(page)
		}
	case "uc":
		p.state.uc = min(max(n, 0), 100)
	case "u":
		if has {
			p.unicode(n)
		}
	case "bin":
		p.binary(int64(max(n, 0)))
	case "atnauthor":
		p.put("\n")
		p.state.note = true
	case "annotation":
		p.put("\n")
		p.state.note = true
	case "shptxt", "result": // of a shape, and of an object
		p.state.skip = false
		p.put("\n")
	case "objdata":
		p.state.hex = true
	case "nonshppict":
		p.state.skip, p.state.twin = true, true
	case "pict":
		p.state.skip = true
		p.state.hex, p.state.pict = !p.state.twin, true
	case "title":
		p.state.into = &p.title
	case "author":
		p.state.into = &p.author
	case "fonttbl", "colortbl", "stylesheet", "info", "object", "themedata", "datastore", "listtable", "rsidtbl", "generator", "xmlnstbl", "fldinst":
		p.state.skip, p.state.font = word != "info", word == "fonttbl"
		if word == "info" {
			p.state.into = new(strings.Builder)
		}
	}
}

// binary takes bytes as they are: of an object, or of a picture.
func (p *rtf) binary(n int64) {
	if !p.state.hex {
		_, _ = io.CopyN(io.Discard, p.r, n)
		return
	}
	more, _ := io.ReadAll(io.LimitReader(p.r, min(n, mostStream-int64(len(p.object)))))
	p.object = append(p.object, more...)
}

// unicode takes a UTF-16 unit, written as a signed 16-bit number.
func (p *rtf) unicode(n int) {
	r := rune(uint16(n))
	p.skipN = p.state.uc
	switch {
	case r >= 0xd800 && r < 0xdc00:
		p.high = r
	case r >= 0xdc00 && r < 0xe000 && p.high != 0:
		p.put(string((p.high-0xd800)<<10 + (r - 0xdc00) + 0x10000))
		p.high = 0
	default:
		p.put(string(r))
	}
}
