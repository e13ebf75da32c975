package local

import (
	"sync"
	"sync/atomic"
)

// cache holds opened blocks and decoded sections up to a bound of bytes,
// throwing out what was not used for the longest time: of its shard, so that
// this is nearly so of the whole. What a caller got from it stays valid after
// it was thrown out. Safe for concurrent use.
type cache struct {
	limit  int64
	bytes  atomic.Int64
	shards [cacheShards]cacheShard
}

const cacheShards = 16

type cacheShard struct {
	mu    sync.Mutex
	known map[cacheKey]*cacheEntry
	ring  cacheEntry // of the list: ring.next is the newest
}

// cacheKey is a block of a segment, or a section (negative).
type cacheKey struct {
	owner uint64
	part  int64
}

type cacheEntry struct {
	key        cacheKey
	value      any
	size       int64
	prev, next *cacheEntry
}

func newCache(limit int64) *cache {
	c := &cache{limit: limit}
	for i := range c.shards {
		s := &c.shards[i]
		s.known = map[cacheKey]*cacheEntry{}
		s.ring.prev, s.ring.next = &s.ring, &s.ring
	}
	return c
}

func (k cacheKey) shard() int {
	return int((k.owner*31 + uint64(k.part)) * 0x9E3779B97F4A7C15 >> 60)
}

// get returns what is held under a key, or makes it.
func (c *cache) get(k cacheKey, load func() (any, int64, error)) (any, error) {
	s := &c.shards[k.shard()]
	if v, ok := s.use(k); ok {
		return v, nil
	}
	v, size, err := load()
	if err != nil {
		return nil, err
	}
	v, kept := s.keep(&cacheEntry{key: k, value: v, size: size})
	if kept && c.bytes.Add(size) > c.limit {
		c.shrink(k)
	}
	return v, nil
}

// use returns what is held, and makes it the newest.
func (s *cacheShard) use(k cacheKey) (any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.known[k]
	if e == nil {
		return nil, false
	}
	s.unlink(e)
	s.push(e)
	return e.value, true
}

// keep holds an entry; if another was quicker, that one counts.
func (s *cacheShard) keep(e *cacheEntry) (v any, kept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.known[e.key]; other != nil {
		return other.value, false
	}
	s.known[e.key] = e
	s.push(e)
	return e.value, true
}

// shrink throws out what is oldest, from the shard of a new key on, until the
// bound holds or nothing but the new key is left.
func (c *cache) shrink(newest cacheKey) {
	first := newest.shard()
	for i := range c.shards {
		s := &c.shards[(first+i)%cacheShards]
		s.mu.Lock()
		for e := s.ring.prev; c.bytes.Load() > c.limit && e != &s.ring; e = s.ring.prev {
			if e.key == newest {
				break
			}
			c.bytes.Add(-s.drop(e))
		}
		s.mu.Unlock()
	}
}

func (s *cacheShard) push(e *cacheEntry) {
	e.prev, e.next = &s.ring, s.ring.next
	e.prev.next, e.next.prev = e, e
}

func (s *cacheShard) unlink(e *cacheEntry) { e.prev.next, e.next.prev = e.next, e.prev }

// drop throws an entry out, and returns what it took.
func (s *cacheShard) drop(e *cacheEntry) int64 {
	s.unlink(e)
	delete(s.known, e.key)
	return e.size
}

// forget throws out everything of an owner.
func (c *cache) forget(owner uint64) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k, e := range s.known {
			if k.owner == owner {
				c.bytes.Add(-s.drop(e))
			}
		}
		s.mu.Unlock()
	}
}
