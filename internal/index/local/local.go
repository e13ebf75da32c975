package local

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/klauspost/compress/zstd"

	"candor"
)

// Config says where an index is kept, under which key, and what it may take.
type Config struct {
	Dir string // the index's folder; made if it does not exist
	Key []byte // 32 bytes; seals everything in Dir

	// Former keys open what was sealed before Key took their place. Merges seal
	// it anew, and Rekey all of it; then they are no longer needed.
	Former [][]byte

	MemoryLimit int64         // bytes that a running Put may hold of documents being read, besides their text; 0 is 64 MiB
	CacheBytes  int64         // bytes of opened blocks and columns kept for searches; 0 is an eighth of the memory there is, from 256 MiB to 4 GiB
	MergeRate   int64         // bytes a second that merges may write; 0 is 64 MiB, negative is without bound
	PurgeEvery  time.Duration // how often deleted documents are purged; 0 is 1 h
	Logger      *slog.Logger  // nil discards

	FS    FS                                         // nil is the folder Dir of the operating system
	Sleep func(context.Context, time.Duration) error // how merges wait; nil is by the clock
}

// Index is an open index. Safe for concurrent use.
type Index struct {
	cfg    Config
	fs     FS
	sealer atomic.Pointer[sealer]
	log    *slog.Logger
	cache  *cache
	lock   interface{ Close() error }
	zstd   *zstd.Decoder

	builders chan *builder // idle, to be used again

	write  sync.Mutex // one commit at a time
	seq    uint64     // of the newest commit tried
	last   *commit    // the newest commit made
	before *commit    // the one before

	keying sync.RWMutex // held for reading while segments are made and committed under one key

	mu       sync.RWMutex // guards snap, next and building
	snap     *snapshot    // nil when closed
	next     uint64       // segment number
	building map[uint64]bool

	merges merger
}

// Defaults of Config.
const (
	defaultMemory    = 64 << 20
	leastCache       = 256 << 20
	mostCache        = 4 << 30
	defaultMergeRate = 64 << 20
)

// Open opens the index in a folder, or makes an empty one. It reads the newest
// commit and the tables of its segments; every other block is checked when it
// is read (see Check). Errors: Invalid for a key of the wrong length,
// Verification for a wrong key or damaged files, NotSupported for a folder of
// another format, Conflict while another process has it open. After
// Verification and NotSupported, Reset and a rebuild make the index again.
func Open(ctx context.Context, cfg Config) (*Index, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	x, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := x.fs.Make(); err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The folder of the index cannot be made. Check its place and permissions.")
	}
	if x.lock, err = x.fs.Lock(); errors.Is(err, errLocked) {
		return nil, candor.Errorf(candor.Conflict, "Another process has the index open. Stop it, or wait until it ends.")
	} else if err != nil {
		return nil, candor.Wrap(err, candor.Unavailable, "The index cannot be locked. Check the permissions of its folder.")
	}
	if err := x.load(); err != nil {
		return nil, errors.Join(explain(ctx, err), x.lock.Close())
	}
	x.merges.start(x)
	return x, nil
}

func prepare(cfg Config) (*Index, error) {
	s, err := newSealers(cfg.Key, cfg.Former)
	if err != nil {
		return nil, err
	}
	cfg.MemoryLimit = cmp.Or(cfg.MemoryLimit, defaultMemory)
	cfg.CacheBytes = cmp.Or(cfg.CacheBytes, defaultCache())
	cfg.MergeRate = cmp.Or(cfg.MergeRate, defaultMergeRate)
	cfg.PurgeEvery = cmp.Or(cfg.PurgeEvery, time.Hour)
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.FS == nil {
		dir, err := filepath.Abs(cfg.Dir)
		if err != nil {
			return nil, err
		}
		cfg.FS = dirFS(dir)
	}
	z, err := newDecoder()
	if err != nil {
		return nil, err
	}
	x := &Index{cfg: cfg, fs: cfg.FS, log: cfg.Logger, cache: newCache(cfg.CacheBytes), zstd: z,
		builders: make(chan *builder, runtime.GOMAXPROCS(0)), building: map[uint64]bool{}}
	x.sealer.Store(s)
	return x, nil
}

// defaultCache is a share of what this process may take of the machine's memory.
func defaultCache() int64 {
	may := uint64(0)
	for _, of := range []memlimit.Provider{memlimit.FromSystem, memlimit.FromCgroup} {
		if n, err := of(); err == nil && (may == 0 || n < may) {
			may = n
		}
	}
	return int64(min(max(may/8, leastCache), mostCache))
}

