package local

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/blevesearch/vellum"

	"candor"
	"candor/internal/query"
)

// partGap keeps phrases and NEAR from reaching from one value of a field into
// the next.
const partGap = 10 * query.MaxNear

// builder makes one segment after the other from documents. Its memory is
// reused. Not safe for concurrent use.
type builder struct {
	occ   occurrences
	stems [len(languages)]*stemmer // as far as they were needed
	store storeEncoder

	w       *segmentWriter
	columns columnsBuilder
	places  passageBuilder
	offsets []byte // where stored documents end
	pending int    // documents in the segment so far
}

func newBuilder() (*builder, error) {
	z, err := newEncoder()
	if err != nil {
		return nil, err
	}
	return &builder{store: storeEncoder{zstd: z}}, nil
}

// begin begins a segment in a new file.
func (b *builder) begin(w *sealWriter) {
	b.w = &segmentWriter{sealWriter: w}
	b.occ.reset()
	b.columns = newColumnsBuilder()
	b.places.reset()
	b.offsets = append(b.offsets[:0], make([]byte, 8)...)
	b.pending = 0
	b.w.begin()
}

// bytes is the memory that the segment in making takes.
func (b *builder) bytes() int { return b.occ.bytes() + b.places.bytes() + 128*b.pending }

// add adds a document; their numbers ascend.
func (b *builder) add(d *query.Document) error {
	doc := uint32(b.pending)
	b.pending++
	b.w.append(b.store.encode(d))
	b.offsets = binary.LittleEndian.AppendUint64(b.offsets, uint64(b.w.off))
	b.columns.add(d)
	b.places.add(d)
	language := languageNumber[d.Language]
	for field := range fieldCount {
		count := uint32(0)
		if field == fieldText && len(d.Tongues) > 0 {
			count = b.tongues(doc, d)
		} else {
			count = b.words(spaceOf(field, inflected(field, language)), doc, partsOf(d, field))
		}
		b.columns.lengths[field] = append(b.columns.lengths[field], count)
	}
	return b.w.err
}

// words notes the words of a field's values in a space and returns how many there are.
func (b *builder) words(s space, doc uint32, parts []string) (count uint32) {
	pos := uint32(0)
	for _, part := range parts {
		query.EachToken(part, func(w []byte, _, _ int) bool {
			pos++
			count++
			b.occ.add(s, boundWord(w), doc, pos)
			return true
		})
		pos += partGap
	}
	return count
}

// tongues notes the words of a text in several languages, each in its own, and
// returns how many there are.
func (b *builder) tongues(doc uint32, d *query.Document) (count uint32) {
	rest := d.Tongues
	in := spaceOf(fieldText, languageNumber[d.Language])
	query.EachToken(d.Text, func(w []byte, start, _ int) bool {
		for len(rest) > 0 && start >= rest[0].At {
			in, rest = spaceOf(fieldText, languageNumber[rest[0].Language]), rest[1:]
		}
		count++
		b.occ.add(in, boundWord(w), doc, count)
		return true
	})
	return count
}

// partsOf returns the values of a text field.
func partsOf(d *query.Document, field int) []string {
	switch field {
	case fieldText:
		return []string{d.Text}
	case fieldTitle:
		return []string{d.Title}
	case fieldName:
		return []string{d.Name}
	case fieldPath:
		return []string{d.Path}
	case fieldPeople:
		return d.People
	case fieldTranslation:
		return []string{d.Translation}
	}
	values := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		values[i] = f.Value
	}
	return values
}

