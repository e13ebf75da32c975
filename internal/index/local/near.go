package local

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"candor"
	"candor/internal/query"
)

// Looking by meaning reads through the signatures of all passages that may be
// found, takes the vectors of those that differ least, and compares them: exact
// enough (docs/benchmarks.md), with nothing to keep in order but the segments.
const (
	// rescored is how many passages are compared by their vectors, at least.
	rescored = 2000
	// meaningShare is what likeness weighs in the order of a fused result; words
	// have the rest.
	meaningShare = 0.4
)

// likely is a document that may be in a result by meaning, or is in it.
type likely struct {
	found
	words    float64 // score by words; 0 if it is not among the best
	likeness float64 // of its nearest passage
	passage  int     // which one; -1 for none
}

// spot is where a document stands.
type spot struct {
	view int
	doc  uint32
}

func (f found) spot() spot { return spot{f.view, f.doc} }

// answerNear answers a request that looks by meaning.
func (x *Index) answerNear(ctx context.Context, snap *snapshot, req query.Request) (query.Result, error) {
	most := cmp.Or(req.Near.Most, query.DefaultNear)
	look := &looking{near: req.Near, views: snap.views}
	elsewhere, err := look.elsewhere()
	if err != nil {
		return query.Result{}, err
	}
	if elsewhere && req.Near.Like != nil {
		return query.Result{Elsewhere: true}, nil
	}
	p, err := x.narrow(ctx, snap, req, look)
	if err != nil {
		return query.Result{}, err
	}
	if req.Near.Like != nil {
		if err := look.like(*req.Near.Like); err != nil {
			return query.Result{}, err
		}
	}
	look.sign = signature(look.near.Vector)
	var best []found // by words, beside
	var nearest []likely
	both, ctx := errgroup.WithContext(ctx)
	if req.Near.Fused {
		both.Go(func() error {
			return sound(func() (err error) { best, err = x.bestByWords(ctx, snap, req, most); return err })
		})
	}
	both.Go(func() error {
		return sound(func() (err error) { nearest, err = look.nearest(ctx, most); return err })
	})
	if err := both.Wait(); err != nil {
		return query.Result{}, err
	}
	result, err := look.fuse(best, nearest)
	if err != nil {
		return query.Result{}, err
	}
	page, err := x.pageOf(p, req, result)
	page.Elsewhere = elsewhere
	return page, err
}

// bestByWords returns the best documents by the request's query.
func (x *Index) bestByWords(ctx context.Context, snap *snapshot, req query.Request, most int) ([]found, error) {
	req.Limit, req.Offset, req.After, req.Facets, req.Distinct, req.Sort = most, 0, nil, nil, "", query.ByRelevance
	p, err := planFor(ctx, snap.views, x.zstd, req)
	if err != nil {
		return nil, err
	}
	return p.best(req, most)
}

// narrow sets, for each view, the documents that may be found by meaning, and
// returns the plan that found them.
func (x *Index) narrow(ctx context.Context, snap *snapshot, req query.Request, look *looking) (*plan, error) {
	req.Query = cmp.Or[query.Node](req.Near.Within, query.All{})
	req.Facets, req.Distinct = nil, "" // they are counted in what is found
	p, err := planFor(ctx, snap.views, x.zstd, req)
	if err != nil {
		return nil, err
	}
	look.within = make([]*set, len(snap.views))
	for i := range snap.views {
		fail := &failure{}
		m := newMatcher(p, i, fail)
		look.within[i] = m.living(p.root)
		if m.stopped() {
			return nil, fail.err
		}
	}
	return p, nil
}

// looking is one search by meaning.
type looking struct {
	near   *query.Near
	sign   []uint64
	views  []*view
	within []*set // by view, what may be found
}

// like looks for what is near the middle of a document's passages, and for other
// documents than that one.
func (l *looking) like(num uint32) error {
	for i, v := range l.views {
		nums, err := v.nums()
		if err != nil {
			return err
		}
		doc, ok := nums.find(uint64(num))
		if !ok || v.deleted.Contains(doc) {
			continue
		}
		p, err := v.segment.passages()
		if err != nil {
			return err
		}
		if p == nil || p.model != l.near.Model {
			return errNotPlaced
		}
		near := *l.near
		if near.Vector, err = v.middle(p, doc); err != nil {
			return err
		}
		l.near = &near
		l.within[i] = l.within[i].keep(func(d uint32) bool { return d != doc })
		return nil
	}
	return errNotPlaced
}

