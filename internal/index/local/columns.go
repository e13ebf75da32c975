package local

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// packed is a column of numbers, one a document, in as few whole bytes each as
// the largest takes above the smallest.
type packed struct {
	base  uint64
	width uint8 // 0, 1, 2, 4 or 8 bytes; counting for base, base+1, ...
	n     int
	data  []byte
}

// counting is the width of a column that counts up by one.
const counting = 0xFF

const packedHeader = 13

// packColumn appends a column: base, width, count, numbers.
func packColumn(dst []byte, values []uint64) []byte {
	low, high := uint64(math.MaxUint64), uint64(0)
	counts := len(values) > 1
	for i, v := range values {
		low, high = min(low, v), max(high, v)
		counts = counts && v == values[0]+uint64(i)
	}
	if len(values) == 0 {
		low = 0
	}
	width := uint8(0)
	switch span := high - low; {
	case counts:
		width = counting
	case len(values) == 0 || span == 0:
	case span < 1<<8:
		width = 1
	case span < 1<<16:
		width = 2
	case span < 1<<32:
		width = 4
	default:
		width = 8
	}
	dst = binary.LittleEndian.AppendUint64(dst, low)
	dst = append(dst, width)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(values)))
	if width == 0 || width == counting {
		return dst
	}
	for _, v := range values {
		v -= low
		for range width {
			dst = append(dst, byte(v))
			v >>= 8
		}
	}
	return dst
}

// readPacked reads a column and returns what follows it.
func readPacked(b []byte) (packed, []byte, error) {
	if len(b) < packedHeader {
		return packed{}, nil, errFormat
	}
	p := packed{base: binary.LittleEndian.Uint64(b), width: b[8], n: int(binary.LittleEndian.Uint32(b[9:]))}
	b = b[packedHeader:]
	size := 0
	switch p.width {
	case 0, counting:
	case 1, 2, 4, 8:
		size = p.n * int(p.width)
	default:
		return packed{}, nil, errFormat
	}
	if size > len(b) {
		return packed{}, nil, errFormat
	}
	p.data = b[:size]
	return p, b[size:], nil
}

func (p *packed) at(i uint32) uint64 {
	switch p.width {
	case 1:
		return p.base + uint64(p.data[i])
	case 2:
		return p.base + uint64(binary.LittleEndian.Uint16(p.data[2*i:]))
	case 4:
		return p.base + uint64(binary.LittleEndian.Uint32(p.data[4*uint64(i):]))
	case 8:
		return p.base + binary.LittleEndian.Uint64(p.data[8*uint64(i):])
	case counting:
		return p.base + uint64(i)
	}
	return p.base
}

// find returns the place of a value in an ascending column.
func (p *packed) find(v uint64) (uint32, bool) {
	i := sort.Search(p.n, func(i int) bool { return p.at(uint32(i)) >= v })
	return uint32(i), i < p.n && p.at(uint32(i)) == v
}

// times is a column of times in milliseconds; 0 stands for none.
type times struct {
	packed
	low int64
}

// packTimes appends the smallest time and a packed column of 1 + the distance
// from it.
func packTimes(dst []byte, ts []int64) []byte {
	low := int64(math.MaxInt64)
	for _, t := range ts {
		if t != noTime {
			low = min(low, t)
		}
	}
	values := make([]uint64, len(ts))
	for i, t := range ts {
		if t != noTime {
			values[i] = uint64(t-low) + 1
		}
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(low))
	return packColumn(dst, values)
}

func readTimes(b []byte) (*times, error) {
	if len(b) < 8 {
		return nil, errFormat
	}
	p, _, err := readPacked(b[8:])
	return &times{packed: p, low: int64(binary.LittleEndian.Uint64(b))}, err
}

// noTime is the value of a document without a time.
const noTime = math.MinInt64

func (t *times) at(i uint32) int64 {
	v := t.packed.at(i)
	if v == 0 {
		return noTime
	}
	return t.low + int64(v-1)
}

func millisOf(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixMilli()
}

// keywords is a column of whole values: a sorted list of the different ones,
// and for each document the numbers of its own, from 1; 0 stands for none.
type keywords struct {
	encoded []byte   // values are read where they stand
	places  []uint32 // of each value in encoded
	starts  packed   // of each document in ords; empty when each has one place
	ords    packed
	holders []uint32 // documents with values, if they are few; else nil

	hashed sync.Once
	hash   []uint64 // of each value
}

func (k *keywords) multi() bool { return k.starts.n > 0 }

// len is how many different values there are.
func (k *keywords) len() int { return len(k.places) }

// value returns a value by its number, from 1; it is not to be changed.
func (k *keywords) value(ord uint32) []byte {
	b := k.encoded[k.places[ord-1]:]
	if n := b[0]; n < 0x80 { // most are as short
		return b[1 : 1+n]
	}
	d := decoder{b: b}
	return d.bytes()
}

// full reports whether every document has a value, as far as can be told at once.
func (k *keywords) full() bool { return !k.multi() && k.ords.base > 0 }

// find returns the number of a value.
func (k *keywords) find(v []byte) (ord uint32, ok bool) {
	i, ok := sort.Find(k.len(), func(i int) int { return bytes.Compare(v, k.value(uint32(i+1))) })
	return uint32(i + 1), ok
}

