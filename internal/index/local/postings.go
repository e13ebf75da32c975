package local

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// A record of a term is, in the postings section:
//
//	positions   of each document: the first, then differences (uvarints)
//	header      uvarint 2·documents + 1 if there are positions,
//	            uvarint bytes of positions (if there are)
//	            uvarint bytes of the body
//	body        of at most 128 documents: uvarint 2·difference + 1 if the word
//	            occurs once, else followed by uvarint occurrences
//	            of more: impacts of the list, a skip entry for each block of
//	            128 documents, the blocks
//
// and the dictionary leads to the header. A block is the bit widths of its two
// rows, then differences of document numbers - 1, then occurrences - 1.
const (
	blockDocs   = 128
	impactsSize = 8
	skipSize    = 12 + impactsSize

	endOfList = math.MaxUint32 // the document after the last
)

// impacts bound the scores of some documents: each has at most as many
// occurrences in at least as many words as one of the two pairs says. The
// largest number of occurrences means any number, the largest length at least
// so many.
type impacts [2]struct{ tf, length uint16 }

func (m *impacts) append(dst []byte) []byte {
	for _, p := range m {
		dst = binary.LittleEndian.AppendUint16(dst, p.tf)
		dst = binary.LittleEndian.AppendUint16(dst, p.length)
	}
	return dst
}

func readImpacts(b []byte) (m impacts) {
	for i := range m {
		m[i].tf = binary.LittleEndian.Uint16(b[4*i:])
		m[i].length = binary.LittleEndian.Uint16(b[4*i+2:])
	}
	return m
}

func saturated(v uint32) uint16 { return uint16(min(v, math.MaxUint16)) }

// impactsOf bounds documents in two groups: those with more than half of the
// most occurrences, and the others.
func impactsOf(tfs, lengths []uint32) (m impacts) {
	most := uint32(0)
	for _, tf := range tfs {
		most = max(most, tf)
	}
	m[0].length, m[1].length = math.MaxUint16, math.MaxUint16
	for i, tf := range tfs {
		p := &m[0]
		if tf > most/2 {
			p = &m[1]
		}
		p.tf = max(p.tf, saturated(tf))
		p.length = min(p.length, saturated(lengths[i]))
	}
	return m
}

// postingsWriter writes the records of a segment one after the other.
type postingsWriter struct {
	w       *sealWriter
	start   int64    // of the section
	lengths []uint32 // of the field by document
	places  bool     // the record has positions

	docs, tfs, lens []uint32 // of the block that is being filled
	before          uint32   // last document of the block before, + 1
	df              uint32
	posBytes        uint64
	body, skip      []byte
	allTFs, allLens []uint32 // pairs of the blocks' impacts
	head            []byte
}

// begin begins a record for a field with these lengths.
func (p *postingsWriter) begin(lengths []uint32, places bool) {
	p.lengths, p.places = lengths, places
	p.docs, p.tfs, p.lens = p.docs[:0], p.tfs[:0], p.lens[:0]
	p.before, p.df, p.posBytes = 0, 0, 0
	p.body, p.skip = p.body[:0], p.skip[:0]
	p.allTFs, p.allLens = p.allTFs[:0], p.allLens[:0]
}

// add adds a document, higher than the one before. positions are its encoded
// positions; they may also be written before by position.
func (p *postingsWriter) add(doc, tf uint32, positions []byte) {
	if len(p.docs) == blockDocs {
		p.block()
	}
	p.docs = append(p.docs, doc)
	p.tfs = append(p.tfs, tf)
	p.lens = append(p.lens, p.lengths[doc])
	p.df++
	p.posBytes += uint64(len(positions))
	if p.places {
		p.w.append(positions)
	}
}

// block packs the documents collected so far.
func (p *postingsWriter) block() {
	last := p.docs[len(p.docs)-1]
	for i := len(p.docs) - 1; i > 0; i-- {
		p.docs[i] -= p.docs[i-1] + 1
	}
	p.docs[0] -= p.before
	for i := range p.tfs {
		p.tfs[i]--
	}
	wd, wt := widthOf(p.docs), widthOf(p.tfs)
	p.body = append(p.body, byte(wd), byte(wt))
	p.body = pack(p.body, p.docs, wd)
	p.body = pack(p.body, p.tfs, wt)
	for i := range p.tfs {
		p.tfs[i]++
	}
	m := impactsOf(p.tfs, p.lens)
	for _, pair := range m {
		p.allTFs = append(p.allTFs, uint32(pair.tf))
		p.allLens = append(p.allLens, uint32(pair.length))
	}
	p.skip = binary.LittleEndian.AppendUint32(p.skip, last)
	p.skip = binary.LittleEndian.AppendUint32(p.skip, uint32(len(p.body)))
	p.skip = binary.LittleEndian.AppendUint32(p.skip, uint32(p.posBytes))
	p.skip = m.append(p.skip)
	p.before = last + 1
	p.docs, p.tfs, p.lens = p.docs[:0], p.tfs[:0], p.lens[:0]
}