// Reset deletes whatever index stands in a folder, so that Open makes an empty
// one: what to do when a key is lost or a file is damaged, before a rebuild.
// It fails with Conflict while a process has the index open.
func Reset(dir string) error {
	fs := dirFS(dir)
	names, err := fs.List()
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	lock, err := fs.Lock()
	if errors.Is(err, errLocked) {
		return candor.Errorf(candor.Conflict, "Another process has the index open. Stop it, or wait until it ends.")
	} else if err != nil {
		return err
	}
	defer lock.Close()
	// Commits go last: segments without any are an error, not an empty index.
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(b, a) })
	for _, name := range names {
		_, isCommit := numbered(name, commitPrefix)
		_, isSegment := numbered(name, segmentPrefix)
		if isCommit || isSegment || name == commitTemp {
			if err := fs.Remove(name); err != nil {
				return err
			}
		}
	}
	return fs.SyncDir()
}

// load reads the newest commit and opens its segments.
func (x *Index) load() error {
	names, err := x.fs.List()
	if err != nil {
		return err
	}
	newest, before, torn, err := newestCommit(x.fs, x.sealer.Load(), names)
	if err != nil {
		return err
	}
	if torn {
		x.log.Warn("the newest commit of the index was cut short; the one before is used", "commit", newest.seq)
	}
	for _, name := range names {
		if id, ok := numbered(name, segmentPrefix); ok {
			x.next = max(x.next, id+1)
			if newest == nil {
				return errFormat // segments, and no commit left
			}
		}
		if seq, ok := numbered(name, commitPrefix); ok {
			x.seq = max(x.seq, seq)
		}
	}
	if newest == nil {
		x.last = &commit{}
		return x.commit(nil)
	}
	x.next = max(x.next, newest.next)
	views, err := x.openAll(newest)
	if err != nil {
		return err
	}
	x.last, x.before = newest, before
	x.snap = newSnapshot(views)
	for _, v := range views {
		v.release() // the snapshot holds them now
	}
	x.sweep()
	return nil
}

func (x *Index) openAll(c *commit) ([]*view, error) {
	var views []*view
	for _, s := range c.segments {
		g, err := openSegment(x.fs, x.sealer.Load(), x.cache, s.id)
		if err == nil && (g.docs != s.docs || string(g.file.salt()) != string(s.salt[:])) {
			g.release()
			err = errFormat
		}
		if err != nil {
			for _, v := range views {
				v.release()
			}
			if errors.Is(err, os.ErrNotExist) {
				err = errors.Join(errFormat, err)
			}
			return nil, err
		}
		views = append(views, &view{segment: g, deleted: s.deleted})
	}
	return views, nil
}

// commit makes views the index's content: durable first, then seen. The caller
// holds write, or owns x. After an error the content is as before, though the
// disk may have either.
func (x *Index) commit(views []*view) error {
	x.seq++
	x.mu.RLock()
	c := &commit{seq: x.seq, next: x.next}
	x.mu.RUnlock()
	for _, v := range views {
		c.segments = append(c.segments, committed{id: v.id, docs: v.docs, salt: [saltSize]byte(v.file.salt()), deleted: v.deleted})
	}
	if err := writeCommit(x.fs, x.sealer.Load(), c); err != nil {
		return err
	}
	x.before, x.last = x.last, c
	x.mu.Lock()
	old := x.snap
	x.snap = newSnapshot(views)
	x.mu.Unlock()
	if old != nil {
		old.release()
	}
	x.sweep()
	return nil
}

// sweep deletes the files that neither of the two newest commits names. What
// it cannot delete now, it will later.
func (x *Index) sweep() {
	names, err := x.fs.List()
	if err != nil {
		x.log.Warn("listing the index's files", "error", err)
		return
	}
	for _, name := range names {
		if x.inUse(name) {
			continue
		}
		if err := x.fs.Remove(name); err != nil {
			x.log.Warn("deleting an old file of the index", "file", name, "error", err)
		}
	}
}

func (x *Index) inUse(name string) bool {
	if seq, ok := numbered(name, commitPrefix); ok {
		return seq == x.last.seq || x.before != nil && seq == x.before.seq
	}
	id, ok := numbered(name, segmentPrefix)
	if !ok {
		return name != commitTemp
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.building[id] || x.last.has(id) || x.before != nil && x.before.has(id)
}

var errClosed = candor.Errorf(candor.Unavailable, "The index is closed.")

// acquire returns the newest snapshot, to be released by the caller.
func (x *Index) acquire() (*snapshot, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.snap == nil {
		return nil, errClosed
	}
	x.snap.users.Add(1)
	return x.snap, nil
}

// Close waits for a running merge and closes the index. Searches that still
// run end normally. What was acknowledged is already durable.
func (x *Index) Close() error {
	x.merges.stop()
	x.write.Lock()
	defer x.write.Unlock()
	x.mu.Lock()
	snap := x.snap
	x.snap = nil
	x.mu.Unlock()
	if snap == nil {
		return nil
	}
	snap.release()
	return x.lock.Close()
}

// explain makes an error of ours of what went wrong with a file.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*candor.Error](err); ok {
		return err
	}
	if v, ok := errors.AsType[versionError](err); ok {
		return candor.Errorf(candor.NotSupported,
			"The index was written in format %d and this Candor reads format %d. Run candor rebuild.", int(v), formatVersion)
	}
	switch {
	case errors.Is(err, errOtherKey):
		return candor.Wrap(err, candor.Verification,
			"The index is sealed under another key. Use the key that the custodian keeps for it, or run candor rebuild.")
	case errors.Is(err, errSeal), errors.Is(err, errFormat), errors.Is(err, errTorn):
		return candor.Wrap(err, candor.Verification,
			"The index is damaged, or was changed from outside. Run candor rebuild; originals are not affected.")
	}
	return candor.Wrap(err, candor.Unavailable, "The index cannot be read or written. Check the disk and its free space, then try again.")
}

