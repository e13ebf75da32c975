package local

import (
	"errors"
	"sync"
	"testing"
)

// TestCache: the bound holds, what was used last stays, and forgetting forgets.
func TestCache(t *testing.T) {
	c := newCache(32_000)
	load := func(v int) func() (any, int64, error) { return func() (any, int64, error) { return v, 100, nil } }
	for round := range 3 {
		for i := range int64(5000) {
			v, err := c.get(cacheKey{uint64(i % 3), i}, load(int(i)))
			if err != nil || v != int(i) {
				t.Fatalf("round %d: %d is %v, %v", round, i, v, err)
			}
		}
	}
	held := 0
	for i := range c.shards {
		held += len(c.shards[i].known)
	}
	if sum := c.bytes.Load(); sum > c.limit || sum < c.limit-100 || sum != 100*int64(held) {
		t.Errorf("%d of %d bytes are held in %d entries", sum, c.limit, held)
	}
	newest := func() (any, int64, error) { return nil, 0, errors.New("asked for again") }
	if _, err := c.get(cacheKey{4999 % 3, 4999}, newest); err != nil {
		t.Errorf("the newest is gone: %v", err)
	}
	if _, err := c.get(cacheKey{1, -1}, func() (any, int64, error) { return "large", 1 << 30, nil }); err != nil {
		t.Error(err)
	}
	if v, err := c.get(cacheKey{1, -1}, newest); err != nil || v != "large" {
		t.Errorf("a section larger than the bound is not kept until the next: %v", err)
	}
	if _, err := c.get(cacheKey{9, 9}, newest); err == nil {
		t.Error("an error was kept from the caller")
	}
	for owner := range uint64(3) {
		c.forget(owner)
	}
	for i := range c.shards {
		if n := len(c.shards[i].known); n != 0 {
			t.Errorf("shard %d holds %d entries of owners forgotten", i, n)
		}
	}
	if n := c.bytes.Load(); n != 0 {
		t.Errorf("%d bytes are held of owners forgotten", n)
	}
}

// TestCacheTogether: whatever several do at once, the sum is what is held.
func TestCacheTogether(t *testing.T) {
	c := newCache(10_000)
	var wg sync.WaitGroup
	for w := range uint64(4) {
		wg.Go(func() {
			for i := range int64(3000) {
				k := cacheKey{w % 2, i % 200}
				if v, err := c.get(k, func() (any, int64, error) { return k, 1 + k.part, nil }); err != nil || v != k {
					t.Errorf("%v is %v, %v", k, v, err)
				}
				if i%500 == 499 {
					c.forget(w % 2)
				}
			}
		})
	}
	wg.Wait()
	held := int64(0)
	for i := range c.shards {
		for k := range c.shards[i].known {
			held += 1 + k.part
		}
	}
	if sum := c.bytes.Load(); sum != held || sum > c.limit {
		t.Errorf("%d bytes are counted, %d are held, of %d", sum, held, c.limit)
	}
}
