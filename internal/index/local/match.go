package local

import (
	"math"
	"math/bits"
	"slices"
	"sort"
)

// set is some documents of a segment: as an ascending list when they are few,
// or one bit each.
type set struct {
	docs []uint32
	bits []uint64 // not nil: docs is not used
}

// sparseShare: sets of fewer than this part of a segment are lists.
const sparseShare = 64

func (s *set) dense() bool { return s.bits != nil }

func (s *set) count() int {
	if s.dense() {
		return countBits(s.bits)
	}
	return len(s.docs)
}

func (s *set) empty() bool { return !s.dense() && len(s.docs) == 0 }

// each calls yield for each document, in order.
func (s *set) each(yield func(doc uint32) bool) {
	if !s.dense() {
		for _, d := range s.docs {
			if !yield(d) {
				return
			}
		}
		return
	}
	for i, w := range s.bits {
		for ; w != 0; w &= w - 1 {
			if !yield(uint32(i*64 + bits.TrailingZeros64(w))) {
				return
			}
		}
	}
}

// runs calls yield for each run of documents that follow one another.
func (s *set) runs(yield func(first, behind uint32)) {
	if !s.dense() {
		for i := 0; i < len(s.docs); {
			j := i + 1
			for j < len(s.docs) && s.docs[j] == s.docs[j-1]+1 {
				j++
			}
			yield(s.docs[i], s.docs[j-1]+1)
			i = j
		}
		return
	}
	for at := nextBit(s.bits, 0, 0); at < 64*len(s.bits); {
		end := nextBit(s.bits, at, ^uint64(0))
		yield(uint32(at), uint32(end))
		at = nextBit(s.bits, end, 0)
	}
}

// nextBit returns the first bit from a place on that is set; with flip all ones,
// that is not.
func nextBit(set []uint64, at int, flip uint64) int {
	for i := at / 64; i < len(set); i++ {
		w := set[i] ^ flip
		if i == at/64 {
			w &= ^uint64(0) << (at % 64)
		}
		if w != 0 {
			return 64*i + bits.TrailingZeros64(w)
		}
	}
	return 64 * len(set)
}

func hasBit(set []uint64, doc uint32) bool { return set[doc/64]>>(doc%64)&1 == 1 }

// keep returns the documents that a function accepts.
func (s *set) keep(accept func(doc uint32) bool) *set {
	if !s.dense() {
		out := &set{docs: make([]uint32, 0, len(s.docs))}
		for _, d := range s.docs {
			if accept(d) {
				out.docs = append(out.docs, d)
			}
		}
		return out
	}
	out := &set{bits: make([]uint64, len(s.bits))}
	for i, w := range s.bits {
		for ; w != 0; w &= w - 1 {
			b := bits.TrailingZeros64(w)
			if accept(uint32(i*64 + b)) {
				out.bits[i] |= 1 << b
			}
		}
	}
	return out
}

// minus returns s without what other has. It may change s.
func (s *set) minus(other *set) *set {
	if other == nil || other.empty() {
		return s
	}
	if s.dense() {
		if other.dense() {
			for i, w := range other.bits {
				s.bits[i] &^= w
			}
		} else {
			for _, d := range other.docs {
				s.bits[d/64] &^= 1 << (d % 64)
			}
		}
		return s
	}
	if other.dense() {
		return s.keep(func(d uint32) bool { return !hasBit(other.bits, d) })
	}
	from := other.docs
	return s.keep(func(d uint32) bool {
		i := sort.Search(len(from), func(i int) bool { return from[i] >= d })
		from = from[i:]
		return len(from) == 0 || from[0] != d
	})
}

// within returns what s and other share. It may change s.
func (s *set) within(other *set) *set {
	if other == nil {
		return s
	}
	if s.dense() && other.dense() {
		for i, w := range other.bits {
			s.bits[i] &= w
		}
		return s
	}
	if s.dense() {
		return other.keep(func(d uint32) bool { return hasBit(s.bits, d) })
	}
	if other.dense() {
		return s.keep(func(d uint32) bool { return hasBit(other.bits, d) })
	}
	from := other.docs
	return s.keep(func(d uint32) bool {
		i, ok := slices.BinarySearch(from, d)
		from = from[i:]
		return ok
	})
}

