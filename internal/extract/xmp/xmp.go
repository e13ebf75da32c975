// Package xmp finds and reads packets of XMP (ISO 16684-1) in files of any kind,
// and what they say as fields. It never fails: of what is damaged it reads what is
// there.
package xmp

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"candor"
)

const (
	// Type is the media type of a file that is nothing but a packet.
	Type = "application/rdf+xml"

	mostPacket = 4 << 20
	mostSearch = 64 << 20 // bytes of a file that are looked through
	filmEnd    = 8 << 20  // of the beginning and of the end of a film
	chunk      = 1 << 20
	mostFields = 500
	mostValue  = 8 << 10
	mostDepth  = 32
)

const (
	rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	lib = "http://www.w3.org/XML/1998/namespace"
)

// coded are the ways in which a packet can be written, with what one begins with
// and ends with in each. The longest mark comes last, so that chunks overlap by it.
var coded = func() (out []coding) {
	for _, order := range []struct{ pad [2]int }{{[2]int{0, 0}}, {[2]int{1, 0}}, {[2]int{0, 1}}} {
		wide := func(s string) []byte {
			var b []byte
			for _, c := range []byte(s) {
				b = append(b, make([]byte, order.pad[0])...)
				b = append(b, c)
				b = append(b, make([]byte, order.pad[1])...)
			}
			return b
		}
		out = append(out, coding{order.pad, wide("<?xpacket begin"), wide("<?xpacket end")}, coding{order.pad, wide("<x:xmpmeta"), wide("</x:xmpmeta>")})
	}
	return out
}()

type coding struct {
	pad        [2]int
	begin, end []byte
}

// Find returns the first packet of a file in UTF-8, nil if there is none.
func Find(src candor.Source) []byte {
	packet, _ := find(src, 0)
	return packet
}

// AtEnds returns the first packet near the beginning or the end of a file, where
// films have it, nil if there is none. Of a long film it reads little.
func AtEnds(src candor.Source) []byte {
	if src.Size <= 2*filmEnd {
		return Find(src)
	}
	for _, at := range []int64{0, src.Size - filmEnd} {
		end := candor.Source{Size: filmEnd, ReaderAt: io.NewSectionReader(src, at, filmEnd)}
		if packet := Find(end); packet != nil {
			return packet
		}
	}
	return nil
}

// Packets returns the packets of a picture: of JPEG those in its segments, of others
// the first.
func Packets(src candor.Source) [][]byte {
	var mark [2]byte
	if n, _ := src.ReadAt(mark[:], 0); n == len(mark) && string(mark[:]) == "\xff\xd8" {
		return ofJPEG(src)
	}
	if packet := Find(src); packet != nil {
		return [][]byte{packet}
	}
	return nil
}

// Sole returns the packet of a file that has one: in a document with several it
// could be one of its pictures'.
func Sole(src candor.Source) []byte {
	packet, behind := find(src, 0)
	if packet == nil {
		return nil
	}
	if more, _ := find(src, behind); more != nil {
		return nil
	}
	return packet
}

// find looks from a place on, and returns where the packet ends too.
func find(src candor.Source, from int64) (packet []byte, behind int64) {
	const overlap = 64
	buf := make([]byte, max(0, min(chunk+overlap, src.Size-from)))
	for at := from; at < min(src.Size, mostSearch); at += chunk {
		n, err := src.ReadAt(buf, at)
		if n == 0 && err != nil {
			return nil, 0
		}
		first, with := -1, coding{}
		for _, c := range coded {
			if i := bytes.Index(buf[:n], c.begin); i >= 0 && (first < 0 || i < first) {
				first, with = i, c
			}
		}
		if first >= 0 {
			return with.packet(src, at+int64(first))
		}
	}
	return nil, 0
}

func (c coding) packet(src candor.Source, at int64) (packet []byte, behind int64) {
	data, _ := io.ReadAll(io.NewSectionReader(src, at, min(mostPacket, src.Size-at)))
	if i := bytes.Index(data, c.end); i >= 0 {
		data = data[:i+len(c.end)]
	}
	behind = at + int64(len(data))
	switch c.pad {
	case [2]int{1, 0}:
		data, _, _ = transform.Bytes(utf.UTF16(utf.BigEndian, utf.IgnoreBOM).NewDecoder(), data)
	case [2]int{0, 1}:
		data, _, _ = transform.Bytes(utf.UTF16(utf.LittleEndian, utf.IgnoreBOM).NewDecoder(), data)
	}
	return data, behind
}

