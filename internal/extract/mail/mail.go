// Package mail reads messages (RFC 5322, MIME) and mailboxes (mbox, RFC 4155).
package mail

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message"
	msgmail "github.com/emersion/go-message/mail"
	"golang.org/x/net/html/charset"

	"candor"
	"candor/internal/extract/name"
	"candor/internal/extract/plain"
)

const (
	// Type is the media type of one message.
	Type = "message/rfc822"

	maxDepth    = 32     // multiparts inside one another
	maxEntities = 10_000 // parts of one message, at all depths
	maxFields   = 200
)

// header fields that are kept as found; the rest are transport's.
var kept = []string{"From", "To", "Cc", "Bcc", "Reply-To", "Sender", "Date", "Subject", "Message-Id", "In-Reply-To", "References",
	"Organization", "List-Id", "X-Mailer", "User-Agent", "Return-Path", "Delivered-To", "Resent-From", "Resent-To", "Importance",
	"Comments", "Keywords", "Newsgroups", "Distribution", "X-Originating-Ip"}

// Read reads one message: its header as fields, its words as text, and its
// attachments as parts, in order. Of a text in two forms the plain one is read, and
// the other too if it says more.
// The error is the sink's.
func Read(src candor.Source, sink candor.Sink) (candor.Reading, error) {
	m := reader{reading: candor.Reading{Type: Type, Condition: candor.Done}, sink: sink, w: plain.NewWriter(sink)}
	e, err := message.ReadWithOptions(io.NewSectionReader(src, 0, src.Size), &message.ReadOptions{MaxHeaderBytes: 1 << 20})
	if e == nil {
		m.reading.Condition, m.reading.Reason = candor.Failed, "its header is damaged or longer than 1 MiB"
		return m.reading, nil
	}
	if err != nil {
		m.note(odd(err))
	}
	m.header(e.Header)
	err = m.entity(e, 0)
	if cerr := m.w.Close(); err == nil {
		err = cerr
	}
	m.reading.Language = m.w.Language()
	if len(m.missing) > 0 {
		m.reading.Condition, m.reading.Reason = candor.Partial, strings.Join(m.missing, "; ")
	}
	return m.reading, err
}

// UseCharsets lets go-message decode every encoding of the web. It sets a
// variable of that library, once, before the first message.
func UseCharsets() { message.CharsetReader = charset.NewReaderLabel }

type reader struct {
	reading  candor.Reading
	sink     candor.Sink
	w        *plain.Writer
	entities int
	parts    int
	first    *plain.Kept // the plainest form of the alternative that is being read
	missing  []string
}

func (m *reader) note(what string) {
	for _, have := range m.missing {
		if have == what {
			return
		}
	}
	if what != "" && len(m.missing) < 20 {
		m.missing = append(m.missing, what)
	}
}

func odd(err error) string {
	switch {
	case message.IsUnknownCharset(err):
		return "a part is in an unknown character set and was read as it stands"
	case message.IsUnknownEncoding(err):
		return "a part is in an unknown encoding and was read as it stands"
	}
	return "the message is damaged or cut short"
}

func (m *reader) header(h message.Header) {
	mh := msgmail.Header{Header: h}
	for _, key := range kept {
		for f := h.FieldsByKey(key); f.Next() && len(m.reading.Fields) < maxFields; {
			v, err := f.Text()
			if err != nil {
				v = f.Value()
			}
			if v = strings.TrimSpace(v); v != "" {
				m.reading.Fields = append(m.reading.Fields, candor.Field{Name: "mail:" + key, Value: v})
			}
		}
	}
	if subject, err := mh.Subject(); err == nil || subject != "" {
		m.reading.Title = strings.TrimSpace(subject)
	}
	if d, err := mh.Date(); err == nil && !d.IsZero() {
		m.reading.Date, m.reading.DateFrom = d.UTC(), "mail:Date"
	}
	for _, key := range []string{"From", "To", "Cc", "Bcc"} {
		list, _ := mh.AddressList(key)
		for _, a := range list {
			m.person(a)
		}
	}
}

// person adds a name with its address once.
func (m *reader) person(a *msgmail.Address) {
	p := a.Address
	if a.Name != "" {
		p = a.Name + " <" + a.Address + ">"
	}
	for _, have := range m.reading.People {
		if have == p {
			return
		}
	}
	m.reading.People = append(m.reading.People, p)
}

