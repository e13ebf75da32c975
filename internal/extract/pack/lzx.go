package pack

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// lzx decompresses LZX as help files have it (Microsoft LZX Data Compression
// Format, 1997, with the reset table of CHM): matches in a window and trees of
// Huffman codes, in blocks. What was decompressed so far is the window.
type lzx struct {
	out   []byte
	since int // where the last reset was
	slots int
	intel bool // addresses of machine code were changed; they are left so

	in    []byte
	bits  uint32
	avail uint

	r           [3]int // offsets of the last matches
	header      bool   // what stands at a reset was read
	kind, left  int    // of the block; 0 is none
	main        [256 + 8*50]byte
	length      [249]byte
	aligned     [8]byte
	mainTree    huffman
	lengthTree  huffman
	alignedTree huffman
}

const (
	lzxFrame        = 0x8000
	lzxVerbatim     = 1
	lzxAligned      = 2
	lzxUncompressed = 3
)

var errLZX = errors.New("it is no LZX")

// positions are the number of slots by the bits of the window, from 15.
var positions = []int{30, 32, 34, 36, 38, 42, 50}

func newLZX(window int) (*lzx, error) {
	n := bits.Len(uint(window)) - 1
	if window <= 0 || window != 1<<n || n < 15 || n > 21 {
		return nil, errLZX
	}
	return &lzx{slots: positions[n-15]}, nil
}

// reset begins anew, without what was before.
func (z *lzx) reset() {
	z.since, z.header, z.kind, z.left = len(z.out), false, 0, 0
	z.r = [3]int{1, 1, 1}
	clear(z.main[:])
	clear(z.length[:])
}

// frame decompresses one frame of so many bytes.
func (z *lzx) frame(in []byte, size int) error {
	z.in, z.bits, z.avail = in, 0, 0
	if !z.header {
		if z.header, z.intel = true, z.take(1) == 1; z.intel {
			z.take(16)
			z.take(16)
		}
	}
	for end := len(z.out) + size; len(z.out) < end; {
		if z.left == 0 {
			if err := z.block(); err != nil {
				return err
			}
		}
		before := len(z.out)
		if err := z.run(min(z.left, end-len(z.out))); err != nil {
			return err
		}
		if z.left -= len(z.out) - before; z.left < 0 || len(z.out) > end {
			return errLZX // a match may not go on in the next frame
		}
	}
	return nil
}

// take reads bits, most significant first, of words of two bytes, least
// significant first. Behind the end there are zeros.
func (z *lzx) take(n uint) int {
	z.need(n)
	v := z.bits >> (32 - n)
	z.bits <<= n
	z.avail -= n
	return int(v)
}

// need makes at least so many bits ready, 16 at most.
func (z *lzx) need(n uint) {
	for z.avail < n {
		var word uint32
		if len(z.in) >= 2 {
			word = uint32(binary.LittleEndian.Uint16(z.in))
			z.in = z.in[2:]
		} else {
			z.in = nil
		}
		z.bits |= word << (16 - z.avail)
		z.avail += 16
	}
}

// block reads the head of a block.
func (z *lzx) block() error {
	z.kind = z.take(3)
	z.left = z.take(16)<<8 | z.take(8)
	if z.left == 0 {
		return errLZX
	}
	switch z.kind {
	case lzxAligned:
		for i := range z.aligned {
			z.aligned[i] = byte(z.take(3))
		}
		if err := z.alignedTree.build(z.aligned[:]); err != nil {
			return err
		}
		fallthrough
	case lzxVerbatim:
		return z.trees()
	case lzxUncompressed:
		if z.avail == 0 { // a whole word is passed over
			z.take(16)
		}
		z.bits, z.avail = 0, 0
		if len(z.in) < 12 {
			return errLZX
		}
		for i := range z.r {
			z.r[i] = int(binary.LittleEndian.Uint32(z.in[4*i:]))
		}
		z.in = z.in[12:]
		return nil
	}
	return errLZX
}

func (z *lzx) trees() error {
	n := 256 + 8*z.slots
	for _, part := range [][]byte{z.main[:256], z.main[256:n], z.length[:]} {
		if err := z.lengths(part); err != nil {
			return err
		}
	}
	if err := z.mainTree.build(z.main[:n]); err != nil {
		return err
	}
	return z.lengthTree.build(z.length[:])
}

