package receipt

import (
	"bytes"
	"strconv"
)

// scanRecord reads a record in the one form in which Marshal writes it, in one
// pass and without reflection: checking a whole log is mostly this. It reads no
// grant and no retention, which few records have. ok is false for those, and for
// whatever is not in that form; ParseRecord then reads it the long way, which
// also says what is wrong. What a field may hold is checked elsewhere, and no
// value that passes holds a character that JSON would write as an escape.
//
// known, if not nil, holds values that come again and again, such as the terms'
// hash, so that each is made once.
func scanRecord(leaf []byte, known map[string]string) (r Record, ok bool) {
	s := scanner{rest: leaf, sep: '{', known: known}
	r.V = int(s.number("v", true))
	r.Nonce = string(s.value("nonce", true))
	r.Time = s.text("time", true)
	r.Act = s.text("act", true)
	r.Phase = s.text("phase", true)
	if s.at("intent") {
		n := s.digits()
		r.Intent = &n
	}
	r.Purpose = s.text("purpose", false)
	r.Reason = s.text("reason", false)
	r.Actor = s.text("actor", true)
	r.Agent = s.yes("agent")
	r.Collection = s.text("collection", false)
	r.Terms = s.text("terms", true)
	r.Decision = s.text("decision", false)
	r.Rule = s.text("rule", false)
	r.Breadth = s.text("breadth", false)
	r.Shown = s.number("shown", false)
	r.New = s.number("new", false)
	r.Items = s.number("items", false)
	r.Bytes = s.number("bytes", false)
	r.Details = string(s.value("details", false))
	r.Commitment = string(s.value("commitment", false))
	return r, !s.failed && string(s.rest) == "}"
}

// scanner holds what has not been read. A field that may be left out is there
// only with a value: "", 0 and false are left out.
type scanner struct {
	rest   []byte
	sep    byte // before the next field: { or ,
	failed bool
	known  map[string]string
}

// maxKnown bounds the values that are kept, whoever wrote the log.
const maxKnown = 1024

// at reads the name of a field, if it is the next.
func (s *scanner) at(name string) bool {
	n := len(name) + len(`,"":`)
	if len(s.rest) < n || s.rest[0] != s.sep || s.rest[1] != '"' || string(s.rest[2:n-2]) != name || s.rest[n-2] != '"' || s.rest[n-1] != ':' {
		return false
	}
	s.rest, s.sep = s.rest[n:], ','
	return true
}

// text reads a value that other records are likely to have too.
func (s *scanner) text(name string, needed bool) string {
	v := s.value(name, needed)
	if text, ok := s.known[string(v)]; ok {
		return text
	}
	text := string(v)
	if s.known != nil && len(s.known) < maxKnown {
		s.known[text] = text
	}
	return text
}

func (s *scanner) value(name string, needed bool) []byte {
	if !s.at(name) {
		s.failed = s.failed || needed
		return nil
	}
	if len(s.rest) == 0 || s.rest[0] != '"' {
		s.failed = true
		return nil
	}
	value, rest, closed := bytes.Cut(s.rest[1:], []byte{'"'})
	s.rest = rest
	s.failed = s.failed || !closed || len(value) == 0
	return value
}

func (s *scanner) number(name string, needed bool) int64 {
	if !s.at(name) {
		s.failed = s.failed || needed
		return 0
	}
	n := s.digits()
	s.failed = s.failed || n == 0
	return n
}

// digits reads a number that is not negative, without a leading zero.
func (s *scanner) digits() int64 {
	end := 0
	for end < len(s.rest) && '0' <= s.rest[end] && s.rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(string(s.rest[:end]), 10, 64)
	s.failed = s.failed || err != nil || end > 1 && s.rest[0] == '0'
	s.rest = s.rest[end:]
	return n
}

func (s *scanner) yes(name string) bool {
	if !s.at(name) {
		return false
	}
	rest, ok := bytes.CutPrefix(s.rest, []byte("true"))
	s.rest, s.failed = rest, s.failed || !ok
	return true
}
