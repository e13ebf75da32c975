package main

import (
	"context"
	"crypto/sha256"

	"candor"
	"candor/internal/index/local"
	"candor/internal/query"
)

// How many documents go in at once, where an engine asks: ours makes a segment
// of them; the others gain nothing from more.
const (
	batchDocs  = 2_000
	candorDocs = 10_000
)

// benchKey seals what is measured.
var benchKey = func() []byte { k := sha256.Sum256([]byte("bench")); return k[:] }()

type candorEngine struct {
	index *local.Index
	batch []query.Document
}

func openCandor(ctx context.Context, dir string) (engine, error) {
	x, err := openLocal(ctx, dir, 0)
	return &candorEngine{index: x}, err
}

func (e *candorEngine) add(ctx context.Context, d doc) error {
	e.batch = append(e.batch, query.Document{
		Num: uint32(d.id), Item: candor.ItemID("i"), Collection: "main", Type: d.kind, People: []string{d.part}, Text: d.text,
	})
	if len(e.batch) < candorDocs {
		return nil
	}
	return e.flush(ctx)
}

func (e *candorEngine) flush(ctx context.Context) error {
	err := e.index.Put(ctx, e.batch)
	e.batch = e.batch[:0]
	return err
}

func (e *candorEngine) settle(ctx context.Context) error { return e.index.Compact(ctx) }

func (e *candorEngine) ask(ctx context.Context, q question) (int64, error) {
	r := query.Request{Limit: 10}
	switch w := q.Words; q.Kind {
	case "term":
		r.Query = query.Word{Field: "text", Text: w[0]}
	case "and":
		r.Query = query.And{Of: words(w)}
	case "or":
		r.Query = query.Or{Of: words(w)}
	case "phrase":
		r.Query = query.Phrase{Field: "text", Text: w[0] + " " + w[1]}
	case "near":
		r.Query = query.Phrase{Field: "text", Text: w[0] + " " + w[1], Slop: 5}
	case "prefix":
		r.Query = query.Prefix{Field: "text", Text: w[0]}
	case "wildcard":
		r.Query = query.Wildcard{Field: "text", Pattern: w[0]}
	case "fuzzy":
		r.Query = query.Fuzzy{Field: "text", Text: w[0], Edits: 1}
	case "facets":
		r.Query, r.Facets = query.Or{Of: words(w)}, []string{query.FacetType, query.FacetPeople}
	case "highlights":
		r.Query, r.Snippets = query.Or{Of: words(w)}, true
	default:
		return 0, errKind
	}
	res, err := e.index.Search(ctx, r)
	return res.Total, err
}

func words(of []string) []query.Node {
	var out []query.Node
	for _, w := range of {
		out = append(out, query.Word{Field: "text", Text: w})
	}
	return out
}

func (e *candorEngine) close() error { return e.index.Close() }
