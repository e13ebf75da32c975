package plain

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"candor"
)

const maxTag = 16 << 20 // bytes of one tag or text; saved pages hold pictures in their tags

// HTML reads an HTML document: what a reader would see, its title, its
// language and its meta fields.
func HTML(src candor.Source, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: "text/html", Condition: candor.Done}
	head, err := Head(src)
	if err != nil {
		return Unreadable(reading, err), nil
	}
	r, name := DecodeHTML(head, "", io.NewSectionReader(src, 0, src.Size))
	reading.Fields = append(reading.Fields, candor.Field{Name: "file:Encoding", Value: name})
	w := NewWriter(sink)
	x, err := StripHTML(r, w)
	if cerr := w.Close(); cerr != nil {
		return reading, cerr
	}
	x.Fields = append(reading.Fields, x.Fields...)
	reading.Extraction = x
	if errors.Is(err, html.ErrBufferExceeded) {
		reading.Condition, reading.Reason = candor.Partial, "the page holds a single tag of more than 16 MiB; what follows it was not read"
	} else if err != nil {
		return Unreadable(reading, err), nil
	}
	if reading.Language == "" {
		reading.Language = w.Language()
	}
	return reading, nil
}

// StripHTML writes the visible text of an HTML document and returns what its
// head says.
func StripHTML(r io.Reader, w *Writer) (candor.Extraction, error) {
	return strip(r, w, false)
}

// StripMessage writes the visible text of a message in HTML. What it quotes is
// marked as messages of plain text mark it, by "> " before each line.
func StripMessage(r io.Reader, w *Writer) (candor.Extraction, error) {
	return strip(r, w, true)
}

func strip(r io.Reader, w *Writer, quoting bool) (candor.Extraction, error) {
	s := stripper{z: html.NewTokenizer(r), w: w, start: true, quoting: quoting}
	return s.read()
}

func (s *stripper) read() (candor.Extraction, error) {
	s.z.SetMaxBuf(maxTag)
	for s.w.Err() == nil {
		switch s.z.Next() {
		case html.ErrorToken:
			s.finish()
			if err := s.z.Err(); err != io.EOF {
				return s.x, err
			}
			return s.x, nil
		case html.TextToken:
			s.text(s.z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			s.startTag()
		case html.EndTagToken:
			name, _ := s.z.TagName()
			s.endTag(atom.Lookup(name))
		}
	}
	return s.x, nil
}

type stripper struct {
	z     *html.Tokenizer
	w     *Writer
	x     candor.Extraction
	title []byte
	skip  atom.Atom // the element whose content is not text
	in    int       // how many of it are open
	inTtl bool
	pre   int
	space bool // white space is owed
	start bool // nothing stands on the line

	quoting bool // mark what stands in quotations
	quotes  int  // that are open
	depth   int  // frames around this page
}

const deepestFrame = 4

const mostQuotes = 20 // marks before a line

// mark begins a line inside quotations.
func (s *stripper) mark() {
	if s.quoting && s.start && s.quotes > 0 {
		_, _ = s.w.WriteString(strings.Repeat("> ", min(s.quotes, mostQuotes)))
	}
}

func (s *stripper) text(p []byte) {
	switch {
	case s.inTtl:
		if len(s.title) < 4<<10 {
			s.title = append(s.title, html.UnescapeString(string(p))...)
		}
	case s.skip != 0:
	case s.pre > 0:
		s.mark()
		_, _ = s.w.Write(unescape(p))
		s.start, s.space = false, false
	default:
		s.collapse(unescape(p))
	}
}

func unescape(p []byte) []byte {
	if bytes.IndexByte(p, '&') < 0 {
		return p
	}
	return []byte(html.UnescapeString(string(p)))
}

// collapse writes text with each run of white space as one space.
func (s *stripper) collapse(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexAny(p, " \t\r\n\f")
		if i == 0 {
			s.space = true
			p = bytes.TrimLeft(p, " \t\r\n\f")
			continue
		}
		word := p
		if i > 0 {
			word = p[:i]
		}
		if s.space && !s.start {
			_, _ = s.w.WriteString(" ")
		}
		s.mark()
		_, _ = s.w.Write(word)
		s.space, s.start = false, false
		p = p[len(word):]
	}
}

func (s *stripper) breakLine() {
	if !s.start {
		s.w.Line()
	}
	s.start, s.space = true, false
}

