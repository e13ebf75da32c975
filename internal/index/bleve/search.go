package bleve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/collector"
	"github.com/blevesearch/bleve/v2/search/facet"
	bleveapi "github.com/blevesearch/bleve_index_api"

	"candor"
	"candor/internal/query"
)

// defaultFacetTop is how many values of a facet are returned unless asked.
const defaultFacetTop = 20

// Search answers a request from one snapshot. It fails with Invalid for a
// request that makes no sense, TooLarge for patterns that stand for too many
// words, Verification when a block that it needs was changed, and with the
// context's error.
func (x *Index) Search(ctx context.Context, req query.Request) (res query.Result, err error) {
	if err := validate(req); err != nil {
		return res, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	r, done, err := x.reader()
	if err != nil {
		return res, err
	}
	defer done()
	defer func() {
		// Lengths and offsets stand outside of the sealed blocks: when one of
		// them is changed while the index is open, Bleve runs out of bounds.
		if p := recover(); p != nil {
			res, err = query.Result{}, damaged(fmt.Errorf("searching: %v", p))
		}
	}()
	res, err = answer(ctx, r, req)
	if err != nil {
		return query.Result{}, explain(ctx, err)
	}
	return res, nil
}

// explain makes an error of ours of what a search ended with.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*candor.Error](err); ok {
		return err
	}
	if strings.Contains(err.Error(), errSeal.Message) { // Bleve wraps some errors as text only
		return damaged(err)
	}
	return candor.Wrap(err, candor.Internal, "The search failed inside the index. Nothing was shown. See the server's own log.")
}

func validate(r query.Request) error {
	if r.Query == nil {
		return candor.Errorf(candor.Invalid, "The query is empty. Type a word, or * for everything.")
	}
	if r.Offset < 0 || r.Limit < 0 || r.FacetTop < 0 {
		return candor.Errorf(candor.Invalid, "Offset, limit and facet size cannot be negative.")
	}
	for _, f := range r.Facets {
		if !slices.Contains(facetFields, f) {
			return candor.Errorf(candor.Invalid, "There is no facet %q. Facets are %s.", f, strings.Join(facetFields, ", "))
		}
	}
	_, err := order(r.Sort)
	return err
}

// order returns the sort of a request; ties go by number.
func order(s query.Sort) (search.SortOrder, error) {
	num := &search.SortField{Field: fieldNum, Type: search.SortFieldAsString}
	date := &search.SortField{Field: fieldDate, Type: search.SortFieldAsNumber, Missing: search.SortFieldMissingLast}
	switch s {
	case "", query.ByRelevance:
		return search.SortOrder{&search.SortScore{Desc: true}, num}, nil
	case query.ByDateDown:
		date.Desc = true
		return search.SortOrder{date, num}, nil
	case query.ByDateUp:
		return search.SortOrder{date, num}, nil
	}
	return nil, candor.Errorf(candor.Invalid, "There is no order %q. Orders are relevance, date-desc and date-asc.", s)
}

func answer(ctx context.Context, r bleveapi.IndexReader, req query.Request) (query.Result, error) {
	c := &compiler{ctx: ctx, r: r}
	if req.Sort == query.ByDateDown || req.Sort == query.ByDateUp || req.Limit == 0 {
		c.opts = unscored
	}
	s, err := c.request(req)
	if err != nil {
		return query.Result{}, err
	}
	defer s.Close()
	sorted, err := order(req.Sort)
	if err != nil {
		return query.Result{}, err
	}
	coll := collector.NewTopNCollector(req.Limit, req.Offset, sorted)
	addFacets(coll, r, req)
	if err := coll.Collect(ctx, s, r); err != nil {
		return query.Result{}, err
	}
	res := query.Result{Total: int64(coll.Total()), Facets: counts(coll, req)}
	if req.Limit > 0 {
		res.Hits, err = hits(ctx, r, req, coll.Results())
	}
	return res, err
}

// request compiles the query together with its filters.
func (c *compiler) request(req query.Request) (search.Searcher, error) {
	main, err := c.node(req.Query)
	if err != nil {
		return nil, err
	}
	filters, err := c.filters(req)
	if err != nil {
		main.Close()
		return nil, err
	}
	return c.every(append([]search.Searcher{main}, filters...))
}

func addFacets(coll *collector.TopNCollector, r bleveapi.IndexReader, req query.Request) {
	if len(req.Facets) == 0 {
		return
	}
	top := req.FacetTop
	if top == 0 {
		top = defaultFacetTop
	}
	b := search.NewFacetsBuilder(r)
	for _, f := range req.Facets {
		b.Add(f, facet.NewTermsFacetBuilder(keyword(f), top))
	}
	coll.SetFacetsBuilder(b)
}

func counts(coll *collector.TopNCollector, req query.Request) map[string][]query.Count {
	out := make(map[string][]query.Count, len(req.Facets))
	results := coll.FacetResults()
	for _, f := range req.Facets {
		out[f] = []query.Count{}
		if results[f] == nil || results[f].Terms == nil {
			continue
		}
		for _, t := range results[f].Terms.Terms() {
			out[f] = append(out[f], query.Count{Value: t.Term, Count: int64(t.Count)})
		}
	}
	return out
}

// hits reads what is told of each found document.
func hits(ctx context.Context, r bleveapi.IndexReader, req query.Request, found search.DocumentMatchCollection) ([]query.Hit, error) {
	values, err := r.DocValueReader([]string{fieldItem})
	if err != nil {
		return nil, err
	}
	markers := newMarkers(req.Query)
	out := make([]query.Hit, 0, len(found))
	for _, d := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h := query.Hit{Score: d.Score}
		if h.Num, err = numOf(d.ID); err != nil {
			return nil, damaged(err)
		}
		err = values.VisitDocValues(d.IndexInternalID, func(_ string, v []byte) { h.Item = candor.ItemID(v) })
		if err != nil {
			return nil, err
		}
		if req.Snippets {
			doc, err := storedFields(r, d.ID)
			if err != nil {
				return nil, err
			}
			h.Snippets = snippets(markers, doc)
		}
		out = append(out, h)
	}
	return out, nil
}

// storedFields returns a document's stored texts by field name.
func storedFields(r bleveapi.IndexReader, id string) (map[string]string, error) {
	doc, err := r.Document(id)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	if doc == nil {
		return out, nil
	}
	doc.VisitFields(func(f bleveapi.Field) {
		if name, ok := strings.CutPrefix(f.Name(), "t."); ok {
			out[name] = string(f.Value())
		}
	})
	return out, nil
}
