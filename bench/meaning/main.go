// Command meaning measures searching by meaning: how fast documents are placed and
// added, what that adds to the index, how long searches by words, by meaning and
// by both take with facets and snippets, one and several at a time, and how many
// of the ten nearest by exact vectors are found. It reads the documents that
// bench/search cut.
//
//	go run ./search -base DIR -engines "" -docs 300000 && go run ./meaning -base DIR -docs 10000,100000,300000
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
	flag.Parse()
	for _, size := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(size)
		if err == nil {
			err = measure(context.Background(), *base, n, *each, *exact)
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
	vectors   [][]float32 // of all passages
	owners    []uint32    // document of each
}

func measure(ctx context.Context, base string, n, each, exact int) error {
	dir, err := os.MkdirTemp(base, "meaning-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{}
	if b.index, err = local.Open(ctx, local.Config{Dir: dir, Key: make([]byte, 32), MergeRate: -1}); err != nil {
		return err
	}
	defer b.index.Close()
	placing, adding, bytes, err := b.fill(ctx, filepath.Join(base, "docs.tsv"), n, each)
	if err != nil {
		return err
	}
	mb := float64(bytes) / 1e6
	fmt.Printf("\n%d documents, %d passages, %.0f MB: placed at %.1f MB/s, added at %.1f MB/s, vectors %.2f of the text\n",
		n, len(b.vectors), mb, mb/placing.Seconds(), mb/adding.Seconds(), float64(len(b.vectors)*(32+4+256))/float64(bytes))
	for _, mode := range []string{"words", "meaning", "both"} {
		for _, at := range []int{1, 8, 64} {
			ms, err := b.ask(ctx, mode, at)
			if err != nil {
				return err
			}
			fmt.Printf("%-8s %2d at a time: %.2f / %.2f / %.2f ms p50 / p95 / p99\n", mode, at, meter.Median(ms), meter.Quantile(ms, .95), meter.Quantile(ms, .99))
		}
	}
	share, err := b.recall(ctx, exact)
	fmt.Printf("recall at 10 against exact vectors: %.3f\n", share)
	return err
}

// fill adds the first n documents. Questions are sentences of some of them.
func (b *bench) fill(ctx context.Context, name string, n, each int) (placing, adding time.Duration, bytes int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, 0, 0, err
	}
	defer f.Close()
	rnd := rand.New(rand.NewPCG(1, 1))
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	var batch []query.Document
	for i := 0; i < n && s.Scan(); i++ {
		parts := strings.SplitN(s.Text(), "\t", 4)
		d := query.Document{Num: uint32(i), Item: "i", Collection: "main", Type: parts[1], People: []string{parts[2]}, Text: parts[3]}
		begin := time.Now()
		if d.Meaning, err = b.model.Embed(ctx, "", d.Text); err != nil {
			return 0, 0, 0, err
		}
		placing += time.Since(begin)
		for _, p := range d.Meaning.Passages {
			b.vectors, b.owners = append(b.vectors, p.Vector), append(b.owners, d.Num)
		}
		bytes += len(d.Text)
		if rnd.IntN(n) < 2*each && len(b.questions) < each {
			words := strings.Fields(d.Text)
			from := rnd.IntN(max(1, len(words)-8))
			b.questions = append(b.questions, strings.Join(words[from:min(from+8, len(words))], " "))
		}
		if batch = append(batch, d); len(batch) == 10_000 || i+1 == n {
			begin := time.Now()
			if err = b.index.Put(ctx, batch); err != nil {
				return 0, 0, 0, err
			}
			adding += time.Since(begin)
			batch = batch[:0]
		}
	}
	return placing, adding, bytes, s.Err()
}

// request is a page with facets and snippets.
func (b *bench) request(ctx context.Context, mode, q string) (query.Request, error) {
	n, err := query.Question(q)
	if err != nil {
		n = query.Word{Text: "the"}
	}
	r := query.Request{Query: n, Limit: 10, Snippets: true, Facets: []string{query.FacetType, query.FacetPeople, query.FacetCollection}}
	if mode == "words" {
		return r, nil
	}
	v, err := b.model.Query(ctx, q)
	if v != nil {
		r.Near = &query.Near{Model: b.model.Model(), Vector: v, Least: 0.3, Fused: mode == "both"}
	}
	return r, err
}

// ask asks all questions, so many at a time, and returns how long each took.
func (b *bench) ask(ctx context.Context, mode string, at int) ([]float64, error) {
	var mu sync.Mutex
	var out []float64
	var failed error
	questions := make(chan string)
	var wg sync.WaitGroup
	for range at {
		wg.Go(func() {
			for q := range questions {
				begin := time.Now()
				r, err := b.request(ctx, mode, q)
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
	for range 2 { // the first time warms
		mu.Lock()
		out = nil
		mu.Unlock()
		for _, q := range b.questions {
			questions <- q
		}
	}
	close(questions)
	wg.Wait()
	return out, failed
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
