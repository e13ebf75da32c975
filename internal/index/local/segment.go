package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/blevesearch/vellum"

	"candor/internal/query"
)

// A segment is a sealed file of sections, which no one changes once it is
// written. Its plain text ends with a table of sections and 16 bytes that lead
// to it. Readers look sections up by name and pass over those they don't know.
const (
	sectionStored    = "stored"    // what is shown of each document
	sectionOffsets   = "offsets"   // where in it each begins
	sectionStats     = "stats"     // sums of lengths
	sectionNums      = "nums"      // item numbers, ascending
	sectionDates     = "dates"     // milliseconds
	sectionAdded     = "added"     //
	sectionPostings  = "postings"  //
	sectionWords     = "words"     // dictionary
	sectionLanguages = "languages" // a bit for each that the dictionary has words of
	prefixLengths    = "length."   // of a text field, in words
	prefixKeywords   = "values."   // of a facet field
	prefixHash       = "hash."     // 32 bits of a hash of a whole name or path

	tableMark = 0x1DE25E61
)

// facetFields hold whole values that can be counted.
var facetFields = query.Facets()

// laterFields came after the first version of the format.
var laterFields = []string{query.FacetEmails, query.FacetPhones, query.FacetIBANs, query.FacetPersons, query.FacetOrgs, query.FacetPlaces,
	query.FacetDates, query.FacetMoney, query.FacetURLs, query.FacetIdentifiers, query.FacetAreas}

// wholeFields can be filtered by, and are checked in the stored document.
var wholeFields = []string{"name", "path"}

type section struct {
	off, size int64
	number    int64
}

// segmentWriter writes sections one after the other.
type segmentWriter struct {
	*sealWriter
	table []byte
	count int
	begun int64
}

func (w *segmentWriter) begin() { w.begun = w.off }

func (w *segmentWriter) end(name string) {
	w.table = appendBytes(w.table, name)
	w.table = binary.AppendUvarint(w.table, uint64(w.begun))
	w.table = binary.AppendUvarint(w.table, uint64(w.off-w.begun))
	w.count++
}

func (w *segmentWriter) put(name string, data []byte) {
	w.begin()
	w.append(data)
	w.end(name)
}

// finish writes the table and makes the file durable, though not its name.
func (w *segmentWriter) finish() error {
	at := w.off
	table := binary.AppendUvarint(nil, uint64(w.count))
	table = append(table, w.table...)
	tail := binary.LittleEndian.AppendUint64(nil, uint64(at))
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(table)))
	tail = binary.LittleEndian.AppendUint32(tail, tableMark)
	w.append(table)
	w.append(tail)
	return w.sealWriter.finish()
}

// fieldStats are what BM25 needs of a field: how many documents have words in
// it, and how many words.
type fieldStats struct{ docs, words uint64 }

// segment is an open segment. Safe for concurrent use. It counts who uses it,
// and closes its file with the last.
type segment struct {
	id        uint64
	name      string
	file      *sealed
	cache     *cache
	docs      uint32
	languages []int // numbers of those that it has words of
	stats     [fieldCount]fieldStats
	low, hi   uint32 // lowest and highest item number
	sections  map[string]section
	users     atomic.Int64
}

func segmentName(id uint64) string { return fmt.Sprintf("segment-%016x", id) }

