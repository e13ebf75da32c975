package local

import "sync"

// cache holds opened blocks and decoded sections up to a bound of bytes,
// throwing out what was not used for the longest time. What a caller got from
// it stays valid after it was thrown out. Half of the bound is for blocks, in
// shards, and half for sections, of which one may be large. Safe for concurrent use.
type cache struct{ shards [blockShards + 1]cacheShard }

const blockShards = 16

type cacheShard struct {
	mu    sync.Mutex
	limit int64
	bytes int64
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
	c := &cache{}
	for i := range c.shards {
		s := &c.shards[i]
		s.limit = limit / 2 / blockShards
		if i == blockShards {
			s.limit = limit / 2
		}
		s.known = map[cacheKey]*cacheEntry{}
		s.ring.prev, s.ring.next = &s.ring, &s.ring
	}
	return c
}

func (c *cache) shard(k cacheKey) *cacheShard {
	if k.part < 0 {
		return &c.shards[blockShards]
	}
	h := (k.owner*31 + uint64(k.part)) * 0x9E3779B97F4A7C15
	return &c.shards[h>>60]
}

// get returns what is held under a key, or makes it.
func (c *cache) get(k cacheKey, load func() (any, int64, error)) (any, error) {
	s := c.shard(k)
	s.mu.Lock()
	if e := s.known[k]; e != nil {
		s.unlink(e)
		s.push(e)
		s.mu.Unlock()
		return e.value, nil
	}
	s.mu.Unlock()
	v, size, err := load()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.known[k]; e != nil { // another was quicker
		return e.value, nil
	}
	e := &cacheEntry{key: k, value: v, size: size}
	s.known[k] = e
	s.push(e)
	s.bytes += size
	for s.bytes > s.limit && s.ring.prev != e {
		s.drop(s.ring.prev)
	}
	return v, nil
}

func (s *cacheShard) push(e *cacheEntry) {
	e.prev, e.next = &s.ring, s.ring.next
	e.prev.next, e.next.prev = e, e
}

func (s *cacheShard) unlink(e *cacheEntry) { e.prev.next, e.next.prev = e.next, e.prev }

func (s *cacheShard) drop(e *cacheEntry) {
	s.unlink(e)
	delete(s.known, e.key)
	s.bytes -= e.size
}

// forget throws out everything of an owner.
func (c *cache) forget(owner uint64) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k, e := range s.known {
			if k.owner == owner {
				s.drop(e)
			}
		}
		s.mu.Unlock()
	}
}
