package archive

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"candor"
	"candor/internal/query"
)

const (
	defaultLimit = 20
	mostHits     = 100
	mostValues   = 20  // of a facet
	mostYears    = 200 // of which a curve is drawn

	// leastLikeness is how like a passage must be to what is looked for to be
	// found by meaning; what is less is about something else.
	leastLikeness = 0.3
	// answerLikeness is the same for a question, to which "not in the archive"
	// has to be an answer.
	answerLikeness = 0.5
)

// QueryFields are the names that may stand before a colon in a query.
func QueryFields() []string { return query.Fields() }

// Search answers a query under a purpose. Everything that the page shows is
// counted into the purpose's coverage and recorded before it is returned.
func (a *Archive) Search(ctx context.Context, who Actor, r SearchRequest) (SearchResult, error) {
	q, err := a.questionOf(&r)
	if err != nil {
		return SearchResult{}, err
	}
	if r.Saved != "" {
		if _, err := a.savedOf(who, r.Saved); err != nil {
			return SearchResult{}, err
		}
	}
	settled := a.settled()
	res, err := a.find(ctx, who, r, q)
	if err == nil {
		a.made(ctx, who, r, settled)
	}
	return res, err
}

// questionOf reads what a request means, and sets its mode if it names an item.
func (a *Archive) questionOf(r *SearchRequest) (q question, err error) {
	q = question{kind: candor.ActSearch, node: query.All{}, least: leastLikeness}
	if q.translator, err = a.checkLanguages(*r); err != nil {
		return q, err
	}
	if r.Like != "" {
		if r.Query != "" || r.Mode != "" && r.Mode != ModeSemantic {
			return q, candor.Errorf(candor.Invalid, "What is like an item is found by meaning, without words. Leave the query away.")
		}
		r.Mode = ModeSemantic
		return q, nil
	}
	q.node, err = query.Parse(r.Query, query.Options{})
	return q, err
}

// question is what a request means, and as what kind of act it is looked for.
type question struct {
	kind       candor.Act
	node       query.Node
	least      float64 // likeness of what is found by meaning
	model      string  // that is given the snippets, if any is; they are recorded as sent
	translator string  // that is told the words, if any is

	countOnly bool     // show nothing but how many
	embedder  Embedder // that places the words of a search by meaning
}

// find looks for what a question means.
func (a *Archive) find(ctx context.Context, who Actor, r SearchRequest, q question) (SearchResult, error) {
	start := time.Now()
	if !slices.Contains([]string{"", ModeText, ModeSemantic, ModeHybrid}, r.Mode) {
		return SearchResult{}, candor.Errorf(candor.Invalid, "There is no mode %q. Search by text, semantic or hybrid.", r.Mode)
	}
	var err error
	if q.embedder, err = a.embedderFor(ctx, r); err != nil {
		return SearchResult{}, err
	}
	work, err := a.under(ctx, q.kind, who, r.Purpose, Details{
		Query: r.Query, Mode: byMeaning(r.Mode), Like: r.Like, Filters: r.Filters, Fold: r.Fold, Saved: r.Saved, Watch: q.countOnly,
		Model: joined(cmp.Or(q.model, q.translator), placesQuery(q.embedder, r)), Translate: strings.Join(r.Translate, ","),
	})
	if err != nil {
		return SearchResult{}, err
	}
	ask, like, collections, err := a.requestFor(ctx, &work, r, q)
	if err != nil {
		return SearchResult{}, err
	}
	told := placesQuery(q.embedder, r) != "" // a model gets the query, so that this comes after its record
	if !told && work.refusal == nil {
		if err := q.lookByMeaning(ctx, &ask, r.Mode, like); err != nil {
			return SearchResult{}, err
		}
	}
	var found query.Result
	var items []candor.Item
	done, err := a.gate.pass(ctx, work, func(ctx context.Context) (res result, err error) {
		if told {
			if err = q.lookByMeaning(ctx, &ask, r.Mode, like); err != nil {
				return res, err
			}
		}
		if err = a.inOtherLanguages(ctx, r, q.node, &ask); err != nil {
			return res, err
		}
		if found, err = a.cfg.Index.Search(ctx, ask); err != nil {
			return res, err
		}
		if found.Elsewhere {
			return res, candor.Errorf(candor.NotSupported, "No text here is placed in meaning by the model %s; another did it. `candor serve` places them anew in the background, and so does `candor rebuild` at once. Search by text until then.", ask.Near.Model)
		}
		if items, err = a.cfg.Catalog.ItemsByNum(ctx, numsOf(found.Hits)); err != nil {
			return res, err
		}
		res = a.searchOutcome(found, items, collections)
		if q.model != "" {
			res.sent = passagesOf(hits(found, items, nil))
		}
		return res, nil
	})
	if err != nil {
		return SearchResult{}, err
	}
	out := SearchResult{
		Total: found.Total, Before: found.Before, Next: next(found), More: found.More || found.Next != nil,
		Hits: hits(found, items, done.fresh), Facets: facets(ask.Facets, found, a.cfg.Terms.LeastCounted()),
		Meaning: meaningOf(ask, r), People: found.Distinct, Receipt: done.receipt,
	}
	for i, h := range out.Hits {
		if len(h.Item.Places) > 0 {
			out.Hits[i].Path = a.pathOf(ctx, h.Item)
		}
	}
	out.Purpose, err = a.purposeInfo(ctx, *work.purpose)
	out.Took = time.Since(start)
	return out, err
}

