package local

import (
	"slices"

	"candor"
	"candor/internal/query"
)

// kinFields are the columns that tell which documents belong together: prints
// of a text and of a picture (four columns), hashes of a conversation and of a
// family. Segments from before have none.
var kinFields = []string{"text", "picture0", "picture1", "picture2", "picture3", "thread", "family"}

func kinValues(k query.Kin) [7]uint64 {
	return [7]uint64{k.Text, k.Picture[0], k.Picture[1], k.Picture[2], k.Picture[3], k.Thread, k.Family}
}

// kinColumns are a segment's.
type kinColumns [7]*packed

func (s *segment) kinColumns() (c kinColumns, err error) {
	for i, f := range kinFields {
		if c[i], err = s.kin(f); err != nil {
			return c, err
		}
	}
	return c, nil
}

// kin returns a column, one of zeros for a segment from before it was kept.
func (s *segment) kin(field string) (*packed, error) {
	if _, ok := s.sections[prefixHash+field]; !ok {
		return &packed{n: int(s.docs)}, nil
	}
	return s.hashes(field)
}

func (c *kinColumns) at(doc uint32) query.Kin {
	return query.Kin{Text: c[0].at(doc), Picture: c.picture(doc), Thread: c[5].at(doc), Family: c[6].at(doc)}
}

func (c *kinColumns) picture(doc uint32) [4]uint64 {
	return [4]uint64{c[1].at(doc), c[2].at(doc), c[3].at(doc), c[4].at(doc)}
}

// pictures reports whether there may be any.
func (c *kinColumns) pictures() bool {
	return slices.ContainsFunc(c[1:5], func(p *packed) bool { return p.width > 0 || p.base > 0 })
}

// hashes is the column of a fold whose documents are equal.
func (c *kinColumns) hashes(fold string) *packed {
	if fold == query.FoldFamily {
		return c[6]
	}
	return c[5]
}

// kinNode matches documents that belong to one of some.
type kinNode struct {
	fold string
	to   []query.Kin
}

func (n *kinNode) cost(m *matcher) int { return int(m.v.docs) }

func (n *kinNode) match(m *matcher, within *set) *set {
	columns, err := m.v.kinColumns()
	if err != nil {
		m.fail.set(err)
		return m.none()
	}
	return m.every(within).keep(func(d uint32) bool {
		k := columns.at(d)
		return slices.ContainsFunc(n.to, func(to query.Kin) bool { return to.Same(k, n.fold) })
	})
}

func kinFilter(f query.Filter) (*kinNode, error) {
	n := &kinNode{fold: f.Field}
	for _, v := range f.Values {
		k, err := query.ParseKin(f.Field, v)
		if err != nil {
			return nil, err
		}
		n.to = append(n.to, k)
	}
	return n, nil
}

// kept is a document that others are folded under.
type kept struct {
	found
	kin    query.Kin
	folded int64
}

// folder keeps the best of those that belong together.
type folder struct {
	fold    string
	views   []*view
	columns map[int]*kinColumns // by view
	kept    []kept
	seen    map[uint64]bool // hashes kept, for folds of equal ones
}

func newFolder(fold string, views []*view) *folder {
	return &folder{fold: fold, views: views, columns: map[int]*kinColumns{}, seen: map[uint64]bool{}}
}

func (f *folder) kin(d found) (query.Kin, error) {
	c := f.columns[d.view]
	if c == nil {
		columns, err := f.views[d.view].kinColumns()
		if err != nil {
			return query.Kin{}, err
		}
		c = &columns
		f.columns[d.view] = c
	}
	return c.at(d.doc), nil
}

// take goes through documents in their order until so many are kept.
func (f *folder) take(ranked []found, most int) error {
	for _, d := range ranked {
		if len(f.kept) == most {
			return nil
		}
		k, err := f.kin(d)
		if err != nil {
			return err
		}
		if !f.known(k) {
			f.kept = append(f.kept, kept{found: d, kin: k})
		}
	}
	return nil
}

