package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/vellum"
)

// merging makes one segment of several: documents in the order of their
// numbers, without those that are deleted, and without words that only those had.
type merging struct {
	ctx     context.Context
	views   []*view
	order   []uint16   // for each new document, which view it comes from
	targets [][]uint32 // by view and old document: the new one, or endOfList
	lengths [fieldCount][]uint32
	raw     []byte // positions on their way
	fail    failure
}

func newMerging(ctx context.Context, views []*view) (*merging, error) {
	m := &merging{ctx: ctx, views: views}
	return m, m.arrange()
}

// arrange gives documents their places in the new segment.
func (m *merging) arrange() error {
	nums := make([]*packed, len(m.views))
	at := make([]uint32, len(m.views))
	for i, v := range m.views {
		var err error
		if nums[i], err = v.nums(); err != nil {
			return err
		}
		m.targets = append(m.targets, make([]uint32, v.docs))
	}
	for {
		best, low := -1, uint64(0)
		for i, v := range m.views {
			for at[i] < v.docs && v.deleted.Contains(at[i]) {
				m.targets[i][at[i]] = endOfList
				at[i]++
			}
			if at[i] < v.docs {
				if n := nums[i].at(at[i]); best < 0 || n < low {
					best, low = i, n
				}
			}
		}
		if best < 0 {
			return nil
		}
		m.targets[best][at[best]] = uint32(len(m.order))
		m.order = append(m.order, uint16(best))
		at[best]++
	}
}

// write writes the new segment, which must have a document.
func (m *merging) write(sw *sealWriter) error {
	w := &segmentWriter{sealWriter: sw}
	if err := m.documents(w); err != nil {
		return err
	}
	if err := m.columns(w); err != nil {
		return err
	}
	if err := m.passages(w); err != nil {
		return err
	}
	if err := writeTerms(w, m.terms); err != nil {
		return err
	}
	return w.finish()
}

// each calls yield for the documents in their new order, with the view and the
// number that each comes from.
func (m *merging) each(yield func(place int, view int, doc uint32) error) error {
	next := make([]uint32, len(m.views))
	for place, i := range m.order {
		if place%256 == 0 && m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		for m.targets[i][next[i]] == endOfList {
			next[i]++
		}
		if err := yield(place, int(i), next[i]); err != nil {
			return err
		}
		next[i]++
	}
	return nil
}

// documents copies what is stored.
func (m *merging) documents(w *segmentWriter) error {
	offsets, texts := make([]window, len(m.views)), make([]window, len(m.views))
	for i, v := range m.views {
		offsets[i], texts[i] = windowOn(v.segment), windowOn(v.segment)
		offsets[i].direct, texts[i].direct = true, true
	}
	ends := make([]byte, 8, 8*(len(m.order)+1))
	w.begin()
	err := m.each(func(_, i int, doc uint32) error {
		from, to, err := m.views[i].storedAt(&offsets[i], doc)
		for err == nil && from < to {
			var b []byte
			if b, err = texts[i].upTo(from, to); err == nil {
				w.append(b)
				err = w.err
				from += int64(len(b))
			}
		}
		ends = binary.LittleEndian.AppendUint64(ends, uint64(w.off))
		return err
	})
	w.end(sectionStored)
	w.put(sectionOffsets, ends)
	return err
}

// columns writes the columns one after the other, so that only one is in memory.
func (m *merging) columns(w *segmentWriter) error {
	values := make([]uint64, len(m.order))
	numbers := func(open func(*segment) (*packed, error)) error {
		return column(m, open, func(place int, c *packed, doc uint32) { values[place] = c.at(doc) })
	}
	if err := numbers((*segment).nums); err != nil {
		return err
	}
	low, high := values[0], values[len(values)-1]
	w.put(sectionNums, packColumn(nil, values))
	for _, f := range wholeFields {
		if err := numbers(func(s *segment) (*packed, error) { return s.hashes(f) }); err != nil {
			return err
		}
		w.put(prefixHash+f, packColumn(nil, values))
	}
	for _, f := range kinFields {
		if err := numbers(func(s *segment) (*packed, error) { return s.kin(f) }); err != nil {
			return err
		}
		w.put(prefixHash+f, packColumn(nil, values))
	}
	for _, name := range []string{sectionDates, sectionAdded} {
		ts := make([]int64, len(m.order))
		err := column(m, func(s *segment) (*times, error) { return s.times(name) }, func(place int, c *times, doc uint32) { ts[place] = c.at(doc) })
		if err != nil {
			return err
		}
		w.put(name, packTimes(nil, ts))
	}
	for _, f := range facetFields {
		b := newKeywordBuilder()
		err := column(m, func(s *segment) (*keywords, error) { return s.keywords(f) }, func(_ int, c *keywords, doc uint32) { b.add(c.strings(doc)) })
		if err != nil {
			return err
		}
		w.put(prefixKeywords+f, b.encode(nil))
	}
	for f := range m.lengths {
		m.lengths[f] = make([]uint32, len(m.order))
		err := column(m, func(s *segment) (*packed, error) { return s.lengths(f) }, func(place int, c *packed, doc uint32) { m.lengths[f][place] = uint32(c.at(doc)) })
		if err != nil {
			return err
		}
	}
	writeLengths(w, &m.lengths, low, high)
	return nil
}

