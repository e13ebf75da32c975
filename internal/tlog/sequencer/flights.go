package sequencer

import (
	"context"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
)

// flight is one record on its way into the log, or there.
type flight struct {
	request string        // who appended it; empty if a sequencer before
	done    chan struct{} // closed when index and err are known
	index   int64
	err     error // the record may or may not be in the log
}

// wait returns what came of a flight.
func (f *flight) wait(ctx context.Context) (int64, error) {
	select {
	case <-f.done:
		return f.index, f.err
	case <-ctx.Done():
		return 0, candor.Wrap(ctx.Err(), candor.Unavailable, "Waiting for the log ended before the record was known to be durable. Nothing was released.")
	}
}

func (f *flight) land(index int64, err error) {
	f.index, f.err = index, err
	close(f.done)
}

// flights remembers the newest records by their hash, so that none is appended
// twice: no more than room of them.
type flights struct {
	mu    sync.Mutex
	room  int
	by    map[tlog.Hash]*flight
	order []tlog.Hash // a ring, the oldest at next once it is full
	next  int
}

func newFlights(room int) *flights {
	return &flights{room: room, by: make(map[tlog.Hash]*flight)}
}

// begin returns a record's flight, and whether it is new and the caller's to land.
func (s *flights) begin(h tlog.Hash, request string) (f *flight, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.by[h]; ok {
		return f, false
	}
	f = &flight{request: request, done: make(chan struct{})}
	s.by[h] = f
	if len(s.order) < s.room {
		s.order = append(s.order, h)
		return f, true
	}
	delete(s.by, s.order[s.next])
	s.order[s.next] = h
	s.next = (s.next + 1) % s.room
	return f, true
}

// find returns a record's flight; nil if none is remembered.
func (s *flights) find(h tlog.Hash) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[h]
}
