package local

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"candor"
	"candor/internal/query"
)

// plan is a query compiled on one snapshot: a tree of nodes in which every
// word is looked up in every segment.
type plan struct {
	ctx    context.Context
	views  []*view
	zstd   *zstd.Decoder
	root   node
	asked  node            // root without filters
	narrow []node          // the filters, but for those that let everything through
	open   map[string]node // root without a filter, for the facet of its field
	ranked []ranked        // what scores are made of
	said   []string        // by which words each of ranked stands in the query
	scores bool            // whether any are wanted
	only   bool            // the best are wanted, and not how many there are
	stats  [fieldCount]fieldStats
	words  wordCount // of the index, that patterns stand for
	mute   int       // > 0 inside a Not
	or     int       // > 0 inside an Or
}

// node is a part of a query that matches documents of a segment.
type node interface {
	// match returns the documents that match, of those within, or of all when
	// within is nil.
	match(m *matcher, within *set) *set
	// cost estimates how many documents match.
	cost(m *matcher) int
}

// ranked is a node that has a say in the score.
type ranked interface {
	node
	cursor(m *matcher) *cursor
	in() int // which field
}

// planFor compiles a request: its query and what narrows it.
func planFor(ctx context.Context, views []*view, z *zstd.Decoder, req query.Request) (*plan, error) {
	p := &plan{ctx: ctx, views: views, zstd: z}
	p.scores = req.Limit > 0 && (req.Sort == "" || req.Sort == query.ByRelevance)
	for _, v := range views {
		for f, s := range v.stats {
			p.stats[f].docs += s.docs
			p.stats[f].words += s.words
		}
	}
	var err error
	if p.asked, err = p.node(req.Query); err != nil {
		return nil, err
	}
	if p.narrow, err = p.filters(req, req.Filters); err != nil {
		return nil, err
	}
	p.root = narrowed(p.asked, p.narrow)
	for _, f := range req.Filters {
		if f.Open && slices.Contains(req.Facets, f.Field) {
			if p.open == nil {
				p.open = map[string]node{}
			}
			others := slices.DeleteFunc(slices.Clone(req.Filters), func(o query.Filter) bool { return o.Open && o.Field == f.Field })
			narrow, err := p.filters(req, others)
			if err != nil {
				return nil, err
			}
			p.open[f.Field] = narrowed(p.asked, narrow)
		}
	}
	return p, nil
}

// narrowed adds filters to a node.
func narrowed(root node, narrow []node) node {
	if len(narrow) == 0 {
		return root
	}
	return &andNode{must: append([]node{root}, narrow...)}
}

// filters compiles some filters and what else narrows a request. It leaves out
// those that let every document through: a search of a whole collection is one of
// the whole index, as a rule.
func (p *plan) filters(req query.Request, by []query.Filter) ([]node, error) {
	req.Filters = by
	narrow, err := filters(req)
	if err != nil {
		return nil, err
	}
	for i := len(narrow) - 1; i >= 0; i-- {
		n, ok := narrow[i].(*keywordNode)
		if !ok {
			continue
		}
		idle := true
		for _, v := range p.views {
			column, err := v.keywords(n.field)
			if err != nil {
				return nil, err
			}
			if idle = idle && column.full() && column.len() <= fewValues; !idle {
				break
			}
			_, idle = n.good(column)
		}
		if idle {
			narrow = slices.Delete(narrow, i, i+1)
		}
	}
	return narrow, nil
}

// fewValues bounds what is looked at to see whether a filter lets all through.
const fewValues = 64

func (p *plan) node(n query.Node) (node, error) {
	switch n := n.(type) {
	case query.Word:
		return p.word(n)
	case query.Phrase:
		return p.phrase(n)
	case query.Prefix:
		return p.prefix(n)
	case query.Wildcard:
		return p.wildcard(n)
	case query.Fuzzy:
		return p.fuzzy(n)
	case query.Range:
		return dates(n)
	case query.And:
		return p.and(n.Of)
	case query.Or:
		p.or++
		of, err := p.many(n.Of)
		p.or--
		return anyOf(of), err
	case query.Not:
		return p.and([]query.Node{n})
	case query.All:
		return allNode{}, nil
	}
	return nil, candor.Errorf(candor.Invalid, "The query is empty. Type a word, or * for everything.")
}

