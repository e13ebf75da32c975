package local

import (
	"encoding/binary"
	"math"
	"math/bits"
	"sort"

	"candor"
	"candor/internal/query"
)

// What a segment holds of the places of its texts in meaning, if there are any:
// which passages each document has, for each a signature (one bit a number of its
// vector: whether it is above zero) to pass over most of them quickly, and the
// vector itself in a byte a number, to compare the rest.
const (
	sectionPassages   = "passages"   // the model, and where in the text each passage stands
	sectionSignatures = "signatures" //
	sectionVectors    = "vectors"    // for each passage 4 bytes scale, a byte a number

	scaleSize = 4
)

// passages tells which passages the documents of a segment have.
type passages struct {
	model  string
	dims   int
	starts packed // of each document, and the end
	begins packed // where in its text a passage begins
	sizes  packed // bytes
}

func (p *passages) count() int { return p.begins.n }

// of returns the first passage of a document, and the one behind its last.
func (p *passages) of(doc uint32) (from, to int) {
	return int(p.starts.at(doc)), int(p.starts.at(doc + 1))
}

// docOf returns the document that a passage is of.
func (p *passages) docOf(n int) uint32 {
	return uint32(sort.Search(p.starts.n-1, func(i int) bool { return int(p.starts.at(uint32(i+1))) > n }))
}

func (p *passages) stride() int { return scaleSize + p.dims }

// passageColumns collects the passages of a segment in making.
type passageColumns struct {
	model         string
	dims          int
	starts        []uint64
	begins, sizes []uint64
}

func (c *passageColumns) write(w *segmentWriter) {
	b := appendBytes(nil, c.model)
	b = binary.AppendUvarint(b, uint64(c.dims))
	b = packColumn(b, append(c.starts, uint64(len(c.begins))))
	b = packColumn(b, c.begins)
	w.put(sectionPassages, packColumn(b, c.sizes))
}

func readPassages(b []byte, docs uint32) (*passages, error) {
	d := decoder{b: b}
	p := &passages{model: string(d.bytes()), dims: int(min(d.uvarint(), query.MostDims+1))}
	if d.err != nil || !fitDims(p.dims) {
		return nil, errFormat
	}
	rest := d.b
	for _, column := range []*packed{&p.starts, &p.begins, &p.sizes} {
		var err error
		if *column, rest, err = readPacked(rest); err != nil {
			return nil, err
		}
	}
	if p.starts.n != int(docs)+1 || p.sizes.n != p.begins.n {
		return nil, errFormat
	}
	last := uint64(0)
	for i := range p.starts.n {
		at := p.starts.at(uint32(i))
		if at < last || at > uint64(p.count()) {
			return nil, errFormat
		}
		last = at
	}
	return p, nil
}

func fitDims(n int) bool { return n > 0 && n <= query.MostDims && n%query.DimStep == 0 }

// passageBuilder collects passages with their vectors.
type passageBuilder struct {
	passageColumns
	signatures, vectors []byte
}

func (b *passageBuilder) reset() {
	*b = passageBuilder{signatures: b.signatures[:0], vectors: b.vectors[:0]}
}

func (b *passageBuilder) bytes() int { return len(b.signatures) + len(b.vectors) + 24*len(b.begins) }

// add adds a document's passages.
func (b *passageBuilder) add(d *query.Document) {
	b.starts = append(b.starts, uint64(len(b.begins)))
	for _, p := range d.Meaning.Passages {
		b.model, b.dims = d.Meaning.Model, len(p.Vector)
		b.begins = append(b.begins, uint64(p.Start))
		b.sizes = append(b.sizes, uint64(p.End-p.Start))
		for _, word := range signature(p.Vector) {
			b.signatures = binary.LittleEndian.AppendUint64(b.signatures, word)
		}
		b.vectors = appendVector(b.vectors, p.Vector)
	}
}

func (b *passageBuilder) write(w *segmentWriter) {
	if len(b.begins) == 0 {
		return
	}
	b.passageColumns.write(w)
	w.put(sectionSignatures, b.signatures)
	w.put(sectionVectors, b.vectors)
}

// oneSpace makes sure that documents can stand side by side in a segment.
func oneSpace(docs []query.Document) error {
	model, dims := "", 0
	for i := range docs {
		d := &docs[i]
		for _, p := range d.Meaning.Passages {
			if model == "" {
				model, dims = d.Meaning.Model, len(p.Vector)
			}
			switch {
			case d.Meaning.Model == "" || d.Meaning.Model != model || len(p.Vector) != dims:
				return candor.Errorf(candor.Invalid, "Documents that are put together are embedded by one named model.")
			case !fitDims(len(p.Vector)):
				return candor.Errorf(candor.Invalid, "A vector has %d numbers; it must be a multiple of 64, of at most %d.", len(p.Vector), query.MostDims)
			case p.Start < 0 || p.End < p.Start || p.End > len(d.Text):
				return candor.Errorf(candor.Invalid, "A passage of item %s is outside of its text.", d.Item)
			}
		}
	}
	return nil
}