// column opens a column in all segments and lets a function take the values.
func column[T any](m *merging, open func(*segment) (T, error), take func(place int, from T, doc uint32)) error {
	from := make([]T, len(m.views))
	for i, v := range m.views {
		var err error
		if from[i], err = open(v.segment); err != nil {
			return err
		}
	}
	return m.each(func(place, i int, doc uint32) error { take(place, from[i], doc); return nil })
}

// termSource walks through the dictionary and the records of a segment.
type termSource struct {
	it     *vellum.FSTIterator // nil at the end
	key    []byte
	value  uint64
	target []uint32
	head   window
	list   *postings
}

func (m *merging) termSource(i int) (*termSource, error) {
	v := m.views[i]
	dict, err := v.dictionary()
	if err != nil {
		return nil, err
	}
	s := &termSource{target: m.targets[i], head: windowOn(v.segment),
		list: &postings{win: windowOn(v.segment), skips: windowOn(v.segment), places: windowOn(v.segment), fail: &m.fail}}
	s.head.direct, s.list.win.direct, s.list.skips.direct, s.list.places.direct = true, true, true, true
	s.it, err = dict.Iterator(nil, nil)
	return s, s.moved(err)
}

func (s *termSource) moved(err error) error {
	if err == vellum.ErrIteratorDone {
		s.it, s.key = nil, nil
		return nil
	}
	if err == nil {
		s.key, s.value = s.it.Current()
	}
	return err
}

// part is a record that goes into a new one.
type part struct {
	from  *termSource
	value uint64
}

// open stands on the first live document of a part's record, and reports
// whether there is one.
func (p part) open() error {
	seg := p.from.head.seg
	ref, err := seg.recordBy(&p.from.head, p.value)
	if err != nil {
		return err
	}
	p.from.list.open(ref)
	p.from.skipGone()
	return nil
}

func (s *termSource) skipGone() {
	for s.list.doc != endOfList && s.target[s.list.doc] == endOfList {
		s.list.next()
	}
}

// doc is the new number of the document that a source stands on.
func (s *termSource) doc() uint32 {
	if s.list.doc == endOfList {
		return endOfList
	}
	return s.target[s.list.doc]
}

// lone is a word that is the only one of its stem in some segments, which
// therefore have no record of its own, but not in others.
type lone struct {
	key   []byte
	parts []part
}

// terms merges the records, in the order of the dictionaries.
func (m *merging) terms(t *termWriter) error {
	sources := make([]*termSource, len(m.views))
	for i := range m.views {
		var err error
		if sources[i], err = m.termSource(i); err != nil {
			return err
		}
	}
	var lones []lone
	var key []byte
	for n := 0; ; n++ {
		if n%256 == 0 && m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		var parts []part
		key, parts = nextKey(key, sources, &lones)
		if len(parts) == 0 {
			return m.fail.err
		}
		exact := key[0]%2 == formExact
		sole := 0
		for _, p := range parts {
			if !exact && p.value&1 == 1 {
				sole++
			}
		}
		if sole > 0 && sole < len(parts) {
			l := lone{key: bytes.Clone(key)}
			l.key[0]++
			l.parts = slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.value&1 == 0 })
			lones = append(lones, l)
		}
		if err := m.term(t, key, parts, sole == len(parts)); err != nil {
			return err
		}
	}
}

