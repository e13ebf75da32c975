package local

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"candor"
	"candor/internal/query"
)

// maxPage bounds offset and limit, and with them the memory of a search. Pages
// by cursor reach any depth.
const maxPage = 10_000_000

// mostNear bounds how many documents are taken by meaning.
const mostNear = 10_000

// Search answers a request from one snapshot. It fails with Invalid for a
// request that makes no sense, TooLarge for patterns that stand for too many
// words, Verification when a block that it needs was changed, and with the
// context's error.
func (x *Index) Search(ctx context.Context, req query.Request) (query.Result, error) {
	if err := validate(req); err != nil {
		return query.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return query.Result{}, err
	}
	snap, err := x.acquire()
	if err != nil {
		return query.Result{}, err
	}
	defer snap.release()
	var res query.Result
	answer := x.answer
	if req.Near != nil {
		answer = x.answerNear
	}
	err = sound(func() error { res, err = answer(ctx, snap, req); return err })
	if err != nil {
		return query.Result{}, explain(ctx, err)
	}
	return res, nil
}

// sound makes an error of a panic: vellum and roaring read out of bounds when
// somebody who has the key has written a dictionary or bitmap that is none.
func sound(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errFormat, p)
		}
	}()
	return f()
}

func validate(r query.Request) error {
	if r.Query == nil && (r.Near == nil || r.Near.Fused) {
		return candor.Errorf(candor.Invalid, "The query is empty. Type a word, or * for everything.")
	}
	if r.Offset < 0 || r.Limit < 0 || r.FacetTop < 0 {
		return candor.Errorf(candor.Invalid, "Offset, limit and facet size cannot be negative.")
	}
	if r.Offset > 0 && r.After != nil {
		return candor.Errorf(candor.Invalid, "A page begins at an offset or after a place, not both.")
	}
	if r.Offset > maxPage || r.Limit > maxPage {
		return candor.Errorf(candor.TooLarge, "Offsets reach to result %d. Go on by cursor, or narrow the search by dates or filters.", maxPage)
	}
	counted := slices.Clone(r.Facets)
	if r.Distinct != "" {
		counted = append(counted, r.Distinct)
	}
	for _, f := range counted {
		if !slices.Contains(facetFields, f) {
			return candor.Errorf(candor.Invalid, "There is no facet %q. Facets are %s.", f, strings.Join(facetFields, ", "))
		}
	}
	if err := checkFold(r); err != nil {
		return err
	}
	if n := r.Near; n != nil && (n.Model == "" || n.Like == nil && !fitDims(len(n.Vector)) || n.Most < 0 || n.Most > mostNear) {
		return candor.Errorf(candor.Invalid, "To look by meaning takes a model's name, a vector of it, and at most %d results.", mostNear)
	}
	switch r.Sort {
	case "", query.ByRelevance, query.ByDateDown, query.ByDateUp:
		return nil
	}
	return candor.Errorf(candor.Invalid, "There is no order %q. Orders are relevance, date-desc and date-asc.", r.Sort)
}

func (x *Index) answer(ctx context.Context, snap *snapshot, req query.Request) (query.Result, error) {
	p, err := planFor(ctx, snap.views, x.zstd, req)
	if err != nil {
		return query.Result{}, err
	}
	if req.Fold != "" && req.Limit > 0 {
		return x.answerFolded(p, req)
	}
	return x.answerPlain(p, req)
}

// answerFolded counts the whole result, and ranks as many as a folded page takes.
func (x *Index) answerFolded(p *plan, req query.Request) (query.Result, error) {
	best := &top{size: firstRanked(req)}
	res, in, err := p.counted(req, best)
	if err != nil || res.Total == 0 {
		return res, err
	}
	page, err := foldedPage(req, p.views, &res, func(n int) ([]found, error) {
		if n == best.size {
			return best.sorted(), nil
		}
		return p.best(req, n)
	}, in)
	if err != nil {
		return query.Result{}, err
	}
	res.Hits, err = x.foldedHits(p, req, page, nil)
	return res, err
}

// foldedHits reads what is told of documents that others are folded under.
func (x *Index) foldedHits(p *plan, req query.Request, page []kept, nearest map[spot]int) ([]query.Hit, error) {
	list := make([]found, len(page))
	for i, k := range page {
		list[i] = k.found
	}
	hits, err := x.hits(p, req, list, nearest)
	for i := range hits {
		hits[i].Folded = page[i].folded
	}
	return hits, err
}

// best returns the n best of a result in their order.
func (p *plan) best(req query.Request, n int) ([]found, error) {
	best := &top{size: n}
	req.Facets, req.Distinct, req.Fold = nil, "", ""
	only := *p
	p = &only
	p.only = true
	_, _, err := p.counted(req, best)
	return best.sorted(), err
}

func (x *Index) answerPlain(p *plan, req query.Request) (query.Result, error) {
	best := &top{after: req.After}
	if req.Limit > 0 {
		best.size = req.Offset + req.Limit
	}
	res, _, err := p.counted(req, best)
	if err != nil {
		return query.Result{}, err
	}
	res.Hits, err = x.hits(p, req, best.page(req, &res), nil)
	return res, err
}

// counted goes through every segment: it counts the whole result, and ranks the
// best of it. It returns the result itself by view too, if it is folded.
func (p *plan) counted(req query.Request, best *top) (res query.Result, in []*set, err error) {
	facets := newFacetCounts(req, p.views)
	for i := range p.views {
		fail := &failure{}
		m := newMatcher(p, i, fail)
		res.Total += m.answer(req, best, facets)
		if m.stopped() {
			return query.Result{}, nil, fail.err
		}
	}
	err = facets.into(&res, p.ctx.Err)
	return res, facets.found, err
}

