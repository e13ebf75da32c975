package bleve

import (
	"context"
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
	bleveapi "github.com/blevesearch/bleve_index_api"

	"candor"
	"candor/internal/query"
)

// maxWords is how many words of the index the patterns of one query may stand
// for. Each costs a lookup in every segment.
const maxWords = 50_000

// boosts say how much more a match in a field weighs than one in the text.
var boosts = map[string]float64{"title": 2}

func boostOf(field string) float64 {
	if b, ok := boosts[field]; ok {
		return b
	}
	return 1
}

// compiler turns a query into searchers on one snapshot.
type compiler struct {
	ctx   context.Context
	r     bleveapi.IndexReader
	opts  search.SearcherOptions
	words int // of the index, that patterns stand for so far
}

var unscored = search.SearcherOptions{Score: "none"}

func (c *compiler) node(n query.Node) (search.Searcher, error) {
	switch n := n.(type) {
	case query.Word:
		return c.word(n)
	case query.Phrase:
		return c.phrase(n)
	case query.Prefix:
		return c.prefix(n)
	case query.Wildcard:
		return c.wildcard(n)
	case query.Fuzzy:
		return c.fuzzy(n)
	case query.Range:
		return c.dates(n)
	case query.And:
		return c.and(n)
	case query.Or:
		return c.or(n.Of)
	case query.All:
		return searcher.NewMatchAllSearcher(c.ctx, c.r, 1, c.opts)
	case query.Not:
		return c.and(query.And{Of: []query.Node{n}})
	}
	return nil, candor.Errorf(candor.Invalid, "The query is empty. Type a word, or * for everything.")
}