// signature has a bit for each number of a vector: whether it is above zero.
func signature(v []float32) []uint64 {
	out := make([]uint64, len(v)/64)
	for i, f := range v {
		if f > 0 {
			out[i/64] |= 1 << (i % 64)
		}
	}
	return out
}

// appendVector appends a vector's largest number divided by 127, and all
// numbers in units of that.
func appendVector(dst []byte, v []float32) []byte {
	high := float32(0)
	for _, f := range v {
		high = max(high, f, -f)
	}
	scale := high / 127
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(scale))
	for _, f := range v {
		n := int8(0)
		if scale > 0 {
			n = int8(math.RoundToEven(float64(f / scale)))
		}
		dst = append(dst, byte(n))
	}
	return dst
}

// likeness is the scalar product of a vector and a stored one.
func likeness(v []float32, stored []byte) float64 {
	numbers := stored[scaleSize:]
	var sums [4]float32
	for i := 0; i+4 <= len(v) && i+4 <= len(numbers); i += 4 {
		sums[0] += v[i] * float32(int8(numbers[i]))
		sums[1] += v[i+1] * float32(int8(numbers[i+1]))
		sums[2] += v[i+2] * float32(int8(numbers[i+2]))
		sums[3] += v[i+3] * float32(int8(numbers[i+3]))
	}
	scale := math.Float32frombits(binary.LittleEndian.Uint32(stored))
	return float64(scale * (sums[0] + sums[1] + sums[2] + sums[3]))
}

// apart is in how many bits two signatures differ.
func apart(a, b []uint64) (n int) {
	for i, w := range a {
		n += bits.OnesCount64(w ^ b[i])
	}
	return n
}

// apart4 is apart for signatures of 256 bits, unrolled.
func apart4(a, b []uint64) int {
	_, _ = a[3], b[3]
	return bits.OnesCount64(a[0]^b[0]) + bits.OnesCount64(a[1]^b[1]) + bits.OnesCount64(a[2]^b[2]) + bits.OnesCount64(a[3]^b[3])
}

// passages returns which passages documents have, nil if none has any.
func (s *segment) passages() (*passages, error) {
	if _, ok := s.sections[sectionPassages]; !ok {
		return nil, nil
	}
	p, err := whole(s, sectionPassages, func(b []byte) (*passages, error) { return readPassages(b, s.docs) })
	if err != nil {
		return nil, err
	}
	n := int64(p.count())
	if s.sections[sectionSignatures].size != n*int64(p.dims/8) || s.sections[sectionVectors].size != n*int64(p.stride()) {
		return nil, errFormat
	}
	return p, nil
}

// signatures returns those of all passages, one after the other.
func (s *segment) signatures() ([]uint64, error) {
	return whole(s, sectionSignatures, func(b []byte) ([]uint64, error) {
		out := make([]uint64, len(b)/8)
		for i := range out {
			out[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
		return out, nil
	})
}

// vector returns the stored vector of a passage.
func (s *segment) vector(w *window, p *passages, n int) ([]byte, error) {
	stride := p.stride()
	return w.at(s.sections[sectionVectors].off+int64(n)*int64(stride), stride)
}

// passages merges the passages of segments. Where they are of several models,
// those of the newest segment's stay; the others' documents are to be embedded
// and put again anyway.
func (m *merging) passages(w *segmentWriter) error {
	from := make([]*passages, len(m.views))
	var newest *passages
	var id uint64
	for i, v := range m.views {
		var err error
		if from[i], err = v.segment.passages(); err != nil {
			return err
		}
		if p := from[i]; p != nil && v.id >= id {
			newest, id = p, v.id
		}
	}
	if newest == nil {
		return nil
	}
	c := passageColumns{model: newest.model, dims: newest.dims}
	err := m.each(func(_, i int, doc uint32) error {
		c.starts = append(c.starts, uint64(len(c.begins)))
		p := from[i]
		if p == nil || p.model != newest.model || p.dims != newest.dims {
			from[i] = nil
			return nil
		}
		first, last := p.of(doc)
		for n := first; n < last; n++ {
			c.begins = append(c.begins, p.begins.at(uint32(n)))
			c.sizes = append(c.sizes, p.sizes.at(uint32(n)))
		}
		return nil
	})
	if err != nil || len(c.begins) == 0 {
		return err
	}
	c.write(w)
	if err := m.copyRows(w, from, sectionSignatures, newest.dims/8); err != nil {
		return err
	}
	return m.copyRows(w, from, sectionVectors, newest.stride())
}

// copyRows copies the rows of a section that belong to passages, of so many
// bytes each.
func (m *merging) copyRows(w *segmentWriter, from []*passages, name string, size int) error {
	rows := make([]window, len(m.views))
	for i, v := range m.views {
		rows[i] = windowOn(v.segment)
		rows[i].direct = true
	}
	w.begin()
	err := m.each(func(_, i int, doc uint32) error {
		if from[i] == nil {
			return nil
		}
		first, last := from[i].of(doc)
		at := m.views[i].sections[name].off
		for off, end := at+int64(first*size), at+int64(last*size); off < end; {
			b, err := rows[i].upTo(off, end)
			if err != nil {
				return err
			}
			w.append(b)
			off += int64(len(b))
		}
		return w.err
	})
	w.end(name)
	return err
}