// entity reads one part and those inside it. The error is the sink's.
func (m *reader) entity(e *message.Entity, depth int) error {
	if m.entities++; m.entities > maxEntities {
		m.note("it has more than 10,000 parts: the rest was not read")
		return nil
	}
	typ, params, err := e.Header.ContentType()
	if err != nil {
		typ = "text/plain"
	}
	disposition, dparams, _ := e.Header.ContentDisposition()
	filename := word(dparams["filename"])
	if filename == "" {
		filename = word(params["name"])
	}
	switch {
	case strings.HasPrefix(typ, "multipart/"):
		if depth >= maxDepth {
			m.note("its parts are nested more than 32 deep: what is deeper was not read")
			return nil
		}
		return m.multipart(e, typ, depth)
	case disposition != "attachment" && filename == "" && typ == "text/plain":
		return m.text(e.Body)
	case disposition != "attachment" && filename == "" && typ == "text/html":
		return m.html(e.Body)
	}
	return m.part(e, typ, filename)
}

func (m *reader) text(r io.Reader) error {
	m.w.Line()
	if m.first != nil {
		r = io.TeeReader(r, m.first)
	}
	if _, err := io.Copy(m.w, r); err != nil && m.w.Err() == nil {
		m.note("the message is damaged or cut short")
	}
	m.w.Line()
	return m.w.Err()
}

func (m *reader) html(r io.Reader) error {
	m.w.Line()
	if _, err := plain.StripMessage(r, m.w); err != nil && m.w.Err() == nil {
		m.note("the message is damaged or cut short")
	}
	return m.w.Err()
}

// multipart reads the parts in turn. Of an alternative the first text is read,
// which by RFC 2046 5.1.4 is the plainest; the other forms of it are the same
// words again, as a rule. Attachments inside it are read all the same.
func (m *reader) multipart(e *message.Entity, typ string, depth int) error {
	mr := e.MultipartReader()
	if mr == nil {
		m.note("the message is damaged or cut short")
		return nil
	}
	before := 0
	if typ == "multipart/alternative" {
		outer := m.first
		m.first = &plain.Kept{Most: mostForm}
		defer func() { m.first = outer }()
	}
	for {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) && part == nil {
			return m.w.Err()
		}
		if err != nil {
			m.note(odd(err))
		}
		if part == nil || m.entities > maxEntities {
			return m.w.Err()
		}
		if typ == "multipart/alternative" && before > 0 && isText(part) {
			if err := m.otherForm(part); err != nil {
				return err
			}
			continue
		}
		size := len(m.w.Sample())
		if err := m.entity(part, depth+1); err != nil {
			return err
		}
		if len(m.w.Sample()) > size {
			before++
		}
	}
}

func isText(e *message.Entity) bool {
	typ, _, _ := e.Header.ContentType()
	d, _, _ := e.Header.ContentDisposition()
	return strings.HasPrefix(typ, "text/") && d != "attachment" && typ != "text/calendar"
}

// part hands an attachment on. A message inside is a part of its own.
func (m *reader) part(e *message.Entity, typ, filename string) error {
	m.parts++
	if filename == "" {
		filename = fmt.Sprintf("part-%d%s", m.parts, extension(typ))
	}
	if typ == Type && !strings.HasSuffix(strings.ToLower(filename), ".eml") {
		filename += ".eml"
	}
	p := candor.Place{Path: name.Base(filename)}
	watch := &watched{r: e.Body}
	err := m.sink.Part(p, watch)
	if watch.err != nil {
		m.note(fmt.Sprintf("attachment %d is damaged or cut short", m.parts))
	}
	return err
}

// watched remembers the source's own error, which is not the sink's.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// word decodes an RFC 2047 word, which mailers put where RFC 2231 belongs.
func word(s string) string {
	d := mime.WordDecoder{CharsetReader: charset.NewReaderLabel}
	if v, err := d.DecodeHeader(s); err == nil {
		return v
	}
	return s
}

func extension(typ string) string {
	switch typ {
	case "text/html":
		return ".html"
	case "text/plain":
		return ".txt"
	case "text/calendar":
		return ".ics"
	case Type:
		return ".eml"
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "image/gif":
		return ".gif"
	case "application/pdf":
		return ".pdf"
	}
	return ".bin"
}