// Fields returns what a packet says, under names as xmp:Headline: values of lists
// joined with commas, of texts in several languages the default, and the others
// under names as xmp:Title-de, of structures with the names of their fields appended.
func Fields(packet []byte) []candor.Field {
	p := parser{d: xml.NewDecoder(bytes.NewReader(packet))}
	p.d.Strict = false
	p.d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		t, err := p.d.Token()
		if err != nil {
			return p.out
		}
		if e, ok := t.(xml.StartElement); ok && e.Name == (xml.Name{Space: rdf, Local: "Description"}) {
			p.properties("", e, 0)
		}
	}
}

type parser struct {
	d   *xml.Decoder
	out []candor.Field
}

func (p *parser) add(name, value string) {
	value = strings.TrimSpace(value)
	if name == "" || value == "" || len(value) > mostValue || len(p.out) >= mostFields {
		return
	}
	p.out = append(p.out, candor.Field{Name: "xmp:" + name, Value: strings.ToValidUTF8(value, "\ufffd")})
}

// joined is the name of a field of a structure: both, each with a capital letter.
func joined(of, name string) string {
	r, n := utf8.DecodeRuneInString(name)
	return of + string(unicode.ToUpper(r)) + name[n:]
}

// properties reads the attributes and elements of a description or structure, up to
// its end.
func (p *parser) properties(of string, e xml.StartElement, depth int) {
	p.attributes(of, e)
	for {
		t, err := p.d.Token()
		if err != nil {
			return
		}
		switch t := t.(type) {
		case xml.StartElement:
			p.property(joined(of, t.Name.Local), t, depth+1)
		case xml.EndElement:
			return
		}
	}
}

func (p *parser) attributes(of string, e xml.StartElement) (any bool) {
	for _, a := range e.Attr {
		if a.Name.Space == "" || a.Name.Space == "xmlns" || a.Name.Space == rdf || a.Name.Space == lib {
			continue
		}
		p.add(joined(of, a.Name.Local), a.Value)
		any = true
	}
	return any
}

// property reads an element: a text, a list, or a structure.
func (p *parser) property(name string, e xml.StartElement, depth int) {
	if depth > mostDepth {
		_ = p.d.Skip()
		return
	}
	p.attributes(name, e)
	var text strings.Builder
	for {
		t, err := p.d.Token()
		if err != nil {
			p.add(name, text.String())
			return
		}
		switch t := t.(type) {
		case xml.CharData:
			if text.Len() <= mostValue {
				text.Write(t)
			}
		case xml.EndElement:
			p.add(name, text.String())
			return
		case xml.StartElement:
			text.Reset()
			switch {
			case t.Name.Space == rdf && slices.Contains([]string{"Bag", "Seq", "Alt"}, t.Name.Local):
				p.list(name, t.Name.Local == "Alt", depth+1)
			case t.Name.Space == rdf && t.Name.Local == "Description":
				p.properties(name, t, depth+1)
			default:
				p.property(joined(name, t.Name.Local), t, depth+1)
			}
		}
	}
}

// list reads the members of a list; of alternatives the default, else the first,
// comes under the name itself.
func (p *parser) list(name string, alternatives bool, depth int) {
	var values []string
	var languages []string // of values that are alternatives
	before := len(p.out)
	for {
		t, err := p.d.Token()
		if err != nil {
			break
		}
		if _, end := t.(xml.EndElement); end {
			break
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		at := len(p.out)
		p.property(name, e, depth)
		if simple := p.out[at:]; len(simple) == 1 && simple[0].Name == "xmp:"+name {
			language := ""
			for _, a := range e.Attr {
				if a.Name.Local == "lang" {
					language = a.Value
				}
			}
			at := len(values)
			if language == "x-default" {
				at = 0
			}
			values, languages = slices.Insert(values, at, simple[0].Value), slices.Insert(languages, at, language)
			p.out = p.out[:len(p.out)-1]
		}
	}
	if alternatives && len(values) > 1 {
		for i, v := range values[1:] {
			if v != values[0] && languages[i+1] != "" {
				p.add(name+"-"+languages[i+1], v)
			}
		}
		values = values[:1]
	}
	if len(values) > 0 {
		joined := strings.Join(values, ", ")
		for len(joined) > mostValue && len(values) > 1 { // as many as go into a field
			values = values[:len(values)/2]
			joined = strings.Join(values, ", ")
		}
		p.out = slices.Insert(p.out, before, candor.Field{Name: "xmp:" + name, Value: joined})
	}
}