// matcher finds what a plan matches in one segment.
type matcher struct {
	plan  *plan
	i     int // of the view
	v     *view
	fail  *failure
	found map[ranked]*scored // what nodes found that have no list in the index
	final *set               // what the whole query matches, when that is known
}

// scored is a list of documents with occurrences, found by a search.
type scored struct {
	docs []uint32
	tfs  []float32
}

func newMatcher(p *plan, i int, fail *failure) *matcher {
	return &matcher{plan: p, i: i, v: p.views[i], fail: fail, found: map[ranked]*scored{}}
}

func (m *matcher) none() *set  { return &set{} }
func (m *matcher) blank() *set { return &set{bits: make([]uint64, wordsFor(m.v.docs))} }

// every returns all documents, or all within.
func (m *matcher) every(within *set) *set {
	if within != nil {
		return within.clone()
	}
	s := m.blank()
	for i := range s.bits {
		s.bits[i] = ^uint64(0)
	}
	if rest := m.v.docs % 64; rest > 0 {
		s.bits[len(s.bits)-1] = 1<<rest - 1
	}
	return s
}

// isSparse says whether so many documents are better kept as a list.
func (m *matcher) isSparse(n int) bool { return n*sparseShare < int(m.v.docs) || n < 64 }

// stopped reports that the search must end: an error, or its context.
func (m *matcher) stopped() bool {
	if err := m.plan.ctx.Err(); err != nil {
		m.fail.set(err)
	}
	return m.fail.err != nil
}

type allNode struct{}
type noneNode struct{}

func (allNode) match(m *matcher, within *set) *set { return m.every(within) }
func (allNode) cost(m *matcher) int                { return int(m.v.docs) }
func (noneNode) match(m *matcher, _ *set) *set     { return m.none() }
func (noneNode) cost(*matcher) int                 { return 0 }

// termNode matches what has a term.
type termNode struct {
	field int
	refs  []termRef // by view
	df    uint64    // of all segments
}

func (t *termNode) cost(m *matcher) int { return int(t.refs[m.i].df) }

func (t *termNode) match(m *matcher, within *set) *set {
	ref := t.refs[m.i]
	if ref.df == 0 || m.stopped() || within != nil && within.empty() {
		return m.none()
	}
	p := newPostings(m.v.segment, ref, m.fail)
	switch {
	case within != nil && !within.dense():
		out := &set{}
		for _, d := range within.docs {
			if p.advance(d); p.doc == d {
				out.docs = append(out.docs, d)
			}
		}
		return out
	case m.isSparse(int(ref.df)):
		out := &set{docs: make([]uint32, 0, ref.df)}
		for p.doc != endOfList {
			out.docs = append(out.docs, p.docs[p.i:p.n]...)
			p.move(p.block + 1)
		}
		return out.within(within)
	}
	out := m.blank()
	p.fill(out.bits)
	return out.within(within)
}

// move is load for records of any length.
func (p *postings) move(block int) {
	if p.count == 0 {
		p.end(nil)
		return
	}
	p.load(block)
}

// fill sets the bits of all documents from the current one on.
func (p *postings) fill(set []uint64) {
	for p.doc != endOfList {
		for _, d := range p.docs[p.i:p.n] {
			set[d/64] |= 1 << (d % 64)
		}
		p.move(p.block + 1)
	}
}

// andNode matches what all of must match and none of not does.
type andNode struct{ must, not []node }

func (a *andNode) cost(m *matcher) int {
	least := int(m.v.docs)
	for _, n := range a.must {
		least = min(least, n.cost(m))
	}
	return least
}

func (a *andNode) match(m *matcher, within *set) *set {
	must := slices.Clone(a.must)
	slices.SortStableFunc(must, func(x, y node) int { return x.cost(m) - y.cost(m) })
	for _, n := range must {
		within = n.match(m, within)
		if m.stopped() || within.empty() {
			return m.none()
		}
		if within.dense() { // what is left may be few
			if n := within.count(); n*sparseShare < int(m.v.docs) {
				within = within.list(n)
			}
		}
	}
	for _, n := range a.not {
		within = within.minus(n.match(m, within))
	}
	return within
}

// list returns the same documents, so many, as a list.
func (s *set) list(n int) *set {
	out := &set{docs: make([]uint32, 0, n)}
	s.each(func(d uint32) bool { out.docs = append(out.docs, d); return true })
	return out
}

// orNode matches what at least one of its nodes matches.
type orNode struct{ of []node }

