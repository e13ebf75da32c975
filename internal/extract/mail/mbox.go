package mail

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"candor"
)

// MboxType is the media type of a mailbox.
const MboxType = "application/mbox"

const lineSize = 64 << 10 // bytes of a line that are looked at together

// Mbox reads a mailbox in one pass: each message is a part, named by its
// number. A line that begins with "From " and follows a blank line begins a
// message; ">From " inside one is given back as "From " (the mboxrd form). The
// error is the sink's.
func Mbox(src candor.Source, sink candor.Sink) (candor.Reading, error) {
	reading := candor.Reading{Type: MboxType, Condition: candor.Done}
	s := splitter{r: bufio.NewReaderSize(io.NewSectionReader(src, 0, src.Size), lineSize), blank: true}
	n := 0
	for s.seek() {
		n++
		if err := sink.Part(candor.Place{Path: fmt.Sprintf("%04d.eml", n)}, &s); err != nil {
			return reading, err
		}
	}
	reading.Fields = append(reading.Fields, candor.Field{Name: "mail:Messages", Value: fmt.Sprint(n)})
	switch {
	case n == 0 && s.err == io.EOF:
		reading.Condition, reading.Reason = candor.Failed, "no message was found in it"
	case n == 0:
		reading.Condition, reading.Reason = candor.Failed, "the file could not be read"
	case s.err != io.EOF:
		reading.Condition, reading.Reason = candor.Partial, fmt.Sprintf("the file could not be read past message %d", n)
	}
	return reading, nil
}

// splitter is a reader of one message after another. Each ends with io.EOF.
type splitter struct {
	r      *bufio.Reader
	line   []byte // what is left of a line that was read
	mid    bool   // the next piece is not the start of a line
	blank  bool   // the last line was blank
	opened bool   // the From line of the next message was read
	owed   []byte // blank line held back: the one before a From line is not the message's
	err    error
}

// seek goes to the next message's start.
func (s *splitter) seek() bool {
	buf := make([]byte, 4<<10)
	for !s.opened && s.err == nil {
		_, _ = s.Read(buf)
	}
	found := s.opened
	s.opened, s.blank = false, false
	return found
}

func (s *splitter) Read(p []byte) (int, error) {
	for len(s.line) == 0 {
		if s.opened {
			return 0, io.EOF
		}
		if s.err != nil {
			return 0, s.err
		}
		s.next()
	}
	n := copy(p, s.line)
	s.line = s.line[n:]
	return n, nil
}

// next takes the next line, or the next piece of a long one.
func (s *splitter) next() {
	piece, err := s.r.ReadSlice('\n')
	whole := err == nil
	if err != nil && err != bufio.ErrBufferFull {
		s.err = err
		if len(piece) == 0 { // the blank line that is owed ends the last message
			return
		}
	}
	start := !s.mid
	s.mid = !whole
	if start && s.blank && bytes.HasPrefix(piece, []byte("From ")) && FromLine(piece) {
		s.opened, s.owed = true, nil
		for s.mid && s.err == nil { // the rest of an endless From line
			_, err = s.r.ReadSlice('\n')
			s.mid = err == bufio.ErrBufferFull
			if err != nil && !s.mid {
				s.err = err
			}
		}
		return
	}
	if start && isBlank(piece) && whole {
		s.line, s.owed = s.owed, bytes.Clone(piece)
		s.blank = true
		return
	}
	if start {
		s.blank = false
		piece = unquote(piece)
	}
	if len(s.owed) > 0 {
		piece = append(s.owed, piece...)
		s.owed = nil
	}
	s.line = piece
}

func isBlank(line []byte) bool { return len(bytes.TrimRight(line, "\r\n")) == 0 }

// unquote takes one ">" from ">From ", ">>From " and so on.
func unquote(line []byte) []byte {
	if len(line) > 0 && line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
		return line[1:]
	}
	return line
}

// FromLine tells a From line from a sentence that begins with that word: it
// ends with a date, so it holds a time such as 12:30 and has at least 3 words.
func FromLine(line []byte) bool {
	words := bytes.Fields(line)
	if len(words) < 3 {
		return false
	}
	for _, w := range words[2:] {
		if len(w) >= 4 && len(w) <= 8 && bytes.Count(w, []byte(":")) >= 1 && w[0] >= '0' && w[0] <= '9' {
			return true
		}
	}
	return false
}