func (s *stripper) startTag() {
	name, attrs := s.z.TagName()
	tag := atom.Lookup(name)
	switch {
	case s.skip != 0:
		if tag == s.skip {
			s.in++
		}
		return
	case tag == atom.Iframe && attrs:
		s.frame(attrs)
		s.skip, s.in = tag, 1
		return
	case hidden(tag):
		s.skip, s.in = tag, 1
		return
	case block(tag):
		s.breakLine()
	case tag == atom.Td || tag == atom.Th:
		if !s.start {
			_, _ = s.w.WriteString("\t")
			s.space = false
		}
	}
	switch tag {
	case atom.Title:
		s.inTtl = s.title == nil
	case atom.Pre:
		s.pre++
	case atom.Blockquote:
		s.quotes++
	case atom.Html, atom.Meta, atom.Img:
		s.attributes(tag, attrs)
	}
}

// frame writes a page that stands whole in the tag of a frame.
func (s *stripper) frame(more bool) {
	for more {
		var k, v []byte
		k, v, more = s.z.TagAttr()
		if string(k) != "srcdoc" || s.depth >= deepestFrame {
			continue
		}
		s.breakLine()
		inner := stripper{z: html.NewTokenizer(bytes.NewReader(bytes.Clone(v))), w: s.w, start: true, quoting: s.quoting, depth: s.depth + 1}
		_, _ = inner.read()
	}
}

func (s *stripper) endTag(tag atom.Atom) {
	switch {
	case s.skip != 0 && tag == s.skip:
		if s.in--; s.in == 0 {
			s.skip = 0
		}
	case s.skip != 0:
	case tag == atom.Title:
		s.inTtl = false
	case tag == atom.Pre && s.pre > 0:
		s.pre--
		s.breakLine()
	case block(tag):
		s.breakLine()
		if tag == atom.Blockquote && s.quotes > 0 {
			s.quotes--
		}
	}
}

func (s *stripper) attributes(tag atom.Atom, more bool) {
	var name, content, lang, alt string
	for more {
		var k, v []byte
		k, v, more = s.z.TagAttr()
		switch string(k) {
		case "name", "property":
			name = strings.ToLower(string(v))
		case "content":
			content = string(v)
		case "lang", "xml:lang":
			lang = string(v)
		case "alt":
			alt = string(v)
		}
	}
	switch tag {
	case atom.Html:
		s.x.Language = shortLanguage(lang)
	case atom.Img:
		s.collapse([]byte(alt))
	case atom.Meta:
		s.meta(name, strings.TrimSpace(content))
	}
}

// shortLanguage takes ISO 639-1 from a BCP 47 tag.
func shortLanguage(tag string) string {
	code, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if len(code) != 2 || code[0] < 'a' || code[0] > 'z' || code[1] < 'a' || code[1] > 'z' {
		return ""
	}
	return code
}

func (s *stripper) meta(name, content string) {
	if content == "" || len(s.x.Fields) >= 100 {
		return
	}
	switch name {
	case "author", "dc.creator", "dcterms.creator", "article:author":
		s.x.People = append(s.x.People, content)
	case "date", "dc.date", "dcterms.created", "article:published_time":
		if t, ok := ParseDate(content); ok && s.x.Date.IsZero() {
			s.x.Date, s.x.DateFrom = t, "doc:"+name
		}
	case "description", "keywords", "generator", "dc.subject", "dc.title", "dc.publisher", "og:title", "og:site_name", "copyright":
	default:
		return
	}
	s.x.Fields = append(s.x.Fields, candor.Field{Name: "doc:" + name, Value: content})
}

func (s *stripper) finish() {
	s.breakLine()
	s.x.Title = strings.Join(strings.Fields(string(s.title)), " ")
}

// ParseDate reads the forms of a date that documents state.
func ParseDate(v string) (time.Time, bool) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02", "2006-01", "02 Jan 2006", "January 2, 2006", time.RFC1123Z, time.RFC1123} {
		if t, err := time.Parse(form, strings.TrimSpace(v)); err == nil && t.Year() > 1 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func hidden(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Template, atom.Svg, atom.Object, atom.Iframe, atom.Noembed, atom.Noframes:
		return true
	}
	return false
}

func block(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Br, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Li, atom.Ul, atom.Ol,
		atom.Dl, atom.Dt, atom.Dd, atom.Tr, atom.Table, atom.Hr, atom.Pre, atom.Blockquote, atom.Section, atom.Article,
		atom.Header, atom.Footer, atom.Nav, atom.Aside, atom.Main, atom.Figure, atom.Figcaption, atom.Form, atom.Fieldset,
		atom.Address, atom.Option, atom.Caption, atom.Body, atom.Head, atom.Title, atom.Details, atom.Summary:
		return true
	}
	return false
}