// known reports whether a document belongs to one that is kept already.
func (f *folder) known(k query.Kin) bool {
	if f.fold == query.FoldAlike {
		return slices.ContainsFunc(f.kept, func(other kept) bool { return other.kin.Same(k, f.fold) })
	}
	hash := hashOf(k, f.fold)
	if hash == 0 {
		return false
	}
	known := f.seen[hash]
	f.seen[hash] = true
	return known
}

// count tells documents of a page how many others of the result belong to each.
func (f *folder) count(page []kept, in []*set) error {
	for view, docs := range in {
		if docs == nil || docs.empty() {
			continue
		}
		columns, err := f.views[view].kinColumns()
		if err != nil {
			return err
		}
		if f.fold == query.FoldAlike {
			countAlike(page, view, docs, &columns)
		} else {
			countEqual(page, view, docs, columns.hashes(f.fold), f.fold)
		}
	}
	return nil
}

// countEqual counts those with the same hash. A mask of the hashes' last bits
// spares most documents from being compared.
func countEqual(page []kept, view int, docs *set, column *packed, fold string) {
	at := map[uint64]int{}
	mask := uint64(0)
	for i, k := range page {
		if h := hashOf(k.kin, fold); h != 0 {
			at[h] = i
			mask |= 1 << (h % 64)
		}
	}
	docs.each(func(d uint32) bool {
		h := column.at(d)
		if h == 0 || mask>>(h%64)&1 == 0 {
			return true
		}
		if i, ok := at[h]; ok && page[i].spot() != (spot{view, d}) {
			page[i].folded++
		}
		return true
	})
}

// countAlike counts those with nearly the same print.
func countAlike(page []kept, view int, docs *set, columns *kinColumns) {
	count := func(i int, d uint32) {
		if page[i].spot() != (spot{view, d}) {
			page[i].folded++
		}
	}
	if columns.pictures() {
		docs.each(func(d uint32) bool {
			k := query.Kin{Text: columns[0].at(d), Picture: columns.picture(d)}
			for i := range page {
				if page[i].kin.Same(k, query.FoldAlike) {
					count(i, d)
				}
			}
			return true
		})
		return
	}
	texts := make([]uint64, len(page))
	for i, k := range page {
		texts[i] = k.kin.Text
	}
	docs.each(func(d uint32) bool {
		text := columns[0].at(d)
		for i, other := range texts {
			if query.SameText(text, other) && text != 0 && other != 0 {
				count(i, d)
			}
		}
		return true
	})
}

// hashOf is the hash by which documents of a fold are equal.
func hashOf(k query.Kin, fold string) uint64 {
	if fold == query.FoldFamily {
		return k.Family
	}
	return k.Thread
}

// wanted is how many are kept for a page: one more, which tells whether there
// are others behind it.
func wanted(req query.Request) int { return req.Offset + req.Limit + 1 }

// firstRanked is how many are ranked first, in the hope that not more than three
// of four are folded.
func firstRanked(req query.Request) int { return max(4*wanted(req), 200) }

// foldedPage answers which documents stand on a page once results are folded:
// ranked(n) returns the n best in order, fewer if there are no more; in is the
// whole result by view.
func foldedPage(req query.Request, views []*view, res *query.Result, ranked func(n int) ([]found, error), in []*set) ([]kept, error) {
	want := wanted(req)
	var f *folder
	for n := firstRanked(req); ; n *= 8 {
		f = newFolder(req.Fold, views)
		best, err := ranked(n)
		if err != nil {
			return nil, err
		}
		if err := f.take(best, want); err != nil {
			return nil, err
		}
		if len(f.kept) == want || len(best) < n {
			break
		}
	}
	skip := min(req.Offset, len(f.kept))
	page := f.kept[skip:min(skip+req.Limit, len(f.kept))]
	res.Before, res.More = int64(skip), len(f.kept) == want
	if len(page) == 0 {
		return nil, nil
	}
	return page, f.count(page, in)
}

func checkFold(r query.Request) error {
	switch {
	case r.Fold == "":
		return nil
	case !slices.Contains(query.Folds(), r.Fold):
		return candor.Errorf(candor.Invalid, "Results cannot be folded by %q. Ways are %s.", r.Fold, query.FoldNames())
	case r.After != nil:
		return candor.Errorf(candor.Invalid, "Folded results go on by offset, not by a place.")
	}
	return nil
}