// many compiles several parts; none stays open after an error.
func (c *compiler) many(of []query.Node, one func(query.Node) (search.Searcher, error)) ([]search.Searcher, error) {
	out := make([]search.Searcher, 0, len(of))
	for _, n := range of {
		s, err := one(n)
		if err != nil {
			closeAll(out)
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func closeAll(of []search.Searcher) {
	for _, s := range of {
		s.Close()
	}
}

func (c *compiler) or(of []query.Node) (search.Searcher, error) {
	parts, err := c.many(of, c.node)
	if err != nil {
		return nil, err
	}
	return c.any(parts)
}

// any joins searchers of which at least one must match.
func (c *compiler) any(parts []search.Searcher) (search.Searcher, error) {
	if len(parts) == 0 {
		return searcher.NewMatchNoneSearcher(c.r)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	s, err := searcher.NewDisjunctionSearcher(c.ctx, c.r, parts, 1, c.opts)
	if err != nil {
		closeAll(parts)
	}
	return s, err
}

// every joins searchers that must all match.
func (c *compiler) every(parts []search.Searcher) (search.Searcher, error) {
	if len(parts) == 0 {
		return searcher.NewMatchNoneSearcher(c.r)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	s, err := searcher.NewConjunctionSearcher(c.ctx, c.r, parts, c.opts)
	if err != nil {
		closeAll(parts)
		return nil, err
	}
	return s, nil
}

func (c *compiler) and(n query.And) (search.Searcher, error) {
	var found, without []query.Node
	for _, part := range n.Of {
		if not, ok := part.(query.Not); ok {
			without = append(without, not.Of)
		} else {
			found = append(found, part)
		}
	}
	if len(found) == 0 {
		found = []query.Node{query.All{}}
	}
	parts, err := c.many(found, c.node)
	if err != nil {
		return nil, err
	}
	must, err := c.every(parts)
	if err != nil || len(without) == 0 {
		return must, err
	}
	mustNot, err := c.plain().or(without)
	if err != nil {
		must.Close()
		return nil, err
	}
	return searcher.NewBooleanSearcher(c.ctx, c.r, must, nil, mustNot, c.opts)
}

// plain is the same compiler without scores.
func (c *compiler) plain() *compiler {
	return &compiler{ctx: c.ctx, r: c.r, opts: unscored, words: c.words}
}

// scope returns the fields of words that a query's field stands for.
func scope(field string) []string {
	switch {
	case field == "":
		return anyText
	case slices.Contains(textFields, field):
		return []string{field}
	}
	return nil
}

// dictionary returns the index fields whose terms patterns on a field look through.
func dictionary(field string) []string {
	words := scope(field)
	if words == nil {
		if field == "type" {
			return []string{fieldType}
		}
		return []string{keyword(field)}
	}
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = surface(w)
	}
	return out
}

func foldedTokens(text string) []string {
	tokens := query.Tokens(text)
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.Text
	}
	return out
}

func (c *compiler) word(n query.Word) (search.Searcher, error) {
	if scope(n.Field) == nil {
		return c.terms(dictionary(n.Field), []string{strings.ToLower(n.Text)}, 1)
	}
	words := foldedTokens(n.Text)
	if !n.Exact {
		return c.sequence(n.Field, words)
	}
	parts := make([]search.Searcher, 0, len(words)+1)
	for _, w := range words {
		s, err := c.terms(dictionary(n.Field), []string{w}, 1)
		if err != nil {
			closeAll(parts)
			return nil, err
		}
		parts = append(parts, s)
	}
	if len(words) > 1 {
		s, err := c.sequence(n.Field, words)
		if err != nil {
			closeAll(parts)
			return nil, err
		}
		parts = append(parts, s)
	}
	return c.every(parts)
}

func (c *compiler) phrase(n query.Phrase) (search.Searcher, error) {
	if scope(n.Field) == nil {
		return c.terms(dictionary(n.Field), []string{strings.ToLower(n.Text)}, 1)
	}
	words := foldedTokens(n.Text)
	if n.Slop == 0 || len(words) < 2 {
		return c.sequence(n.Field, words)
	}
	return c.perField(n.Field, func(field string) (search.Searcher, error) {
		return c.nearby(field, stemAll(words), n.Slop*(len(words)-1))
	})
}

func stemAll(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = stems.of(w)
	}
	return out
}

func (c *compiler) perField(field string, one func(string) (search.Searcher, error)) (search.Searcher, error) {
	var parts []search.Searcher
	for _, f := range scope(field) {
		s, err := one(f)
		if err != nil {
			closeAll(parts)
			return nil, err
		}
		parts = append(parts, s)
	}
	return c.any(parts)
}

// sequence matches stemmed words one after the other.
func (c *compiler) sequence(field string, words []string) (search.Searcher, error) {
	terms := stemAll(words)
	if len(terms) == 0 {
		return searcher.NewMatchNoneSearcher(c.r)
	}
	return c.perField(field, func(f string) (search.Searcher, error) {
		if len(terms) == 1 {
			return searcher.NewTermSearcher(c.ctx, c.r, terms[0], stemmed(f), boostOf(f), c.opts)
		}
		s, err := searcher.NewPhraseSearcher(c.ctx, c.r, terms, 0, false, stemmed(f), boostOf(f), c.opts)
		if err != nil {
			return nil, err
		}
		return c.orReread(f, terms, 0, s)
	})
}

// nearby matches stemmed words within a span, in any order.
func (c *compiler) nearby(field string, terms []string, span int) (search.Searcher, error) {
	opts := c.opts
	opts.IncludeTermVectors = true
	all, err := c.conjunction(stemmed(field), terms, opts)
	if err != nil {
		return nil, err
	}
	s := &checked{all, nearIn(stemmed(field), terms, span)}
	return c.orReread(field, terms, span, s)
}

// conjunction matches documents that have every one of some terms.
func (c *compiler) conjunction(field string, terms []string, opts search.SearcherOptions) (search.Searcher, error) {
	distinct := slices.Clone(terms)
	slices.Sort(distinct)
	var parts []search.Searcher
	for _, t := range slices.Compact(distinct) {
		s, err := searcher.NewTermSearcher(c.ctx, c.r, t, field, 1, opts)
		if err != nil {
			closeAll(parts)
			return nil, err
		}
		parts = append(parts, s)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return searcher.NewConjunctionSearcher(c.ctx, c.r, parts, opts)
}

// terms matches documents that have one of some terms in one of some fields.
func (c *compiler) terms(fields, terms []string, boost float64) (search.Searcher, error) {
	var parts []search.Searcher
	for _, f := range fields {
		for chunk := range slices.Chunk(terms, 1024) {
			s, err := searcher.NewMultiTermSearcher(c.ctx, c.r, chunk, f, 1, unscored, false)
			if err != nil {
				closeAll(parts)
				return nil, err
			}
			parts = append(parts, s)
		}
	}
	s, err := c.plain().any(parts)
	if err != nil {
		return nil, err
	}
	return &constant{s, boost, 1}, nil
}

func (c *compiler) prefix(n query.Prefix) (search.Searcher, error) {
	if scope(n.Field) == nil {
		return c.expand(n.Field, func(f string) (bleveapi.FieldDict, error) {
			return c.r.FieldDictPrefix(f, []byte(strings.ToLower(n.Text)))
		})
	}
	return c.lastWord(n.Field, n.Text, func(f, last string) (bleveapi.FieldDict, error) {
		return c.r.FieldDictPrefix(f, []byte(last))
	})
}

// lastWord matches all words of a text but the last as they stand, and the
// last by a look through the dictionary.
func (c *compiler) lastWord(field, text string, look func(f, last string) (bleveapi.FieldDict, error)) (search.Searcher, error) {
	words := foldedTokens(text)
	if len(words) == 0 {
		return searcher.NewMatchNoneSearcher(c.r)
	}
	last := len(words) - 1
	var parts []search.Searcher
	for _, w := range words[:last] {
		s, err := c.terms(dictionary(field), []string{w}, 1)
		if err != nil {
			closeAll(parts)
			return nil, err
		}
		parts = append(parts, s)
	}
	s, err := c.expand(field, func(f string) (bleveapi.FieldDict, error) { return look(f, words[last]) })
	if err != nil {
		closeAll(parts)
		return nil, err
	}
	return c.every(append(parts, s))
}

func (c *compiler) wildcard(n query.Wildcard) (search.Searcher, error) {
	if n.Pattern == "*" {
		return c.hasAny(n.Field)
	}
	patterns := wildcardWords(n.Pattern)
	if scope(n.Field) == nil {
		patterns = []string{globRegexp(strings.ToLower(n.Pattern))}
	}
	var parts []search.Searcher
	for _, p := range patterns {
		s, err := c.expand(n.Field, func(f string) (bleveapi.FieldDict, error) { return c.regexp(f, p) })
		if err != nil {
			closeAll(parts)
			return nil, err
		}
		parts = append(parts, s)
	}
	return c.every(parts)
}

// hasAny matches documents in which a field has anything.
func (c *compiler) hasAny(field string) (search.Searcher, error) {
	if field == "" {
		return searcher.NewMatchAllSearcher(c.ctx, c.r, 1, c.opts)
	}
	if scope(field) != nil {
		return c.terms([]string{fieldHas}, []string{field}, 1)
	}
	return c.expand(field, func(f string) (bleveapi.FieldDict, error) { return c.r.FieldDict(f) })
}

func (c *compiler) regexp(field, pattern string) (bleveapi.FieldDict, error) {
	r, ok := c.r.(bleveapi.IndexReaderRegexp)
	if !ok {
		return nil, errors.New("the index has no dictionary of patterns")
	}
	return r.FieldDictRegexp(field, pattern)
}

// wildcardWords cuts a pattern into words, each as a regular expression on
// folded words.
func wildcardWords(pattern string) []string {
	var out []string
	for _, w := range splitPattern(pattern) {
		out = append(out, globRegexp(w))
	}
	return out
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
		folded := foldedTokens(string(r))
		if len(folded) == 0 {
			flush()
			continue
		}
		word.WriteString(folded[0])
	}
	flush()
	return out
}

func globRegexp(glob string) string {
	var b strings.Builder
	for _, r := range glob {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

func (c *compiler) fuzzy(n query.Fuzzy) (search.Searcher, error) {
	look := func(f, last string) (bleveapi.FieldDict, error) {
		r, ok := c.r.(bleveapi.IndexReaderFuzzy)
		if !ok {
			return nil, errors.New("the index has no dictionary of approximate words")
		}
		return r.FieldDictFuzzy(f, last, max(1, min(n.Edits, query.MaxEdits)), "")
	}
	if scope(n.Field) == nil {
		return c.expand(n.Field, func(f string) (bleveapi.FieldDict, error) { return look(f, strings.ToLower(n.Text)) })
	}
	return c.lastWord(n.Field, n.Text, look)
}

// expand matches documents that have any of the words that a look through the
// dictionaries of a field finds.
func (c *compiler) expand(field string, look func(string) (bleveapi.FieldDict, error)) (search.Searcher, error) {
	var parts []search.Searcher
	for _, f := range dictionary(field) {
		words, err := c.collect(f, look)
		if err == nil && len(words) > 0 {
			var s search.Searcher
			if s, err = c.terms([]string{f}, words, 1); err == nil {
				parts = append(parts, s)
			}
		}
		if err != nil {
			closeAll(parts)
			return nil, err
		}
	}
	s, err := c.plain().any(parts)
	if err != nil {
		return nil, err
	}
	return &constant{s, 1, 1}, nil
}

func (c *compiler) collect(field string, look func(string) (bleveapi.FieldDict, error)) ([]string, error) {
	dict, err := look(field)
	if err != nil {
		return nil, err
	}
	defer dict.Close()
	var words []string
	for {
		if err := expired(c.ctx, len(words)); err != nil {
			return nil, err
		}
		entry, err := dict.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			return words, nil
		}
		words = append(words, entry.Term)
		if c.words++; c.words > maxWords {
			return nil, candor.Errorf(candor.TooLarge,
				"The patterns of the query stand for more than %d different words. Write more letters before * or ?.", maxWords)
		}
	}
}

func (c *compiler) dates(n query.Range) (search.Searcher, error) {
	switch n.Field {
	case "date":
		return c.between(fieldDate, n.From, n.To)
	case "added":
		return c.between(fieldAdded, n.From, n.To)
	}
	return nil, candor.Errorf(candor.Invalid, "Field %q has no dates; use date or added.", n.Field)
}

// between matches times from a bound (inclusive) to a bound (exclusive).
func (c *compiler) between(field string, from, to time.Time) (search.Searcher, error) {
	low, high := math.Inf(-1), math.Inf(1)
	if !from.IsZero() {
		low = millis(from)
	}
	if !to.IsZero() {
		high = millis(to)
	}
	inclusive, exclusive := true, false
	s, err := searcher.NewNumericRangeSearcher(c.ctx, c.r, &low, &high, &inclusive, &exclusive, field, 1, unscored)
	if err != nil {
		return nil, err
	}
	return &constant{s, 1, 1}, nil
}

// filters compiles what narrows a result without a say in its order.
func (c *compiler) filters(r query.Request) ([]search.Searcher, error) {
	var out []search.Searcher
	add := func(s search.Searcher, err error) error {
		if err != nil {
			closeAll(out)
			return err
		}
		out = append(out, &constant{s, 0, 1})
		return nil
	}
	for _, f := range r.Filters {
		if !slices.Contains(facetFields, f.Field) && f.Field != "name" && f.Field != "path" {
			closeAll(out)
			return nil, candor.Errorf(candor.Invalid, "There is no filter %q. Filters are %s, name and path.", f.Field, strings.Join(facetFields, ", "))
		}
		if err := add(c.terms([]string{keyword(f.Field)}, f.Values, 0)); err != nil {
			return nil, err
		}
	}
	if !r.From.IsZero() || !r.To.IsZero() {
		if err := add(c.between(fieldDate, r.From, r.To)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
