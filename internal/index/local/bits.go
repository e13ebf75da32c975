package local

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// errFormat is for bytes that open but make no sense: a fault of ours, or of
// somebody who has the key.
var errFormat = errors.New("the index's bytes make no sense")

// packPad is how many bytes unpack may read behind the packed numbers.
const packPad = 8

// widthOf returns how many bits the largest of some numbers takes.
func widthOf(values []uint32) uint {
	var all uint32
	for _, v := range values {
		all |= v
	}
	return uint(bits.Len32(all))
}

func packedLen(n int, width uint) int { return (n*int(width) + 7) / 8 }

// pack appends numbers of so many bits each, least significant bit first.
func pack(dst []byte, values []uint32, width uint) []byte {
	var acc uint64
	var have uint
	for _, v := range values {
		acc |= uint64(v) << have
		for have += width; have >= 8; have -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	if have > 0 {
		dst = append(dst, byte(acc))
	}
	return dst
}

// unpack reads numbers of so many bits, at most 32, into dst. src has packPad
// bytes more than the numbers take.
func unpack(dst []uint32, src []byte, width uint) {
	if width == 0 {
		clear(dst)
		return
	}
	mask := uint64(1)<<width - 1
	switch {
	case width <= 7: // eight numbers in one word
		for len(dst) >= 8 {
			v := binary.LittleEndian.Uint64(src)
			d := dst[:8:8]
			for i := range d {
				d[i] = uint32(v & mask)
				v >>= width
			}
			src, dst = src[width:], dst[8:]
		}
	case width <= 14: // four
		half := 4 * width
		for len(dst) >= 8 {
			v := binary.LittleEndian.Uint64(src)
			w := binary.LittleEndian.Uint64(src[half>>3:]) >> (half & 7)
			d := dst[:8:8]
			for i := range 4 {
				d[i], d[i+4] = uint32(v&mask), uint32(w&mask)
				v >>= width
				w >>= width
			}
			src, dst = src[width:], dst[8:]
		}
	}
	at := uint(0)
	for i := range dst {
		dst[i] = uint32(binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7) & mask)
		at += width
	}
}

// uvarint reads a number of at most 64 bits; n is 0 when there is none.
func uvarint(b []byte) (v uint64, n int) {
	v, n = binary.Uvarint(b)
	return v, max(n, 0)
}

// decoder reads a sequence of values; after an error it reads zeros.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() {
	d.err = errFormat
	d.b = nil
}

func (d *decoder) uvarint() uint64 {
	v, n := uvarint(d.b)
	if n == 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads the number of things that follow, each of at least size bytes.
func (d *decoder) count(size int) int {
	v := d.uvarint()
	if v > uint64(len(d.b)/size) {
		d.fail()
		return 0
	}
	return int(v)
}

func (d *decoder) bytes() []byte { return d.take(d.count(1)) }

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.fail()
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func appendBytes[T string | []byte](dst []byte, b T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}
