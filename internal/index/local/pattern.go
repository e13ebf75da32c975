package local

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/blevesearch/vellum"
	"github.com/blevesearch/vellum/levenshtein"

	"candor"
	"candor/internal/query"
)

// maxWords is how many different words of the index the patterns of one query
// may stand for. Each costs a list to walk through.
const maxWords = 50_000

// maxStates bounds what a wildcard's automaton may grow to.
const maxStates = 10_000

func tooManyWords() error {
	return candor.Errorf(candor.TooLarge,
		"The patterns of the query stand for more than %d different words. Write more letters before * or ?.", maxWords)
}

// wordCount counts different words, by their hashes.
type wordCount struct{ hashes []uint64 }

func (c *wordCount) add(word []byte) error {
	c.hashes = append(c.hashes, maphash.Bytes(seed, word))
	if len(c.hashes) <= maxWords || len(c.hashes)%maxWords != 1 {
		return nil
	}
	slices.Sort(c.hashes)
	c.hashes = slices.Compact(c.hashes)
	if len(c.hashes) > maxWords {
		return tooManyWords()
	}
	return nil
}

func (c *wordCount) end() error {
	if len(c.hashes) <= maxWords {
		return nil
	}
	slices.Sort(c.hashes)
	if c.hashes = slices.Compact(c.hashes); len(c.hashes) > maxWords {
		return tooManyWords()
	}
	return nil
}

// look is what a pattern asks of a dictionary: words that begin so, and that
// an automaton accepts (all, if it is nil). weigh says how much an occurrence
// of a word counts.
type look struct {
	words string // as it stands in the query
	begin string
	aut   vellum.Automaton
	weigh func(word []byte) float32
}

func full(word []byte) float32 { return 1 }

// prefix, wildcard and fuzzy look at words as they stand.
func (p *plan) prefix(n query.Prefix) (node, error) {
	if scope(n.Field) == nil {
		text := strings.ToLower(n.Text)
		return valueField(n.Field, func(v string) bool { return strings.HasPrefix(v, text) })
	}
	return p.lastWord(n.Field, n.Text, func(last string) (look, error) { return look{words: last + "*", begin: last, weigh: full}, nil })
}

func (p *plan) fuzzy(n query.Fuzzy) (node, error) {
	edits := max(1, min(n.Edits, query.MaxEdits))
	if scope(n.Field) == nil {
		text := strings.ToLower(n.Text)
		return valueField(n.Field, func(v string) bool { return distance(text, v, edits) <= edits })
	}
	return p.lastWord(n.Field, n.Text, func(last string) (look, error) {
		b, err := levenshteinBuilder(edits)
		if err != nil {
			return look{}, err
		}
		dfa, err := b.BuildDfa(last, uint8(edits))
		return look{words: last + "~" + strconv.Itoa(edits), aut: dfa, weigh: func(w []byte) float32 {
			return 1 / float32(1+distance(last, string(w), edits))
		}}, err
	})
}

// levenshteinBuilder returns the table for a number of edits, made once.
func levenshteinBuilder(edits int) (*levenshtein.LevenshteinAutomatonBuilder, error) {
	return levenshteinBuilders[edits]()
}

var levenshteinBuilders = [query.MaxEdits + 1]func() (*levenshtein.LevenshteinAutomatonBuilder, error){
	1: sync.OnceValues(func() (*levenshtein.LevenshteinAutomatonBuilder, error) {
		return levenshtein.NewLevenshteinAutomatonBuilder(1, false)
	}),
	2: sync.OnceValues(func() (*levenshtein.LevenshteinAutomatonBuilder, error) {
		return levenshtein.NewLevenshteinAutomatonBuilder(2, false)
	}),
}

// lastWord matches all words of a text but the last as they stand, and the
// last by a look through the dictionary.
func (p *plan) lastWord(field, text string, make func(last string) (look, error)) (node, error) {
	words := foldedWords(text)
	if len(words) == 0 {
		return noneNode{}, nil
	}
	last := len(words) - 1
	of, err := p.exactly(field, words[:last])
	if err != nil {
		return nil, err
	}
	l, err := make(words[last])
	if err != nil {
		return nil, err
	}
	n, err := p.expand(field, l)
	return allOf(append(of, n)), err
}