// openSegment opens a segment and reads its small sections. The caller is its
// first user.
func openSegment(fs FS, s *sealer, c *cache, id uint64) (*segment, error) {
	name := segmentName(id)
	f, err := s.open(fs, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	g := &segment{id: id, name: name, file: f, cache: c}
	g.users.Store(1)
	if err := g.readTable(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return g, nil
}

func (s *segment) readTable() error {
	if s.file.size < 16 {
		return errFormat
	}
	tail, err := s.file.span(s.file.size-16, 16)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(tail[12:]) != tableMark {
		return errFormat
	}
	at, size := int64(binary.LittleEndian.Uint64(tail)), int64(binary.LittleEndian.Uint32(tail[8:]))
	table, err := s.file.span(at, size)
	if err != nil {
		return err
	}
	if s.sections, err = readSections(table, at); err != nil {
		return err
	}
	if err := s.readLanguages(); err != nil {
		return err
	}
	stats, err := s.small(sectionStats)
	if err != nil {
		return err
	}
	return s.readStats(stats)
}

// readLanguages reads which languages a segment has; those of before had one.
func (s *segment) readLanguages() error {
	if _, ok := s.sections[sectionLanguages]; !ok {
		s.languages = []int{0}
		return nil
	}
	b, err := s.small(sectionLanguages)
	if err != nil {
		return err
	}
	d := decoder{b: b}
	for has, l := d.uvarint(), 0; has != 0; has, l = has>>1, l+1 {
		if l >= len(languages) {
			return errFormat
		}
		if has&1 == 1 {
			s.languages = append(s.languages, l)
		}
	}
	return d.err
}

func readSections(table []byte, end int64) (map[string]section, error) {
	d := decoder{b: table}
	n := d.count(3)
	out := make(map[string]section, n)
	for i := range n {
		name := string(d.bytes())
		off, size := d.uvarint(), d.uvarint()
		if off > uint64(end) || size > uint64(end)-off {
			return nil, errFormat
		}
		out[name] = section{int64(off), int64(size), int64(i)}
	}
	return out, d.err
}

func (s *segment) readStats(b []byte) error {
	d := decoder{b: b}
	docs, low, high := d.uvarint(), d.uvarint(), d.uvarint()
	for i := range s.stats {
		if i >= firstFields && len(d.b) == 0 {
			break // a field that came later
		}
		s.stats[i] = fieldStats{d.uvarint(), d.uvarint()}
	}
	if docs == 0 || docs >= endOfList || high > 1<<32-1 || low > high {
		return errFormat
	}
	s.docs, s.low, s.hi = uint32(docs), uint32(low), uint32(high)
	return d.err
}

func (s *segment) retain() { s.users.Add(1) }

func (s *segment) release() {
	if s.users.Add(-1) == 0 {
		s.cache.forget(s.id)
		s.file.Close()
	}
}

// block returns a block through the cache.
func (s *segment) block(n int64) ([]byte, error) {
	v, err := s.cache.get(cacheKey{s.id, n}, func() (any, int64, error) {
		b, err := s.file.block(n)
		return b, int64(cap(b)), err
	})
	if err != nil {
		return nil, fmt.Errorf("%s block %d: %w", s.name, n, err)
	}
	return v.([]byte), nil
}

// small reads a whole section past the cache.
func (s *segment) small(name string) ([]byte, error) {
	sec, ok := s.sections[name]
	if !ok {
		return nil, fmt.Errorf("section %q: %w", name, errFormat)
	}
	return s.file.span(sec.off, sec.size)
}

// whole returns a decoded section through the cache.
func whole[T any](s *segment, name string, decode func([]byte) (T, error)) (T, error) {
	sec := s.sections[name]
	v, err := s.cache.get(cacheKey{s.id, -1 - sec.number}, func() (any, int64, error) {
		b, err := s.small(name)
		if err != nil {
			return nil, 0, err
		}
		v, err := decode(b)
		size := int64(len(b)) + 64
		if more, ok := any(v).(interface{ memory() int64 }); ok && err == nil {
			size += more.memory()
		}
		return v, size, err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", s.name, err)
	}
	return v.(T), nil
}

// numbers decodes a column with one number a document.
func (s *segment) numbers(b []byte) (*packed, error) {
	p, _, err := readPacked(b)
	if err == nil && p.n != int(s.docs) {
		err = errFormat
	}
	return &p, err
}

func (s *segment) nums() (*packed, error) { return whole(s, sectionNums, s.numbers) }

func (s *segment) lengths(field int) (*packed, error) {
	if _, ok := s.sections[prefixLengths+fieldNames[field]]; !ok && field >= firstFields {
		return &packed{n: int(s.docs)}, nil
	}
	return whole(s, prefixLengths+fieldNames[field], s.numbers)
}

func (s *segment) hashes(field string) (*packed, error) {
	return whole(s, prefixHash+field, s.numbers)
}

func (s *segment) times(name string) (*times, error) {
	return whole(s, name, func(b []byte) (*times, error) {
		t, err := readTimes(b)
		if err == nil && t.n != int(s.docs) {
			err = errFormat
		}
		return t, err
	})
}

// keywords returns the column of a facet field, an empty one for a field that
// was not kept yet when the segment was written.
func (s *segment) keywords(field string) (*keywords, error) {
	if _, ok := s.sections[prefixKeywords+field]; !ok && slices.Contains(laterFields, field) {
		return &keywords{ords: packed{n: int(s.docs)}}, nil
	}
	return whole(s, prefixKeywords+field, func(b []byte) (*keywords, error) { return readKeywords(b, s.docs) })
}

func (s *segment) dictionary() (*vellum.FST, error) {
	return whole(s, sectionWords, vellum.Load)
}

// lookup returns a term's record; df is 0 when there is none. sole says that
// the stem itself is the only word with this stem.
func (s *segment) lookup(term []byte) (ref termRef, sole bool, err error) {
	if f := spaceIn(term).field(); f < fieldCount && s.stats[f].docs == 0 {
		return ref, false, nil
	}
	d, err := s.dictionary()
	if err != nil {
		return ref, false, err
	}
	v, ok, err := d.Get(term)
	if err != nil || !ok {
		return ref, false, err
	}
	ref, err = s.record(v)
	return ref, v&1 == 1, err
}

// exact returns the record of a word as it stands.
func (s *segment) exact(in space, word string) (termRef, error) {
	ref, _, err := s.lookup(term(in, formExact, word))
	if err != nil || ref.df > 0 {
		return ref, err
	}
	ref, sole, err := s.lookup(term(in, formStem, word))
	if !sole {
		ref = termRef{}
	}
	return ref, err
}

func term(s space, form int, word string) []byte {
	return append(append(make([]byte, 0, len(word)+1), termByte(s, form)), word...)
}

// maxHeader is the most bytes that a record's header takes.
const maxHeader = 3*binary.MaxVarintLen64 + impactsSize

// record reads the header that a value of the dictionary leads to.
func (s *segment) record(value uint64) (termRef, error) {
	w := windowOn(s)
	return s.recordBy(&w, value)
}

func (s *segment) recordBy(w *window, value uint64) (ref termRef, err error) {
	sec := s.sections[sectionPostings]
	at := int64(value >> 1)
	if at >= sec.size {
		return ref, errFormat
	}
	at += sec.off
	b, err := w.at(at, int(min(maxHeader, s.file.size-at)))
	if err != nil {
		return ref, err
	}
	return readHeader(b, at, sec, s.docs)
}

func readHeader(b []byte, at int64, sec section, docs uint32) (ref termRef, err error) {
	d := decoder{b: b}
	df := d.uvarint()
	ref.df, ref.places = uint32(df>>1), df&1 == 1
	posBytes := uint64(0)
	if ref.places {
		posBytes = d.uvarint()
	}
	size := d.uvarint()
	ref.pos, ref.body, ref.size = at-int64(posBytes), at+int64(len(b)-len(d.b)), int64(size)
	if ref.df > blockDocs {
		if m := d.take(impactsSize); m != nil {
			ref.limit = readImpacts(m)
		}
		if size < uint64(impactsSize+skipSize*ref.blocks()) {
			d.fail()
		}
	}
	if d.err != nil || df>>1 > uint64(docs) || posBytes > uint64(at-sec.off) || size > uint64(sec.off+sec.size-ref.body) {
		return termRef{}, errFormat
	}
	return ref, nil
}
