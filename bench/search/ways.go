package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"candor/bench/internal/meter"
	"candor/internal/index/local"
)

// A way is how our engine's queries are asked once more. Only the first two
// run on one core, in the order of the questions.
type way struct {
	name   string
	cache  int64 // bytes of opened blocks that are kept; 0 is as built in
	cores  int
	askers int  // questions at a time
	adding bool // while documents are added as fast as they go
}

// With a cache that holds the whole index no block is opened twice, so warm
// queries do what they would do in an index that is not sealed.
var ways = []way{
	{name: "sealed", cores: 1, askers: 1},
	{name: "all blocks open", cache: 64 << 30, cores: 1, askers: 1},
	{name: "blocks opened each time", cache: 1, cores: 1, askers: 1},
	{name: "one at a time, two cores", cores: 2, askers: 1},
	{name: "two at a time, two cores", cores: 2, askers: 2},
	{name: "while adding, two cores", cores: 2, askers: 1, adding: true}, // last: it changes the index
}

// measureWays asks the questions in each way of an index that stands in a folder.
func measureWays(ctx context.Context, dir string, qs []question) error {
	base := filepath.Dir(dir)
	results := map[string]measured{}
	for _, w := range ways {
		m, err := w.measure(ctx, dir, filepath.Join(base, docsFile), qs)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		results[w.name] = m
	}
	fmt.Print("\n| ms, p50/p95/p99 |")
	for _, w := range ways {
		fmt.Printf(" %s |", w.name)
	}
	fmt.Println("\n|---|" + strings.Repeat("---|", len(ways)))
	for _, kind := range kinds {
		fmt.Printf("| %s |", kind)
		for _, w := range ways {
			ms := results[w.name].Millis[kind]
			fmt.Printf(" %.2f/%.2f/%.2f |", meter.Median(ms), meter.Quantile(ms, .95), meter.Quantile(ms, .99))
		}
		fmt.Println()
	}
	return nil
}

func (w way) measure(ctx context.Context, dir, docs string, qs []question) (m measured, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(w.cores))
	x, err := openLocal(ctx, dir, w.cache)
	if err != nil {
		return m, err
	}
	e := &candorEngine{index: x}
	defer func() { err = errors.Join(err, e.close()) }()
	m.Millis = map[string][]float64{}
	if _, err := w.ask(ctx, e, qs); err != nil { // so that they are warm
		return m, err
	}
	stop := func() error { return nil }
	if w.adding {
		stop = keepAdding(ctx, x, docs)
	}
	for range 2 {
		took, err := w.ask(ctx, e, qs)
		if err != nil {
			return m, errors.Join(err, stop())
		}
		for i, q := range qs {
			m.Millis[q.Kind] = append(m.Millis[q.Kind], took[i])
		}
	}
	return m, stop()
}

// ask asks all questions, and returns what each took in milliseconds.
func (w way) ask(ctx context.Context, e *candorEngine, qs []question) ([]float64, error) {
	took := make([]float64, len(qs))
	errs := make([]error, w.askers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for a := range w.askers {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(qs); i = next.Add(1) - 1 {
				start := time.Now()
				_, err := e.ask(ctx, qs[i])
				took[i] = float64(time.Since(start).Microseconds()) / 1000
				if err != nil {
					errs[a] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return took, errors.Join(errs...)
}

// keepAdding puts documents again, as fast as they go, until it is stopped.
func keepAdding(ctx context.Context, x *local.Index, docs string) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		e := &candorEngine{index: x}
		added, start := 0, time.Now()
		err := each(docs, func(d doc) error { added++; return e.add(ctx, d) })
		fmt.Fprintf(os.Stderr, "beside it %.0f documents a second were added\n", float64(added)/time.Since(start).Seconds())
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		ended <- err
	}()
	return func() error { cancel(); return <-ended }
}

// shuffled deals questions so that kinds come in turn: two at a time are then
// of different kinds, as those of two people are.
func shuffled(qs []question) []question {
	out := slices.Clone(qs)
	of := map[string]int{}
	place := make([]int, len(qs))
	for i, q := range qs {
		place[i] = of[q.Kind]
		of[q.Kind]++
	}
	byPlace := make([]int, len(qs))
	for i := range byPlace {
		byPlace[i] = i
	}
	slices.SortStableFunc(byPlace, func(a, b int) int { return place[a] - place[b] })
	for i, from := range byPlace {
		out[i] = qs[from]
	}
	return out
}

func openLocal(ctx context.Context, dir string, cache int64) (*local.Index, error) {
	return local.Open(ctx, local.Config{Dir: dir, Key: benchKey, MergeRate: -1, CacheBytes: cache})
}
