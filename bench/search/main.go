// Command search measures the embedded engine beside Bleve, SQLite FTS5,
// PostgreSQL and Xapian: adding, size, opening, and ten kinds of queries, each
// for the best ten by BM25 (PostgreSQL: its own rank) with the exact total. All
// get the same documents and questions; each runs in a process of its own, one
// after the other, on one core.
//
//	go run ./search [-docs 300000] [-bytes 1000] [-engines candor,bleve,…]
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"candor/bench/internal/meter"
)

// engine is one search engine under test, over a folder of its own.
type engine interface {
	// add indexes one document. flush makes all durable and searchable.
	add(ctx context.Context, d doc) error
	flush(ctx context.Context) error
	// settle does what the engine does to be at rest, and fast to search: it merges.
	settle(ctx context.Context) error
	// ask answers a question and returns the total. errKind: it knows no such kind.
	ask(ctx context.Context, q question) (int64, error)
	close() error
}

var errKind = fmt.Errorf("no such kind of query")

// engines opens each by name. Xapian is measured by measure_xapian.py in the same way.
var engines = map[string]func(ctx context.Context, dir string) (engine, error){
	"candor": openCandor, "bleve": openBleve, "fts5": openFTS5, "postgres": openPostgres,
}

// measured is what one engine's process reports.
type measured struct {
	AddSeconds  float64              `json:"add_seconds"`
	AddCPU      float64              `json:"add_cpu_seconds"` // what it took of a processor, of which other work may leave less; 0 is not known
	Settling    float64              `json:"settle_seconds"`
	Written     int64                `json:"written"` // bytes given to the system while adding; 0 is not known
	OpenSeconds float64              `json:"open_seconds"`
	Millis      map[string][]float64 `json:"millis"` // by kind, warm
	Cold        map[string][]float64 `json:"cold"`   // by kind, the first time each question is asked
	Totals      map[string]int64     `json:"totals"` // by kind, summed: whether all found the same
}

func main() {
	folder := flag.String("texts", "../.cache/texts/root", "the folder with texts")
	n := flag.Int("docs", 300_000, "documents")
	least := flag.Int("bytes", 1000, "least bytes of a document")
	base := flag.String("base", "", "an existing folder to work in; documents that stand there are used again")
	each := flag.Int("each", 100, "questions of each kind")
	which := flag.String("engines", "candor,bleve,fts5,postgres,xapian", "which engines; none only cuts the documents")
	core := flag.String("core", "1", "the core that engines run on")
	child := flag.String("engine", "", "be this engine's process")
	dir := flag.String("dir", "", "of the engine's process")
	profile := flag.String("profile", "", "write a processor profile of -engine to this file")
	flag.Parse()
	var err error
	if *child != "" {
		err = profiled(*profile, func() error { return be(context.Background(), *child, *dir) })
	} else {
		err = run(*folder, *base, *n, *least, *each, strings.FieldsFunc(*which, func(r rune) bool { return r == ',' }), *core)
	}
	if err != nil {
		log.Fatal(err)
	}
}

const (
	docsFile      = "docs.tsv"
	questionsFile = "questions.json"
)

func run(folder, base string, n, least, ofEach int, which []string, core string) error {
	if base == "" {
		var err error
		if base, err = os.MkdirTemp("", "bench-search-"); err != nil {
			return err
		}
		defer os.RemoveAll(base)
	}
	docs := filepath.Join(base, docsFile)
	if _, err := os.Stat(docs); err != nil {
		if err := write(folder, docs, n, least); err != nil {
			return err
		}
	}
	qs, err := questions(docs, n, ofEach)
	if err != nil {
		return err
	}
	data, err := json.Marshal(qs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(base, questionsFile), data, 0o600); err != nil {
		return err
	}
	info, err := os.Stat(docs)
	if err != nil {
		return err
	}
	fmt.Printf("%d documents, %d MB of text, %d questions of each kind\n\n", n, info.Size()>>20, ofEach)
	if len(which) == 0 {
		return nil
	}
	results := map[string]measured{}
	fmt.Println("| engine | docs/s | MB/s | processor s | then merging s | index/text | written/index | peak MB | open ms |\n|---|---|---|---|---|---|---|---|---|")
	for _, name := range which {
		m, sample, size, err := child(base, name, core)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results[name] = m
		fmt.Printf("| %s | %.0f | %.1f | %.1f | %.1f | %.2f | %.1f | %.0f | %.0f |\n", name, float64(n)/m.AddSeconds, float64(info.Size())/1e6/m.AddSeconds, m.AddCPU, m.Settling,
			float64(size)/float64(info.Size()), float64(m.Written)/float64(size), float64(sample.PeakKB)/1000, m.OpenSeconds*1000)
	}
	report(which, results)
	if !slices.Contains(which, "candor") {
		return nil
	}
	return measureWays(context.Background(), filepath.Join(base, "candor"), shuffled(qs))
}

