package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search/query"
)

// bleveBatch is what Bleve was fastest with of 500, 2,000 and 10,000.
const bleveBatch = 2000

// bleveEngine is Bleve with what makes it fastest for this: documents in batches,
// no dynamic fields, facet fields as keywords, the text stored for highlights.
type bleveEngine struct {
	index bleve.Index
	batch *bleve.Batch
}

func openBleve(_ context.Context, dir string) (engine, error) {
	path := filepath.Join(dir, "index")
	if _, err := os.Stat(path); err == nil {
		x, err := bleve.Open(path)
		return &bleveEngine{index: x}, err
	}
	text := bleve.NewTextFieldMapping()
	text.Analyzer, text.IncludeInAll, text.DocValues = en.AnalyzerName, false, false
	m := bleve.NewIndexMapping()
	fields := mapping.NewDocumentStaticMapping()
	fields.AddFieldMappingsAt("text", text)
	for _, name := range []string{"type", "people"} {
		f := bleve.NewKeywordFieldMapping()
		f.IncludeInAll, f.Store, f.IncludeTermVectors = false, false, false
		fields.AddFieldMappingsAt(name, f)
	}
	m.DefaultMapping, m.ScoringModel = fields, "bm25"
	x, err := bleve.New(path, m)
	return &bleveEngine{index: x}, err
}

func (e *bleveEngine) add(ctx context.Context, d doc) error {
	if e.batch == nil {
		e.batch = e.index.NewBatch()
	}
	if err := e.batch.Index(strconv.Itoa(d.id), map[string]any{"text": d.text, "type": d.kind, "people": d.part}); err != nil {
		return err
	}
	if e.batch.Size() < bleveBatch {
		return nil
	}
	return e.flush(ctx)
}

func (e *bleveEngine) flush(context.Context) error {
	if e.batch == nil {
		return nil
	}
	err := e.index.Batch(e.batch)
	e.batch = nil
	return err
}

func (e *bleveEngine) settle(ctx context.Context) error {
	inner, err := e.index.Advanced()
	if err != nil {
		return err
	}
	return inner.(*scorch.Scorch).ForceMerge(ctx, nil)
}

func (e *bleveEngine) ask(ctx context.Context, q question) (int64, error) {
	match := func(w string) query.Query {
		m := bleve.NewMatchQuery(w)
		m.SetField("text")
		return m
	}
	var of []query.Query
	for _, w := range q.Words {
		of = append(of, match(w))
	}
	var ask query.Query
	switch w := q.Words; q.Kind {
	case "term":
		ask = of[0]
	case "and":
		ask = bleve.NewConjunctionQuery(of...)
	case "or", "facets", "highlights":
		ask = bleve.NewDisjunctionQuery(of...)
	case "phrase":
		p := bleve.NewMatchPhraseQuery(w[0] + " " + w[1])
		p.SetField("text")
		ask = p
	case "prefix":
		p := bleve.NewPrefixQuery(w[0])
		p.SetField("text")
		ask = p
	case "wildcard":
		p := bleve.NewWildcardQuery(w[0])
		p.SetField("text")
		ask = p
	case "fuzzy":
		p := bleve.NewFuzzyQuery(w[0])
		p.SetField("text")
		p.SetFuzziness(1)
		ask = p
	default:
		return 0, errKind
	}
	r := bleve.NewSearchRequestOptions(ask, 10, 0, false)
	if q.Kind == "facets" {
		r.AddFacet("type", bleve.NewFacetRequest("type", 20))
		r.AddFacet("people", bleve.NewFacetRequest("people", 20))
	}
	if q.Kind == "highlights" {
		r.Highlight = bleve.NewHighlight()
		r.Highlight.AddField("text")
	}
	res, err := e.index.SearchInContext(ctx, r)
	if err != nil {
		return 0, err
	}
	return int64(res.Total), nil
}

func (e *bleveEngine) close() error { return e.index.Close() }
