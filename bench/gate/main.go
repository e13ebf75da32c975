// Command gate measures what the gate costs a search: the same requests to the
// index alone and through the whole gate (two durable records under signed
// checkpoints, two decisions, coverage counted on disk), in turn, in one run.
//
//	go run ./gate [-corpus FOLDER] [-searches 600]
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"candor"
	"candor/bench/internal/house"
	"candor/bench/internal/meter"
	"candor/internal/archive"
	"candor/internal/query"
)

func main() {
	corpus := flag.String("corpus", "../.cache/corpus/mixed", "a folder with text files")
	searches := flag.Int("searches", 600, "how many")
	flag.Parse()
	if err := run(context.Background(), *corpus, *searches); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, corpus string, searches int) error {
	tmp, err := os.MkdirTemp("", "bench-gate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	h, err := house.Open(ctx, tmp, house.Options{})
	if err != nil {
		return err
	}
	words, err := h.Fill(ctx, corpus)
	if err != nil {
		return err
	}
	bare, gated, err := measure(ctx, h, words, searches)
	if err != nil {
		return err
	}
	fmt.Printf("%d items, %d searches of each kind in turn, 10 hits with snippets and facets\n\n", h.Items, searches)
	fmt.Println("| | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|")
	for _, row := range []struct {
		name string
		ms   []float64
	}{{"index alone", bare}, {"through the gate", gated}} {
		fmt.Printf("| %s | %.2f | %.2f | %.2f |\n", row.name, meter.Median(row.ms), meter.Quantile(row.ms, .95), meter.Quantile(row.ms, .99))
	}
	fmt.Printf("\nbound: 1.15 x %.2f + 3 = %.2f ms; gate median %.2f ms\n", meter.Median(bare), 1.15*meter.Median(bare)+3, meter.Median(gated))
	return nil
}

// measure asks each question of the index alone and through the gate, in turn.
func measure(ctx context.Context, h *house.House, words []string, searches int) (bare, gated []float64, err error) {
	p, err := h.Purpose(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i := range searches + 50 {
		q := words[(i*7919)%len(words)] + " OR " + words[(i*104729)%len(words)]
		h.Tick(house.SearchStep)
		alone, err := askIndex(ctx, h, q)
		if err != nil {
			return nil, nil, err
		}
		through, err := askGate(ctx, h, p, q)
		if err != nil {
			return nil, nil, err
		}
		if i >= 50 { // the first warm up
			bare, gated = append(bare, alone), append(gated, through)
		}
	}
	return bare, gated, nil
}

func askIndex(ctx context.Context, h *house.House, q string) (float64, error) {
	node, err := query.Parse(q, query.Options{})
	if err != nil {
		return 0, err
	}
	start := time.Now()
	_, err = h.Index.Search(ctx, query.Request{
		Query: node, Limit: 10, Snippets: true,
		Filters: []query.Filter{{Field: query.FacetCollection, Values: []string{"main"}}},
		Facets:  []string{query.FacetCollection, query.FacetType, query.FacetLanguage, query.FacetYear, query.FacetPeople, query.FacetCondition},
	})
	return ms(start), err
}

func askGate(ctx context.Context, h *house.House, p candor.PurposeID, q string) (float64, error) {
	start := time.Now()
	_, err := h.Search(ctx, h.Reader, archive.SearchRequest{Query: q, Purpose: p, Limit: 10, Facets: true})
	return ms(start), err
}

func ms(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1000 }
