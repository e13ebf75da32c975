// Command latency measures what the gate adds to an act. To a search: the same
// questions to the index alone, and through the gate of an archive with no
// witness, with a witness on this machine that is waited for, and with one whose
// cosignatures follow; a search asks no custodian. To opening an item: the
// custodian in this process, and over TLS on loopback. Each at 1 and at 64 at a
// time, in turn, in one run. The witness is Candor's own, in a process of its own,
// over HTTP on loopback, on the same disk.
//
//	go run ./latency [-corpus FOLDER] [-acts 400] [-rounds 4]
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	acts := flag.Int("acts", 400, "of each kind, in all rounds")
	rounds := flag.Int("rounds", 4, "how often the kinds take turns")
	dir := flag.String("witness", "", "be the witness of this folder, with the secret key and the log's key of standard input")
	flag.Parse()
	var err error
	if *dir != "" {
		err = serveWitness(context.Background(), *dir)
	} else {
		err = run(context.Background(), *corpus, *acts, *rounds)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// subject is one way to do an act.
type subject struct {
	name   string
	act    func(ctx context.Context, n int) error // n counts the acts
	beside *subject                               // what it is compared with; nil for none
	ms     map[int][]float64                      // by acts at a time
}

var atATime = []int{1, 64}

func run(ctx context.Context, corpus string, acts, rounds int) error {
	tmp, err := os.MkdirTemp("", "bench-latency-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	b := &building{dir: tmp, corpus: corpus}
	defer b.end()
	if err := b.build(ctx); err != nil {
		return err
	}
	for round := range rounds + 1 { // the first warms up
		for _, n := range atATime {
			for _, s := range b.subjects {
				ms, err := s.ask(ctx, n, acts/rounds)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				if round > 0 {
					s.ms[n] = append(s.ms[n], ms...)
				}
			}
		}
	}
	report(b.subjects)
	return nil
}

// building is what is compared, over archives of the same files.
type building struct {
	dir, corpus string
	subjects    []*subject
	ends        []func()
}

func (b *building) end() {
	for i := len(b.ends) - 1; i >= 0; i-- {
		b.ends[i]()
	}
}

func (b *building) add(name string, beside *subject, act func(ctx context.Context, n int) error) *subject {
	s := &subject{name: name, beside: beside, act: act, ms: map[int][]float64{}}
	b.subjects = append(b.subjects, s)
	return s
}

func (b *building) build(ctx context.Context) error {
	h, p, words, err := b.house(ctx, "plain", house.Options{})
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return errors.New("no word of the corpus occurs in 5 to 200 of its files")
	}
	fmt.Printf("%d items; a search is an OR of two words, 10 hits with snippets and facets\n\n", h.Items)
	question := func(n int) string { return words[(n*7919)%len(words)] + " OR " + words[(n*104729)%len(words)] }
	index := b.add("search: index alone", nil, func(ctx context.Context, n int) error { return askIndex(ctx, h, question(n)) })
	gate := b.add("search: gate, no witness", index, searching(h, p, question))
	other, err := h.Purpose(ctx) // each of its own: the terms bound a purpose's acts in a day
	if err != nil {
		return err
	}
	near := b.add("open: custodian in process", nil, b.opening(ctx, h, other, question))
	for _, kind := range []struct {
		name  string
		await bool
	}{{"search: gate, local witness, wait", true}, {"search: gate, local witness, later", false}} {
		h, p, _, err := b.house(ctx, kind.name, house.Options{Await: kind.await, Witnesses: b.witness(kind.name)})
		if err != nil {
			return err
		}
		b.add(kind.name, gate, searching(h, p, question))
	}
	far, p, _, err := b.house(ctx, "far", house.Options{FarCustodian: true})
	if err != nil {
		return err
	}
	b.add("open: custodian over TLS", near, b.opening(ctx, far, p, question))
	return nil
}

// house opens and fills an archive.
func (b *building) house(ctx context.Context, name string, opts house.Options) (*house.House, candor.PurposeID, []string, error) {
	h, err := house.Open(ctx, filepath.Join(b.dir, folder(name)), opts)
	if err != nil {
		return nil, "", nil, err
	}
	b.ends = append(b.ends, func() { _ = h.Close() })
	words, err := h.Fill(ctx, b.corpus)
	if err != nil {
		return nil, "", nil, err
	}
	p, err := h.Purpose(ctx)
	return h, p, words, err
}

func folder(name string) string { return strings.NewReplacer(" ", "-", ":", "", ",", "").Replace(name) }

func searching(h *house.House, p candor.PurposeID, question func(int) string) func(context.Context, int) error {
	return func(ctx context.Context, n int) error {
		_, err := askGate(ctx, h, p, question(n))
		return err
	}
}

// opening opens items that searches have found.
func (b *building) opening(ctx context.Context, h *house.House, p candor.PurposeID, question func(int) string) func(context.Context, int) error {
	var once sync.Once
	var items []candor.ItemID
	return func(_ context.Context, n int) (err error) {
		once.Do(func() {
			var found archive.SearchResult
			for i := 0; len(items) < 50 && err == nil; i++ {
				found, err = askGate(ctx, h, p, question(i))
				for _, hit := range found.Hits {
					items = append(items, hit.Item.ID)
				}
			}
		})
		if err != nil {
			return err
		}
		h.Tick(house.OpenStep)
		_, err = h.Archive.Open(ctx, h.Reader, archive.OpenRequest{Item: items[n%len(items)], Purpose: p})
		return err
	}
}

// witness starts one in a process of its own, when the log's key is known.
func (b *building) witness(name string) func(key string) func(tlog.Prover) (tlog.Cosigner, error) {
	return func(key string) func(tlog.Prover) (tlog.Cosigner, error) {
		return func(prove tlog.Prover) (tlog.Cosigner, error) {
			skey, vkey, err := witness.GenerateKey(nil, "witness.test/local")
			if err != nil {
				return nil, err
			}
			dir := filepath.Join(b.dir, folder(name)+"-witness")
			cmd := exec.Command(os.Args[0], "-witness", dir)
			cmd.Stdin, cmd.Stderr = strings.NewReader(skey+"\n"+key+"\n"), os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				return nil, err
			}
			if err := cmd.Start(); err != nil {
				return nil, err
			}
			b.ends = append(b.ends, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			address, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				return nil, err
			}
			policy, err := witness.ParsePolicy([]byte("witness w " + vkey + " http://" + strings.TrimSpace(address) + "\nquorum w\n"))
			if err != nil {
				return nil, err
			}
			return witness.NewSubmitter(witness.SubmitterConfig{Policy: policy, Consistency: prove, Dir: dir + "-sizes"})
		}
	}
}

