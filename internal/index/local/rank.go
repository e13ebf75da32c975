package local

import (
	"cmp"
	"math"
	"slices"

	"candor/internal/query"
)

// Scores are BM25: a document's score is the sum, over all words, phrases and
// patterns of the query outside of NOT that it has, and the fields it has them
// in, of
//
//	weight of the field · idf · (k1 + 1) · tf / (tf + k1 · (1 - b + b · length / average))
//	idf = ln(1 + (N - df + 0.5) / (df + 0.5))
//
// with N the documents that have words in the field, df those that have this
// one, and lengths in words. A phrase has the sum of its words' idf, a pattern
// that of a word that stands in as many documents as its words do together; an
// occurrence of a word e edits away counts 1/(1+e). Filters, ranges and * have
// no score. Deleted documents count until a merge has removed them.
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// slack makes bounds safe against rounding.
const slack = 1 + 1e-9

func idf(n, df uint64) float64 {
	df = min(df, n)
	return math.Log(1 + (float64(n-df)+0.5)/(float64(df)+0.5))
}

// cursor walks through the documents of one ranked node in one segment.
type cursor struct {
	doc uint32

	post *postings // either
	list *scored   // or
	at   int

	weight float64 // of the field · idf · (k1 + 1)
	flat   float64 // k1 · (1 - b)
	slope  float64 // k1 · b / average
	length *packed
	limit  float64 // no score is higher

	blockLimit float64 // nor here, up to blockEnd
	blockEnd   uint32
	hasBlock   bool
}

// cursorOn makes a cursor for a field of a segment; what it walks through is set
// by the caller.
func (m *matcher) cursorOn(field int, idf float64) *cursor {
	s := m.plan.stats[field]
	lengths, err := m.v.lengths(field)
	if err != nil {
		m.fail.set(err)
		return nil
	}
	average := float64(s.words) / float64(max(1, s.docs))
	return &cursor{weight: fieldWeights[field] * idf * (bm25K1 + 1), flat: bm25K1 * (1 - bm25B),
		slope: bm25K1 * bm25B / average, length: lengths}
}

func (t *termNode) in() int    { return t.field }
func (n *patternNode) in() int { return n.field }
func (n *placesNode) in() int  { return n.field }

func (t *termNode) cursor(m *matcher) *cursor {
	ref := t.refs[m.i]
	if ref.df == 0 {
		return nil
	}
	c := m.cursorOn(t.field, idf(m.plan.stats[t.field].docs, t.df))
	if c == nil {
		return nil
	}
	c.post = newPostings(m.v.segment, ref, m.fail)
	c.doc = c.post.doc
	if c.post.count > 0 {
		c.limit = c.bound(ref.limit)
		return c
	}
	p := c.post
	for i := range p.docs[:p.n] {
		c.limit = max(c.limit, c.scoreOf(float64(p.tfs[i]), p.docs[i]))
	}
	return c
}

func (n *patternNode) cursor(m *matcher) *cursor {
	if len(n.words[m.i]) == 0 {
		return nil
	}
	c := m.cursorOn(n.field, idf(m.plan.stats[n.field].docs, n.df))
	return c.on(m.list(n))
}

func (n *placesNode) cursor(m *matcher) *cursor {
	found := m.found[n]
	if found == nil {
		found = n.find(m, m.final)
	}
	sum := 0.0
	for _, df := range n.df {
		sum += idf(m.plan.stats[n.field].docs, df)
	}
	return m.cursorOn(n.field, sum).on(found)
}

// on lets a cursor walk through a list.
func (c *cursor) on(s *scored) *cursor {
	if c == nil || len(s.docs) == 0 {
		return nil
	}
	c.list, c.doc = s, s.docs[0]
	for i, d := range s.docs {
		c.limit = max(c.limit, c.scoreOf(float64(s.tfs[i]), d))
	}
	return c
}

func (c *cursor) scoreOf(tf float64, doc uint32) float64 {
	return c.weight * tf / (tf + c.flat + c.slope*float64(c.length.at(doc)))
}

// bound is the highest score of documents with such impacts.
func (c *cursor) bound(m impacts) (high float64) {
	for _, p := range m {
		score := c.weight // for any number of occurrences
		if p.tf < math.MaxUint16 {
			tf := float64(p.tf)
			score = c.weight * tf / (tf + c.flat + c.slope*float64(p.length))
		}
		high = max(high, score)
	}
	return high
}

func (c *cursor) score() float64 { return c.scoreOf(c.times(), c.doc) }

// times is tf of the document that the cursor is on.
func (c *cursor) times() float64 {
	if c.post != nil {
		return float64(c.post.tf())
	}
	return float64(c.list.tfs[c.at])
}

func (c *cursor) advance(target uint32) {
	if c.doc >= target {
		return
	}
	if c.post != nil {
		c.post.advance(target)
		c.doc = c.post.doc
		return
	}
	docs, step := c.list.docs, 1
	for c.at+step < len(docs) && docs[c.at+step] < target {
		c.at += step
		step *= 2
	}
	for c.at < len(docs) && docs[c.at] < target {
		c.at++
	}
	c.doc = endOfList
	if c.at < len(docs) {
		c.doc = docs[c.at]
	}
}

