package query

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"candor"
)

// Bounds on what a query may be. They hold on the query as typed, and on the
// tree it becomes.
const (
	MaxBytes = 4096 // of the text
	MaxTerms = 256  // words, phrases, patterns and ranges
	MaxDepth = 50   // groups within groups
	MaxNear  = 100  // words between, in NEAR/n
	MaxEdits = 2    // in word~n
)

// maxNesting bounds the parser's own recursion: a level of the tree takes at
// most three of its levels.
const maxNesting = 4 * MaxDepth

// Options are how a query is read. The zero value is ready to use.
type Options struct {
	Zone     *time.Location // in which days begin; nil is UTC
	MaxBytes int            // of the text; 0 is the constant MaxBytes
}

// dateFields hold a time and take ranges only.
var dateFields = []string{"date", "added"}

// Fields returns the names that may stand before a colon.
func Fields() []string {
	return []string{"name", "path", "title", "text", "translation", "type", "language", "people",
		"collection", "condition", "meta", "date", "added"}
}

func known(field string) bool { return slices.Contains(Fields(), field) }

// Parse reads a query as people type it; docs/query.md describes the language.
// Errors are candor.Error: Invalid with the place of the mistake and what to
// write instead, TooLarge when a bound is passed. The tree is in canonical
// form: for every n that Parse returns, parsing String(n) gives n again.
func Parse(s string, o Options) (Node, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = MaxBytes
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if len(s) > o.MaxBytes {
		return nil, candor.Errorf(candor.TooLarge, "The query is %d bytes long and at most %d are read. Shorten it.", len(s), o.MaxBytes)
	}
	if !utf8.ValidString(s) {
		return nil, candor.Errorf(candor.Invalid, "The query is not valid UTF-8 text. Type it again.")
	}
	p := &parser{lexer: lexer{s: s}, opts: o}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.cur.kind == lexEnd {
		return nil, empty()
	}
	n, err := p.either("")
	if err != nil {
		return nil, err
	}
	if p.cur.kind == lexClose {
		return nil, mistake(s, p.cur.pos, "this parenthesis closes nothing; remove it or add one that opens")
	}
	return finish(n)
}

// finish checks the whole tree.
func finish(n Node) (Node, error) {
	if n == nil {
		return nil, empty()
	}
	n = positive(n)
	if depth(n) > MaxDepth {
		return nil, tooDeep()
	}
	return n, nil
}

func empty() error {
	return candor.Errorf(candor.Invalid, "The query has no words. Type a word, or * for everything.")
}

func tooDeep() error {
	return candor.Errorf(candor.TooLarge, "The query has groups within groups more than %d deep. Remove some parentheses.", MaxDepth)
}

// mistake says where something is wrong, in characters and by what stands before it.
func mistake(s string, at int, what string) error {
	before := []rune(s[:at])
	place := "At the beginning"
	if len(before) > 0 {
		tail := before
		if len(tail) > 24 {
			tail = tail[len(tail)-24:]
		}
		place = fmt.Sprintf("At character %d, after ‘%s’", len(before)+1, strings.TrimSpace(string(tail)))
	}
	err := candor.Errorf(candor.Invalid, "%s: %s.", place, what)
	err.At = len(before) + 1
	return err
}

type parser struct {
	lexer
	opts  Options
	cur   lexeme
	depth int
	terms int
}

func (p *parser) advance() (err error) {
	p.cur, err = p.next()
	return err
}