// serveWitness is the witness's process.
func serveWitness(ctx context.Context, dir string) error {
	in := bufio.NewScanner(os.Stdin)
	in.Scan()
	signer, err := witness.NewSigner(in.Text())
	if err != nil {
		return err
	}
	in.Scan()
	s, err := witness.NewServer(ctx, witness.Config{Signer: signer, Dir: dir, Logs: []witness.Log{{Key: in.Text()}}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, s)
}

// ask acts count times, n at a time, and returns how long each took.
func (s *subject) ask(ctx context.Context, n, count int) ([]float64, error) {
	ms := make([]float64, count)
	errs := make([]error, n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for w := range n {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < count && errs[w] == nil; i = int(next.Add(1)) - 1 {
				start := time.Now()
				errs[w] = s.act(ctx, i)
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

func askGate(ctx context.Context, h *house.House, p candor.PurposeID, q string) (archive.SearchResult, error) {
	h.Tick(house.SearchStep)
	return h.Search(ctx, h.Reader, archive.SearchRequest{Query: q, Purpose: p, Limit: 10, Facets: true})
}

// report says how long acts took, and what each adds to what it stands beside.
func report(subjects []*subject) {
	fmt.Println("| | at a time | p50 ms | p99 ms | added p50 | p99 | to |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, n := range atATime {
		for _, s := range subjects {
			ms := s.ms[n]
			fmt.Printf("| %s | %d | %.2f | %.2f |", s.name, n, meter.Median(ms), meter.Quantile(ms, .99))
			if s.beside == nil {
				fmt.Println(" | | |")
				continue
			}
			to := s.beside.ms[n]
			fmt.Printf(" %.2f | %.2f | %s |\n", meter.Median(ms)-meter.Median(to), meter.Quantile(ms, .99)-meter.Quantile(to, .99), s.beside.name)
		}
	}
}