// limitAt returns the highest score that a document can have around a target,
// and up to which document this holds. Targets do not go back.
func (c *cursor) limitAt(target uint32) (float64, uint32) {
	if c.post == nil || c.post.count == 0 {
		return c.limit, endOfList
	}
	if !c.hasBlock || c.blockEnd < target {
		var m impacts
		m, c.blockEnd = c.post.peek(target)
		c.blockLimit, c.hasBlock = c.bound(m), true
	}
	return c.blockLimit, c.blockEnd
}

// found is one document in the order of a result.
type found struct {
	key  float64 // higher is better
	num  uint32
	doc  uint32
	view int
}

func (a found) before(b found) bool {
	if a.key != b.key {
		return a.key > b.key
	}
	return a.num < b.num
}

// top keeps the best so many documents, the worst of them first (a heap). With
// a cursor it keeps those behind it, and counts the others: they score no less
// than any it keeps, so that no bound passes over one of them.
type top struct {
	size   int
	heap   []found
	after  *query.Cursor
	passed int64 // up to the cursor
}

// takes reports whether a document with a score, or less, could still enter.
func (t *top) takes(bound float64) bool {
	return len(t.heap) < t.size || bound*slack >= t.heap[0].key
}

func (t *top) add(f found) {
	if t.after != nil && !(found{key: t.after.Key, num: t.after.Num}).before(f) {
		t.passed++
		return
	}
	h := t.heap
	if len(h) < t.size {
		h = append(h, f)
		for i := len(h) - 1; i > 0; {
			up := (i - 1) / 2
			if !h[up].before(h[i]) {
				break
			}
			h[up], h[i] = h[i], h[up]
			i = up
		}
		t.heap = h
		return
	}
	if t.size == 0 || !f.before(h[0]) {
		return
	}
	h[0] = f
	for i := 0; ; {
		worst := i
		for _, down := range []int{2*i + 1, 2*i + 2} {
			if down < len(h) && h[worst].before(h[down]) {
				worst = down
			}
		}
		if worst == i {
			return
		}
		h[worst], h[i] = h[i], h[worst]
		i = worst
	}
}