func (p *plan) wildcard(n query.Wildcard) (node, error) {
	if scope(n.Field) == nil {
		glob := strings.ToLower(n.Pattern)
		return valueField(n.Field, func(v string) bool { return v != "" && globMatch(glob, v) })
	}
	if strings.Trim(n.Pattern, "*") == "" {
		return hasAny(n.Field), nil
	}
	var of []node
	for _, glob := range splitPattern(n.Pattern) {
		aut := newGlob(glob)
		begin := glob[:strings.IndexAny(glob+"*", "*?")]
		part, err := p.expand(n.Field, look{words: glob, begin: begin, aut: aut, weigh: full})
		if err == nil && aut.full {
			err = candor.Errorf(candor.TooLarge, "The pattern is too involved. Write fewer ? after *.")
		}
		if err != nil {
			return nil, err
		}
		of = append(of, part)
	}
	return allOf(of), nil
}

func hasAny(field string) node {
	if field == "" {
		return allNode{}
	}
	return &lengthNode{scope(field)[0]}
}

// splitPattern cuts a pattern into folded words in which * and ? remain.
// Pieces of * and ? alone say nothing and are left out.
func splitPattern(pattern string) []string {
	var out []string
	var word strings.Builder
	flush := func() {
		if strings.Trim(word.String(), "*?") != "" {
			out = append(out, word.String())
		}
		word.Reset()
	}
	for _, r := range pattern {
		if r == '*' || r == '?' {
			word.WriteRune(r)
			continue
		}
		folded := foldedWords(string(r))
		if len(folded) == 0 {
			flush()
			continue
		}
		word.WriteString(folded[0])
	}
	flush()
	return out
}

// expand matches documents that have a word that a look finds.
func (p *plan) expand(field string, l look) (node, error) {
	return p.perField(field, func(f int) (node, error) {
		n := &patternNode{field: f, words: make([][]weighted, len(p.views))}
		for i, v := range p.views {
			if v.stats[f].docs == 0 {
				continue
			}
			for _, language := range v.languages {
				for _, form := range []int{formExact, formStem} {
					if err := p.collect(n, i, spaceOf(f, language), form, l); err != nil {
						return nil, err
					}
				}
			}
		}
		return p.rank(n, l.words), p.words.end()
	})
}

// collect looks through one form of a space in one segment. Of the stems only
// those are words as they stand that are the only word of the stem.
func (p *plan) collect(n *patternNode, i int, s space, form int, l look) error {
	v := p.views[i]
	dict, err := v.dictionary()
	if err != nil {
		return err
	}
	from := term(s, form, l.begin)
	var aut vellum.Automaton = &vellum.AlwaysMatch{}
	if l.aut != nil {
		aut = below{termByte(s, form), l.aut}
	}
	it, err := dict.Search(aut, from, after(from))
	for steps := 0; err == nil; steps++ {
		if steps%256 == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		key, value := it.Current()
		if form == formExact || value&1 == 1 {
			if err := p.words.add(key[1:]); err != nil {
				return err
			}
			ref, err := v.record(value)
			if err != nil {
				return err
			}
			n.words[i] = append(n.words[i], weighted{ref, l.weigh(key[1:])})
			n.df += uint64(ref.df)
		}
		err = it.Next()
	}
	if err == vellum.ErrIteratorDone {
		return nil
	}
	return err
}

// after returns the first key that does not begin with another.
func after(key []byte) []byte {
	out := bytes.Clone(key)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i]++; out[i] != 0 {
			return out[:i+1]
		}
	}
	return nil
}

// below is an automaton on what follows a first byte.
type below struct {
	first byte
	aut   vellum.Automaton
}

// States of below: 0 before the first byte, 1 when it was another, else those
// of the automaton and 2.
func (b below) Start() int { return 0 }
func (b below) IsMatch(s int) bool {
	return s > 1 && b.aut.IsMatch(s-2)
}
func (b below) CanMatch(s int) bool {
	return s == 0 || s > 1 && b.aut.CanMatch(s-2)
}
func (b below) WillAlwaysMatch(s int) bool {
	return s > 1 && b.aut.WillAlwaysMatch(s-2)
}
func (b below) Accept(s int, c byte) int {
	switch {
	case s > 1:
		return 2 + b.aut.Accept(s-2, c)
	case s == 0 && c == b.first:
		return 2 + b.aut.Start()
	}
	return 1
}