// lengths reads the lengths of codes, as differences from those before.
func (z *lzx) lengths(of []byte) error {
	var pre [20]byte
	for i := range pre {
		pre[i] = byte(z.take(4))
	}
	var tree huffman
	if err := tree.build(pre[:]); err != nil {
		return err
	}
	for at := 0; at < len(of); {
		code, ok := tree.next(z)
		run, value := 1, byte(0)
		switch {
		case !ok:
			return errLZX
		case code == 17:
			run = z.take(4) + 4
		case code == 18:
			run = z.take(5) + 20
		case code == 19:
			run = z.take(1) + 4
			if code, ok = tree.next(z); !ok || code > 16 {
				return errLZX
			}
			fallthrough
		default:
			value = byte((int(of[at]) - code + 17) % 17)
		}
		for ; run > 0 && at < len(of); run-- {
			of[at] = value
			at++
		}
	}
	return nil
}

// run decompresses at least so many bytes of the block, or a few more with the
// last match.
func (z *lzx) run(n int) error {
	if z.kind == lzxUncompressed {
		if n > len(z.in) {
			return errLZX
		}
		z.out = append(z.out, z.in[:n]...)
		if z.in = z.in[n:]; z.left == n && n%2 == 1 && len(z.in) > 0 {
			z.in = z.in[1:]
		}
		return nil
	}
	for end := len(z.out) + n; len(z.out) < end; {
		code, ok := z.mainTree.next(z)
		if !ok {
			return errLZX
		}
		if code < 256 {
			z.out = append(z.out, byte(code))
			continue
		}
		if err := z.match(code - 256); err != nil {
			return err
		}
	}
	return nil
}

// match copies what was there before.
func (z *lzx) match(code int) error {
	size := code & 7
	if size == 7 {
		more, ok := z.lengthTree.next(z)
		if !ok {
			return errLZX
		}
		size += more
	}
	size += 2
	offset, ok := z.offset(code >> 3)
	if !ok || offset < 1 || offset > len(z.out)-z.since {
		return errLZX
	}
	for range size {
		z.out = append(z.out, z.out[len(z.out)-offset])
	}
	return nil
}

func (z *lzx) offset(slot int) (int, bool) {
	switch slot {
	case 0:
		return z.r[0], true
	case 1, 2:
		z.r[0], z.r[slot] = z.r[slot], z.r[0]
		return z.r[0], true
	}
	extra := extraBits(slot)
	offset := slotBase(slot) - 2
	if z.kind == lzxAligned && extra >= 3 {
		if extra > 3 {
			offset += z.take(extra-3) << 3
		}
		low, ok := z.alignedTree.next(z)
		if !ok {
			return 0, false
		}
		offset += low
	} else if extra > 0 {
		offset += z.take(extra)
	}
	z.r[0], z.r[1], z.r[2] = offset, z.r[0], z.r[1]
	return offset, true
}

func extraBits(slot int) uint {
	if slot < 4 {
		return 0
	}
	return uint(min(slot/2-1, 17))
}

func slotBase(slot int) (base int) {
	for i := range slot {
		base += 1 << extraBits(i)
	}
	return base
}

// huffman is a canonical code of at most 16 bits.
type huffman struct {
	count  [17]int // codes of each length
	symbol []uint16
}

func (h *huffman) build(lengths []byte) error {
	h.count, h.symbol = [17]int{}, h.symbol[:0]
	for _, l := range lengths {
		if l > 16 {
			return errLZX
		}
		h.count[l]++
	}
	left := 1
	for l := 1; l <= 16; l++ {
		if left = left<<1 - h.count[l]; left < 0 {
			return errLZX
		}
	}
	var at [18]int
	for l := 1; l <= 16; l++ {
		at[l+1] = at[l] + h.count[l]
	}
	h.symbol = append(h.symbol, make([]uint16, len(lengths)-h.count[0])...)
	for s, l := range lengths {
		if l > 0 {
			h.symbol[at[l]] = uint16(s)
			at[l]++
		}
	}
	return nil
}

// next reads one code.
func (h *huffman) next(z *lzx) (symbol int, ok bool) {
	code, first, index := 0, 0, 0
	for l := 1; l <= 16; l++ {
		code |= z.take(1)
		if n := h.count[l]; code-first < n {
			return int(h.symbol[index+code-first]), true
		}
		index += h.count[l]
		first = (first + h.count[l]) << 1
		code <<= 1
	}
	return 0, false
}
