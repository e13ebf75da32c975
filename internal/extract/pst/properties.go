package pst

import (
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"candor/internal/extract/plain"
)

// Types of properties ([MS-OXCDATA] 2.11.1).
const (
	typeInt     = 0x0003
	typeObject  = 0x000d
	typeString8 = 0x001e
	typeString  = 0x001f
	typeTime    = 0x0040
)

// property is where the value of a property stands: in the heap, in a node
// below, or in place.
type property struct {
	kind uint16
	at   uint32
}

// object is a node that is read as a set of properties: a heap on the node, and
// in it a B-tree ([MS-PST] 2.3).
type object struct {
	d          *database
	heap       [][]byte
	below      map[uint64]node
	properties map[uint16]property
	visits     int // pieces of the heap that records has read
}

// mostPieces is more than the tree of properties of any message has.
const mostPieces = 1 << 12

func (d *database) object(n node) (*object, error) {
	o := &object{d: d, below: map[uint64]node{}, properties: map[uint16]property{}}
	blocks, err := d.blocks(n.data, 0)
	if err != nil || len(blocks) == 0 {
		return nil, errors.Join(errDamaged, err)
	}
	size := 0
	for _, id := range blocks {
		b, err := d.block(id)
		if err != nil {
			return nil, err
		}
		if size += len(b); size > mostValue {
			return nil, errLarge
		}
		o.heap = append(o.heap, b)
	}
	if err := d.nodesBelow(n.below, o.below, 0); err != nil {
		return nil, err
	}
	const heapMark, propertiesMark, treeMark = 0xec, 0xbc, 0xb5
	h := o.heap[0]
	if len(h) < 12 || h[2] != heapMark || h[3] != propertiesMark {
		return nil, errDamaged
	}
	tree := o.allocated(uint32(le(h, 4, 4)))
	if len(tree) < 8 || tree[0] != treeMark || tree[1] != 2 || tree[2] != 6 {
		return nil, errDamaged
	}
	o.records(uint32(le(tree, 4, 4)), int(tree[3]))
	return o, nil
}

// records reads the records of the tree of properties.
func (o *object) records(at uint32, level int) {
	if o.visits++; o.visits > mostPieces {
		return
	}
	b := o.allocated(at)
	if level > 0 && level < deepest {
		for ; len(b) >= 6; b = b[6:] {
			o.records(uint32(le(b, 2, 4)), level-1)
		}
		return
	}
	for ; len(b) >= 8; b = b[8:] {
		o.properties[uint16(le(b, 0, 2))] = property{uint16(le(b, 2, 2)), uint32(le(b, 4, 4))}
	}
}

// allocated returns a piece of the heap, nil where none is.
func (o *object) allocated(id uint32) []byte {
	index, block := int(id>>5&0x7ff), int(id>>16)
	if o.d.page == 4096 {
		index, block = int(id>>5&0x3fff), int(id>>19)
	}
	if id&0x1f != 0 || index == 0 || block >= len(o.heap) {
		return nil
	}
	b := o.heap[block]
	pieces := int(le(b, 0, 2))
	if index > int(le(b, pieces, 2)) {
		return nil
	}
	start, end := int(le(b, pieces+4+2*(index-1), 2)), int(le(b, pieces+4+2*index, 2))
	if start > end || end > len(b) {
		return nil
	}
	return b[start:end]
}

// stream reads a property of any length. It is nil if there is none.
func (o *object) stream(id uint16) (io.Reader, error) {
	p, ok := o.properties[id]
	if !ok || p.at == 0 {
		return nil, nil
	}
	at := uint64(p.at)
	if p.kind == typeObject {
		at = le(o.allocated(p.at), 0, 4)
	} else if p.at&0x1f == 0 {
		return strings.NewReader(string(o.allocated(p.at))), nil
	}
	n, ok := o.below[at]
	if !ok {
		return nil, errDamaged
	}
	return o.d.value(n.data)
}

func (o *object) bytes(id uint16) ([]byte, error) {
	r, err := o.stream(id)
	if r == nil || err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, mostValue+1))
	if err == nil && len(b) > mostValue {
		err = errLarge
	}
	return b, err
}

// text returns a property as text, "" if it is none or cannot be read.
func (o *object) text(id uint16) string {
	b, err := o.bytes(id)
	if err != nil {
		return ""
	}
	switch o.properties[id].kind {
	case typeString:
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(le(b, 2*i, 2))
		}
		return strings.TrimRight(string(utf16.Decode(units)), "\x00")
	case typeString8:
		enc, _ := o.encoding()
		decoded, err := enc.NewDecoder().Bytes(b)
		if err != nil {
			return ""
		}
		return strings.TrimRight(string(decoded), "\x00")
	}
	return ""
}

func (o *object) number(id uint16) int {
	if p, ok := o.properties[id]; ok && p.kind == typeInt {
		return int(p.at)
	}
	return 0
}

func (o *object) time(id uint16) time.Time {
	p := o.properties[id]
	b := o.allocated(p.at)
	if p.kind != typeTime || len(b) != 8 {
		return time.Time{}
	}
	const unixEpoch = 116444736000000000 // in units of 100 ns since 1601
	ticks := int64(le(b, 0, 8)) - unixEpoch
	if t := time.Unix(ticks/1e7, ticks%1e7*100).UTC(); t.Year() > 1980 && t.Year() < 10000 {
		return t
	}
	return time.Time{}
}

// encoding is how text of 8 bits is encoded in an object.
func (o *object) encoding() (encoding.Encoding, string) {
	for _, id := range []uint16{internetCodePage, codePage} {
		if enc, name := plain.CodePage(int(o.number(id))); enc != nil {
			return enc, name
		}
	}
	return charmap.Windows1252, "windows-1252"
}
