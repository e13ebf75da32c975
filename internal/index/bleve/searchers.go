package bleve

import (
	"context"
	"sort"

	"github.com/blevesearch/bleve/v2/search"
	bleveapi "github.com/blevesearch/bleve_index_api"
)

// constant gives every document of a searcher the same score: patterns,
// ranges and filters say yes or no, not how much.
type constant struct {
	search.Searcher
	boost float64
	norm  float64
}

func (c *constant) Weight() float64           { return c.boost * c.boost }
func (c *constant) SetQueryNorm(norm float64) { c.norm = norm }

func (c *constant) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	return c.scored(c.Searcher.Next(ctx))
}

func (c *constant) Advance(ctx *search.SearchContext, id bleveapi.IndexInternalID) (*search.DocumentMatch, error) {
	return c.scored(c.Searcher.Advance(ctx, id))
}

func (c *constant) scored(d *search.DocumentMatch, err error) (*search.DocumentMatch, error) {
	if d != nil {
		d.Score = c.boost * c.norm
	}
	return d, err
}

// checked keeps the documents that a function accepts.
type checked struct {
	search.Searcher
	accept func(*search.DocumentMatch) (bool, error)
}

func (c *checked) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	for {
		d, err := c.Searcher.Next(ctx)
		if d == nil || err != nil {
			return nil, err
		}
		ok, err := c.accept(d)
		if err != nil {
			return nil, err
		}
		if ok {
			return d, nil
		}
		ctx.DocumentMatchPool.Put(d)
	}
}

func (c *checked) Advance(ctx *search.SearchContext, id bleveapi.IndexInternalID) (*search.DocumentMatch, error) {
	d, err := c.Searcher.Advance(ctx, id)
	if d == nil || err != nil {
		return nil, err
	}
	ok, err := c.accept(d)
	if err != nil {
		return nil, err
	}
	if ok {
		return d, nil
	}
	ctx.DocumentMatchPool.Put(d)
	return c.Next(ctx)
}

// nearIn accepts documents in which the terms stand near one another in a field.
func nearIn(field string, terms []string, span int) func(*search.DocumentMatch) (bool, error) {
	return func(d *search.DocumentMatch) (bool, error) {
		byTerm := make(map[string][]int, len(terms))
		for _, l := range d.FieldTermLocations {
			if l.Field == field {
				byTerm[l.Term] = append(byTerm[l.Term], int(l.Location.Pos))
			}
		}
		lists := make([][]int, len(terms))
		for i, t := range terms {
			sort.Ints(byTerm[t])
			lists[i] = byTerm[t]
		}
		return near(lists, span), nil
	}
}

// near reports whether one position of each list can be chosen, all different,
// so that the last is at most span after the first. Lists are ascending.
func near(lists [][]int, span int) bool {
	for _, first := range lists {
		for _, start := range first {
			if chooses(lists, nil, start, start+span) {
				return true
			}
		}
	}
	return false
}

func chooses(lists [][]int, taken []int, from, to int) bool {
	if len(taken) == len(lists) {
		return true
	}
	list := lists[len(taken)]
	for _, p := range list[sort.SearchInts(list, from):] {
		if p > to {
			return false
		}
		if !contains(taken, p) && chooses(lists, append(taken, p), from, to) {
			return true
		}
	}
	return false
}

func contains(list []int, v int) bool {
	for _, have := range list {
		if have == v {
			return true
		}
	}
	return false
}

// expired returns the context's error at every 1024th step of a long loop.
func expired(ctx context.Context, n int) error {
	if n%1024 == 0 {
		return ctx.Err()
	}
	return nil
}
