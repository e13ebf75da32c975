package embed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// The table's file: "candorEM", 4 bytes dimensions, 4 bytes pieces; the pieces,
// each followed by a line end; 4 bytes scale of each row; the rows, a byte a
// number. Numbers are little-endian. tools/distil writes it.
const tableMagic = "candorEM"

// mostDims and mostPieces bound what a table may claim.
const (
	mostDims   = 4096
	mostPieces = 1 << 20
)

func read(b []byte) (*static, error) {
	head, rest, ok := take(b, len(tableMagic)+8)
	if !ok || string(head[:len(tableMagic)]) != tableMagic {
		return nil, fmt.Errorf("the table of embeddings does not begin as one")
	}
	s := &static{dims: int(binary.LittleEndian.Uint32(head[8:]))}
	count := int(binary.LittleEndian.Uint32(head[12:]))
	if s.dims == 0 || s.dims > mostDims || count == 0 || count > mostPieces {
		return nil, fmt.Errorf("the table of embeddings has %d pieces of %d dimensions", count, s.dims)
	}
	s.pieces = newPieces(count)
	for n := range count {
		piece, after, found := bytes.Cut(rest, []byte{'\n'})
		if !found {
			return nil, errShort
		}
		s.pieces.add(string(piece), n)
		rest = after
	}
	scales, rest, ok := take(rest, 4*count)
	if !ok || len(rest) != count*s.dims {
		return nil, errShort
	}
	s.scales = make([]float32, count)
	for n := range s.scales {
		s.scales[n] = math.Float32frombits(binary.LittleEndian.Uint32(scales[4*n:]))
	}
	s.rows = unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(rest))), len(rest))
	return s, nil
}

var errShort = fmt.Errorf("the table of embeddings is cut short")

func take(b []byte, n int) (head, rest []byte, ok bool) {
	if len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
