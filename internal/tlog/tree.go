package tlog

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"candor/receipt"
)

const (
	tileBits    = 8
	cachedTiles = 256 // about 16 KiB each
)

// tile holds the hashes of one tile and of all complete subtrees within it:
// at[0] its leaves, at[k] the roots over 2^k of them. With these in memory a
// proof is lookups, not hashing.
type tile struct {
	at [tileBits + 1][]tlog.Hash
}

func (t *tile) add(h tlog.Hash) {
	t.at[0] = append(t.at[0], h)
	for k := 0; len(t.at[k])&1 == 0; k++ {
		n := len(t.at[k])
		t.at[k+1] = append(t.at[k+1], tlog.NodeHash(t.at[k][n-2], t.at[k][n-1]))
		if k+1 == tileBits {
			return
		}
	}
}

func (t *tile) full() bool { return len(t.at[0]) == width }

func (t *tile) root() tlog.Hash { return t.at[tileBits][0] }

type tileID struct {
	level int
	n     int64
}

// tree holds the hashes of the log: the right edge and whatever is not yet in
// files in memory, recently used tiles in a cache, the rest in tile files. Its
// memory does not grow with the log. Safe for concurrent use.
type tree struct {
	fs FS

	mu   sync.RWMutex
	size int64
	open map[tileID]*tile

	cacheMu sync.Mutex
	cache   map[tileID]*tile
	order   []tileID // of the cache, oldest first
}

func newTree(fs FS) *tree {
	return &tree{fs: fs, open: make(map[tileID]*tile), cache: make(map[tileID]*tile)}
}

// restore makes the right edge of a tree of size records, a multiple of 256,
// from the full tiles in the files.
func (t *tree) restore(size int64) error {
	for level := 1; size>>(tileBits*level) > 0; level++ {
		count := size >> (tileBits * level)
		for n := count &^ (width - 1); n < count; n++ {
			below, err := t.load(tileID{level - 1, n})
			if err != nil {
				return err
			}
			t.openTile(tileID{level, n / width}).add(below.root())
		}
	}
	t.size = size
	return nil
}

func (t *tree) openTile(id tileID) *tile {
	if t.open[id] == nil {
		t.open[id] = new(tile)
	}
	return t.open[id]
}

// add appends leaves and returns the new size and root.
func (t *tree) add(leaves []tlog.Hash) (int64, tlog.Hash, error) {
	t.mu.Lock()
	for _, h := range leaves {
		n := t.size
		t.size++
		for level := 0; ; level++ {
			open := t.openTile(tileID{level, n / width})
			open.add(h)
			if !open.full() {
				break
			}
			h, n = open.root(), n/width
		}
	}
	size := t.size
	t.mu.Unlock()
	root, err := tlog.TreeHash(size, t)
	return size, root, err
}

// ReadHashes implements tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		h, err := t.hash(x)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

func (t *tree) hash(index int64) (tlog.Hash, error) {
	level, n := tlog.SplitStoredHashIndex(index)
	k := level % tileBits
	id := tileID{level / tileBits, n >> (tileBits - k)}
	pos := int(n & (1<<(tileBits-k) - 1))
	if h, ok := t.openHash(id, k, pos); ok {
		return h, nil
	}
	found, err := t.load(id)
	if err != nil {
		return tlog.Hash{}, err
	}
	return found.at[k][pos], nil
}

func (t *tree) openHash(id tileID, k, pos int) (tlog.Hash, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	open := t.open[id]
	if open == nil || pos >= len(open.at[k]) {
		return tlog.Hash{}, false
	}
	return open.at[k][pos], true
}

// load returns a full tile from the cache or its file.
func (t *tree) load(id tileID) (*tile, error) {
	t.cacheMu.Lock()
	found := t.cache[id]
	t.cacheMu.Unlock()
	if found != nil {
		return found, nil
	}
	name := receipt.TilePath(id.level, id.n, width)
	b, err := t.fs.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("hash tile: %w", err)
	}
	if len(b) != width*tlog.HashSize {
		return nil, fmt.Errorf("hash tile %s has %d bytes, not %d", name, len(b), width*tlog.HashSize)
	}
	found = new(tile)
	for ; len(b) > 0; b = b[tlog.HashSize:] {
		found.add(tlog.Hash(b[:tlog.HashSize]))
	}
	t.remember(id, found)
	return found, nil
}

func (t *tree) remember(id tileID, full *tile) {
	t.cacheMu.Lock()
	defer t.cacheMu.Unlock()
	if t.cache[id] != nil {
		return
	}
	t.cache[id] = full
	t.order = append(t.order, id)
	if len(t.order) > cachedTiles {
		delete(t.cache, t.order[0])
		t.order = t.order[1:]
	}
}

// release drops from memory what the files show of a tree of size records.
func (t *tree) release(size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, open := range t.open {
		if open.full() && (id.n+1)<<(tileBits*(id.level+1)) <= size {
			delete(t.open, id)
			t.remember(id, open)
		}
	}
}

// data returns the bytes of a tile that is not yet in a file.
func (t *tree) data(level int, n int64, w int) ([]byte, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	open := t.open[tileID{level, n}]
	if open == nil || len(open.at[0]) < w {
		return nil, errors.New("a tile to be published is not in memory")
	}
	b := make([]byte, 0, w*tlog.HashSize)
	for _, h := range open.at[0][:w] {
		b = append(b, h[:]...)
	}
	return b, nil
}
