// Command latency measures what the gate and its witnesses add to a search: the
// same questions to the index alone, and through the gate of an archive with no
// witness, with a witness on this machine that is waited for, and with one whose
// cosignatures follow. Each at 1 and at 64 searches at a time, in turn, in one
// run. The witness is Candor's own, over HTTP on loopback, on the same disk.
//
//	go run ./latency [-corpus FOLDER] [-searches 400] [-rounds 4]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"candor"
	"candor/bench/internal/house"
	"candor/bench/internal/meter"
	"candor/internal/archive"
	"candor/internal/query"
	"candor/internal/tlog"
	"candor/internal/witness"
)

func main() {
	corpus := flag.String("corpus", "../.cache/corpus/mixed", "a folder with text files")
	searches := flag.Int("searches", 400, "of each kind, in all rounds")
	rounds := flag.Int("rounds", 4, "how often the kinds take turns")
	flag.Parse()
	if err := run(context.Background(), *corpus, *searches, *rounds); err != nil {
		log.Fatal(err)
	}
}

// subject is one way to search.
type subject struct {
	name   string
	search func(ctx context.Context, q string) error
	ms     map[int][]float64 // by searches at a time
}

var atATime = []int{1, 64}

func run(ctx context.Context, corpus string, searches, rounds int) error {
	tmp, err := os.MkdirTemp("", "bench-latency-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	subjects, words, end, err := build(ctx, tmp, corpus)
	defer end()
	if err != nil {
		return err
	}
	for round := range rounds + 1 { // the first warms up
		for _, n := range atATime {
			for _, s := range subjects {
				ms, err := s.ask(ctx, words, n, searches/rounds)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				if round > 0 {
					s.ms[n] = append(s.ms[n], ms...)
				}
			}
		}
	}
	report(subjects)
	return nil
}

// build makes three archives of the same files, and the bare index of the first.
func build(ctx context.Context, dir, corpus string) (subjects []*subject, words []string, end func(), err error) {
	var ends []func()
	end = func() {
		for i := len(ends) - 1; i >= 0; i-- {
			ends[i]()
		}
	}
	for _, kind := range []struct {
		name           string
		witness, await bool
	}{{"gate, no witness", false, false}, {"gate, local witness, wait", true, true}, {"gate, local witness, later", true, false}} {
		at := filepath.Join(dir, fmt.Sprint(len(subjects)))
		opts := house.Options{Await: kind.await}
		if kind.witness {
			var stop []func()
			opts.Witnesses = func(key string) func(tlog.Prover) (tlog.Cosigner, error) {
				return func(prove tlog.Prover) (tlog.Cosigner, error) {
					s, close, err := local(ctx, filepath.Join(at, "witness"), key, prove)
					stop = append(stop, close)
					return s, err
				}
			}
			ends = append(ends, func() {
				for _, f := range stop {
					f()
				}
			})
		}
		h, err := house.Open(ctx, at, opts)
		if err != nil {
			return nil, nil, end, err
		}
		ends = append(ends, func() { _ = h.Close() })
		if words, err = h.Fill(ctx, corpus); err != nil {
			return nil, nil, end, err
		}
		p, err := h.Purpose(ctx)
		if err != nil {
			return nil, nil, end, err
		}
		if len(subjects) == 0 {
			fmt.Printf("%d items, 10 hits with snippets and facets\n\n", h.Items)
			subjects = append(subjects, &subject{name: "index alone", ms: map[int][]float64{}, search: func(ctx context.Context, q string) error {
				return askIndex(ctx, h, q)
			}})
		}
		subjects = append(subjects, &subject{name: kind.name, ms: map[int][]float64{}, search: func(ctx context.Context, q string) error {
			return askGate(ctx, h, p, q)
		}})
	}
	if len(words) == 0 {
		return nil, nil, end, errors.New("no word of the corpus occurs in 5 to 200 of its files")
	}
	return subjects, words, end, nil
}

// local starts a witness on this machine, and what brings checkpoints to it.
func local(ctx context.Context, dir, logKey string, prove tlog.Prover) (tlog.Cosigner, func(), error) {
	skey, vkey, err := witness.GenerateKey(nil, "witness.test/local")
	if err != nil {
		return nil, func() {}, err
	}
	signer, err := witness.NewSigner(skey)
	if err != nil {
		return nil, func() {}, err
	}
	s, err := witness.NewServer(ctx, witness.Config{Signer: signer, Dir: dir, Logs: []witness.Log{{Key: logKey}}})
	if err != nil {
		return nil, func() {}, err
	}
	server := httptest.NewServer(s)
	stop := func() { server.Close(); _ = s.Close() }
	policy, err := witness.ParsePolicy([]byte("witness w " + vkey + " " + server.URL + "\nquorum w\n"))
	if err != nil {
		return nil, stop, err
	}
	c, err := witness.NewSubmitter(witness.SubmitterConfig{Policy: policy, Consistency: prove, Dir: filepath.Join(dir, "sizes")})
	return c, stop, err
}

// ask searches count times, n at a time, and returns how long each took.
func (s *subject) ask(ctx context.Context, words []string, n, count int) ([]float64, error) {
	ms := make([]float64, count)
	errs := make([]error, n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for w := range n {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < count && errs[w] == nil; i = int(next.Add(1)) - 1 {
				q := words[(i*7919)%len(words)] + " OR " + words[(i*104729)%len(words)]
				start := time.Now()
				errs[w] = s.search(ctx, q)
				ms[i] = float64(time.Since(start).Microseconds()) / 1000
			}
		})
	}
	workers.Wait()
	return ms, errors.Join(errs...)
}

func askIndex(ctx context.Context, h *house.House, q string) error {
	node, err := query.Parse(q, query.Options{})
	if err != nil {
		return err
	}
	_, err = h.Index.Search(ctx, query.Request{
		Query: node, Limit: 10, Snippets: true,
		Filters: []query.Filter{{Field: query.FacetCollection, Values: []string{"main"}}},
		Facets:  []string{query.FacetCollection, query.FacetType, query.FacetLanguage, query.FacetYear, query.FacetPeople, query.FacetCondition},
	})
	return err
}

func askGate(ctx context.Context, h *house.House, p candor.PurposeID, q string) error {
	h.Tick()
	_, err := h.Search(ctx, h.Reader, archive.SearchRequest{Query: q, Purpose: p, Limit: 10, Facets: true})
	return err
}

// report says how long searches took, and what each adds to the line above the gate.
func report(subjects []*subject) {
	fmt.Println("| | at a time | p50 ms | p99 ms | added to the index p50 | p99 | added by the witness p50 | p99 |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, n := range atATime {
		index, gate := subjects[0].ms[n], subjects[1].ms[n]
		for i, s := range subjects {
			ms := s.ms[n]
			fmt.Printf("| %s | %d | %.2f | %.2f |", s.name, n, meter.Median(ms), meter.Quantile(ms, .99))
			added(ms, index, i > 0)
			added(ms, gate, i > 1)
			fmt.Println()
		}
	}
}

func added(ms, to []float64, any bool) {
	if !any {
		fmt.Print(" | |")
		return
	}
	fmt.Printf(" %.2f | %.2f |", meter.Median(ms)-meter.Median(to), meter.Quantile(ms, .99)-meter.Quantile(to, .99))
}
