package tlog

import (
	"encoding/binary"
	"errors"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"candor/receipt"
)

// detailsPath names the bundle of the sealed details of the records in the
// full entry bundle n. It does not stand under tile/ and is never served.
func detailsPath(n int64) string {
	return "details/" + strings.TrimPrefix(receipt.BundlePath(n, width), "tile/entries/")
}

// appendDetails appends the sealed details of one record to a details bundle:
// a big-endian uint32 length, then the bytes; length 0 if there are none.
func appendDetails(b, details []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(details)))
	return append(b, details...)
}

// parseDetails cuts a full details bundle.
func parseDetails(b []byte) ([][]byte, error) {
	out := make([][]byte, 0, width)
	for len(b) > 0 {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return nil, errors.New("the details bundle ends within an entry")
		}
		n := int(binary.BigEndian.Uint32(b))
		var one []byte
		if n > 0 {
			one = b[4 : 4+n : 4+n]
		}
		out, b = append(out, one), b[4+n:]
	}
	if len(out) != width {
		return nil, errors.New("the details bundle does not hold 256 entries")
	}
	return out, nil
}

// bundles holds the records that are not in full bundle files yet. Safe for
// concurrent use.
type bundles struct {
	mu    sync.RWMutex
	open  map[int64]*openBundle
	bytes int64
}

type openBundle struct {
	leaves, details [][]byte
}

func (b *bundles) add(first int64, entries []entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, e := range entries {
		n := (first + int64(i)) / width
		if b.open[n] == nil {
			b.open[n] = new(openBundle)
		}
		o := b.open[n]
		o.leaves, o.details = append(o.leaves, e.leaf), append(o.details, e.details)
		b.bytes += int64(len(e.leaf) + len(e.details))
	}
}

// get returns what is in memory of a bundle; later calls of add and destroy do
// not change what it returned.
func (b *bundles) get(n int64) (leaves, details [][]byte, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o := b.open[n]
	if o == nil {
		return nil, nil, false
	}
	return o.leaves[:len(o.leaves):len(o.leaves)], append([][]byte(nil), o.details...), true
}

func (b *bundles) destroy(index int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o := b.open[index/width]; o != nil {
		o.details[index%width] = nil
	}
}

// release drops the full bundles below size.
func (b *bundles) release(size int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n, o := range b.open {
		if (n+1)*width > size {
			continue
		}
		for i := range o.leaves {
			b.bytes -= int64(len(o.leaves[i]) + len(o.details[i]))
		}
		delete(b.open, n)
	}
}

func (b *bundles) lag() int64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.bytes
}

// bundle returns the records of a bundle, and their details if asked for, from
// memory or from the files. What comes from files is compared with its hashes.
func (l *Log) bundle(n int64, withDetails bool) (leaves, details [][]byte, err error) {
	if leaves, details, ok := l.bundles.get(n); ok {
		return leaves, details, nil
	}
	leaves, err = l.readLeaves(n)
	if err == nil && withDetails {
		details, err = l.readDetails(n)
	}
	return leaves, details, err
}

func (l *Log) readLeaves(n int64) (leaves [][]byte, err error) {
	name := receipt.BundlePath(n, width)
	b, err := l.fs.ReadFile(name)
	if err != nil {
		return nil, damaged(err, "The entry bundle %s cannot be read", name)
	}
	if leaves, err = receipt.ParseBundle(b, width); err != nil {
		return nil, damaged(err, "The entry bundle %s is broken", name)
	}
	hashes, err := l.tree.load(tileID{0, n})
	if err != nil {
		return nil, damaged(err, "The hash tile %s cannot be read", receipt.TilePath(0, n, width))
	}
	for i, leaf := range leaves {
		if tlog.RecordHash(leaf) != hashes.at[0][i] {
			return nil, damaged(errors.New("hashes differ"), "Record #%d in %s does not fit its hash", n*width+int64(i), name)
		}
	}
	return leaves, nil
}

func (l *Log) readDetails(n int64) ([][]byte, error) {
	b, err := l.fs.ReadFile(detailsPath(n))
	if err != nil {
		return nil, damaged(err, "The details bundle %s cannot be read", detailsPath(n))
	}
	details, err := parseDetails(b)
	if err != nil {
		return nil, damaged(err, "The details bundle %s is broken", detailsPath(n))
	}
	return details, nil
}