// nextKey returns the lowest key that is left, and all records under it, and
// moves behind it.
func nextKey(buf []byte, sources []*termSource, lones *[]lone) ([]byte, []part) {
	var low []byte
	if len(*lones) > 0 {
		low = (*lones)[0].key
	}
	for _, s := range sources {
		if s.it != nil && (low == nil || bytes.Compare(s.key, low) < 0) {
			low = s.key
		}
	}
	key := append(buf[:0], low...)
	var parts []part
	if len(*lones) > 0 && bytes.Equal((*lones)[0].key, key) {
		parts = append(parts, (*lones)[0].parts...)
		*lones = (*lones)[1:]
	}
	for _, s := range sources {
		if s.it != nil && bytes.Equal(s.key, key) {
			parts = append(parts, part{s, s.value})
			if err := s.moved(s.it.Next()); err != nil {
				s.list.fail.set(err)
				s.it = nil
			}
		}
	}
	return key, parts
}

// term merges the records of one term. Without live documents nothing is left
// of it, not even in the dictionary.
func (m *merging) term(t *termWriter, key []byte, parts []part, sole bool) error {
	for _, p := range parts {
		if err := p.open(); err != nil {
			return err
		}
	}
	s, form := spaceIn(key), int(key[0]%2)
	t.begin(m.lengths[s.field()], form == formStem)
	for {
		var least *termSource
		low, other := uint32(endOfList), uint32(endOfList) // of least, of the others
		for _, p := range parts {
			switch d := p.from.doc(); {
			case d < low:
				least, low, other = p.from, d, low
			case d < other:
				other = d
			}
		}
		if least == nil {
			break
		}
		m.run(t, least, other, form == formStem)
	}
	if m.fail.err != nil || t.df == 0 {
		return m.fail.err
	}
	return t.end(s, form, key[1:], sole)
}

// run adds documents of one source as long as they come before those of the others.
func (m *merging) run(t *termWriter, from *termSource, other uint32, places bool) {
	l := from.list
	for doc := from.doc(); doc < other; doc = from.doc() {
		if m.raw = m.raw[:0]; places {
			m.raw = l.rawPositions(m.raw)
		}
		t.add(doc, l.tf(), m.raw)
		l.next()
		from.skipGone()
	}
}

// carried returns what was deleted while the merge ran, in the new segment.
func (m *merging) carried(now []*view) *roaring.Bitmap {
	gone := roaring.New()
	for i, v := range now {
		newly := roaring.AndNot(v.deleted, m.views[i].deleted)
		it := newly.Iterator()
		for it.HasNext() {
			gone.Add(m.targets[i][it.Next()])
		}
	}
	return gone
}

// sizeOf is what a segment weighs for the policy: its bytes, without the share
// of deleted documents.
func sizeOf(v *view) int64 { return v.file.size * int64(v.live()) / int64(v.docs) }

// The policy, tiered as Lucene's: segments of about the same size are merged
// when there are enough of them.
const (
	mergeAtOnce  = 6       // segments of a tier that make a merge
	mergeMost    = 12      // segments that one merge takes
	tierFloor    = 1 << 20 // bytes; smaller segments are one tier
	mergeCeiling = 4 << 30 // bytes; larger ones are not made
	goneShare    = 5       // one deleted document in so many: the segment is written again
)

func tierOf(size int64) (tier int) {
	for size >= tierFloor {
		size /= mergeAtOnce
		tier++
	}
	return tier
}

// pick chooses segments to merge; none if there is nothing to do.
func (x *Index) pick(views []*view) []*view {
	tiers := map[int][]*view{}
	last := 0
	for _, v := range views {
		t := tierOf(sizeOf(v))
		tiers[t] = append(tiers[t], v)
		last = max(last, t)
	}
	for t := range last + 1 {
		same := tiers[t]
		if len(same) < mergeAtOnce {
			continue
		}
		slices.SortFunc(same, func(a, b *view) int { return int(sizeOf(a) - sizeOf(b)) })
		if chosen := fitting(same); len(chosen) > 1 {
			return chosen
		}
	}
	id := x.sealer.Load().id
	for _, v := range views {
		if v.file.keyID != id || int(v.deleted.GetCardinality())*goneShare > int(v.docs) {
			return []*view{v}
		}
	}
	return nil
}

// fitting returns as many of the first views as may become one segment.
func fitting(views []*view) []*view {
	size, docs := int64(0), uint64(0)
	for i, v := range views {
		size += sizeOf(v)
		docs += uint64(v.docs)
		if i == mergeMost || size > mergeCeiling || docs >= endOfList {
			return views[:i]
		}
	}
	return views
}

func names(views []*view) string {
	out := make([]string, len(views))
	for i, v := range views {
		out[i] = v.name
	}
	return strings.Join(out, " ")
}