func (o *orNode) cost(m *matcher) int {
	sum := 0
	for _, n := range o.of {
		sum += n.cost(m)
	}
	return min(sum, int(m.v.docs))
}

func (o *orNode) match(m *matcher, within *set) *set {
	if within != nil && !within.dense() || within == nil && m.isSparse(o.cost(m)) {
		out := m.none()
		for _, n := range o.of {
			if n.cost(m) > 0 {
				out = out.union(n.match(m, within))
			}
		}
		return out
	}
	out := m.blank()
	for _, n := range o.of {
		if m.stopped() {
			return m.none()
		}
		if t, ok := n.(*termNode); ok {
			if ref := t.refs[m.i]; ref.df > 0 {
				newPostings(m.v.segment, ref, m.fail).fill(out.bits)
			}
			continue
		}
		out = out.union(n.match(m, within))
	}
	return out.within(within)
}

// union returns what s or other has. It may change s.
func (s *set) union(other *set) *set {
	switch {
	case other.dense() && !s.dense():
		return other.clone().union(s)
	case other.dense():
		for i, w := range other.bits {
			s.bits[i] |= w
		}
	case s.dense():
		for _, d := range other.docs {
			s.bits[d/64] |= 1 << (d % 64)
		}
	case len(s.docs) == 0:
		return other
	default:
		return &set{docs: mergeDocs(s.docs, other.docs)}
	}
	return s
}

func (s *set) clone() *set { return &set{docs: slices.Clone(s.docs), bits: slices.Clone(s.bits)} }

