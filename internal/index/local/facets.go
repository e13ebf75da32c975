package local

import (
	"bytes"
	"cmp"
	"container/heap"
	"hash/maphash"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"candor/internal/query"
)

// defaultFacetTop is how many values of a facet are returned unless asked.
const defaultFacetTop = 20

// facetCounts counts the values that the documents of a result have. It keeps
// what was found in each segment, and then goes through one field after the
// other, so that it needs memory for the values of one field only.
type facetCounts struct {
	req   query.Request
	views []*view
	found []*set            // of the result, by view
	open  map[string][]*set // by field that is counted without its own filter, by view
}

func newFacetCounts(req query.Request, views []*view) *facetCounts {
	return &facetCounts{req: req, views: views, found: make([]*set, len(views)), open: map[string][]*set{}}
}

// whole reports whether the whole result is gone through, and not only its best.
func (f *facetCounts) whole() bool {
	return len(f.req.Facets) > 0 || f.req.Distinct != "" || f.req.Fold != ""
}

// keep takes what was found in a segment. It is not to be changed from then on.
func (f *facetCounts) keep(m *matcher, matched *set) {
	if !f.whole() {
		return
	}
	f.found[m.i] = matched
	for field, root := range m.plan.open {
		if f.open[field] == nil {
			f.open[field] = make([]*set, len(f.views))
		}
		other := newMatcher(m.plan, m.i, m.fail) // what nodes find is found within other filters
		f.open[field][m.i] = other.living(root)
	}
}

// into counts, and writes facets and the number of different values into a result.
func (f *facetCounts) into(res *query.Result, stopped func() error) error {
	fields := f.req.Facets
	if f.req.Distinct != "" && !slices.Contains(fields, f.req.Distinct) {
		fields = append(slices.Clone(fields), f.req.Distinct)
	}
	counted := make([][]query.Count, len(fields))
	side := errgroup.Group{}
	side.SetLimit(runtime.GOMAXPROCS(0))
	if f.size() < worthSharing {
		side.SetLimit(1)
	}
	for i, field := range fields {
		side.Go(func() error {
			if err := stopped(); err != nil {
				return err
			}
			return sound(func() (err error) { counted[i], err = f.field(field, res); return err })
		})
	}
	err := side.Wait()
	res.Facets = make(map[string][]query.Count, len(f.req.Facets))
	for i, field := range f.req.Facets {
		res.Facets[field] = counted[i]
	}
	return err
}

// worthSharing is from how many documents on fields are counted side by side.
const worthSharing = 5000

func (f *facetCounts) size() (n int) {
	for _, s := range f.found {
		if s != nil {
			n += s.count()
		}
	}
	return n
}

// field counts one field. Of one of which the different values are wanted, it sets
// these in the result, which no other field does.
func (f *facetCounts) field(field string, res *query.Result) ([]query.Count, error) {
	tallies, err := f.tallies(field, f.found)
	if err != nil {
		return nil, err
	}
	if field == f.req.Distinct {
		res.Distinct = different(tallies)
	}
	if open := f.open[field]; open != nil {
		if tallies, err = f.tallies(field, open); err != nil {
			return nil, err
		}
	}
	return topValues(tallies, f.top(field)), nil
}

func (f *facetCounts) top(field string) int {
	return cmp.Or(f.req.FacetTops[field], f.req.FacetTop, defaultFacetTop)
}

// tallies counts a field in every segment where documents were found.
func (f *facetCounts) tallies(field string, in []*set) (out []tally, err error) {
	for i, docs := range in {
		if docs == nil || docs.empty() {
			continue
		}
		column, err := f.views[i].keywords(field)
		if err != nil {
			return nil, err
		}
		if t := column.tally(docs); t.some() {
			out = append(out, t)
		}
	}
	return out, nil
}

// tally is how many documents have each value of a segment's column: for a few
// values these, in order, with their counts; else a count for every number.
type tally struct {
	column *keywords
	few    []uint32
	counts []uint32
}

