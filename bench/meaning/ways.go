package main

import (
	"context"
	"sync"
	"time"

	"candor/internal/query"
)

// modes of searching: for some of eight words, for two of them together, by
// meaning, and by meaning and words.
var modes = []string{"some of 8 words", "2 words", "meaning", "both"}

// way is how results are asked for.
type way struct {
	name   string
	at     int // searches at a time
	facets []string
	people bool // count the different people named in all that is found
	fold   string
}

var (
	three = []string{query.FacetType, query.FacetPeople, query.FacetCollection}
	every = query.Facets()
)

// ways begin with a list of hits alone. "As the archive asks" is what a page of
// results costs: every facet, and the people counted for the terms.
var ways = []way{
	{name: "hits and snippets", at: 1},
	{name: "three facets", at: 1, facets: three},
	{name: "three facets, 8 at a time", at: 8, facets: three},
	{name: "three facets, 64 at a time", at: 64, facets: three},
	{name: "as the archive asks", at: 1, facets: every, people: true},
	{name: "and nearly the same folded", at: 1, facets: every, people: true, fold: query.FoldAlike},
	{name: "and conversations folded", at: 1, facets: every, people: true, fold: query.FoldThread},
	{name: "and families folded", at: 1, facets: every, people: true, fold: query.FoldFamily},
	{name: "and families folded, 8 at a time", at: 8, facets: every, people: true, fold: query.FoldFamily},
	{name: "and families folded, 64 at a time", at: 64, facets: every, people: true, fold: query.FoldFamily},
}

// mostYears is how many years the archive asks for.
const mostYears = 200

// request is the first page of what a question finds.
func (b *bench) request(ctx context.Context, mode, q string, w way) (query.Request, error) {
	n, err := query.Question(q)
	if err != nil {
		n = query.Word{Text: "the"}
	}
	if or, ok := n.(query.Or); ok && mode == "2 words" {
		n = query.And{Of: or.Of[:min(2, len(or.Of))]}
	}
	r := query.Request{
		Query: n, Limit: 10, Snippets: true, Facets: w.facets, FacetTops: map[string]int{query.FacetYear: mostYears}, Fold: w.fold,
		Filters: []query.Filter{{Field: query.FacetCollection, Values: []string{"main"}}},
	}
	if w.people {
		r.Distinct = query.FacetPersons
	}
	if mode != "meaning" && mode != "both" {
		return r, nil
	}
	v, err := b.model.Query(ctx, q)
	if v != nil {
		r.Near = &query.Near{Model: b.model.Model(), Vector: v, Least: 0.3, Fused: mode == "both"}
	}
	return r, err
}

// ask asks all questions, so many at a time, and returns how long each took in
// milliseconds.
func (b *bench) ask(ctx context.Context, mode string, w way) ([]float64, error) {
	if _, err := b.round(ctx, mode, w); err != nil { // warms
		return nil, err
	}
	return b.round(ctx, mode, w)
}

func (b *bench) round(ctx context.Context, mode string, w way) (out []float64, failed error) {
	var mu sync.Mutex
	questions := make(chan string)
	var wg sync.WaitGroup
	for range w.at {
		wg.Go(func() {
			for q := range questions {
				begin := time.Now()
				r, err := b.request(ctx, mode, q, w)
				if err == nil {
					_, err = b.index.Search(ctx, r)
				}
				took := time.Since(begin)
				mu.Lock()
				out = append(out, float64(took)/1e6)
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	for _, q := range b.questions {
		questions <- q
	}
	close(questions)
	wg.Wait()
	return out, failed
}