var errNotPlaced = candor.Errorf(candor.NotFound, "That item has no text whose meaning is known, so that nothing can be compared with it.")

// middle is the mean of the vectors of a document's passages, with length 1.
func (s *segment) middle(p *passages, doc uint32) ([]float32, error) {
	from, to := p.of(doc)
	sum := make([]float32, p.dims)
	w := windowOn(s)
	for n := from; n < to; n++ {
		stored, err := s.vector(&w, p, n)
		if err != nil {
			return nil, err
		}
		scale := math.Float32frombits(binary.LittleEndian.Uint32(stored))
		for i, b := range stored[scaleSize:] {
			sum[i] += scale * float32(int8(b))
		}
	}
	square := 0.0
	for _, f := range sum {
		square += float64(f) * float64(f)
	}
	if square == 0 {
		return nil, errNotPlaced
	}
	for i := range sum {
		sum[i] /= float32(math.Sqrt(square))
	}
	return sum, nil
}

// elsewhere tells whether texts are placed by other models only, which would look
// as if there were nothing to find.
func (l *looking) elsewhere() (bool, error) {
	other := false
	for _, v := range l.views {
		p, err := v.segment.passages()
		if err != nil {
			return false, err
		}
		if p != nil && p.model == l.near.Model {
			return false, nil
		}
		other = other || p != nil
	}
	return other, nil
}

// passages returns those of a view that can be compared, or nil.
func (l *looking) passages(view int) (*passages, error) {
	p, err := l.views[view].segment.passages()
	if err != nil || p == nil || p.model != l.near.Model || p.dims != len(l.near.Vector) {
		return nil, err
	}
	return p, nil
}

// nearest returns the documents with the nearest passages, nearest first.
func (l *looking) nearest(ctx context.Context, most int) ([]likely, error) {
	scans := make([][]uint16, len(l.views))
	counts := make([]int, len(l.near.Vector)+1)
	for i := range l.views {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if scans[i], err = l.scan(i, counts); err != nil {
			return nil, err
		}
	}
	reach, sum := 0, 0
	for ; reach < len(counts)-1 && sum+counts[reach] < max(rescored, most); reach++ {
		sum += counts[reach]
	}
	var out []likely
	for i, scan := range scans {
		if scan == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if out, err = l.compare(out, i, scan, uint16(reach)); err != nil {
			return nil, err
		}
	}
	out = slices.DeleteFunc(out, func(d likely) bool { return d.likeness < l.near.Least })
	slices.SortFunc(out, func(a, b likely) int {
		return cmp.Or(cmp.Compare(b.likeness, a.likeness), cmp.Compare(a.num, b.num))
	})
	return out[:min(len(out), most)], nil
}

// tooFar is the distance of passages that may not be found.
const tooFar = math.MaxUint16

// scan measures how far the signatures of a view's passages are, and counts
// the distances.
func (l *looking) scan(view int, counts []int) ([]uint16, error) {
	p, err := l.passages(view)
	if err != nil || p == nil || l.within[view].empty() {
		return nil, err
	}
	signs, err := l.views[view].segment.signatures()
	if err != nil {
		return nil, err
	}
	far := make([]uint16, p.count())
	for i := range far {
		far[i] = tooFar
	}
	l.within[view].runs(func(first, behind uint32) {
		from, to := int(p.starts.at(first)), int(p.starts.at(behind))
		l.measure(far[from:to], signs[from*len(l.sign):to*len(l.sign)], counts)
	})
	return far, nil
}

// measure measures signatures that stand one after the other.
func (l *looking) measure(far []uint16, signs []uint64, counts []int) {
	if sign := l.sign; len(sign) == 4 { // the built-in model's
		for i := range far {
			s := signs[4*i : 4*i+4 : 4*i+4]
			d := apart4(sign, s)
			far[i] = uint16(d)
			counts[d]++
		}
		return
	}
	for i := range far {
		d := apart(l.sign, signs[i*len(l.sign):(i+1)*len(l.sign)])
		far[i] = uint16(d)
		counts[d]++
	}
}

