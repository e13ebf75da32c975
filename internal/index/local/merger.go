package local

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// merger runs merges in the background, one at a time.
type merger struct {
	x      *Index
	ctx    context.Context
	cancel context.CancelFunc
	wakes  chan struct{}
	ended  chan struct{}
	one    sync.Mutex // held while a merge runs

	mu      sync.Mutex
	changed chan struct{} // closed after the next merge
	failing bool          // the last one failed
	waiting atomic.Int32  // Puts that wait for a merge: it does not rest then
}

const (
	// most segments before a Put waits for merges
	mostSegments = 40
	// retryAfter is how long after a failed merge the next is tried.
	retryAfter = 10 * time.Second
)

func (g *merger) start(x *Index) {
	g.x = x
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.wakes, g.ended, g.changed = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go g.run()
	g.wake()
}

// stop ends the background work and waits for it.
func (g *merger) stop() {
	g.cancel()
	<-g.ended
}

// wake lets the policy look at the segments.
func (g *merger) wake() {
	select {
	case g.wakes <- struct{}{}:
	default:
	}
}

func (g *merger) run() {
	defer close(g.ended)
	purge := time.NewTicker(g.x.cfg.PurgeEvery)
	defer purge.Stop()
	for {
		var err error
		select {
		case <-g.ctx.Done():
			return
		case <-g.wakes:
			err = g.work()
		case <-purge.C:
			err = g.x.Purge(g.ctx)
		}
		if err != nil && g.ctx.Err() == nil {
			g.x.log.Error("merging segments of the index; searches go on with those there are", "error", err)
			if g.x.cfg.Sleep(g.ctx, retryAfter) == nil {
				g.wake()
			}
		}
	}
}

// work merges until the policy is content.
func (g *merger) work() error {
	for {
		more, err := g.step(g.ctx, g.x.pick)
		g.mu.Lock()
		g.failing = err != nil
		close(g.changed)
		g.changed = make(chan struct{})
		g.mu.Unlock()
		if err != nil || !more {
			return err
		}
	}
}

// room waits until there are few enough segments, as long as merges succeed.
func (g *merger) room(ctx context.Context) error {
	for {
		g.mu.Lock()
		changed, failing := g.changed, g.failing
		g.mu.Unlock()
		s, err := g.x.acquire()
		if err != nil {
			return err
		}
		count := len(s.views)
		s.release()
		if count <= mostSegments || failing {
			return nil
		}
		g.wake()
		g.waiting.Add(1)
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-g.ctx.Done():
			err = errClosed
		case <-changed:
		}
		g.waiting.Add(-1)
		if err != nil {
			return err
		}
	}
}

// step makes one merge of segments that a function chooses, and reports
// whether it chose any.
func (g *merger) step(ctx context.Context, choose func([]*view) []*view) (bool, error) {
	g.one.Lock()
	defer g.one.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.ctx, cancel)()
	snap, err := g.x.acquire()
	if err != nil {
		return false, err
	}
	defer snap.release()
	chosen := choose(snap.views)
	if len(chosen) == 0 {
		return false, nil
	}
	return true, sound(func() error { return g.x.merge(ctx, chosen, g.pacer(ctx)) })
}

// pacer returns a function that keeps the bytes written under the rate, by
// resting; not while a Put waits.
func (g *merger) pacer(ctx context.Context) func(int) {
	if g.x.cfg.MergeRate < 0 {
		return nil
	}
	written, begun := int64(0), time.Now()
	return func(n int) {
		written += int64(n)
		due := time.Duration(float64(written) / float64(g.x.cfg.MergeRate) * float64(time.Second))
		if ahead := due - time.Since(begun); ahead > 10*time.Millisecond && g.waiting.Load() == 0 {
			_ = g.x.cfg.Sleep(ctx, ahead) // an end of ctx ends the merge elsewhere
		}
	}
}

// merge makes one segment of several and commits it in their place.
func (x *Index) merge(ctx context.Context, views []*view, pace func(int)) error {
	m, err := newMerging(ctx, views)
	if err != nil {
		return err
	}
	x.keying.RLock()
	defer x.keying.RUnlock()
	var made *segment
	if len(m.order) > 0 {
		if made, err = x.newSegment(pace, m.write); err != nil {
			return err
		}
		defer func() {
			made.release()
			x.settle([]*segment{made})
		}()
	}
	x.write.Lock()
	defer x.write.Unlock()
	snap, err := x.acquire()
	if err != nil {
		return err
	}
	defer snap.release()
	now := make([]*view, len(views))
	for i, v := range views {
		if now[i] = snap.find(v.id); now[i] == nil {
			return nil // wiped meanwhile, or all deleted; the next look chooses anew
		}
	}
	left := slices.DeleteFunc(slices.Clone(snap.views), func(v *view) bool { return slices.Contains(now, v) })
	if made != nil {
		merged := &view{segment: made, deleted: m.carried(now)}
		if merged.live() > 0 {
			left = append(left, merged)
		}
	}
	x.log.Debug("merged segments of the index", "segments", names(views), "documents", len(m.order))
	return x.commit(left)
}

// Purge writes every segment again that has deleted documents, so that their
// words, values and texts stand in no file when it returns. Merges do the same
// for segments with many; Config.PurgeEvery does it at intervals.
func (x *Index) Purge(ctx context.Context) error {
	return x.rewrite(ctx, func(views []*view) []*view {
		for _, v := range views {
			if !v.deleted.IsEmpty() {
				return []*view{v}
			}
		}
		return nil
	})
}

// Compact purges, and merges segments until only as many are left as their
// largest size makes necessary: the fastest to search. It may write the whole
// index again.
func (x *Index) Compact(ctx context.Context) error {
	if err := x.Purge(ctx); err != nil {
		return err
	}
	return x.rewrite(ctx, func(views []*view) []*view {
		sorted := slices.Clone(views)
		slices.SortFunc(sorted, func(a, b *view) int { return int(sizeOf(a) - sizeOf(b)) })
		if chosen := fitting(sorted); len(chosen) > 1 {
			return chosen
		}
		return nil
	})
}

// rewrite merges what a function chooses, until it chooses nothing, and lets
// go of the older commit, which still names the files from before.
func (x *Index) rewrite(ctx context.Context, choose func([]*view) []*view) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		more, err := x.merges.step(ctx, choose)
		if err != nil {
			return explain(ctx, err)
		}
		if !more {
			return explain(ctx, x.letGo())
		}
	}
}

// letGo commits once more if the older of the two commits names files that the
// newer does not.
func (x *Index) letGo() error {
	x.write.Lock()
	defer x.write.Unlock()
	if x.before == nil || !slices.ContainsFunc(x.before.segments, func(s committed) bool { return !x.last.has(s.id) }) {
		return nil
	}
	return x.commitAgain()
}

// commitAgain commits what there is once more. The caller holds write.
func (x *Index) commitAgain() error {
	snap, err := x.acquire()
	if err != nil {
		return err
	}
	defer snap.release()
	return x.commit(snap.views)
}

// sleep waits by the clock.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