func (p *plan) many(of []query.Node) ([]node, error) {
	out := make([]node, 0, len(of))
	for _, part := range of {
		n, err := p.node(part)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

func (p *plan) and(of []query.Node) (node, error) {
	out := &andNode{}
	for _, part := range of {
		not, excluded := part.(query.Not)
		if !excluded {
			n, err := p.node(part)
			if err != nil {
				return nil, err
			}
			out.must = append(out.must, n)
			continue
		}
		p.mute++
		n, err := p.node(not.Of)
		p.mute--
		if err != nil {
			return nil, err
		}
		out.not = append(out.not, n)
	}
	if len(out.must) == 0 {
		out.must = []node{allNode{}}
	}
	return out, nil
}

func anyOf(of []node) node {
	if len(of) == 1 {
		return of[0]
	}
	return &orNode{of: of}
}

func allOf(of []node) node {
	switch len(of) {
	case 0:
		return noneNode{}
	case 1:
		return of[0]
	}
	return &andNode{must: of}
}

// rank enters a node among those that scores are made of.
func (p *plan) rank(n ranked, words string) node {
	if p.scores && p.mute == 0 {
		p.ranked, p.said = append(p.ranked, n), append(p.said, words)
	}
	return n
}

// scope returns the text fields that a query's field stands for, nil if it is
// not one.
func scope(field string) []int {
	if field == "" {
		return []int{fieldText, fieldTitle, fieldName, fieldPath, fieldPeople, fieldMeta, fieldTranslation}
	}
	if i := slices.Index(fieldNames[:], field); i >= 0 {
		return []int{i}
	}
	return nil
}

// perField makes a node of those that a function makes for each field.
func (p *plan) perField(field string, one func(field int) (node, error)) (node, error) {
	var of []node
	for _, f := range scope(field) {
		if p.stats[f].docs == 0 {
			continue
		}
		n, err := one(f)
		if err != nil {
			return nil, err
		}
		of = append(of, n)
	}
	if len(of) == 0 {
		return noneNode{}, nil
	}
	return anyOf(of), nil
}

func (p *plan) word(n query.Word) (node, error) {
	if scope(n.Field) == nil {
		return wholeValue(n.Field, n.Text)
	}
	words := foldedWords(n.Text)
	if !n.Exact {
		return p.sequence(n.Field, words)
	}
	of, err := p.exactly(n.Field, words)
	if err == nil && len(words) > 1 {
		var seq node
		seq, err = p.sequence(n.Field, words)
		of = append(of, seq)
	}
	return allOf(of), err
}

// exactly makes a node for each of some words as they stand.
func (p *plan) exactly(field string, words []string) ([]node, error) {
	var of []node
	for _, w := range words {
		n, err := p.perField(field, func(f int) (node, error) {
			n, err := p.lookUp(f, func(int) string { return w }, (*segment).exact)
			return p.rank(n, w), err
		})
		if err != nil {
			return nil, err
		}
		of = append(of, n)
	}
	return of, nil
}

// lookUp looks a word up in all segments, as a word of each language that they
// have. Where no segment has it in several, its records serve as they are.
func (p *plan) lookUp(field int, word func(language int) string, look func(*segment, space, string) (termRef, error)) (ranked, error) {
	t := &termNode{field: field, refs: make([]termRef, len(p.views))}
	var more []moreRef
	var words [len(languages)]string // as they were looked up
	for i, v := range p.views {
		for _, l := range v.languages {
			if words[l] == "" {
				words[l] = word(l)
			}
			ref, err := look(v.segment, spaceOf(field, l), words[l])
			if err != nil {
				return t, err
			}
			t.df += uint64(ref.df)
			switch {
			case ref.df == 0:
			case t.refs[i].df == 0:
				t.refs[i] = ref
			default:
				more = append(more, moreRef{i, ref})
			}
		}
	}
	if len(more) == 0 {
		return t, nil
	}
	return t.with(more), nil
}

// moreRef is a record of a view that has one of the same word already.
type moreRef struct {
	view int
	ref  termRef
}

// with is a node of a term's records and others.
func (t *termNode) with(more []moreRef) *patternNode {
	n := &patternNode{field: t.field, words: make([][]weighted, len(t.refs)), df: t.df}
	for i, ref := range t.refs {
		if ref.df > 0 {
			n.words[i] = append(n.words[i], weighted{ref, 1})
		}
	}
	for _, m := range more {
		n.words[m.view] = append(n.words[m.view], weighted{m.ref, 1})
	}
	return n
}

// inLanguage looks a stem up in the segments that have words of a language.
func (p *plan) inLanguage(field, language int, stem string) (*termNode, error) {
	t := &termNode{field: field, refs: make([]termRef, len(p.views))}
	for i, v := range p.views {
		if !slices.Contains(v.languages, language) {
			continue
		}
		ref, err := stemmed(v.segment, spaceOf(field, language), stem)
		if err != nil {
			return t, err
		}
		t.refs[i] = ref
		t.df += uint64(ref.df)
	}
	return t, nil
}

func stemmed(s *segment, in space, stem string) (termRef, error) {
	ref, _, err := s.lookup(term(in, formStem, stem))
	return ref, err
}

// languages are those that any segment has words of.
func (p *plan) languages() []int {
	var out []int
	for _, v := range p.views {
		out = append(out, v.languages...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p *plan) phrase(n query.Phrase) (node, error) {
	if scope(n.Field) == nil {
		return wholeValue(n.Field, n.Text)
	}
	words := foldedWords(n.Text)
	if n.Slop == 0 || len(words) < 2 {
		return p.sequence(n.Field, words)
	}
	return p.perField(n.Field, func(f int) (node, error) {
		return p.places(f, words, n.Slop*(len(words)-1))
	})
}

// sequence matches stemmed words one after the other.
func (p *plan) sequence(field string, words []string) (node, error) {
	if len(words) == 0 {
		return noneNode{}, nil
	}
	return p.perField(field, func(f int) (node, error) {
		if len(words) > 1 {
			return p.places(f, words, 0)
		}
		n, err := p.lookUp(f, func(language int) string { return stem(words[0], language) }, stemmed)
		return p.rank(n, stem(words[0], 0)), err
	})
}

// places matches words by where they stand: one directly after the other, or,
// with a span, all within it. They are looked for in each language by itself: the
// words of most items are all of one, and what an item says in another it says in
// whole passages. A word is as rare as it is in all.
func (p *plan) places(field int, words []string, span int) (node, error) {
	var found []*placesNode
	df := make([]uint64, len(words))
	for _, language := range p.languages() {
		n := &placesNode{field: field, span: span, stems: stemAll(words, language), df: df}
		missing := false
		for i, s := range n.stems {
			t, err := p.inLanguage(field, language, s)
			if err != nil {
				return nil, err
			}
			df[i] += t.df
			missing = missing || t.df == 0
			n.words = append(n.words, t)
		}
		if !missing {
			found = append(found, n)
		}
	}
	of := make([]node, len(found))
	for i, n := range found {
		n.partial = p.or > 0 || len(found) > 1
		of[i] = p.rank(n, strings.Join(n.stems, " "))
	}
	if len(of) == 0 {
		return noneNode{}, nil
	}
	return anyOf(of), nil
}

// dates compiles a range on a column of times.
func dates(n query.Range) (node, error) {
	switch n.Field {
	case "date":
		return between(sectionDates, n.From, n.To), nil
	case "added":
		return between(sectionAdded, n.From, n.To), nil
	}
	return nil, candor.Errorf(candor.Invalid, "Field %q has no dates; use date or added.", n.Field)
}

func between(column string, from, to time.Time) *timeNode {
	n := &timeNode{column: column, from: noTime + 1, to: 1<<63 - 1}
	if !from.IsZero() {
		n.from = from.UnixMilli()
	}
	if !to.IsZero() {
		n.to = to.UnixMilli()
	}
	return n
}

// filters compiles what narrows a result without a say in its order.
func filters(r query.Request) ([]node, error) {
	var out []node
	for _, f := range r.Filters {
		switch {
		case slices.Contains(facetFields, f.Field):
			out = append(out, &keywordNode{field: f.Field, accept: func(v string) bool { return slices.Contains(f.Values, v) }})
		case slices.Contains(wholeFields, f.Field):
			out = append(out, &wholeNode{field: f.Field, values: f.Values})
		case slices.Contains(query.Folds(), f.Field):
			n, err := kinFilter(f)
			if err != nil {
				return nil, err
			}
			out = append(out, n)
		default:
			return nil, candor.Errorf(candor.Invalid, "There is no filter %q. Filters are %s, %s, name and path.", f.Field, strings.Join(facetFields, ", "), query.FoldNames())
		}
	}
	if !r.From.IsZero() || !r.To.IsZero() {
		out = append(out, between(sectionDates, r.From, r.To))
	}
	if !r.Added.IsZero() {
		out = append(out, between(sectionAdded, r.Added, time.Time{}))
	}
	return out, nil
}

// valueField matches documents with a whole value that a function accepts, in
// small letters. A media type also has its two halves as values.
func valueField(field string, accept func(string) bool) (node, error) {
	switch field {
	case "type":
		return &keywordNode{field: query.FacetType, accept: func(v string) bool {
			v = strings.ToLower(v)
			kind, sub, _ := strings.Cut(v, "/")
			return accept(v) || accept(kind) || sub != "" && accept(sub)
		}}, nil
	case query.FacetLanguage, query.FacetCollection, query.FacetCondition, query.FacetYear:
		return &keywordNode{field: field, accept: func(v string) bool { return accept(strings.ToLower(v)) }}, nil
	}
	return nil, candor.Errorf(candor.Invalid, "There is no field %q. Fields are %s.", field, strings.Join(query.Fields(), ", "))
}

func wholeValue(field, text string) (node, error) {
	text = strings.ToLower(text)
	return valueField(field, func(v string) bool { return v == text })
}
