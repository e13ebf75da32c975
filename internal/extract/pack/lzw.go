package pack

import (
	"bufio"
	"errors"
	"io"
)

// unlzw undoes what compress of Unix does: LZW with codes of 9 to 16 bits, least
// significant bit first, in groups of eight codes. The standard library's LZW is
// that of GIF and TIFF, which is another.
type unlzw struct {
	r     *bufio.Reader
	most  int  // bits of the longest codes
	block bool // code 256 empties the table

	bits  int // of a code now
	next  int // the next code to be given
	prev  int // the code before; -1 for none
	first byte

	group []byte // of eight codes
	at    int    // of the next code in it, in bits
	size  int    // of the group, in bits

	prefix []uint16
	suffix []byte
	out    []byte // what a code stands for, backwards
	done   bool
}

var errLZW = errors.New("a code stands for nothing")

func newUnlzw(r io.Reader) (*unlzw, error) {
	u := &unlzw{r: bufio.NewReader(r), bits: 9, prev: -1, prefix: make([]uint16, 1<<16), suffix: make([]byte, 1<<16)}
	head := make([]byte, 3)
	if _, err := io.ReadFull(u.r, head); err != nil || head[0] != 0x1f || head[1] != 0x9d {
		return nil, errLZW
	}
	if u.most, u.block = int(head[2]&0x1f), head[2]&0x80 != 0; u.most < 9 || u.most > 16 {
		return nil, errLZW
	}
	for i := range 256 {
		u.suffix[i] = byte(i)
	}
	u.next = u.start()
	return u, nil
}

func (u *unlzw) start() int {
	if u.block {
		return 257
	}
	return 256
}

// code reads the next code. Whenever codes grow, or the table is emptied, what is
// left of a group is passed over.
func (u *unlzw) code() (int, error) {
	if u.next > 1<<u.bits-1 && u.bits < u.most {
		u.bits++
		u.at = u.size
	}
	if u.at+u.bits > u.size {
		u.group = append(u.group[:0], make([]byte, u.bits)...)
		n, err := io.ReadFull(u.r, u.group)
		if n == 0 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, io.EOF
		}
		u.size, u.at = 8*n, 0
		if u.size < u.bits {
			return 0, io.EOF
		}
	}
	code := 0
	for i := range u.bits {
		bit := u.at + i
		code |= int(u.group[bit/8]>>(bit%8)&1) << i
	}
	u.at += u.bits
	return code, nil
}

func (u *unlzw) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.done {
			return 0, io.EOF
		}
		if err := u.step(); err != nil {
			u.done = true
			return 0, err
		}
	}
	n := min(len(p), len(u.out))
	for i := range n {
		p[i] = u.out[len(u.out)-1-i]
	}
	u.out = u.out[:len(u.out)-n]
	return n, nil
}

// step reads one code and what it stands for.
func (u *unlzw) step() error {
	code, err := u.code()
	if err != nil {
		return err
	}
	if code == 256 && u.block {
		u.bits, u.next, u.prev, u.at = 9, 257, -1, u.size
		return nil
	}
	if u.prev < 0 {
		if code > 255 {
			return errLZW
		}
		u.prev, u.first = code, byte(code)
		u.out = append(u.out[:0], byte(code))
		return nil
	}
	now := code
	u.out = u.out[:0]
	if code >= u.next {
		if code > u.next {
			return errLZW
		}
		u.out = append(u.out, u.first)
		now = u.prev
	}
	for now > 255 {
		u.out = append(u.out, u.suffix[now])
		now = int(u.prefix[now]) // always less than now
	}
	u.first = byte(now)
	u.out = append(u.out, u.first)
	if u.next < 1<<u.most {
		u.prefix[u.next], u.suffix[u.next] = uint16(u.prev), u.first
		u.next++
	}
	u.prev = code
	return nil
}