// compare appends a view's documents with a passage within reach.
func (l *looking) compare(out []likely, view int, far []uint16, reach uint16) ([]likely, error) {
	v := l.views[view]
	p, err := l.passages(view)
	nums, err2 := v.nums()
	if err := firstError(err, err2); err != nil {
		return nil, err
	}
	w := windowOn(v.segment)
	behind := 0 // the last passage of the document that was looked at last
	for n, d := range far {
		if d > reach {
			continue
		}
		if n >= behind {
			doc := p.docOf(n)
			behind = int(p.starts.at(doc + 1))
			out = append(out, likely{found: found{num: uint32(nums.at(doc)), doc: doc, view: view}, passage: -1, likeness: -1})
		}
		if err := l.take(&out[len(out)-1], &w, p, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// take compares a passage, and notes it if it is the document's nearest so far.
func (l *looking) take(d *likely, w *window, p *passages, n int) error {
	stored, err := w.seg.vector(w, p, n)
	if err != nil {
		return err
	}
	if like := likeness(l.near.Vector, stored); like > d.likeness {
		d.likeness, d.passage = like, n
	}
	return nil
}

// fuse makes one result of what was found by words and by meaning. Of the
// first the likeness is looked up too, so that both are judged alike.
func (l *looking) fuse(byWords []found, nearest []likely) ([]likely, error) {
	if !l.near.Fused {
		for i := range nearest {
			nearest[i].key = nearest[i].likeness
		}
		return nearest, nil
	}
	at := make(map[spot]int, len(nearest)+len(byWords))
	for i, d := range nearest {
		at[d.spot()] = i
	}
	for _, f := range byWords {
		i, ok := at[f.spot()]
		if !ok {
			d, err := l.judge(f)
			if err != nil {
				return nil, err
			}
			i, nearest = len(nearest), append(nearest, d)
		}
		nearest[i].words = f.key
	}
	weigh(nearest)
	return nearest, nil
}

// judge looks up the likeness of a document that was found by words.
func (l *looking) judge(f found) (likely, error) {
	d := likely{found: f, passage: -1, likeness: -1}
	p, err := l.passages(f.view)
	if err != nil || p == nil {
		return d, err
	}
	w := windowOn(l.views[f.view].segment)
	from, to := p.of(f.doc)
	for n := from; n < to && err == nil; n++ {
		err = l.take(&d, &w, p, n)
	}
	return d, err
}

// weigh gives each document of a fused result its key, from 0 to 1: a share of
// the highest score by words, and of the way from the lowest to the highest likeness.
func weigh(result []likely) {
	words, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, d := range result {
		words = max(words, d.words)
		if d.passage >= 0 {
			low, high = min(low, d.likeness), max(high, d.likeness)
		}
	}
	for i := range result {
		d := &result[i]
		d.key = 0
		if words > 0 {
			d.key = (1 - meaningShare) * d.words / words
		}
		if d.passage >= 0 && high > low {
			d.key += meaningShare * (d.likeness - low) / (high - low)
		}
	}
}

// pageOf makes the page of a result that a request asks for.
func (x *Index) pageOf(p *plan, req query.Request, result []likely) (query.Result, error) {
	if err := dated(p.views, req.Sort, result); err != nil {
		return query.Result{}, err
	}
	best := &top{after: req.After}
	switch {
	case req.Fold != "":
		best.size = len(result)
	case req.Limit > 0:
		best.size = req.Offset + req.Limit
	}
	passage := make(map[spot]int, len(result))
	docs := make([][]uint32, len(p.views))
	for _, d := range result {
		best.add(d.found)
		docs[d.view] = append(docs[d.view], d.doc)
		passage[d.spot()] = d.passage
	}
	res := query.Result{Total: int64(len(result))}
	facets := newFacetCounts(req, p.views)
	for i, list := range docs {
		slices.Sort(list)
		facets.found[i] = &set{docs: list}
	}
	err := facets.into(&res, p.ctx.Err)
	if err != nil {
		return query.Result{}, err
	}
	if req.Fold == "" || req.Limit == 0 {
		res.Hits, err = x.hits(p, req, best.page(req, &res), passage)
		return res, err
	}
	page, err := foldedPage(req, p.views, &res, func(n int) ([]found, error) { return head(best.sorted(), n), nil }, facets.found)
	if err != nil {
		return query.Result{}, err
	}
	res.Hits, err = x.foldedHits(p, req, page, passage)
	return res, err
}

func head[T any](list []T, n int) []T { return list[:min(n, len(list))] }

// dated puts dates in place of the keys of a result that is to be in their order.
func dated(views []*view, sort query.Sort, result []likely) error {
	if sort == "" || sort == query.ByRelevance {
		return nil
	}
	for i := range result {
		dates, err := views[result[i].view].times(sectionDates)
		if err != nil {
			return err
		}
		result[i].key = dateKey(dates.at(result[i].doc), sort == query.ByDateUp)
	}
	return nil
}