// page returns the documents of the page that is asked for, and says in a
// result, of which the total is known, where it stands.
func (t *top) page(req query.Request, res *query.Result) []found {
	hits := t.sorted()
	skip := min(req.Offset, len(hits))
	res.Before = t.passed + int64(skip)
	hits = hits[skip:]
	if n := len(hits); n > 0 && res.Before+int64(n) < res.Total {
		res.Next = &query.Cursor{Key: hits[n-1].key, Num: hits[n-1].num}
	}
	return hits
}

// answer finds, counts and ranks in one segment, and returns how many match; 0 if
// only the best are wanted, and others were not looked at.
func (m *matcher) answer(req query.Request, best *top, facets *facetCounts) int64 {
	gone := m.v.goneBits()
	if m.plan.only && m.rankOnly(best, gone) {
		return 0
	}
	if !facets.whole() && m.plan.scores {
		if n, ok := m.countAny(); ok {
			if n > 0 {
				m.rank(best, nil, gone)
			}
			return int64(n)
		}
	}
	matched := m.living(m.plan.root)
	facets.keep(m, matched)
	n := matched.count()
	switch {
	case n == 0 || m.fail.err != nil:
		return 0
	case best.size == 0:
	case m.plan.scores:
		m.rank(best, matched, gone)
	default:
		m.byDate(best, matched, req.Sort == query.ByDateUp)
	}
	return int64(n)
}

// living returns what a node matches in the segment and is not deleted.
func (m *matcher) living(root node) *set {
	found := root.match(m, nil)
	if gone := m.v.goneBits(); gone != nil {
		found = found.minus(&set{bits: gone})
	}
	return found
}

// countAny counts what a word, or one of some words, matches without looking
// at every document of the most frequent one. ok is false when that cannot be
// done, or would not pay.
func (m *matcher) countAny() (n int, ok bool) {
	var terms []*termNode
	switch root := m.plan.root.(type) {
	case *termNode:
		terms = []*termNode{root}
	case *orNode:
		for _, part := range root.of {
			t, ok := part.(*termNode)
			if !ok {
				return 0, false
			}
			terms = append(terms, t)
		}
	default:
		return 0, false
	}
	terms = slices.DeleteFunc(terms, func(t *termNode) bool { return t.refs[m.i].df == 0 })
	if len(terms) == 0 {
		return 0, true
	}
	slices.SortFunc(terms, func(a, b *termNode) int { return b.cost(m) - a.cost(m) })
	others := 0
	for _, t := range terms[1:] {
		others += t.cost(m)
	}
	gone := m.v.deleted.GetCardinality()
	if 16*(others+int(gone)) > terms[0].cost(m) {
		return 0, false
	}
	n = terms[0].cost(m)
	rest := m.none()
	for _, t := range terms[1:] {
		rest = rest.union(t.match(m, nil))
	}
	if !rest.empty() {
		n += rest.count() - terms[0].match(m, sparse(rest)).count()
	}
	if gone > 0 {
		n -= m.plan.root.match(m, &set{docs: m.v.deleted.ToArray()}).count()
	}
	return n, true
}

func sparse(s *set) *set {
	if s.dense() {
		return s.list(s.count())
	}
	return s
}

// byDate puts documents into the order of their dates, those without last.
func (m *matcher) byDate(best *top, matched *set, up bool) {
	dates, err := m.v.times(sectionDates)
	nums, err2 := m.v.nums()
	if err != nil || err2 != nil {
		m.fail.set(firstError(err, err2))
		return
	}
	matched.each(func(d uint32) bool {
		best.add(found{key: dateKey(dates.at(d), up), num: uint32(nums.at(d)), doc: d, view: m.i})
		return true
	})
}

// dateKey orders by date, with what has none last.
func dateKey(t int64, up bool) float64 {
	switch {
	case t == noTime:
		return math.Inf(-1)
	case up:
		return -float64(t)
	}
	return float64(t)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// hits reads what is told of each found document. nearest has the passage by
// which a document was found by meaning; it is shown if words did not find any.
func (x *Index) hits(p *plan, req query.Request, page []found, nearest map[spot]int) ([]query.Hit, error) {
	all := &markers{query: req.Query}
	out := make([]query.Hit, 0, len(page))
	for _, f := range page {
		if err := p.ctx.Err(); err != nil {
			return nil, err
		}
		h := query.Hit{Num: f.num}
		if p.scores {
			h.Score = f.key
		}
		v := p.views[f.view]
		kin, err := v.kinColumns()
		if err != nil {
			return nil, err
		}
		h.Kin = kin.at(f.doc)
		if !req.Snippets {
			id, err := v.item(f.doc)
			if err != nil {
				return nil, err
			}
			h.Item = candor.ItemID(id)
		} else {
			doc, err := v.stored(x.zstd, f.doc, true)
			if err != nil {
				return nil, err
			}
			h.Item = candor.ItemID(doc.item)
			languages, err := v.languagesOf(f.doc)
			if err != nil {
				return nil, err
			}
			markers := all.in(languages)
			n, near := nearest[f.spot()]
			if near = near && n >= 0; !near || req.Near.Fused {
				message, err := v.isMessage(f.doc)
				if err != nil {
					return nil, err
				}
				h.Snippets = snippets(markers, doc, message)
			}
			if near && len(h.Snippets) == 0 {
				if h.Snippets, err = v.passageSnippet(doc.text, n, markers); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, h)
	}
	return out, nil
}