// each calls yield for every value that a document has, in order.
func (t *tally) each(yield func(ord, count uint32)) {
	if t.few != nil {
		for i, ord := range t.few {
			yield(ord, t.counts[i])
		}
		return
	}
	for ord, n := range t.counts {
		if n > 0 {
			yield(uint32(ord), n)
		}
	}
}

func (t *tally) some() bool {
	return len(t.few) > 0 || slices.ContainsFunc(t.counts, func(n uint32) bool { return n > 0 })
}

// of returns how many documents have a value by its number.
func (t *tally) of(ord uint32) uint32 {
	if t.few == nil {
		return t.counts[ord]
	}
	if i, ok := slices.BinarySearch(t.few, ord); ok {
		return t.counts[i]
	}
	return 0
}

// sparseValues: of a segment with so many times more values than documents
// found, only the values of those are looked at.
const sparseValues = 16

// tally counts the values of documents, in the way that is least work: by their
// list where they are few beside the column's values, by the list of those that
// have values at all where these are fewer.
func (k *keywords) tally(of *set) tally {
	n := of.count()
	if !k.multi() && k.ords.width == 0 {
		if k.ords.base == 0 {
			return tally{}
		}
		return tally{column: k, few: []uint32{uint32(k.ords.base)}, counts: []uint32{uint32(n)}}
	}
	if sparseValues*n < k.len() {
		return k.tallyFew(of)
	}
	counts := make([]uint32, k.len()+1)
	switch {
	case of.dense() && k.holders != nil && len(k.holders) < n:
		for _, d := range k.holders {
			if hasBit(of.bits, d) {
				k.each(d, func(ord uint32) { counts[ord]++ })
			}
		}
	case k.multi():
		of.each(func(d uint32) bool {
			for i, end := uint32(k.starts.at(d)), uint32(k.starts.at(d+1)); i < end; i++ {
				counts[k.ords.at(i)]++
			}
			return true
		})
	default:
		of.each(func(d uint32) bool { counts[k.ords.at(d)]++; return true })
	}
	counts[0] = 0 // of documents without a value
	return tally{column: k, counts: counts}
}

// tallyFew counts by sorting what the documents have.
func (k *keywords) tallyFew(of *set) tally {
	var ords []uint32
	of.each(func(d uint32) bool {
		k.each(d, func(ord uint32) { ords = append(ords, ord) })
		return true
	})
	slices.Sort(ords)
	t := tally{column: k}
	for i, ord := range ords {
		if i == 0 || ord != ords[i-1] {
			t.few, t.counts = append(t.few, ord), append(t.counts, 0)
		}
		t.counts[len(t.counts)-1]++
	}
	return t
}

// topValues returns the most frequent values of several segments, ties by value.
func topValues(tallies []tally, most int) []query.Count {
	best := &topCounts{most: most}
	if len(tallies) == 1 {
		t := &tallies[0]
		t.each(func(ord, n uint32) { best.add(valueCount{t.column.value(ord), int64(n)}) })
		return best.sorted()
	}
	for _, c := range candidates(tallies, most) {
		n := int64(0)
		for i := range tallies {
			if ord, ok := tallies[i].column.find(c.value); ok {
				n += int64(tallies[i].of(ord))
			}
		}
		best.add(valueCount{c.value, n})
	}
	return best.sorted()
}

// candidates returns the values that can be among the most frequent: not those
// that stay below every segment's threshold, and not those that have too little
// where they do not, for all that they can have below it elsewhere (TPUT: Cao and
// Wang, Efficient top-K query calculation in distributed networks, 2004).
func candidates(tallies []tally, most int) []valueCount {
	least := thresholds(tallies, most)
	var all []valueCount
	below := int64(0)
	for i := range tallies {
		t := &tallies[i]
		t.each(func(ord, n uint32) {
			if n >= least[i] {
				all = append(all, valueCount{t.column.value(ord), int64(n)})
			}
		})
		below += int64(least[i]) - 1
	}
	slices.SortFunc(all, func(a, b valueCount) int { return bytes.Compare(a.value, b.value) })
	out := all[:0]
	for _, c := range all {
		if n := len(out); n > 0 && bytes.Equal(out[n-1].value, c.value) {
			out[n-1].count += c.count
		} else {
			out = append(out, c)
		}
	}
	if len(out) <= most {
		return out
	}
	best := &topCounts{most: most}
	for _, c := range out {
		best.add(c)
	}
	needed := best.kept[0].count - below
	return slices.DeleteFunc(out, func(c valueCount) bool { return c.count < needed })
}