// finish writes the rest of the segment. Its file is durable then, its name is not.
func (b *builder) finish() error {
	b.w.end(sectionStored)
	b.w.put(sectionOffsets, b.offsets)
	b.columns.write(b.w)
	b.places.write(b.w)
	err := writeTerms(b.w, func(t *termWriter) error {
		for _, s := range b.occ.spaces() {
			if err := b.space(t, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.w.finish()
}

// writeTerms writes the records that a function makes, and their dictionary.
func writeTerms(w *segmentWriter, fill func(*termWriter) error) error {
	var dict bytes.Buffer
	fst, err := vellum.New(&dict, nil)
	if err != nil {
		return err
	}
	w.begin()
	t := &termWriter{postingsWriter: postingsWriter{w: w.sealWriter, start: w.off}, dict: fst}
	if err := fill(t); err != nil {
		return err
	}
	w.end(sectionPostings)
	if err := fst.Close(); err != nil {
		return err
	}
	w.put(sectionWords, dict.Bytes())
	w.put(sectionLanguages, binary.AppendUvarint(nil, t.languages))
	return nil
}

// termWriter writes records together with the dictionary that leads to them.
type termWriter struct {
	postingsWriter
	dict      *vellum.Builder
	key       []byte
	languages uint64 // a bit for each that has a term
}

// end finishes the record that was begun and enters it.
func (t *termWriter) end(s space, form int, word []byte, sole bool) error {
	at, err := t.finish()
	if err != nil {
		return err
	}
	t.key = append(append(t.key[:0], termByte(s, form)), word...)
	t.languages |= 1 << s.language()
	v := uint64(at) << 1
	if sole {
		v |= 1
	}
	return t.dict.Insert(t.key, v)
}

// space writes the records of a space: stems, each with the words that have
// it, then words as they stand, except those that are the only word of a stem
// that looks the same.
func (b *builder) space(t *termWriter, s space) error {
	if b.stems[s.language()] == nil {
		b.stems[s.language()] = newStemmer(s.language())
	}
	words := b.occ.sorted(s, b.stems[s.language()])
	lengths := b.columns.lengths[s.field()]
	byStem := slices.Clone(words)
	for i := range byStem {
		if k := &byStem[i]; k.stem != "" {
			k.first = firstBytes(k.stem)
		}
	}
	slices.SortFunc(byStem, func(x, y sortKey) int {
		if x.first != y.first {
			return cmp.Compare(x.first, y.first)
		}
		return strings.Compare(b.occ.stemOf(&x), b.occ.stemOf(&y))
	})
	for i := 0; i < len(byStem); {
		stem := b.occ.stemOf(&byStem[i])
		n := i + 1
		for n < len(byStem) && byStem[n].first == byStem[i].first && b.occ.stemOf(&byStem[n]) == stem {
			n++
		}
		alone := n == i+1 && string(b.word(byStem[i])) == stem
		b.occ.words[byStem[i].word].sole = alone
		t.begin(lengths, true)
		b.group(t, byStem[i:n])
		if err := t.end(s, formStem, []byte(stem), alone); err != nil {
			return err
		}
		i = n
	}
	for _, k := range words {
		e := &b.occ.words[k.word]
		if e.sole {
			continue
		}
		t.begin(lengths, false)
		for c := b.occ.read(e); c.next(e); {
			t.add(c.doc, c.tf, nil)
		}
		if err := t.end(s, formExact, b.word(k), false); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) word(k sortKey) []byte { return b.occ.word(&b.occ.words[k.word]) }

// group adds the documents of some words to one record.
func (b *builder) group(t *termWriter, words []sortKey) {
	if len(words) == 1 {
		e := &b.occ.words[words[0].word]
		for c := b.occ.read(e); c.next(e); {
			t.add(c.doc, c.tf, c.positions)
		}
		return
	}
	chains := make([]chain, len(words))
	for i, k := range words {
		e := &b.occ.words[k.word]
		chains[i] = b.occ.read(e)
		if !chains[i].next(e) {
			chains[i].doc = endOfList
		}
	}
	var places []uint32
	var packed []byte
	for {
		doc := uint32(endOfList)
		for i := range chains {
			doc = min(doc, chains[i].doc)
		}
		if doc == endOfList {
			return
		}
		places, packed = places[:0], packed[:0]
		for i := range chains {
			c, e := &chains[i], &b.occ.words[words[i].word]
			if c.doc != doc {
				continue
			}
			places = appendPlaces(places, c.positions)
			if !c.next(e) {
				c.doc = endOfList
			}
		}
		slices.Sort(places)
		last := uint32(0)
		for _, p := range places {
			packed = binary.AppendUvarint(packed, uint64(p-last))
			last = p
		}
		t.add(doc, uint32(len(places)), packed)
	}
}

func appendPlaces(dst []uint32, packed []byte) []uint32 {
	pos := uint32(0)
	for len(packed) > 0 {
		v, n := uvarint(packed)
		pos += uint32(v)
		dst = append(dst, pos)
		packed = packed[n:]
	}
	return dst
}

// columnsBuilder collects the columns of a segment.
type columnsBuilder struct {
	nums         []uint64
	dates, added []int64
	lengths      [fieldCount][]uint32
	keywords     map[string]*keywordBuilder
	hashes       map[string][]uint64
}

func newColumnsBuilder() columnsBuilder {
	c := columnsBuilder{keywords: map[string]*keywordBuilder{}, hashes: map[string][]uint64{}}
	for _, f := range facetFields {
		c.keywords[f] = newKeywordBuilder()
	}
	return c
}

func (c *columnsBuilder) add(d *query.Document) {
	c.nums = append(c.nums, uint64(d.Num))
	c.dates = append(c.dates, millisOf(d.Date))
	c.added = append(c.added, millisOf(d.Added))
	for _, f := range facetFields {
		c.keywords[f].add(facetValues(d, f))
	}
	c.hashes["name"] = append(c.hashes["name"], wholeHash(d.Name))
	c.hashes["path"] = append(c.hashes["path"], wholeHash(d.Path))
	for i, n := range kinValues(d.Kin) {
		c.hashes[kinFields[i]] = append(c.hashes[kinFields[i]], n)
	}
}

// wholeHash finds candidates for a whole name or path; the stored document
// decides.
func wholeHash(s string) uint64 {
	return uint64(crc32.Checksum([]byte(s), castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// facetValues are the values that count for a facet.
func facetValues(d *query.Document, facet string) []string {
	switch facet {
	case query.FacetCollection:
		return []string{d.Collection}
	case query.FacetType:
		return []string{d.Type}
	case query.FacetLanguage:
		return d.Languages()
	case query.FacetPeople:
		return d.People
	case query.FacetEmails:
		return d.Named.Emails
	case query.FacetPhones:
		return d.Named.Phones
	case query.FacetIBANs:
		return d.Named.IBANs
	case query.FacetDates:
		return d.Named.Dates
	case query.FacetMoney:
		return d.Named.Money
	case query.FacetURLs:
		return d.Named.URLs
	case query.FacetIdentifiers:
		return d.Named.Identifiers
	case query.FacetAreas:
		return candor.AreasOf(d.Fields)
	case query.FacetPersons:
		return d.Named.People
	case query.FacetOrgs:
		return d.Named.Organisations
	case query.FacetPlaces:
		return d.Named.Places
	case query.FacetCondition:
		return []string{string(d.Condition)}
	case query.FacetYear:
		if !d.Date.IsZero() {
			return []string{strconv.Itoa(d.Date.Year())}
		}
	}
	return nil
}

// write writes all columns and the statistics of the segment.
func (c *columnsBuilder) write(w *segmentWriter) {
	w.put(sectionNums, packColumn(nil, c.nums))
	w.put(sectionDates, packTimes(nil, c.dates))
	w.put(sectionAdded, packTimes(nil, c.added))
	for _, f := range facetFields {
		w.put(prefixKeywords+f, c.keywords[f].encode(nil))
	}
	for _, f := range slices.Concat(wholeFields, kinFields) {
		w.put(prefixHash+f, packColumn(nil, c.hashes[f]))
	}
	writeLengths(w, &c.lengths, c.nums[0], c.nums[len(c.nums)-1])
}

// writeLengths writes the lengths of fields, and the statistics, with the
// lowest and the highest item number.
func writeLengths(w *segmentWriter, all *[fieldCount][]uint32, low, high uint64) {
	stats := binary.AppendUvarint(nil, uint64(len(all[0])))
	stats = binary.AppendUvarint(stats, low)
	stats = binary.AppendUvarint(stats, high)
	wide := make([]uint64, len(all[0]))
	for field, lengths := range all {
		var s fieldStats
		for i, l := range lengths {
			wide[i] = uint64(l)
			s.words += uint64(l)
			if l > 0 {
				s.docs++
			}
		}
		w.put(prefixLengths+fieldNames[field], packColumn(nil, wide))
		stats = binary.AppendUvarint(stats, s.docs)
		stats = binary.AppendUvarint(stats, s.words)
	}
	w.put(sectionStats, stats)
}