func (p *parser) enter() error {
	p.depth++
	if p.depth > maxNesting {
		return tooDeep()
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// either reads parts joined by OR. A nil node is a part without any word.
func (p *parser) either(field string) (Node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var of []Node
	for {
		n, err := p.all(field)
		if err != nil {
			return nil, err
		}
		of = appendOr(of, n)
		if p.cur.kind != lexOr {
			return join(of, func(of []Node) Node { return Or{of} }), nil
		}
		if err := p.operand("OR"); err != nil {
			return nil, err
		}
	}
}

// operand moves past an operator and checks that something stands after it.
func (p *parser) operand(name string) error {
	at := p.cur.end
	if err := p.advance(); err != nil {
		return err
	}
	switch p.cur.kind {
	case lexEnd, lexClose, lexAnd, lexOr, lexNear:
		return mistake(p.s, at, "a word or phrase is missing after "+name+"; to look for the word itself, write it in small letters")
	}
	return nil
}

// all reads parts that must all hold.
func (p *parser) all(field string) (Node, error) {
	var of []Node
	for first := true; ; first = false {
		switch p.cur.kind {
		case lexEnd, lexClose:
			return conjunction(of), p.needPart(first, field)
		case lexOr:
			if first {
				return nil, mistake(p.s, p.cur.pos, "a word or phrase is missing before OR; to look for the word itself, write it in small letters")
			}
			return conjunction(of), nil
		case lexAnd:
			if first {
				return nil, mistake(p.s, p.cur.pos, "a word or phrase is missing before AND; to look for the word itself, write it in small letters")
			}
			if err := p.operand("AND"); err != nil {
				return nil, err
			}
		}
		n, err := p.part(field)
		if err != nil {
			return nil, err
		}
		of = appendAnd(of, n)
	}
}

func (p *parser) needPart(first bool, field string) error {
	if !first {
		return nil
	}
	if p.cur.kind == lexClose {
		return mistake(p.s, p.cur.pos, "there is nothing inside these parentheses; write something or remove them")
	}
	return mistake(p.s, p.cur.pos, "a word or phrase is missing at the end")
}

// part reads one part, excluded or not.
func (p *parser) part(field string) (Node, error) {
	if p.cur.kind != lexNot {
		return p.near(field)
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.operand("NOT or -"); err != nil {
		return nil, err
	}
	n, err := p.part(field)
	if err != nil || n == nil {
		return nil, err
	}
	if not, ok := n.(Not); ok {
		return not.Of, nil
	}
	return Not{n}, nil
}

// near reads one part, or several words joined by NEAR.
func (p *parser) near(field string) (Node, error) {
	at := p.cur.pos
	n, err := p.primary(field)
	if err != nil || p.cur.kind != lexNear {
		return n, err
	}
	slop := p.cur.n
	first, ok := n.(Word)
	words := []string{first.Text}
	for p.cur.kind == lexNear {
		if !ok || first.Exact {
			return nil, mistake(p.s, at, "NEAR joins plain words, as in contract NEAR/5 dredging")
		}
		if p.cur.n != slop {
			return nil, mistake(p.s, p.cur.pos, "NEAR has two different distances in a row; use one")
		}
		if err := p.operand("NEAR"); err != nil {
			return nil, err
		}
		at = p.cur.pos
		if n, err = p.primary(field); err != nil {
			return nil, err
		}
		var w Word
		if w, ok = n.(Word); ok && w.Field != first.Field {
			return nil, mistake(p.s, at, "NEAR joins words of one field; write title:(contract NEAR/5 dredging)")
		}
		ok = ok && !w.Exact
		words = append(words, w.Text)
	}
	if !ok {
		return nil, mistake(p.s, at, "NEAR joins plain words, as in contract NEAR/5 dredging")
	}
	return Phrase{Field: first.Field, Text: strings.Join(words, " "), Slop: slop}, nil
}

// primary reads a group, a field's value, a phrase or a word.
func (p *parser) primary(field string) (Node, error) {
	cur := p.cur
	if cur.kind != lexOpen && cur.kind != lexField {
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	switch cur.kind {
	case lexOpen:
		return p.group(field)
	case lexField:
		return p.fielded(field)
	case lexQuote:
		return p.phrase(cur, field)
	case lexWord:
		return p.word(cur, field)
	case lexNear:
		return nil, mistake(p.s, cur.pos, "a word is missing before NEAR; it joins two words, as in contract NEAR/5 dredging")
	}
	return nil, mistake(p.s, cur.pos, "a word or phrase is missing")
}

func (p *parser) group(field string) (Node, error) {
	open := p.cur.pos
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.cur.kind == lexEnd {
		return nil, mistake(p.s, open, "a parenthesis opens here and none closes it")
	}
	n, err := p.either(field)
	if err != nil {
		return nil, err
	}
	if p.cur.kind != lexClose {
		return nil, mistake(p.s, open, "a parenthesis opens here and none closes it; add ) where the group ends")
	}
	return n, p.advance()
}

func (p *parser) fielded(outer string) (Node, error) {
	f := p.cur
	if outer != "" && outer != f.text {
		return nil, mistake(p.s, f.pos, "field "+f.text+" stands inside the group of field "+outer+"; write them side by side")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	at := p.cur
	if at.kind == lexClose {
		return nil, mistake(p.s, at.pos, "a value is missing; write it right after the colon, as in title:dredging")
	}
	if slices.Contains(dateFields, f.text) && at.kind != lexWord {
		return nil, mistake(p.s, at.pos, dateHelp(f.text))
	}
	n, err := p.primary(f.text)
	if err == nil && n == nil {
		return nil, mistake(p.s, at.pos, "the value of "+f.text+" has no letters or digits")
	}
	return n, err
}

func (p *parser) count() error {
	p.terms++
	if p.terms > MaxTerms {
		return candor.Errorf(candor.TooLarge, "The query has more than %d words and phrases. Shorten it, or search in several steps.", MaxTerms)
	}
	return nil
}

func (p *parser) phrase(q lexeme, field string) (Node, error) {
	if slices.Contains(dateFields, field) {
		return nil, mistake(p.s, q.pos, dateHelp(field))
	}
	if !HasWord(q.text) {
		return nil, nil
	}
	return Phrase{Field: field, Text: q.text}, p.count()
}

// word reads a run of characters: a date range, an exact word, a pattern, an
// approximate word or a plain word.
func (p *parser) word(w lexeme, field string) (Node, error) {
	if slices.Contains(dateFields, field) {
		n, err := p.dates(w, field)
		if err != nil {
			return nil, err
		}
		return n, p.count()
	}
	n, err := p.wordNode(w, field)
	if err != nil || n == nil {
		return nil, err
	}
	return n, p.count()
}

func (p *parser) wordNode(w lexeme, field string) (Node, error) {
	text := w.text
	if exact, ok := strings.CutPrefix(text, "="); ok && HasWord(exact) {
		return Word{Field: field, Text: exact, Exact: true}, nil
	}
	if strings.Trim(text, "*") == "" {
		if field == "" {
			return All{}, nil
		}
		return Wildcard{Field: field, Pattern: "*"}, nil
	}
	if strings.ContainsAny(text, "*?") {
		return p.pattern(w, field)
	}
	if at := strings.LastIndexByte(text, '~'); at > 0 && digits(text[at+1:]) && HasWord(text[:at]) {
		return p.fuzzy(w, at, field)
	}
	if !HasWord(text) {
		return nil, nil
	}
	return Word{Field: field, Text: text}, nil
}

func (p *parser) pattern(w lexeme, field string) (Node, error) {
	if !HasWord(w.text) {
		if strings.Contains(w.text, "*") {
			return nil, mistake(p.s, w.pos, "a pattern needs at least one letter or digit; write * alone for everything")
		}
		return nil, nil // question marks are punctuation
	}
	if text, ok := strings.CutSuffix(w.text, "*"); ok && !strings.ContainsAny(text, "*?") {
		return Prefix{Field: field, Text: text}, nil
	}
	return Wildcard{Field: field, Pattern: w.text}, nil
}

func (p *parser) fuzzy(w lexeme, at int, field string) (Node, error) {
	edits := 1
	switch n := w.text[at+1:]; n {
	case "", "1":
	case "2":
		edits = 2
	default:
		return nil, mistake(p.s, w.pos+at, fmt.Sprintf("a word can be up to %d edits away; write ~1 or ~2", MaxEdits))
	}
	return Fuzzy{Field: field, Text: w.text[:at], Edits: edits}, nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }
