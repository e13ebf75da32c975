package local

import (
	"errors"
	"testing"
)

// TestCache: the bound holds, what was used last stays, and forgetting forgets.
func TestCache(t *testing.T) {
	c := newCache(2 * blockShards * 1000)
	load := func(v int) func() (any, int64, error) { return func() (any, int64, error) { return v, 100, nil } }
	for round := range 3 {
		for i := range int64(5000) {
			v, err := c.get(cacheKey{uint64(i % 3), i}, load(int(i)))
			if err != nil || v != int(i) {
				t.Fatalf("round %d: %d is %v, %v", round, i, v, err)
			}
		}
	}
	held := int64(0)
	for i := range c.shards {
		held += c.shards[i].bytes
		if s := &c.shards[i]; s.bytes > s.limit || s.bytes != 100*int64(len(s.known)) {
			t.Errorf("shard %d holds %d of %d bytes in %d entries", i, s.bytes, s.limit, len(s.known))
		}
	}
	if held == 0 {
		t.Error("nothing is held")
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
		if s := &c.shards[i]; s.bytes != 0 || len(s.known) != 0 {
			t.Errorf("shard %d holds %d bytes of owners forgotten", i, s.bytes)
		}
	}
}