// finish writes the record and returns the place of its header.
func (p *postingsWriter) finish() (int64, error) {
	at := p.w.off - p.start
	if p.df <= blockDocs {
		p.short()
	} else {
		p.block()
		if p.posBytes > math.MaxUint32 || len(p.body) > math.MaxInt32 {
			return 0, fmt.Errorf("a term has %d bytes of positions", p.posBytes)
		}
	}
	places := uint64(0)
	if p.places {
		places = 1
	}
	h := binary.AppendUvarint(p.head[:0], uint64(p.df)<<1|places)
	if p.places {
		h = binary.AppendUvarint(h, p.posBytes)
	}
	size := len(p.body)
	if p.df > blockDocs {
		size += impactsSize + len(p.skip)
	}
	h = binary.AppendUvarint(h, uint64(size))
	if p.df > blockDocs {
		m := impactsOf(p.allTFs, p.allLens)
		h = append(m.append(h), p.skip...)
	}
	p.head = append(h, p.body...)
	p.w.append(p.head)
	return at, p.w.err
}

func (p *postingsWriter) short() {
	next := uint32(0)
	for i, d := range p.docs {
		v := uint64(d-next) << 1
		next = d + 1
		if tf := p.tfs[i]; tf == 1 {
			p.body = binary.AppendUvarint(p.body, v|1)
		} else {
			p.body = binary.AppendUvarint(p.body, v)
			p.body = binary.AppendUvarint(p.body, uint64(tf))
		}
	}
}

// termRef is a record's header, read.
type termRef struct {
	df     uint32
	places bool
	pos    int64 // offsets in the segment
	body   int64
	size   int64 // of the body
	limit  impacts
}

// blocks returns how many blocks the record has; none if it is short.
func (r *termRef) blocks() int {
	if r.df <= blockDocs {
		return 0
	}
	return (int(r.df) + blockDocs - 1) / blockDocs
}

// failure keeps the first error of a search. Lists that fail end there; the
// search asks before it answers.
type failure struct{ err error }

func (f *failure) set(err error) {
	if f.err == nil {
		f.err = err
	}
}

// window reads ranges of a segment, keeping the block it read last.
type window struct {
	seg    *segment
	n      int64
	page   []byte
	buf    []byte
	direct bool // past the cache, for one who reads everything once
}

func windowOn(s *segment) window { return window{seg: s, n: -1} }

// at returns so many bytes, valid until the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	if i := off / blockSize; i == w.n {
		if from := int(off % blockSize); from+n <= len(w.page) {
			return w.page[from : from+n], nil
		}
	}
	return w.far(off, n)
}

func (w *window) far(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off+int64(n) > w.seg.file.size {
		return nil, errFormat
	}
	w.buf = w.buf[:0]
	for {
		if i := off / blockSize; i != w.n {
			read := w.seg.block
			if w.direct {
				read = w.seg.file.block
			}
			page, err := read(i)
			if err != nil {
				return nil, err
			}
			w.n, w.page = i, page
		}
		b := w.page[off%blockSize:]
		if len(w.buf) == 0 && len(b) >= n {
			return b[:n], nil
		}
		b = b[:min(len(b), n-len(w.buf))]
		w.buf = append(w.buf, b...)
		if len(w.buf) == n {
			return w.buf, nil
		}
		off += int64(len(b))
	}
}

// upTo returns the bytes from an offset to the end of its block, and at least one.
func (w *window) upTo(off, end int64) ([]byte, error) {
	n := min(blockSize-off%blockSize, end-off)
	if n <= 0 {
		return nil, errFormat
	}
	return w.at(off, int(n))
}

// postings walks through a record. After next or advance, doc is the current
// document, or endOfList.
type postings struct {
	ref  termRef
	win  window
	fail *failure

	doc   uint32
	docs  [blockDocs]uint32
	tfs   [blockDocs]uint32
	i, n  int // place in the block, documents in it
	block int // number of the block, -1 before the first
	count int // of blocks

	rows     []byte // of occurrences, not unpacked yet
	rowWidth uint
	scratch  []byte

	skips   window
	shallow int    // block that holds the target of peek
	at      uint32 // last document of that block

	places   window
	posAt    int64 // of the positions of document posDoc of the block
	posDoc   int
	posBlock int
}

