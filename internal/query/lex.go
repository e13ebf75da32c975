package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	lexEnd kind = iota
	lexWord
	lexQuote
	lexOpen
	lexClose
	lexAnd
	lexOr
	lexNot
	lexNear
	lexField
)

// lexeme is one piece of a query as typed.
type lexeme struct {
	kind kind
	text string // the word, the quoted text, or the field's name
	n    int    // the distance of a NEAR
	pos  int    // byte offset in the query
	end  int
}

// lexer cuts a query into lexemes.
type lexer struct {
	s     string
	pos   int
	value bool // the next word is a field's value: no operators, no further field
}

func isQuote(r rune) bool {
	return r == '"' || r == '“' || r == '”' || r == '„' || r == '«' || r == '»'
}

func isGap(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

func (l *lexer) peek() (rune, int) { return utf8.DecodeRuneInString(l.s[l.pos:]) }

func (l *lexer) next() (lexeme, error) {
	value := l.value
	l.value = false
	start := l.pos
	for l.pos < len(l.s) {
		r, size := l.peek()
		if !isGap(r) {
			break
		}
		l.pos += size
	}
	if value && l.pos != start || value && l.pos == len(l.s) {
		return lexeme{}, mistake(l.s, start, "a value is missing; write it right after the colon, as in title:dredging")
	}
	start = l.pos
	if l.pos == len(l.s) {
		return lexeme{kind: lexEnd, pos: start, end: start}, nil
	}
	switch r, size := l.peek(); {
	case r == '(':
		l.pos += size
		return lexeme{kind: lexOpen, pos: start, end: l.pos}, nil
	case r == ')':
		l.pos += size
		return lexeme{kind: lexClose, pos: start, end: l.pos}, nil
	case isQuote(r):
		return l.quoted(size)
	case r == '-' && !value && l.beforeWord(size):
		l.pos += size
		return lexeme{kind: lexNot, pos: start, end: l.pos}, nil
	}
	return l.run(value)
}

// beforeWord reports whether something that can be excluded follows a minus.
func (l *lexer) beforeWord(size int) bool {
	r, n := utf8.DecodeRuneInString(l.s[l.pos+size:])
	return n > 0 && !isGap(r) && r != ')'
}

func (l *lexer) quoted(size int) (lexeme, error) {
	start := l.pos
	l.pos += size
	from := l.pos
	for l.pos < len(l.s) {
		r, n := l.peek()
		l.pos += n
		if isQuote(r) {
			return lexeme{kind: lexQuote, text: oneSpaced(l.s[from : l.pos-n]), pos: start, end: l.pos}, nil
		}
	}
	return lexeme{}, mistake(l.s, start, "a quotation mark opens here and none closes it; add \" at the end of the phrase")
}

func oneSpaced(s string) string { return strings.Join(strings.FieldsFunc(s, isGap), " ") }

// run reads up to the next gap, parenthesis or quotation mark.
func (l *lexer) run(value bool) (lexeme, error) {
	start := l.pos
	for l.pos < len(l.s) {
		r, size := l.peek()
		if isGap(r) || r == '(' || r == ')' || isQuote(r) {
			break
		}
		l.pos += size
	}
	text := l.s[start:l.pos]
	if value {
		return lexeme{kind: lexWord, text: text, pos: start, end: l.pos}, nil
	}
	if op, ok, err := l.operator(text, start); ok || err != nil {
		return op, err
	}
	name, rest, found := strings.Cut(text, ":")
	if !found || !allLetters(name) || len(name) < 2 {
		return lexeme{kind: lexWord, text: text, pos: start, end: l.pos}, nil
	}
	if field := strings.ToLower(name); known(field) {
		l.pos = start + len(name) + 1
		l.value = true
		return lexeme{kind: lexField, text: field, pos: start, end: l.pos}, nil
	}
	if rest == "" || strings.HasPrefix(rest, "//") {
		return lexeme{kind: lexWord, text: text, pos: start, end: l.pos}, nil
	}
	return lexeme{}, mistake(l.s, start, "there is no field "+strconv.Quote(name)+"; the fields are "+
		strings.Join(Fields(), ", ")+". To look for the text itself, put it in quotation marks")
}

func (l *lexer) operator(text string, start int) (lexeme, bool, error) {
	op := lexeme{pos: start, end: l.pos}
	switch {
	case text == "AND":
		op.kind = lexAnd
	case text == "OR":
		op.kind = lexOr
	case text == "NOT":
		op.kind = lexNot
	case text == "NEAR" || strings.HasPrefix(text, "NEAR/"):
		n, err := strconv.Atoi(strings.TrimPrefix(text, "NEAR/"))
		if err != nil || n < 1 || n > MaxNear {
			return op, false, mistake(l.s, start, "NEAR needs a distance from 1 to "+strconv.Itoa(MaxNear)+", as in contract NEAR/5 dredging")
		}
		op.kind, op.n = lexNear, n
	default:
		return op, false, nil
	}
	return op, true, nil
}

func allLetters(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}