// child has an engine measured in a process of its own, on one core.
func child(base, name, core string) (measured, meter.Sample, int64, error) {
	dir := filepath.Join(base, name)
	var m measured
	if err := os.Mkdir(dir, 0o777); err != nil {
		return m, meter.Sample{}, 0, err
	}
	args := []string{"-c", core, os.Args[0], "-engine", name, "-dir", dir}
	if name == "xapian" {
		args = []string{"-c", core, "/usr/bin/python3", "search/measure_xapian.py", dir}
	}
	cmd := exec.Command("taskset", args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "CORE="+core)
	sample, err := meter.Run(cmd)
	if err != nil {
		return m, sample, 0, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return m, sample, 0, err
	}
	size, err := meter.SizeOf(dir)
	if name == "postgres" { // without its write-ahead log
		size, err = meter.SizeOf(filepath.Join(dir, "data", "base"))
	}
	return m, sample, size, err
}

func report(which []string, results map[string]measured) {
	fmt.Print("\n| query ms, p50/p95/p99 (first time: p50) |")
	for _, name := range which {
		fmt.Printf(" %s |", name)
	}
	fmt.Println("\n|---|" + strings.Repeat("---|", len(which)))
	for _, kind := range kinds {
		fmt.Printf("| %s |", kind)
		for _, name := range which {
			ms := results[name].Millis[kind]
			if len(ms) == 0 {
				fmt.Print(" |")
				continue
			}
			fmt.Printf(" %.2f/%.2f/%.2f (%.2f) |", meter.Median(ms), meter.Quantile(ms, .95), meter.Quantile(ms, .99), meter.Median(results[name].Cold[kind]))
		}
		fmt.Println()
	}
	fmt.Println("\nTotals of each kind, which differ where engines cut and stem words differently:")
	for _, kind := range kinds {
		fmt.Printf("%s:", kind)
		for _, name := range which {
			fmt.Printf(" %s %d", name, results[name].Totals[kind])
		}
		fmt.Println()
	}
}

// profiled runs a function under the processor profiler, if a file is named.
func profiled(file string, run func() error) error {
	if file == "" {
		return run()
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return run()
}

// processorSeconds is what this process has taken of a processor, 0 for
// engines that work in another.
func processorSeconds(name string) float64 {
	var r syscall.Rusage
	if name == "postgres" || syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

// written is how many bytes this process has had written, to files or not: it
// writes nothing else to speak of.
func written() (n int64) {
	data, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if _, err := fmt.Sscanf(line, "wchar: %d", &n); err == nil {
			return n
		}
	}
	return 0
}

// be measures one engine.
func be(ctx context.Context, name, dir string) error {
	open := engines[name]
	e, err := open(ctx, dir)
	if err != nil {
		return err
	}
	base := filepath.Dir(dir)
	m := measured{Millis: map[string][]float64{}, Cold: map[string][]float64{}, Totals: map[string]int64{}}
	start := time.Now()
	if err := each(filepath.Join(base, docsFile), func(d doc) error { return e.add(ctx, d) }); err != nil {
		return err
	}
	if err := e.flush(ctx); err != nil {
		return err
	}
	m.AddSeconds, m.AddCPU = time.Since(start).Seconds(), processorSeconds(name)
	start = time.Now()
	if err := e.settle(ctx); err != nil {
		return err
	}
	m.Settling = time.Since(start).Seconds()
	if err := e.close(); err != nil {
		return err
	}
	if name != "postgres" { // which writes in other processes
		m.Written = written()
	}
	start = time.Now()
	if e, err = open(ctx, dir); err != nil {
		return err
	}
	m.OpenSeconds = time.Since(start).Seconds()
	data, err := os.ReadFile(filepath.Join(base, questionsFile))
	if err != nil {
		return err
	}
	var qs []question
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&qs); err != nil {
		return err
	}
	for round := range 3 {
		for _, q := range qs {
			start := time.Now()
			total, err := e.ask(ctx, q)
			ms := float64(time.Since(start).Microseconds()) / 1000
			switch {
			case err == errKind:
			case err != nil:
				return fmt.Errorf("%v: %w", q, err)
			case round == 0:
				m.Cold[q.Kind] = append(m.Cold[q.Kind], ms)
				m.Totals[q.Kind] += total
			default:
				m.Millis[q.Kind] = append(m.Millis[q.Kind], ms)
			}
		}
	}
	if err := e.close(); err != nil {
		return err
	}
	if data, err = json.Marshal(m); err != nil {
		return err
	}
	return os.WriteFile(dir+".json", data, 0o600)
}
