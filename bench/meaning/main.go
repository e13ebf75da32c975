// Command meaning measures searching as the archive asks it of the index: how
// fast documents are placed and added, what that adds to the index, how long
// searches by words, by meaning and by both take with snippets, with three facets
// and with all of them, folded and not, one and several at a time, and how many of
// the ten nearest by exact vectors are found. It reads the documents that
// bench/search cut.
//
//	go run ./search -base DIR -engines "" -docs 300000 && go run ./meaning -base DIR -docs 10000,100000,300000
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"candor/bench/internal/meter"
	"candor/internal/analyze/embed"
	"candor/internal/index/local"
	"candor/internal/query"
)

func main() {
	base := flag.String("base", "../.cache/search", "the folder with docs.tsv")
	sizes := flag.String("docs", "10000,100000,300000", "documents, one index after the other")
	each := flag.Int("each", 200, "searches of each kind")
	exact := flag.Int("exact", 50, "searches that are compared with exact vectors")
	languages := flag.String("languages", "en", "documents are said to be of these by turns")
	flag.Parse()
	for _, size := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(size)
		if err == nil {
			err = measure(context.Background(), *base, n, *each, *exact, strings.Split(*languages, ","))
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// bench is one index with what is known of its documents.
type bench struct {
	index     *local.Index
	model     embed.BuiltIn
	questions []string
	languages []string
	vectors   [][]float32 // of all passages
	owners    []uint32    // document of each
}

func measure(ctx context.Context, base string, n, each, exact int, languages []string) error {
	dir, err := os.MkdirTemp(base, "meaning-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{languages: languages}
	if b.index, err = local.Open(ctx, local.Config{Dir: dir, Key: make([]byte, 32), MergeRate: -1}); err != nil {
		return err
	}
	defer b.index.Close()
	t, err := b.fill(ctx, filepath.Join(base, "docs.tsv"), n, each)
	if err != nil {
		return err
	}
	if err := b.index.Compact(ctx); err != nil { // as merges leave it in the end
		return err
	}
	mb := float64(t.bytes) / 1e6
	fmt.Printf("\n%d documents, %d passages, %.0f MB, one core: placed at %.1f MB/s, names found at %.1f, printed at %.1f; two cores: added at %.1f MB/s. Vectors %.2f of the text\n",
		n, len(b.vectors), mb, mb/t.placing.Seconds(), mb/t.naming.Seconds(), mb/t.printing.Seconds(), mb/t.adding.Seconds(), float64(len(b.vectors)*(32+4+256))/float64(t.bytes))
	fmt.Println("\n| ms p50 / p95 / p99 | " + strings.Join(modes, " | ") + " |\n|---|" + strings.Repeat("---|", len(modes)))
	for _, w := range ways {
		fmt.Printf("| %s |", w.name)
		for _, mode := range modes {
			ms, err := b.ask(ctx, mode, w)
			if err != nil {
				return err
			}
			fmt.Printf(" %.1f / %.1f / %.1f |", meter.Median(ms), meter.Quantile(ms, .95), meter.Quantile(ms, .99))
		}
		fmt.Println()
	}
	share, err := b.recall(ctx, exact)
	fmt.Printf("recall at 10 against exact vectors: %.3f\n", share)
	return err
}

// recall is the share of the ten nearest documents that a search by meaning finds
// among its first ten.
func (b *bench) recall(ctx context.Context, most int) (float64, error) {
	found, asked := 0, 0
	for _, q := range b.questions[:min(most, len(b.questions))] {
		v, err := b.model.Query(ctx, q)
		if err != nil || v == nil {
			return 0, err
		}
		res, err := b.index.Search(ctx, query.Request{Limit: 10, Near: &query.Near{Model: b.model.Model(), Vector: v, Least: -1}})
		if err != nil {
			return 0, err
		}
		near := b.nearest(v)
		for _, h := range res.Hits {
			if slices.Contains(near, h.Num) {
				found++
			}
		}
		asked += len(near)
	}
	return float64(found) / float64(max(asked, 1)), nil
}

// nearest returns the ten documents nearest by exact vectors.
func (b *bench) nearest(v []float32) []uint32 {
	best := map[uint32]float32{}
	for i, w := range b.vectors {
		sum := float32(0)
		for j, f := range v {
			sum += f * w[j]
		}
		if old, ok := best[b.owners[i]]; !ok || sum > old {
			best[b.owners[i]] = sum
		}
	}
	nums := make([]uint32, 0, len(best))
	for n := range best {
		nums = append(nums, n)
	}
	slices.SortFunc(nums, func(x, y uint32) int {
		switch {
		case best[x] > best[y]:
			return -1
		case best[x] < best[y]:
			return 1
		}
		return int(x) - int(y)
	})
	return nums[:min(10, len(nums))]
}