// requestFor makes the index's request, and returns the item that is asked for
// more like, and the collections it is about.
func (a *Archive) requestFor(ctx context.Context, work *act, r SearchRequest, q question) (ask query.Request, like candor.Item, collections []string, err error) {
	if r.Like != "" {
		if like, err = a.openable(ctx, work, r.Like); err != nil {
			return ask, like, nil, err
		}
	}
	if collections, err = a.searchable(work, r.Collection); err != nil {
		return ask, like, nil, err
	}
	ask, err = a.searchRequest(r, q.node, collections)
	if q.countOnly {
		ask.Limit, ask.Snippets = 0, false
	}
	return ask, like, collections, err
}

// placesQuery names the model that is told a request's words, "" if none is.
func placesQuery(by Embedder, r SearchRequest) string {
	if by == nil || r.Like != "" || byMeaning(r.Mode) == "" {
		return ""
	}
	return by.Name()
}

// searchable returns the collections to look in: the one asked for, or all of
// the purpose. A collection outside the purpose stays, for the terms to refuse.
func (a *Archive) searchable(work *act, collection string) ([]string, error) {
	if collection != "" {
		if _, err := a.findCollection(collection); err != nil {
			return nil, err
		}
		work.collection = collection
		return []string{collection}, nil
	}
	if work.purpose == nil {
		return nil, nil
	}
	work.collection = single(work.purpose.Collections)
	return work.purpose.Collections, nil
}

func (a *Archive) searchRequest(r SearchRequest, node query.Node, collections []string) (query.Request, error) {
	ask := query.Request{
		Query: node, From: r.From, To: r.To, Added: r.Added, Offset: r.Offset, Limit: r.Limit, Snippets: true, Distinct: query.FacetPersons,
		Filters: []query.Filter{{Field: query.FacetCollection, Values: collections}},
	}
	if ask.Limit == 0 {
		ask.Limit = defaultLimit
	}
	if ask.Limit < 0 || ask.Limit > mostHits || ask.Offset < 0 {
		return ask, candor.Errorf(candor.Invalid, "A page has between 1 and %d results and starts at 0 or later.", mostHits)
	}
	var err error
	if r.After != "" {
		after, err := query.ParseCursor(r.After)
		if err != nil {
			return ask, err
		}
		ask.After = &after
	}
	if ask.Sort, err = sortOrder(r.Sort); err != nil {
		return ask, err
	}
	if ask.Fold = r.Fold; r.Fold != "" && !slices.Contains(query.Folds(), r.Fold) {
		return ask, candor.Errorf(candor.Invalid, "Results cannot be folded by %q. Fold them by %s.", r.Fold, query.FoldNames())
	}
	fields := query.Facets()
	if a.cfg.Terms.HidesPositions() {
		fields = slices.DeleteFunc(fields, func(f string) bool { return f == query.FacetAreas })
	}
	for _, field := range slices.Sorted(maps.Keys(r.Filters)) {
		open := slices.Contains(fields, field)
		if !open && !slices.Contains(append(query.Folds(), "name", "path"), field) {
			return ask, candor.Errorf(candor.Invalid, "There is no filter %q. Filters are %s, %s, name and path.", field, strings.Join(fields, ", "), query.FoldNames())
		}
		ask.Filters = append(ask.Filters, query.Filter{Field: field, Values: r.Filters[field], Open: open})
	}
	if r.Facets {
		ask.Facets, ask.FacetTop, ask.FacetTops = fields, mostValues, map[string]int{query.FacetYear: mostYears}
	}
	return ask, nil
}

