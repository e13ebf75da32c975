package archive

import (
	"context"
	"maps"
	"sync"

	"candor"
)

// totals keeps each collection's figures in memory, since every search needs
// the size of what it looks in.
type totals struct {
	mu   sync.Mutex
	held map[string]candor.Totals
}

func (t *totals) load(ctx context.Context, c Catalog, collections []string) error {
	held := make(map[string]candor.Totals, len(collections))
	for _, name := range collections {
		got, err := c.Totals(ctx, name)
		if err != nil {
			return err
		}
		held[name] = got
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = held
	return nil
}

func (t *totals) of(collection string) candor.Totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := t.held[collection]
	got.Conditions = maps.Clone(got.Conditions)
	return got
}

// itemsIn counts the items of several collections.
func (a *Archive) itemsIn(collections []string) int64 {
	var sum int64
	for _, name := range collections {
		sum += a.totals.of(name).Items
	}
	return sum
}

func (t *totals) count(item candor.Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := t.held[item.Collection]
	if got.Conditions == nil {
		got.Conditions = make(map[candor.Condition]int64)
	}
	got.Items++
	got.Bytes += item.Size
	got.Conditions[item.Condition]++
	t.held[item.Collection] = got
}

// change counts an item under another condition.
func (t *totals) change(was, now candor.Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if got := t.held[now.Collection]; got.Conditions != nil {
		got.Conditions[was.Condition]--
		got.Conditions[now.Condition]++
	}
}

// nums hands out item numbers, reserved from the catalog in blocks.
type nums struct {
	mu        sync.Mutex
	at, limit uint32
}

const numBlock = 256

func (n *nums) next(ctx context.Context, c Catalog) (uint32, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at == n.limit {
		first, err := c.ReserveNums(ctx, numBlock)
		if err != nil {
			return 0, err
		}
		n.at, n.limit = first, first+numBlock
	}
	n.at++
	return n.at - 1, nil
}

// forget drops the reserved block, after the catalog was rebuilt.
func (n *nums) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.at, n.limit = 0, 0
}