// glob is the automaton of a pattern with * and ?, on UTF-8 bytes, made as far
// as it is walked. A state is a set of places in the pattern. Once a place
// behind a later * is reached, those before need not be followed.
type glob struct {
	steps  []globStep
	sets   [][]uint16 // by state; state 0 is the empty set
	known  map[string]int
	moves  []map[byte]int
	full   bool // more than maxStates: what was found is not all
	accept uint16
}

type globStep struct {
	kind byte // '*', '?', '+' (so many bytes of a character are still to come) or 0
	c    byte
}

func newGlob(pattern string) *glob {
	g := &glob{known: map[string]int{}}
	for i := range len(pattern) {
		switch c := pattern[i]; c {
		case '*':
			g.steps = append(g.steps, globStep{kind: '*'})
		case '?': // enter by the first byte; its kind tells how many follow
			g.steps = append(g.steps, globStep{kind: '?'}, globStep{kind: '+'}, globStep{kind: '+'}, globStep{kind: '+'})
		default:
			g.steps = append(g.steps, globStep{c: c})
		}
	}
	g.accept = uint16(len(g.steps))
	g.state(nil)
	g.state(g.close([]uint16{0}))
	return g
}

// close follows * without a character, and drops what a later * makes needless.
func (g *glob) close(set []uint16) []uint16 {
	seen := map[uint16]bool{}
	for i := 0; i < len(set); i++ {
		if s := set[i]; s < g.accept && g.steps[s].kind == '*' && !seen[s] {
			set = append(set, s+1)
		}
		seen[set[i]] = true
	}
	slices.Sort(set)
	set = slices.Compact(set)
	for i := len(set) - 1; i >= 0; i-- {
		if s := set[i]; s < g.accept && g.steps[s].kind == '*' {
			return set[i:]
		}
	}
	return set
}

func (g *glob) state(set []uint16) int {
	key := make([]byte, 0, 2*len(set))
	for _, s := range set {
		key = append(key, byte(s), byte(s>>8))
	}
	if n, ok := g.known[string(key)]; ok {
		return n
	}
	if len(g.sets) >= maxStates {
		g.full = true
		return 0
	}
	g.known[string(key)] = len(g.sets)
	g.sets = append(g.sets, set)
	g.moves = append(g.moves, map[byte]int{})
	return len(g.sets) - 1
}

func (g *glob) Start() int               { return 1 }
func (g *glob) IsMatch(s int) bool       { return slices.Contains(g.sets[s], g.accept) }
func (g *glob) CanMatch(s int) bool      { return s != 0 }
func (g *glob) WillAlwaysMatch(int) bool { return false }

func (g *glob) Accept(s int, c byte) int {
	if n, ok := g.moves[s][c]; ok {
		return n
	}
	var next []uint16
	for _, at := range g.sets[s] {
		if at == g.accept {
			continue
		}
		switch step := g.steps[at]; step.kind {
		case '*':
			next = append(next, at)
		case '?':
			if follow := followers(c); follow >= 0 {
				next = append(next, at+4-uint16(follow))
			}
		case '+':
			if c&0xC0 == 0x80 {
				next = append(next, at+1)
			}
		default:
			if c == step.c {
				next = append(next, at+1)
			}
		}
	}
	n := g.state(g.close(next))
	g.moves[s][c] = n
	return n
}

// followers returns how many bytes follow the first of a character, -1 if it
// is not a first one.
func followers(c byte) int {
	switch {
	case c < 0x80:
		return 0
	case c < 0xC0:
		return -1
	case c < 0xE0:
		return 1
	case c < 0xF0:
		return 2
	}
	return 3
}

// globMatch matches a whole string against a pattern.
func globMatch(glob, s string) bool {
	star, mark := -1, 0
	g, i := 0, 0
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if g < len(glob) {
			want, width := utf8.DecodeRuneInString(glob[g:])
			if want == '*' {
				star, mark = g, i
				g++
				continue
			}
			if want == '?' || want == r {
				g += width
				i += size
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, size = utf8.DecodeRuneInString(s[mark:])
		mark += size
		g, i = star+1, mark
	}
	return strings.Trim(glob[g:], "*") == ""
}

// distance returns how many edits two words are apart (insert, delete or
// replace a character), or limit+1 when they are more than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(y)], limit+1)
}