// sorted returns the documents, best first.
func (t *top) sorted() []found {
	slices.SortFunc(t.heap, func(a, b found) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return t.heap
}

// ranker scores documents of one segment.
type ranker struct {
	m       *matcher
	top     *top
	nums    *packed
	cursors []*cursor // in the order of the query, so that sums are always the same
	steps   int
}

// rank puts the best documents of a segment among the best of all. matched is
// what the query matches, or nil for whatever has a ranked node, except gone.
func (m *matcher) rank(t *top, matched *set, gone []uint64) {
	nums, err := m.v.nums()
	if err != nil {
		m.fail.set(err)
		return
	}
	m.final = matched
	r := &ranker{m: m, top: t, nums: nums}
	total := r.start()
	switch {
	case m.fail.err != nil:
	case len(r.cursors) > manyCursors:
		r.byTerm(matched, gone)
	case matched == nil:
		r.best(func(d uint32) bool { return gone == nil || !hasBit(gone, d) })
	case len(r.cursors) > 0 && matched.dense() && 8*matched.count() > total && t.after == nil:
		r.best(func(d uint32) bool { return hasBit(matched.bits, d) })
		if len(t.heap) < t.size || t.heap[0].key == 0 {
			r.rest(matched)
		}
	default:
		r.each(matched)
	}
}

// start makes the cursors, and returns what they go through at most.
func (r *ranker) start() (total int) {
	for _, n := range r.m.plan.ranked {
		if c := n.cursor(r.m); c != nil {
			r.cursors = append(r.cursors, c)
			total += n.cost(r.m)
		}
	}
	return total
}

// rankOnly ranks the best of a query that every document matches that has
// anything in it that is ranked, without finding all that match. It returns false
// where that does not go, or would not pay.
func (m *matcher) rankOnly(t *top, gone []uint64) bool {
	if !m.plan.scores || !allRanked(m.plan.asked) {
		return false
	}
	accept := func(d uint32) bool { return gone == nil || !hasBit(gone, d) }
	if len(m.plan.narrow) > 0 {
		within := m.living(&andNode{must: m.plan.narrow})
		if !within.dense() {
			return false
		}
		accept = func(d uint32) bool { return hasBit(within.bits, d) }
	}
	nums, err := m.v.nums()
	if err != nil {
		m.fail.set(err)
		return true
	}
	r := &ranker{m: m, top: t, nums: nums}
	if r.start(); len(r.cursors) > manyCursors {
		return false
	}
	r.best(accept)
	return true
}

// allRanked reports whether whatever has a part of the query that is ranked
// matches the whole.
func allRanked(n node) bool {
	if or, ok := n.(*orNode); ok {
		return !slices.ContainsFunc(or.of, func(n node) bool { return !allRanked(n) })
	}
	_, ok := n.(ranked)
	return ok
}

func (r *ranker) add(doc uint32, score float64) {
	if len(r.top.heap) == r.top.size && score < r.top.heap[0].key {
		return
	}
	r.top.add(found{key: score, num: uint32(r.nums.at(doc)), doc: doc, view: r.m.i})
}

func (r *ranker) stopped() bool {
	r.steps++
	return r.steps%1024 == 0 && r.m.stopped() || r.m.fail.err != nil
}

// manyCursors is from how many on keeping cursors in order costs more than
// scoring everything.
const manyCursors = 32

// byTerm scores one cursor after the other, in a row of all documents.
func (r *ranker) byTerm(matched *set, gone []uint64) {
	sums := make([]float64, r.m.v.docs)
	for _, c := range r.cursors {
		for c.doc != endOfList && !r.stopped() {
			sums[c.doc] += c.score()
			c.advance(c.doc + 1)
		}
	}
	if matched != nil {
		matched.each(func(d uint32) bool { r.add(d, sums[d]); return true })
		return
	}
	for d, sum := range sums {
		if sum > 0 && (gone == nil || !hasBit(gone, uint32(d))) {
			r.add(uint32(d), sum)
		}
	}
}

// each scores the documents of a set one after the other.
func (r *ranker) each(s *set) {
	s.each(func(d uint32) bool {
		if r.stopped() {
			return false
		}
		if len(r.top.heap) == r.top.size {
			bound := 0.0
			for _, c := range r.cursors {
				limit, _ := c.limitAt(d)
				bound += limit
			}
			if !r.top.takes(bound) {
				return true
			}
		}
		score := 0.0
		for _, c := range r.cursors {
			if c.advance(d); c.doc == d {
				score += c.score()
			}
		}
		r.add(d, score)
		return true
	})
}

// rest adds documents without a score, when there are not enough with one:
// every document that has one is in top then.
func (r *ranker) rest(s *set) {
	seen := map[uint32]bool{}
	for _, f := range r.top.heap {
		if f.view == r.m.i {
			seen[f.doc] = true
		}
	}
	s.each(func(d uint32) bool {
		if !seen[d] {
			r.add(d, 0)
		}
		return !r.stopped()
	})
}

// best finds the best documents that have any ranked node, by block-max WAND:
// cursors are kept in the order of their documents, and a document is looked
// at only if the limits of the cursors that can be on it add up to enough.
func (r *ranker) best(accept func(uint32) bool) {
	if len(r.cursors) == 1 {
		r.bestOf(r.cursors[0], accept)
		return
	}
	cs := slices.Clone(r.cursors)
	slices.SortFunc(cs, func(a, b *cursor) int { return cmp.Compare(a.doc, b.doc) })
	for !r.stopped() {
		pivot, bound := -1, 0.0
		for i, c := range cs {
			if c.doc == endOfList {
				break
			}
			if bound += c.limit; r.top.takes(bound) {
				pivot = i
				break
			}
		}
		if pivot < 0 {
			return
		}
		doc := cs[pivot].doc
		for pivot+1 < len(cs) && cs[pivot+1].doc == doc {
			pivot++
		}
		near, next := 0.0, uint32(endOfList)
		for _, c := range cs[:pivot+1] {
			limit, end := c.limitAt(doc)
			near += limit
			if end < endOfList {
				next = min(next, end+1)
			}
		}
		switch {
		case !r.top.takes(near):
			if pivot+1 < len(cs) {
				next = min(next, cs[pivot+1].doc)
			}
			next = max(next, doc+1)
			moveUp(cs, pivot+1, next)
		case cs[0].doc == doc:
			if accept(doc) {
				score := 0.0
				for _, c := range r.cursors {
					if c.doc == doc {
						score += c.score()
					}
				}
				r.add(doc, score)
			}
			moveUp(cs, pivot+1, doc+1)
		default:
			moveUp(cs, pivot, doc)
		}
	}
}

// bestOf is best for one cursor: it passes over blocks.
func (r *ranker) bestOf(c *cursor, accept func(uint32) bool) {
	for c.doc != endOfList && !r.stopped() {
		limit, end := c.limitAt(c.doc)
		if !r.top.takes(limit) {
			if end == endOfList {
				return
			}
			c.advance(end + 1)
			continue
		}
		for c.doc <= end && c.doc != endOfList {
			if accept(c.doc) {
				r.add(c.doc, c.score())
			}
			c.advance(c.doc + 1)
		}
	}
}

// moveUp advances the first n cursors to a document and puts all in order again.
func moveUp(cs []*cursor, n int, doc uint32) {
	for i := n - 1; i >= 0; i-- {
		c := cs[i]
		c.advance(doc)
		j := i
		for ; j+1 < len(cs) && cs[j+1].doc < c.doc; j++ {
			cs[j] = cs[j+1]
		}
		cs[j] = c
	}
}
