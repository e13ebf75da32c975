package mail

import (
	"bytes"
	"io"
	"strings"
	"unicode"

	"github.com/emersion/go-message"

	"candor"
	"candor/internal/extract/plain"
)

// mostForm bounds what is compared of the forms of a text, in bytes each.
const mostForm = 1 << 20

// firstForm is the plainest form of a text, as far as others are compared with it.
type firstForm struct{ bytes.Buffer }

// Write keeps what fits, and takes all.
func (f *firstForm) Write(p []byte) (int, error) {
	_, _ = f.Buffer.Write(p[:min(len(p), mostForm-f.Len())])
	return len(p), nil
}

// form is a sink that keeps the text.
type form struct {
	candor.Sink
	firstForm
}

func (f *form) Text(p []byte) error {
	_, err := f.Write(p)
	return err
}

// otherForm writes another form of a text, if it has much that the first one
// lacks: some programs write "see the other part" into the plain one.
func (m *reader) otherForm(e *message.Entity) error {
	typ, _, _ := e.Header.ContentType()
	if typ != "text/html" || m.first.Len() == mostForm {
		return nil
	}
	text := &form{}
	w := plain.NewWriter(text)
	_, err := plain.StripMessage(e.Body, w)
	if cerr := w.Close(); err != nil || cerr != nil {
		m.note("the message is damaged or cut short")
	}
	if !saysMore(text.String(), m.first.String()) {
		return nil
	}
	m.w.Line()
	_, _ = io.Copy(m.w, &text.Buffer)
	m.w.Line()
	return m.w.Err()
}

// saysMore reports whether a fifth of a text's different words, and five of them,
// are not in another.
func saysMore(text, than string) bool {
	known, more := words(than), 0
	other := words(text)
	for w := range other {
		if !known[w] {
			more++
		}
	}
	return more >= 5 && 5*more >= len(other)
}

func words(text string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		out[strings.ToLower(w)] = true
	}
	return out
}
