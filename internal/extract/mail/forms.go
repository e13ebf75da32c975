package mail

import (
	"strings"
	"unicode"

	"github.com/emersion/go-message"

	"candor/internal/extract/plain"
)

// mostForm bounds what is compared of the forms of a text, in bytes each.
const mostForm = 1 << 20

// otherForm writes another form of a text, if it has much that the first one
// lacks: some programs write "see the other part" into the plain one.
func (m *reader) otherForm(e *message.Entity) error {
	typ, _, _ := e.Header.ContentType()
	if typ != "text/html" || m.first.Cut {
		return nil
	}
	text := &plain.Kept{Most: mostForm}
	w := plain.NewWriter(text)
	_, err := plain.StripMessage(e.Body, w)
	if cerr := w.Close(); err != nil || cerr != nil {
		m.note("the message is damaged or cut short")
	}
	if !saysMore(string(text.Bytes()), string(m.first.Bytes())) {
		return nil
	}
	if text.Cut {
		m.note("its text in HTML is longer than 1 MiB, and only that much of it was read")
	}
	m.w.Line()
	_, _ = m.w.Write(text.Bytes())
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