// Held returns the numbers of all documents.
func (x *Index) Held(ctx context.Context) (*roaring.Bitmap, error) {
	s, err := x.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	held := roaring.New()
	for _, v := range s.views {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		nums, err := v.nums()
		if err != nil {
			return nil, explain(ctx, err)
		}
		all := make([]uint32, 0, v.docs)
		for doc := range v.docs {
			if !v.deleted.Contains(doc) {
				all = append(all, uint32(nums.at(doc)))
			}
		}
		held.AddMany(all)
	}
	return held, nil
}

// Wipe empties the index, durably.
func (x *Index) Wipe(ctx context.Context) error {
	return x.change(ctx, func([]*view) ([]*view, error) { return nil, nil })
}

// Placed returns the numbers of the documents that a model placed in meaning,
// and of those that others did.
func (x *Index) Placed(ctx context.Context, model string) (by, others *roaring.Bitmap, err error) {
	s, err := x.acquire()
	if err != nil {
		return nil, nil, err
	}
	defer s.release()
	by, others = roaring.New(), roaring.New()
	for _, v := range s.views {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		p, err := v.passages()
		if err != nil {
			return nil, nil, explain(ctx, err)
		}
		if p == nil {
			continue
		}
		into := others
		if p.model == model {
			into = by
		}
		if err := v.addPlaced(p, into); err != nil {
			return nil, nil, explain(ctx, err)
		}
	}
	return by, others, nil
}

// addPlaced adds the numbers of the documents that have passages.
func (v *view) addPlaced(p *passages, to *roaring.Bitmap) error {
	nums, err := v.nums()
	if err != nil {
		return err
	}
	var placed []uint32
	for doc := range v.docs {
		if from, end := p.of(doc); from < end && !v.deleted.Contains(doc) {
			placed = append(placed, uint32(nums.at(doc)))
		}
	}
	to.AddMany(placed)
	return nil
}

// Delete removes documents by number; numbers not held are ignored. It is
// durable when it returns. Their words and texts leave the disk with the next
// merges; Purge makes that happen at once.
func (x *Index) Delete(ctx context.Context, nums []uint32) error {
	if len(nums) == 0 {
		return ctx.Err()
	}
	sorted := slices.Clone(nums)
	slices.Sort(sorted)
	return x.change(ctx, func(views []*view) ([]*view, error) { return without(views, sorted) })
}

// change commits what a function makes of the newest views.
func (x *Index) change(ctx context.Context, f func([]*view) ([]*view, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.write.Lock()
	defer x.write.Unlock()
	snap, err := x.acquire()
	if err != nil {
		return err
	}
	defer snap.release()
	views, err := f(snap.views)
	if err == nil && !slices.Equal(views, snap.views) {
		err = x.commit(views)
	}
	x.merges.wake()
	return explain(ctx, err)
}

// without returns views in which some documents, by ascending number, are
// deleted. Segments without any document left are left out.
func without(views []*view, nums []uint32) ([]*view, error) {
	var out []*view
	for _, v := range views {
		from, _ := slices.BinarySearch(nums, v.low)
		gone := v.deleted
		if from < len(nums) && nums[from] <= v.hi {
			var err error
			if gone, err = v.deleting(nums[from:]); err != nil {
				return nil, err
			}
		}
		switch {
		case gone.GetCardinality() == uint64(v.docs):
		case gone == v.deleted:
			out = append(out, v)
		default:
			out = append(out, &view{segment: v.segment, deleted: gone})
		}
	}
	return out, nil
}

// deleting returns what is deleted after some numbers are deleted too.
func (v *view) deleting(nums []uint32) (*roaring.Bitmap, error) {
	column, err := v.nums()
	if err != nil {
		return nil, err
	}
	var found []uint32
	for _, n := range nums {
		if n > v.hi {
			break
		}
		if doc, ok := column.find(uint64(n)); ok && !v.deleted.Contains(doc) {
			found = append(found, doc)
		}
	}
	if len(found) == 0 {
		return v.deleted, nil
	}
	gone := v.deleted.Clone()
	gone.AddMany(found)
	return gone, nil
}