func newPostings(seg *segment, ref termRef, fail *failure) *postings {
	p := idlePostings(seg, fail)
	p.open(ref)
	return p
}

// idlePostings are to be opened.
func idlePostings(seg *segment, fail *failure) *postings {
	return &postings{win: windowOn(seg), skips: windowOn(seg), places: windowOn(seg), fail: fail}
}

// open begins a record of the same segment.
func (p *postings) open(ref termRef) {
	p.ref, p.count = ref, ref.blocks()
	p.shallow, p.at, p.posBlock = -1, 0, -1
	if p.count == 0 {
		p.loadShort()
	} else {
		p.load(0)
	}
}

func (p *postings) end(err error) {
	if err != nil {
		p.fail.set(err)
	}
	p.doc, p.i, p.n = endOfList, 0, 0
	p.block = max(p.count-1, 0)
}

// loadShort decodes the body of a record of one block.
func (p *postings) loadShort() {
	p.block, p.i, p.n = 0, 0, int(p.ref.df)
	b, err := p.win.at(p.ref.body, int(p.ref.size))
	if err != nil || p.n == 0 {
		p.end(err)
		return
	}
	d := decoder{b: b}
	next := uint64(0)
	for i := range p.n {
		v := d.uvarint()
		next += v >> 1
		p.docs[i] = uint32(next)
		p.tfs[i] = 1
		if v&1 == 0 {
			p.tfs[i] = uint32(d.uvarint())
		}
		if next++; next > uint64(p.win.seg.docs) {
			d.fail()
		}
		if d.err != nil {
			p.end(errFormat)
			return
		}
	}
	p.rows = nil
	p.doc = p.docs[0]
}

// skip returns the skip entry of a block.
func (p *postings) skip(block int) (last, bodyEnd, posEnd uint32, b []byte) {
	b, err := p.skips.at(p.ref.body+impactsSize+int64(block)*skipSize, skipSize)
	if err != nil {
		p.fail.set(err)
		return endOfList, 0, 0, make([]byte, skipSize)
	}
	return binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]), b
}

// load decodes a block and stands on its first document.
func (p *postings) load(block int) {
	if block >= p.count {
		p.end(nil)
		return
	}
	next, from := uint64(0), uint32(0)
	if block > 0 {
		var before uint32
		before, from, _, _ = p.skip(block - 1)
		next = uint64(before) + 1
	}
	last, to, _, _ := p.skip(block)
	p.block, p.i, p.n = block, 0, blockDocs
	if block == p.count-1 {
		p.n = int(p.ref.df) - block*blockDocs
	}
	start := p.ref.body + impactsSize + int64(p.count)*skipSize
	if to < from+2 || last >= p.win.seg.docs || to-from > 2+8*blockDocs {
		p.end(errFormat)
		return
	}
	size := int(to - from)
	b, err := p.win.at(start+int64(from), size+packPad)
	if err != nil {
		p.end(err)
		return
	}
	wd, wt := uint(b[0]), uint(b[1])
	docs := packedLen(p.n, wd)
	if wd > 32 || wt > 32 || 2+docs+packedLen(p.n, wt) != size {
		p.end(errFormat)
		return
	}
	unpack(p.docs[:p.n], b[2:], wd)
	for i := range p.docs[:p.n] {
		next += uint64(p.docs[i])
		p.docs[i] = uint32(next)
		next++
	}
	if next != uint64(last)+1 {
		p.end(errFormat)
		return
	}
	p.scratch = append(p.scratch[:0], b[2+docs:]...)
	p.rows, p.rowWidth = p.scratch, wt
	p.doc = p.docs[0]
}

func (p *postings) next() {
	if p.i++; p.i < p.n {
		p.doc = p.docs[p.i]
		return
	}
	if p.count == 0 || p.doc == endOfList {
		p.end(nil)
		return
	}
	p.load(p.block + 1)
}

// advance moves to the first document that is not before a target.
func (p *postings) advance(target uint32) {
	if p.doc >= target {
		return
	}
	if p.docs[p.n-1] < target {
		if p.count == 0 {
			p.end(nil)
			return
		}
		block := p.find(p.block+1, target)
		p.load(block)
		if p.doc >= target {
			return
		}
	}
	i, step := p.i, 1
	for i+step < p.n && p.docs[i+step] < target {
		i += step
		step *= 2
	}
	for i < p.n && p.docs[i] < target {
		i++
	}
	p.i = i
	p.doc = p.docs[i]
}