// meaningOf is a request as it was understood.
func meaningOf(ask query.Request, r SearchRequest) string {
	if r.Like != "" {
		return "like " + string(r.Like)
	}
	return query.String(ask.Query)
}

// byMeaning is what the details say of a mode; nothing for a search by words.
func byMeaning(mode string) string {
	if mode == ModeText {
		return ""
	}
	return mode
}

// lookByMeaning makes a request look by meaning, if the mode asks for it.
func (q *question) lookByMeaning(ctx context.Context, ask *query.Request, mode string, like candor.Item) error {
	switch {
	case mode == "" || mode == ModeText:
		return nil
	case q.embedder == nil:
		return candor.Errorf(candor.NotSupported, "This archive has no model of meaning. Search by text.")
	}
	if like.ID != "" {
		ask.Near = &query.Near{Model: q.embedder.Model(), Like: &like.Num, Least: q.least}
		return nil
	}
	sense := query.SenseOf(ask.Query)
	vector, err := q.embedder.Query(ctx, sense.Text)
	if err != nil {
		return err
	}
	if vector == nil && mode == ModeSemantic {
		return candor.Errorf(candor.Invalid, "To search by meaning, say in some English words what it is about; the query has none that the model knows. Or search by text.")
	}
	if vector == nil {
		return nil // words alone are what there is to go by
	}
	ask.Near = &query.Near{Model: q.embedder.Model(), Vector: vector, Least: q.least, Within: sense.Within, Fused: mode == ModeHybrid}
	if ask.Near.Fused {
		ask.Query = sense.Words
	}
	return nil
}

func sortOrder(s string) (query.Sort, error) {
	switch sort := query.Sort(s); sort {
	case "":
		return query.ByRelevance, nil
	case query.ByRelevance, query.ByDateDown, query.ByDateUp:
		return sort, nil
	}
	return "", candor.Errorf(candor.Invalid, "Results are sorted by relevance, date-desc or date-asc, not by %q.", s)
}

// searchOutcome states the facts of a finished search.
func (a *Archive) searchOutcome(found query.Result, items []candor.Item, collections []string) result {
	res := result{matched: found.Total, people: found.Distinct, collected: a.itemsIn(collections), depth: found.Before + int64(len(found.Hits))}
	for _, it := range items {
		res.shown = append(res.shown, it.Num)
		res.items = append(res.items, it.ID)
	}
	return res
}

// next is where the page after this one begins.
func next(found query.Result) string {
	if found.Next == nil {
		return ""
	}
	return found.Next.String()
}

func numsOf(hits []query.Hit) []uint32 {
	nums := make([]uint32, len(hits))
	for i, h := range hits {
		nums[i] = h.Num
	}
	return nums
}

// hits joins what the index found with what the catalog knows. A hit that the
// catalog does not hold is not shown; `candor check` names it.
func hits(found query.Result, items []candor.Item, fresh map[uint32]bool) []SearchHit {
	byNum := make(map[uint32]candor.Item, len(items))
	for _, it := range items {
		byNum[it.Num] = it
	}
	out := make([]SearchHit, 0, len(items))
	for _, h := range found.Hits {
		it, ok := byNum[h.Num]
		if !ok {
			continue
		}
		hit := SearchHit{Item: it, Score: h.Score, Covered: !fresh[h.Num], Folded: h.Folded, Kin: kinKeys(h.Kin)}
		for _, s := range h.Snippets {
			hit.Snippets = append(hit.Snippets, snippet(s))
		}
		out = append(out, hit)
	}
	return out
}

func snippet(s query.Snippet) Snippet {
	out := Snippet{Text: s.Text, Page: s.Page, Field: s.Field, Quoted: s.Quoted, Marks: make([][2]int, len(s.Marks))}
	for i, m := range s.Marks {
		out.Marks[i] = [2]int{m.Start, m.End}
	}
	return out
}

// facets are the values counted, but for those that too few items have.
func facets(fields []string, found query.Result, least int64) []Facet {
	var out []Facet
	for _, field := range fields {
		f := Facet{Field: field}
		for _, c := range found.Facets[field] {
			if c.Count < least {
				f.Hidden = true
				continue
			}
			f.Values = append(f.Values, FacetValue{Value: c.Value, Count: c.Count})
		}
		out = append(out, f)
	}
	return out
}