func mergeDocs(a, b []uint32) []uint32 {
	out := make([]uint32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out = append(out, a[0])
			a = a[1:]
		case a[0] > b[0]:
			out = append(out, b[0])
			b = b[1:]
		default:
			out = append(out, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// lengthNode matches what has any word in a field.
type lengthNode struct{ field int }

func (n *lengthNode) cost(m *matcher) int { return int(m.v.stats[n.field].docs) }

func (n *lengthNode) match(m *matcher, within *set) *set {
	lengths, err := m.v.lengths(n.field)
	if err != nil {
		m.fail.set(err)
		return m.none()
	}
	return m.every(within).keep(func(d uint32) bool { return lengths.at(d) > 0 })
}

// timeNode matches times from a bound (inclusive) to a bound (exclusive).
type timeNode struct {
	column   string
	from, to int64 // milliseconds
}

func (n *timeNode) cost(m *matcher) int { return int(m.v.docs) }

func (n *timeNode) match(m *matcher, within *set) *set {
	column, err := m.v.times(n.column)
	if err != nil {
		m.fail.set(err)
		return m.none()
	}
	return m.every(within).keep(func(d uint32) bool {
		t := column.at(d)
		return t != noTime && t >= n.from && t < n.to
	})
}

// keywordNode matches documents with a whole value that accept accepts.
type keywordNode struct {
	field  string
	accept func(string) bool
}

func (n *keywordNode) cost(m *matcher) int { return int(m.v.docs) }

func (n *keywordNode) match(m *matcher, within *set) *set {
	column, err := m.v.keywords(n.field)
	if err != nil {
		m.fail.set(err)
		return m.none()
	}
	good, all := n.good(column)
	switch {
	case !slices.Contains(good, true):
		return m.none()
	case all && column.full():
		return m.every(within)
	}
	if !column.multi() {
		return m.every(within).keep(func(d uint32) bool { return good[column.ords.at(d)] })
	}
	return m.every(within).keep(func(d uint32) bool {
		found := false
		column.each(d, func(ord uint32) { found = found || good[ord] })
		return found
	})
}

// good tells by number which values of a column are accepted, and whether all are.
func (n *keywordNode) good(column *keywords) (good []bool, all bool) {
	good, all = make([]bool, column.len()+1), true
	for i := range column.len() {
		good[i+1] = n.accept(string(column.value(uint32(i + 1))))
		all = all && good[i+1]
	}
	return good, all
}

// wholeNode matches a whole name or path.
type wholeNode struct {
	field  string
	values []string
}

func (n *wholeNode) cost(m *matcher) int { return int(m.v.docs) }

func (n *wholeNode) match(m *matcher, within *set) *set {
	column, err := m.v.hashes(n.field)
	if err != nil {
		m.fail.set(err)
		return m.none()
	}
	hashes := map[uint64]bool{}
	for _, v := range n.values {
		hashes[wholeHash(v)] = true
	}
	found := &set{}
	m.every(within).each(func(d uint32) bool {
		if hashes[column.at(d)] && n.is(m, d) {
			found.docs = append(found.docs, d)
		}
		return m.fail.err == nil
	})
	return found
}

// is looks into the stored document: two names can have the same hash.
func (n *wholeNode) is(m *matcher, doc uint32) bool {
	d, err := m.v.stored(m.plan.zstd, doc, false)
	if err != nil {
		m.fail.set(err)
		return false
	}
	if n.field == "name" {
		return d.name != "" && slices.Contains(n.values, d.name)
	}
	return d.path != "" && slices.Contains(n.values, d.path)
}

// weighted is a record, and how much an occurrence in it counts.
type weighted struct {
	termRef
	weight float32
}

// patternNode matches what has one of some words of a field.
type patternNode struct {
	field int
	words [][]weighted // by view
	df    uint64       // sum
}

func (n *patternNode) cost(m *matcher) int {
	sum := 0
	for _, w := range n.words[m.i] {
		sum += int(w.df)
	}
	return min(sum, int(m.v.docs))
}

func (n *patternNode) match(m *matcher, within *set) *set {
	if len(n.words[m.i]) == 0 || m.stopped() {
		return m.none()
	}
	if m.plan.wants(n) {
		list := m.list(n)
		return (&set{docs: slices.Clone(list.docs)}).within(within)
	}
	bits := m.blank()
	p := idlePostings(m.v.segment, m.fail)
	for i, w := range n.words[m.i] {
		if i%64 == 0 && m.stopped() {
			return m.none()
		}
		p.open(w.termRef)
		p.fill(bits.bits)
	}
	return bits.within(within)
}

// wants reports whether a node has a say in the score.
func (p *plan) wants(n ranked) bool { return slices.Contains(p.ranked, n) }

// list returns the documents of a pattern's words with the sum of their
// weighted occurrences.
func (m *matcher) list(n *patternNode) *scored {
	if s := m.found[n]; s != nil {
		return s
	}
	var s *scored
	if 8*n.cost(m) < int(m.v.docs) {
		s = m.gather(n)
	} else {
		s = m.sum(n)
	}
	m.found[n] = s
	return s
}

// eachOf calls yield for each document of a pattern's words.
func (m *matcher) eachOf(n *patternNode, yield func(doc uint32, tf float32)) {
	p := idlePostings(m.v.segment, m.fail)
	for i, w := range n.words[m.i] {
		if i%64 == 0 && m.stopped() {
			return
		}
		for p.open(w.termRef); p.doc != endOfList; p.next() {
			yield(p.doc, w.weight*float32(p.tf()))
		}
	}
}

// gather makes the list of a pattern that stands for little, by sorting.
func (m *matcher) gather(n *patternNode) *scored {
	pairs := make([]uint64, 0, n.cost(m))
	m.eachOf(n, func(doc uint32, tf float32) {
		pairs = append(pairs, uint64(doc)<<32|uint64(math.Float32bits(tf)))
	})
	slices.Sort(pairs)
	s := &scored{docs: make([]uint32, 0, len(pairs)), tfs: make([]float32, 0, len(pairs))}
	for _, p := range pairs {
		doc, tf := uint32(p>>32), math.Float32frombits(uint32(p))
		if last := len(s.docs) - 1; last >= 0 && s.docs[last] == doc {
			s.tfs[last] += tf
			continue
		}
		s.docs = append(s.docs, doc)
		s.tfs = append(s.tfs, tf)
	}
	return s
}

// sum makes the list of a pattern that stands for much, by a row of all documents.
func (m *matcher) sum(n *patternNode) *scored {
	sums := make([]float32, m.v.docs)
	bits := m.blank()
	m.eachOf(n, func(doc uint32, tf float32) {
		sums[doc] += tf
		bits.bits[doc/64] |= 1 << (doc % 64)
	})
	count := bits.count()
	s := &scored{docs: make([]uint32, 0, count), tfs: make([]float32, 0, count)}
	bits.each(func(d uint32) bool {
		s.docs = append(s.docs, d)
		s.tfs = append(s.tfs, sums[d])
		return true
	})
	return s
}

// placesNode matches words of a field by where they stand: one directly after
// the other, or, with a span, from the first to the last within it.
type placesNode struct {
	field   int
	partial bool // inside an OR: documents may match without it having been asked
	words   []*termNode
	stems   []string
	df      []uint64 // of each word, in all languages
	span    int
}

func (n *placesNode) cost(m *matcher) int {
	least := int(m.v.docs)
	for _, w := range n.words {
		least = min(least, w.cost(m))
	}
	return least
}

func (n *placesNode) match(m *matcher, within *set) *set {
	found := n.find(m, within)
	if within == nil || !n.partial {
		m.found[n] = found
	}
	return &set{docs: slices.Clone(found.docs)}
}

// find returns where the words stand so, of documents within, and how often.
func (n *placesNode) find(m *matcher, within *set) *scored {
	terms := make([]node, len(n.words))
	for i, w := range n.words {
		terms[i] = w
	}
	out := &scored{}
	both := (&andNode{must: terms}).match(m, within)
	if both.empty() {
		return out
	}
	count := n.counter(m)
	steps := 0
	both.each(func(d uint32) bool {
		if steps++; steps%256 == 0 && m.stopped() {
			return false
		}
		if tf := count(d); tf > 0 {
			out.docs = append(out.docs, d)
			out.tfs = append(out.tfs, float32(tf))
		}
		return m.fail.err == nil
	})
	return out
}

// counter returns a function that counts how often the words stand so in a
// document that has them all. Documents ascend.
func (n *placesNode) counter(m *matcher) func(doc uint32) int {
	lists := make([]*postings, 0, len(n.words))
	need := []int{} // how many places each word takes
	known := map[string]int{}
	for i, w := range n.words {
		if at, ok := known[n.stems[i]]; ok && n.span > 0 {
			need[at]++
			continue
		}
		known[n.stems[i]] = len(lists)
		lists = append(lists, newPostings(m.v.segment, w.refs[m.i], m.fail))
		need = append(need, 1)
	}
	readers := make([]positions, len(lists))
	spans := &spanCounter{need: need, have: make([]int, len(need)), span: uint32(n.span)}
	return func(doc uint32) int {
		for i, p := range lists {
			if p.advance(doc); p.doc != doc {
				return 0
			}
			readers[i] = p.positions()
		}
		if n.span == 0 {
			return countSequences(readers)
		}
		return spans.count(readers)
	}
}

// countSequences counts where each reader has the position after the one before.
func countSequences(rs []positions) (count int) {
	if !rs[0].next() {
		return 0
	}
	for i := 1; ; {
		want := rs[0].pos + uint32(i)
		if !rs[i].advance(want) {
			return count
		}
		if rs[i].pos > want { // begin no earlier than this one allows
			if !rs[0].advance(rs[i].pos - uint32(i)) {
				return count
			}
			i = 1
			continue
		}
		if i++; i == len(rs) {
			count++
			if !rs[0].next() {
				return count
			}
			i = 1
		}
	}
}

// spanCounter counts the occurrences with which a span begins that holds, for
// each reader, so many occurrences as it needs.
type spanCounter struct {
	need, have []int
	span       uint32
	ahead      []place // of the span, in order, from first on
	first      int
}

type place struct {
	pos  uint32
	word int
}

func (c *spanCounter) count(rs []positions) (count int) {
	c.ahead, c.first = c.ahead[:0], 0
	clear(c.have)
	for i := range rs {
		rs[i].step()
	}
	for {
		c.take(rs)
		if c.first == len(c.ahead) {
			return count
		}
		enough := true
		for i, n := range c.need {
			enough = enough && c.have[i] >= n
		}
		if enough {
			count++
		}
		c.have[c.ahead[c.first].word]--
		if c.first++; c.first > 1024 && c.first*2 > len(c.ahead) { // or a text of one word would be held as a whole
			c.ahead = c.ahead[:copy(c.ahead, c.ahead[c.first:])]
			c.first = 0
		}
	}
}

// take adds what lies within the span that begins with the first place.
func (c *spanCounter) take(rs []positions) {
	for {
		least := -1
		for i := range rs {
			if rs[i].live() && (least < 0 || rs[i].pos < rs[least].pos) {
				least = i
			}
		}
		if least < 0 || c.first < len(c.ahead) && rs[least].pos > c.ahead[c.first].pos+c.span {
			return
		}
		c.ahead = append(c.ahead, place{rs[least].pos, least})
		c.have[least]++
		rs[least].step()
	}
}