// find returns the first block from one on that reaches a target.
func (p *postings) find(from int, target uint32) int {
	low, step := from, 1
	for low+step-1 < p.count {
		if last, _, _, _ := p.skip(low + step - 1); last >= target {
			break
		}
		low += step
		step *= 2
	}
	high := min(low+step-1, p.count)
	for low < high {
		mid := (low + high) / 2
		if last, _, _, _ := p.skip(mid); last >= target {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// tf returns the occurrences in the current document.
func (p *postings) tf() uint32 {
	if p.rows != nil {
		unpack(p.tfs[:p.n], p.rows, p.rowWidth)
		for i := range p.tfs[:p.n] {
			p.tfs[i]++
		}
		p.rows = nil
	}
	return p.tfs[p.i]
}

// peek returns the impacts of the block in which a target would be, and the
// last document of that block, without decoding it. Targets do not go back.
func (p *postings) peek(target uint32) (impacts, uint32) {
	if p.shallow < p.block {
		p.shallow = p.block
		p.at, _, _, _ = p.skip(p.shallow)
	}
	if p.at < target {
		p.shallow = p.find(p.shallow+1, target)
		if p.shallow >= p.count {
			p.at = endOfList
			return impacts{}, endOfList
		}
		p.at, _, _, _ = p.skip(p.shallow)
	}
	_, _, _, b := p.skip(p.shallow)
	return readImpacts(b[12:]), p.at
}

// positions returns a reader of the current document's positions.
func (p *postings) positions() positions {
	p.tf()
	if p.posBlock != p.block {
		p.posBlock, p.posDoc, p.posAt = p.block, 0, p.ref.pos
		if p.block > 0 {
			_, _, end, _ := p.skip(p.block - 1)
			p.posAt += int64(end)
		}
	}
	if p.posDoc > p.i { // asked again for a document before
		p.posBlock = -1
		return p.positions()
	}
	skip := uint32(0)
	for ; p.posDoc < p.i; p.posDoc++ {
		skip += p.tfs[p.posDoc]
	}
	r := positions{win: &p.places, at: p.posAt, end: p.ref.body, left: skip, fail: p.fail}
	r.skip()
	p.posAt = r.at - int64(len(r.b))
	r.left = p.tfs[p.i]
	return r
}

// rawPositions appends the current document's positions as they are encoded.
func (p *postings) rawPositions(dst []byte) []byte {
	r := p.positions()
	for r.left > 0 {
		if len(r.b) == 0 && !r.fill() {
			return dst
		}
		i := r.passed()
		dst = append(dst, r.b[:i]...)
		r.b = r.b[i:]
	}
	p.posDoc, p.posAt = p.i+1, r.at-int64(len(r.b))
	return dst
}

// positions reads one document's positions in ascending order.
type positions struct {
	win  *window
	at   int64 // offset behind b
	end  int64
	b    []byte
	left uint32
	pos  uint32 // the current one; they begin at 1
	over bool   // step came to the end
	fail *failure
}

func (r *positions) fill() bool {
	b, err := r.win.upTo(r.at, r.end)
	if err != nil {
		r.fail.set(err)
		r.left = 0
		return false
	}
	r.b = b
	r.at += int64(len(b))
	return true
}

// skip passes over left numbers.
func (r *positions) skip() {
	for r.left > 0 {
		if len(r.b) == 0 && !r.fill() {
			return
		}
		r.b = r.b[r.passed():]
	}
}

// passed returns how many bytes the numbers left take, or all there are, and
// counts them off. The last byte of a number has no high bit.
func (r *positions) passed() (i int) {
	for ; r.left >= 8 && len(r.b)-i >= 8; i += 8 {
		r.left -= uint32(bits.OnesCount64(^binary.LittleEndian.Uint64(r.b[i:]) & 0x8080808080808080))
	}
	for i < len(r.b) && r.left > 0 {
		if r.b[i] < 0x80 {
			r.left--
		}
		i++
	}
	return i
}

// next moves to the next position and reports whether there is one.
func (r *positions) next() bool {
	if r.left == 0 {
		return false
	}
	r.left--
	var v uint64
	for shift := uint(0); ; shift += 7 {
		if len(r.b) == 0 && !r.fill() {
			return false
		}
		c := r.b[0]
		r.b = r.b[1:]
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			break
		}
		if shift > 28 {
			r.fail.set(errFormat)
			r.left = 0
			return false
		}
	}
	r.pos += uint32(v)
	return true
}

// advance moves to the first position that is not before a target.
func (r *positions) advance(target uint32) bool {
	for r.pos < target {
		if !r.next() {
			return false
		}
	}
	return true
}

// step is next for a reader whose end live tells.
func (r *positions) step()      { r.over = !r.next() }
func (r *positions) live() bool { return !r.over }
