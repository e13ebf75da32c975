package local

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// occurrences collects where words occur while documents are read: a hash
// table of (space, word) without an allocation a word, and for each a chain of
// bytes in a common pool:
//
//	for each document: uvarint 2·difference of documents + 1,
//	                   for each occurrence uvarint 2·difference of positions
//
// Memory: about 48 bytes a different word of a space and 1 to 2 an occurrence.
type occurrences struct {
	slots []uint32 // number of an entry + 1; length a power of two
	words []wordEntry
	text  []byte // of all words
	pool  pool
}

type wordEntry struct {
	hash    uint32
	at      uint32 // in text
	length  uint16
	space   space
	level   uint8  // of the chain's last piece
	sole    bool   // the only word of its stem, which looks the same
	head    uint32 // addresses in the pool
	tail    uint32
	limit   uint32
	docs    uint32 // how many documents have the word
	lastDoc uint32
	lastPos uint32
}

// pool is memory for chains, addressed by 32 bits. A piece of a chain ends
// with the address of the next.
type pool struct {
	chunks [][]byte
	used   uint32   // of the last chunk
	spare  [][]byte // from the segment before
}

const (
	chunkBits = 16
	chunkSize = 1 << chunkBits
	linkSize  = 4
	maxChunks = 1 << (32 - chunkBits)
)

// pieceSizes are the sizes of a chain's pieces, the link included.
var pieceSizes = [...]uint32{12, 20, 36, 68, 132, 260, 516, 1028, 4100}

func pieceSize(level uint8) uint32 { return pieceSizes[min(int(level), len(pieceSizes)-1)] }

// piece gives the address of a new piece.
func (p *pool) piece(level uint8) uint32 {
	size := pieceSize(level)
	if len(p.chunks) == 0 || p.used+size > chunkSize {
		p.chunks = append(p.chunks, p.chunk())
		p.used = 0
	}
	at := uint32(len(p.chunks)-1)<<chunkBits | p.used
	p.used += size
	return at
}

func (p *pool) chunk() []byte {
	if n := len(p.spare); n > 0 {
		c := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return c
	}
	return make([]byte, chunkSize)
}

// mostSpare is how many chunks are kept to be used again.
const mostSpare = 512

func (p *pool) reset() {
	p.spare = append(p.spare, p.chunks...)
	clear(p.spare[min(len(p.spare), mostSpare):])
	p.spare = p.spare[:min(len(p.spare), mostSpare)]
	clear(p.chunks)
	p.chunks, p.used = p.chunks[:0], 0
}

func (p *pool) bytes() int { return len(p.chunks) * chunkSize }

// full reports that addresses are nearly used up.
func (p *pool) full() bool { return len(p.chunks) > maxChunks-64 }

func (o *occurrences) reset() {
	if len(o.slots) == 0 || len(o.slots) > 1<<18 {
		o.slots = make([]uint32, 1<<14)
		o.words, o.text = nil, nil
	} else {
		clear(o.slots)
	}
	o.words, o.text = o.words[:0], o.text[:0]
	o.pool.reset()
}

// bytes is the memory in use.
func (o *occurrences) bytes() int {
	return o.pool.bytes() + 48*len(o.words) + len(o.text) + 4*len(o.slots)
}

// add notes a word of a document in a space at a position. Documents and
// positions ascend.
func (o *occurrences) add(s space, word []byte, doc, pos uint32) {
	e := o.entry(s, word)
	if e.docs == 0 || e.lastDoc != doc {
		o.put(e, uint64(doc-e.lastDoc)<<1|1)
		e.docs++
		e.lastDoc, e.lastPos = doc, 0
	}
	o.put(e, uint64(pos-e.lastPos)<<1)
	e.lastPos = pos
}

