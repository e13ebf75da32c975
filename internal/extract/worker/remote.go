package worker

import (
	"errors"
	"fmt"
	"io"

	"candor/internal/extract/wire"
)

const cachedBlocks = 32 // 8 MiB of a source are remembered

var errSource = errors.New("the file changed or vanished while it was read")

// remote is a source whose bytes are asked for. Blocks are remembered, the
// longest unused is forgotten first. It is not safe for concurrent use.
type remote struct {
	c      *wire.Conn
	size   int64
	blocks map[int64]*block
	clock  int64
	free   []byte // a forgotten block's memory
	broken error  // the conversation's end
}

type block struct {
	data []byte
	used int64
}

// newRemote begins with the source's first block, which comes with the job.
func newRemote(c *wire.Conn, size int64, first []byte) *remote {
	r := &remote{c: c, size: size, blocks: map[int64]*block{}}
	if int64(len(first)) == min(size, wire.BlockSize) && size > 0 {
		r.blocks[0] = &block{data: append([]byte(nil), first...)}
	}
	return r
}

// ReadAt reads bytes at an offset.
func (r *remote) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("a negative offset")
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= r.size {
			return n, io.EOF
		}
		b, err := r.block(at / wire.BlockSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b[at%wire.BlockSize:])
	}
	return n, nil
}

func (r *remote) block(i int64) ([]byte, error) {
	r.clock++
	if b := r.blocks[i]; b != nil {
		b.used = r.clock
		return b.data, nil
	}
	if r.broken != nil {
		return nil, r.broken
	}
	data, err := r.ask(i)
	if err != nil {
		return nil, err
	}
	r.forget()
	r.blocks[i] = &block{data: data, used: r.clock}
	return data, nil
}

func (r *remote) ask(i int64) ([]byte, error) {
	off := i * wire.BlockSize
	n := int(min(wire.BlockSize, r.size-off))
	if r.broken = r.c.SendNeed(off, n); r.broken != nil {
		return nil, r.broken
	}
	k, p, err := r.c.Read()
	switch {
	case err != nil:
		r.broken = err
		return nil, err
	case k == wire.NoBlock:
		return nil, errSource
	case k != wire.Block || len(p) != n:
		r.broken = fmt.Errorf("%w: %q of %d bytes where a block of %d was due", wire.ErrBroken, k, len(p), n)
		return nil, r.broken
	}
	data := append(r.free[:0], p...)
	r.free = nil
	return data, nil
}

func (r *remote) forget() {
	if len(r.blocks) < cachedBlocks {
		return
	}
	oldest := int64(-1)
	for i, b := range r.blocks {
		if oldest < 0 || b.used < r.blocks[oldest].used {
			oldest = i
		}
	}
	r.free = r.blocks[oldest].data
	delete(r.blocks, oldest)
}