// thresholds returns for each segment what a value must reach in one of them to
// be among the most frequent. What a value has below them comes, in all segments
// together, to less than so many values have in one segment alone.
func thresholds(tallies []tally, most int) []uint32 {
	highest := make([]int64, len(tallies))
	bound := int64(0)
	for i := range tallies {
		var nth int64
		highest[i], nth = tallies[i].nth(most)
		bound = max(bound, nth)
	}
	order := make([]int, len(tallies))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(highest[a], highest[b]) })
	// Segments in which no value has many spend these, and the others divide the rest.
	out := make([]uint32, len(tallies))
	left := max(bound-1, 0)
	for at, i := range order {
		share := min(left/int64(len(order)-at), highest[i])
		left -= share
		out[i] = uint32(share) + 1
	}
	return out
}

// nth returns the highest count, and the one at a place from the top; 0 if there
// are fewer.
func (t *tally) nth(place int) (highest, nth int64) {
	var small [256]int // how many values have so many
	var large []uint32
	t.each(func(_, n uint32) {
		if n < uint32(len(small)) {
			small[n]++
		} else {
			large = append(large, n)
		}
	})
	slices.SortFunc(large, func(a, b uint32) int { return cmp.Compare(b, a) })
	if len(large) > 0 {
		highest = int64(large[0])
	}
	if place <= len(large) {
		return highest, int64(large[place-1])
	}
	place -= len(large)
	for n := len(small) - 1; n > 0; n-- {
		if highest == 0 && small[n] > 0 {
			highest = int64(n)
		}
		if place -= small[n]; place <= 0 {
			return highest, int64(n)
		}
	}
	return highest, 0
}

// valueCount is a value with how many documents have it.
type valueCount struct {
	value []byte
	count int64
}

// before orders the most frequent first, ties by value.
func (a valueCount) before(b valueCount) bool {
	return a.count > b.count || a.count == b.count && bytes.Compare(a.value, b.value) < 0
}

// topCounts keeps the most frequent of some values.
type topCounts struct {
	most int
	kept countHeap
}

func (t *topCounts) add(v valueCount) {
	switch {
	case len(t.kept) < t.most:
		heap.Push(&t.kept, v)
	case v.before(t.kept[0]):
		t.kept[0] = v
		heap.Fix(&t.kept, 0)
	}
}

func (t *topCounts) sorted() []query.Count {
	out := make([]query.Count, len(t.kept))
	for i := len(out) - 1; i >= 0; i-- {
		v := heap.Pop(&t.kept).(valueCount)
		out[i] = query.Count{Value: string(v.value), Count: v.count}
	}
	return out
}

// countHeap is a heap of values, the least frequent first.
type countHeap []valueCount

func (h countHeap) Len() int           { return len(h) }
func (h countHeap) Less(i, j int) bool { return h[j].before(h[i]) }
func (h countHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *countHeap) Push(v any)        { *h = append(*h, v.(valueCount)) }

func (h *countHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// hashSeed is this process's, so that nobody can make values with the same hash.
var hashSeed = maphash.MakeSeed()

// different counts the different values of several segments, telling them apart
// by hashes of 64 bits: of a million values two have the same one once in 40
// million searches.
func different(tallies []tally) int64 {
	n := 0
	for i := range tallies {
		tallies[i].each(func(uint32, uint32) { n++ })
	}
	if len(tallies) < 2 {
		return int64(n)
	}
	seen := make(map[uint64]struct{}, n)
	for i := range tallies {
		hashes := tallies[i].column.hashes()
		tallies[i].each(func(ord, _ uint32) { seen[hashes[ord-1]] = struct{}{} })
	}
	return int64(len(seen))
}