func (o *occurrences) entry(s space, word []byte) *wordEntry {
	h := uint32(maphash.Bytes(seed, word)) ^ uint32(s)*0x9E3779B1
	mask := uint32(len(o.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := o.slots[i]
		if n == 0 {
			return o.insert(i, h, s, word)
		}
		e := &o.words[n-1]
		if e.hash == h && e.space == s && string(o.word(e)) == string(word) {
			return e
		}
	}
}

func (o *occurrences) word(e *wordEntry) []byte { return o.text[e.at : e.at+uint32(e.length)] }

func (o *occurrences) insert(slot, hash uint32, s space, word []byte) *wordEntry {
	head := o.pool.piece(0)
	o.words = append(o.words, wordEntry{hash: hash, at: uint32(len(o.text)), length: uint16(len(word)), space: s,
		head: head, tail: head, limit: head + pieceSize(0) - linkSize})
	o.text = append(o.text, word...)
	o.slots[slot] = uint32(len(o.words))
	if 4*len(o.words) > 3*len(o.slots) {
		o.grow()
	}
	return &o.words[len(o.words)-1]
}

func (o *occurrences) grow() {
	o.slots = make([]uint32, 2*len(o.slots))
	mask := uint32(len(o.slots) - 1)
	for n := range o.words {
		i := o.words[n].hash & mask
		for o.slots[i] != 0 {
			i = (i + 1) & mask
		}
		o.slots[i] = uint32(n + 1)
	}
}

// put appends a number to a word's chain.
func (o *occurrences) put(e *wordEntry, v uint64) {
	for {
		if e.tail == e.limit {
			e.level++
			next := o.pool.piece(e.level)
			binary.LittleEndian.PutUint32(o.pool.chunks[e.limit>>chunkBits][e.limit%chunkSize:], next)
			e.tail, e.limit = next, next+pieceSize(e.level)-linkSize
		}
		c := byte(v)
		if v >>= 7; v > 0 {
			c |= 0x80
		} else {
			c &= 0x7F
		}
		o.pool.chunks[e.tail>>chunkBits][e.tail%chunkSize] = c
		e.tail++
		if v == 0 {
			return
		}
	}
}

// chain reads a word's chain, one document at a time.
type chain struct {
	o     *occurrences
	at    uint32
	limit uint32
	level uint8
	left  uint32 // documents not read yet

	doc       uint32
	tf        uint32
	positions []byte // encoded as in a segment
	ahead     uint64 // the number after the document
}

func (o *occurrences) read(e *wordEntry) chain {
	c := chain{o: o, at: e.head, limit: e.head + pieceSize(0) - linkSize, left: e.docs}
	c.ahead = c.number()
	return c
}

func (c *chain) number() uint64 {
	v := uint64(0)
	for shift := uint(0); ; shift += 7 {
		if c.at == c.limit {
			c.level++
			c.at = binary.LittleEndian.Uint32(c.o.pool.chunks[c.limit>>chunkBits][c.limit%chunkSize:])
			c.limit = c.at + pieceSize(c.level) - linkSize
		}
		b := c.o.pool.chunks[c.at>>chunkBits][c.at%chunkSize]
		c.at++
		v |= uint64(b&0x7F) << shift
		if b < 0x80 {
			return v
		}
	}
}

// next reads the next document. The end of the last one is where its word's
// chain ends, which e tells.
func (c *chain) next(e *wordEntry) bool {
	if c.left == 0 {
		return false
	}
	c.left--
	c.doc += uint32(c.ahead >> 1)
	c.tf, c.positions = 0, c.positions[:0]
	for c.at != e.tail {
		if c.ahead = c.number(); c.ahead&1 == 1 {
			break
		}
		c.tf++
		c.positions = binary.AppendUvarint(c.positions, c.ahead>>1)
	}
	return true
}

// sortKey orders entries: most comparisons end in the first 8 bytes.
type sortKey struct {
	first uint64
	word  uint32 // number of the entry
	stem  string // when sorting by stem
}

func firstBytes[T string | []byte](b T) (v uint64) {
	for i := range min(8, len(b)) {
		v |= uint64(b[i]) << (56 - 8*i)
	}
	return v
}

// sorted returns the words of a space in order, with their stems.
func (o *occurrences) sorted(s space, stems *stemmer) []sortKey {
	var out []sortKey
	for n := range o.words {
		if e := &o.words[n]; e.space == s {
			out = append(out, sortKey{first: firstBytes(o.word(e)), word: uint32(n)})
		}
	}
	slices.SortFunc(out, func(a, b sortKey) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return bytes.Compare(o.word(&o.words[a.word]), o.word(&o.words[b.word]))
	})
	for i := range out {
		if w := o.word(&o.words[out[i].word]); s.language() > 0 || inflects(w) {
			out[i].stem = stems.of(w)
		}
	}
	return out
}

// spaces are those that have words, in order.
func (o *occurrences) spaces() []space {
	var has [spaceCount]bool
	for n := range o.words {
		has[o.words[n].space] = true
	}
	var out []space
	for s, some := range has {
		if some {
			out = append(out, space(s))
		}
	}
	return out
}

// stemOf returns the stem of a sorted word.
func (o *occurrences) stemOf(k *sortKey) string {
	if k.stem != "" {
		return k.stem
	}
	return string(o.word(&o.words[k.word]))
}
