package archive

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"candor"
)

// coverage counts, exactly, the distinct items that each purpose has been
// shown. It keeps each purpose's bitmap in memory once it is used and writes
// additions through to the catalog.
type coverage struct {
	store interface {
		Cover(ctx context.Context, p candor.PurposeID, nums []uint32) error
		Coverage(ctx context.Context, p candor.PurposeID) (*roaring.Bitmap, error)
	}
	mu   sync.Mutex
	held map[candor.PurposeID]*covered
}

type covered struct {
	settle sync.Mutex   // held from decision to count: acts side by side share one budget
	still  sync.RWMutex // held for reading while an outcome is recorded, for writing while the purpose changes
	mu     sync.RWMutex
	seen   *roaring.Bitmap
}

// load makes a purpose's coverage ready. It must have been called before the
// other methods are used for that purpose.
func (c *coverage) load(ctx context.Context, p candor.PurposeID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[p] != nil {
		return nil
	}
	seen, err := c.store.Coverage(ctx, p)
	if err != nil {
		return err
	}
	if c.held == nil {
		c.held = make(map[candor.PurposeID]*covered)
	}
	c.held[p] = &covered{seen: seen}
	return nil
}

// reload reads again what is in memory, after the catalog was rebuilt.
func (c *coverage) reload(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p, h := range c.held {
		seen, err := c.store.Coverage(ctx, p)
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.seen = seen
		h.mu.Unlock()
	}
	return nil
}

func (c *coverage) get(p candor.PurposeID) *covered {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held[p]
}

// lock keeps other acts of a purpose from settling until unlock is called.
func (c *coverage) lock(p candor.PurposeID) (unlock func()) {
	h := c.get(p)
	h.settle.Lock()
	return h.settle.Unlock
}

// standStill keeps the purpose from changing until release is called.
func (c *coverage) standStill(p candor.PurposeID) (release func()) {
	h := c.get(p)
	h.still.RLock()
	return h.still.RUnlock
}

// change waits for outcomes that are being recorded under the purpose, and
// holds up new ones until release is called.
func (c *coverage) change(p candor.PurposeID) (release func()) {
	h := c.get(p)
	h.still.Lock()
	return h.still.Unlock
}

// count returns how many distinct items the purpose has been shown.
func (c *coverage) count(p candor.PurposeID) int64 {
	h := c.get(p)
	h.mu.RLock()
	defer h.mu.RUnlock()
	return int64(h.seen.GetCardinality())
}

// fresh returns which of the items the purpose has not been shown.
func (c *coverage) fresh(p candor.PurposeID, nums []uint32) map[uint32]bool {
	h := c.get(p)
	h.mu.RLock()
	defer h.mu.RUnlock()
	fresh := make(map[uint32]bool)
	for _, n := range nums {
		if !h.seen.Contains(n) {
			fresh[n] = true
		}
	}
	return fresh
}

// add counts items as shown. They are durable in the catalog when it returns.
func (c *coverage) add(ctx context.Context, p candor.PurposeID, fresh map[uint32]bool) error {
	nums := slices.Sorted(maps.Keys(fresh))
	if err := c.store.Cover(ctx, p, nums); err != nil {
		return err
	}
	h := c.get(p)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen.AddMany(nums)
	return nil
}