// hashes returns a hash of each value, the same for equal values of all columns
// of this process.
func (k *keywords) hashes() []uint64 {
	k.hashed.Do(func() {
		k.hash = make([]uint64, k.len())
		for i := range k.hash {
			k.hash[i] = maphash.Bytes(hashSeed, k.value(uint32(i+1)))
		}
	})
	return k.hash
}

// memory is what is held beside the section's bytes.
func (k *keywords) memory() int64 { return int64(4*len(k.places) + 4*len(k.holders) + 8*len(k.places)) }

// each calls yield for each value number of a document.
func (k *keywords) each(doc uint32, yield func(ord uint32)) {
	if !k.multi() {
		if o := uint32(k.ords.at(doc)); o > 0 {
			yield(o)
		}
		return
	}
	for i, end := uint32(k.starts.at(doc)), uint32(k.starts.at(doc+1)); i < end; i++ {
		yield(uint32(k.ords.at(i)))
	}
}

// strings returns a document's values.
func (k *keywords) strings(doc uint32) []string {
	var out []string
	k.each(doc, func(ord uint32) { out = append(out, string(k.value(ord))) })
	return out
}

// keywordBuilder collects a column of whole values.
type keywordBuilder struct {
	numbers map[string]uint32
	names   []string
	starts  []uint64
	ords    []uint32
	multi   bool
}

func newKeywordBuilder() *keywordBuilder {
	return &keywordBuilder{numbers: map[string]uint32{}, starts: []uint64{0}}
}

// add adds a document's values; empty and repeated ones count for nothing.
func (b *keywordBuilder) add(values []string) {
	from := len(b.ords)
	for _, v := range values {
		if v == "" {
			continue
		}
		n, ok := b.numbers[v]
		if !ok {
			n = uint32(len(b.names))
			v = strings.Clone(v) // not keeping a whole document for it
			b.numbers[v] = n
			b.names = append(b.names, v)
		}
		if !slices.Contains(b.ords[from:], n) {
			b.ords = append(b.ords, n)
		}
	}
	b.starts = append(b.starts, uint64(len(b.ords)))
	b.multi = b.multi || len(b.ords)-from > 1
}

// encode appends the number of values, each with its length, a 1 if documents
// may have several, the starts then, and the numbers.
func (b *keywordBuilder) encode(dst []byte) []byte {
	sorted := slices.Clone(b.names)
	slices.Sort(sorted)
	place := make([]uint64, len(sorted))
	dst = binary.AppendUvarint(dst, uint64(len(sorted)))
	for i, v := range sorted {
		dst = appendBytes(dst, v)
		place[b.numbers[v]] = uint64(i + 1)
	}
	ords := make([]uint64, 0, len(b.starts))
	if b.multi {
		for _, o := range b.ords {
			ords = append(ords, place[o])
		}
		dst = packColumn(append(dst, 1), b.starts)
		return packColumn(dst, ords)
	}
	for i, start := range b.starts[:len(b.starts)-1] {
		if start == b.starts[i+1] {
			ords = append(ords, 0)
		} else {
			ords = append(ords, place[b.ords[start]])
		}
	}
	return packColumn(append(dst, 0), ords)
}

// readKeywords decodes a column for so many documents.
func readKeywords(b []byte, docs uint32) (*keywords, error) {
	if uint64(len(b)) > math.MaxUint32 {
		return nil, errFormat
	}
	d := decoder{b: b}
	k := &keywords{encoded: b, places: make([]uint32, d.count(1))}
	for i := range k.places {
		k.places[i] = uint32(len(b) - len(d.b))
		d.bytes()
	}
	multi := d.take(1)
	if d.err != nil {
		return nil, d.err
	}
	rest, err := d.b, error(nil)
	if multi[0] == 1 {
		if k.starts, rest, err = readPacked(rest); err != nil {
			return nil, err
		}
	}
	if k.ords, _, err = readPacked(rest); err != nil {
		return nil, err
	}
	if err := k.check(docs); err != nil {
		return nil, err
	}
	k.hold(docs)
	return k, nil
}

// fewHold: a column keeps a list of the documents that have values if they are
// fewer than this part of all.
const fewHold = 4

func (k *keywords) hold(docs uint32) {
	var held []uint32
	for d := range docs {
		if k.multi() && k.starts.at(d) == k.starts.at(d+1) || !k.multi() && k.ords.at(d) == 0 {
			continue
		}
		if held = append(held, d); len(held) > int(docs/fewHold) {
			return
		}
	}
	k.holders = slices.Clip(held)
}

// check makes sure that no document leads out of the column.
func (k *keywords) check(docs uint32) error {
	if !k.multi() && k.ords.n != int(docs) || k.multi() && k.starts.n != int(docs)+1 {
		return errFormat
	}
	last := uint64(0)
	for i := range k.starts.n {
		at := k.starts.at(uint32(i))
		if at < last || at > uint64(k.ords.n) {
			return errFormat
		}
		last = at
	}
	for i := range k.ords.n {
		o := k.ords.at(uint32(i))
		if o > uint64(k.len()) || o == 0 && k.multi() {
			return errFormat
		}
	}
	return nil
}
