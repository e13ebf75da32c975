package local

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"candor/internal/query"
)

// leastShare is how many bytes of text it takes to use another core.
const leastShare = 1 << 20

// Put adds or replaces documents by number. When it returns without an error,
// all are durable and searchable, at the same moment; after an error, none or
// (if the disk failed at the very end) all are. Concurrent calls read their
// documents side by side. Text of any length is indexed whole.
func (x *Index) Put(ctx context.Context, docs []query.Document) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(docs) == 0 {
		return nil
	}
	if err := oneSpace(docs); err != nil {
		return err
	}
	if err := x.merges.room(ctx); err != nil {
		return err
	}
	x.keying.RLock()
	defer x.keying.RUnlock()
	sorted := newestByNum(docs)
	made, err := x.build(ctx, sorted)
	defer func() {
		for _, s := range made {
			s.release()
		}
		x.settle(made)
	}()
	if err != nil {
		x.discard(made)
		return explain(ctx, err)
	}
	nums := make([]uint32, len(sorted))
	for i, d := range sorted {
		nums[i] = d.Num
	}
	return x.change(ctx, func(views []*view) ([]*view, error) {
		out, err := without(views, nums)
		if err != nil {
			return nil, err
		}
		for _, s := range made {
			out = append(out, newView(s))
		}
		return out, nil
	})
}

// newestByNum sorts documents by number and keeps the last of each.
func newestByNum(docs []query.Document) []*query.Document {
	out := make([]*query.Document, len(docs))
	for i := range docs {
		out[i] = &docs[i]
	}
	slices.SortStableFunc(out, func(a, b *query.Document) int { return cmp.Compare(a.Num, b.Num) })
	kept := out[:0]
	for i, d := range out {
		if i+1 == len(out) || out[i+1].Num != d.Num {
			kept = append(kept, d)
		}
	}
	return kept
}

// textSize is what a document weighs.
func textSize(d *query.Document) int {
	n := len(d.Text) + len(d.Title) + len(d.Name) + len(d.Path)
	for _, f := range d.Fields {
		n += len(f.Value)
	}
	return n
}

// shares cuts documents into parts of about the same size, one a core at most.
func shares(docs []*query.Document) [][]*query.Document {
	total := 0
	for _, d := range docs {
		total += textSize(d)
	}
	parts := min(runtime.GOMAXPROCS(0), 1+total/leastShare)
	var out [][]*query.Document
	size, from := 0, 0
	for i, d := range docs {
		size += textSize(d)
		if size*parts >= total*(len(out)+1) || i+1 == len(docs) {
			out = append(out, docs[from:i+1])
			from = i + 1
		}
	}
	return out
}

// build makes segments of documents, on several cores. Also after an error it
// returns the segments made.
func (x *Index) build(ctx context.Context, docs []*query.Document) ([]*segment, error) {
	parts := shares(docs)
	limit := int(x.cfg.MemoryLimit) / len(parts)
	made := make([][]*segment, len(parts))
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i := range parts[1:] {
		wg.Go(func() { made[i+1], errs[i+1] = x.buildShare(ctx, parts[i+1], limit) })
	}
	made[0], errs[0] = x.buildShare(ctx, parts[0], limit)
	wg.Wait()
	return slices.Concat(made...), errors.Join(errs...)
}

// buildShare makes segments one after the other, each of as many documents as
// fit into the limit.
func (x *Index) buildShare(ctx context.Context, docs []*query.Document, limit int) (made []*segment, err error) {
	b, err := x.builder()
	if err != nil {
		return nil, err
	}
	defer x.idle(b)
	for len(docs) > 0 {
		n := 0
		s, err := x.newSegment(nil, func(w *sealWriter) error {
			b.begin(w)
			for n < len(docs) && (n == 0 || b.bytes() < limit && !b.occ.pool.full()) {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := b.add(docs[n]); err != nil {
					return err
				}
				n++
			}
			return b.finish()
		})
		if err != nil {
			return made, err
		}
		made = append(made, s)
		docs = docs[n:]
	}
	return made, nil
}

func (x *Index) builder() (*builder, error) {
	select {
	case b := <-x.builders:
		return b, nil
	default:
		return newBuilder()
	}
}

func (x *Index) idle(b *builder) {
	b.occ.reset()
	select {
	case x.builders <- b:
	default:
	}
}

// newSegment writes a segment's file by fill, which must end it, and opens it.
// Until settle is called the file is kept from being swept.
func (x *Index) newSegment(pace func(int), fill func(*sealWriter) error) (*segment, error) {
	x.mu.Lock()
	id := x.next
	x.next++
	x.building[id] = true
	x.mu.Unlock()
	name := segmentName(id)
	w, err := x.sealer.Load().create(x.fs, name, name, 0, pace)
	if err == nil {
		if err = fill(w); err != nil {
			w.abandon()
		}
	}
	var s *segment
	if err == nil {
		s, err = openSegment(x.fs, x.sealer.Load(), x.cache, id)
	}
	if err != nil {
		x.remove(id)
		return nil, err
	}
	return s, nil
}

// remove deletes the file of a segment that no commit names.
func (x *Index) remove(id uint64) {
	if err := x.fs.Remove(segmentName(id)); err != nil {
		x.log.Warn("deleting an unfinished segment of the index", "error", err)
	}
	x.mu.Lock()
	delete(x.building, id)
	x.mu.Unlock()
}

// discard deletes segments that were made in vain.
func (x *Index) discard(made []*segment) {
	for _, s := range made {
		x.remove(s.id)
	}
}

// settle gives segments over to the sweeping of files, committed or not.
func (x *Index) settle(made []*segment) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range made {
		delete(x.building, s.id)
	}
}
