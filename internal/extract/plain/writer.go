// Package plain reads what is text already: plain text in the common encodings,
// HTML, Markdown and manual pages. Its Writer is how every other reader hands
// text on, so that all text that leaves a worker is clean in the same way.
package plain

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"candor"
	"candor/internal/language"
)

const (
	chunk      = 48 << 10 // bytes gathered before they go to the sink
	sampleSize = 16 << 10 // bytes of text kept to tell title and language from
)

// Writer cleans text and hands it to a sink in pieces: valid UTF-8, lines ended
// by \n, no control characters but tab and newline, pages separated by U+000C.
// A byte that is not UTF-8 is read as windows-1252, which is what it nearly
// always is. The first error of the sink is kept and ends all writing.
type Writer struct {
	sink   candor.Sink
	buf    []byte
	tail   []byte // the beginning of a character whose end has not come yet
	sample []byte
	pages  int // form feeds owed, not yet written
	fed    int // form feeds written
	last   byte
	cr     bool // the last byte read was a carriage return
	err    error
}

// NewWriter makes a Writer to a sink.
func NewWriter(sink candor.Sink) *Writer {
	return &Writer{sink: sink, buf: make([]byte, 0, chunk+utf8.UTFMax), last: '\n'}
}

// WriteString writes text.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Write writes text. It always takes all of p; see Err.
func (w *Writer) Write(p []byte) (int, error) {
	n := len(p)
	if len(w.tail) > 0 {
		p = append(w.tail, p...)
		w.tail = nil
	}
	for len(p) > 0 && w.err == nil {
		if run := cleanRun(p); run > 0 {
			w.cr = false
			w.put(p[:run])
			p = p[run:]
			continue
		}
		if !utf8.FullRune(p) {
			w.tail = append([]byte(nil), p...)
			break
		}
		p = p[w.putRune(p):]
	}
	return n, w.err
}

// cleanRun counts the bytes that can be taken as they are.
func cleanRun(p []byte) int {
	for i, b := range p {
		if b < ' ' && b != '\t' || b >= 0x7f {
			return i
		}
	}
	return len(p)
}

// putRune writes the one character at the start of p, which is not plain ASCII.
func (w *Writer) putRune(p []byte) int {
	r, size := utf8.DecodeRune(p)
	wasCR := w.cr
	w.cr = r == '\r'
	switch {
	case r == '\n' && wasCR:
		return size // its newline was written
	case r == '\n' || r == '\r':
		w.put([]byte{'\n'})
		return size
	case r == '\f' || r == '\v':
		w.put([]byte{' '})
		return size
	case r == utf8.RuneError && size == 1:
		r = charmap.Windows1252.DecodeByte(p[0])
	}
	if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFEFF' {
		return size
	}
	w.put(utf8.AppendRune(nil, r))
	return size
}

// put takes clean bytes that end on a character's end.
func (w *Writer) put(p []byte) {
	for ; w.pages > 0; w.pages-- {
		w.buf = append(w.buf, '\f')
		w.fed++
		w.last = '\n'
	}
	w.last = p[len(p)-1]
	if len(w.sample) < sampleSize {
		w.sample = append(w.sample, p[:min(len(p), sampleSize-len(w.sample))]...)
	}
	for len(p) > 0 && w.err == nil {
		n := wholeRunes(p, chunk-len(w.buf))
		w.buf = append(w.buf, p[:n]...)
		p = p[n:]
		if len(p) > 0 || len(w.buf) >= chunk {
			w.flush()
		}
	}
}

// wholeRunes returns the greatest n up to most at which p can be cut, but at
// least one whole character.
func wholeRunes(p []byte, most int) int {
	if most >= len(p) {
		return len(p)
	}
	n := max(most, 1)
	for n < len(p) && !utf8.RuneStart(p[n]) {
		n++
	}
	return n
}

// Line ends the line, unless nothing stands on it.
func (w *Writer) Line() {
	if w.last != '\n' && w.pages == 0 {
		w.put([]byte{'\n'})
	}
}

// Page begins the next page. The separator is written with the text that
// follows, so that blank pages at the end leave nothing behind.
func (w *Writer) Page() { w.pages++ }

// Pages returns how many pages hold the text so far: 1 more than the page
// separators written.
func (w *Writer) Pages() int { return w.fed + 1 }

// Sample returns the beginning of the text without its page separators.
func (w *Writer) Sample() []byte { return w.sample }

// Language tells the language of the text from its beginning, as ISO 639-1; "" when
// that is not to be relied on.
func (w *Writer) Language() string { return language.Of(string(w.sample)) }

// Err returns the sink's first error.
func (w *Writer) Err() error { return w.err }

func (w *Writer) flush() {
	if len(w.buf) == 0 || w.err != nil {
		return
	}
	w.err = w.sink.Text(w.buf)
	w.buf = w.buf[:0]
}

// Close hands on what is left and returns the sink's first error.
func (w *Writer) Close() error {
	for _, b := range w.tail {
		w.put(utf8.AppendRune(nil, charmap.Windows1252.DecodeByte(b)))
	}
	w.tail = nil
	w.flush()
	return w.err
}
