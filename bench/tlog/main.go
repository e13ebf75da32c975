// Command tlog measures how soon a record is durable under a signed checkpoint:
// Candor's log beside Tessera's POSIX driver, alternating on the same disk, with
// one writer and with 64. Tessera runs with the shortest checkpoint interval it
// allows (100 ms) and with small batches; its figures are for the path it
// offers, an awaited publication.
//
//	go run ./tlog -dir DIR -for 5s
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"candor/internal/tlog"
)

// appendFunc adds one record and returns when it is durable and signed.
type appendFunc func(ctx context.Context, leaf []byte) error

// subject is one log under test.
type subject struct {
	name string
	open func(ctx context.Context, dir string) (appendFunc, func(), error)
}

func main() {
	dir := flag.String("dir", "", "folder on the disk to measure (default: a temporary one)")
	span := flag.Duration("for", 5*time.Second, "how long each measurement runs")
	rounds := flag.Int("rounds", 3, "measurements of each kind; the median is shown")
	size := flag.Int("size", 600, "bytes of a record")
	flag.Parse()
	if err := run(*dir, *span, *rounds, *size); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, span time.Duration, rounds, size int) error {
	base, err := os.MkdirTemp(dir, "candor-bench-tlog-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	subjects := []subject{
		{"candor", openCandor},
		{"tessera, batch of 1", func(ctx context.Context, d string) (appendFunc, func(), error) {
			return openTessera(ctx, d, 1, time.Millisecond)
		}},
		{"tessera, batch of 64 or 5 ms", func(ctx context.Context, d string) (appendFunc, func(), error) {
			return openTessera(ctx, d, 64, 5*time.Millisecond)
		}},
	}
	fmt.Println("| log | writers | appends/s | p50 ms | p99 ms | max ms | candor is sooner (p50) | candor is sooner (p99) |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, writers := range []int{1, 64} {
		results := make([][]result, len(subjects))
		for range rounds { // alternate, so that a noisy minute hits all
			for i, s := range subjects {
				r, err := measure(base, s, writers, size, span)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				results[i] = append(results[i], r)
			}
		}
		ours := median(results[0])
		for i, s := range subjects {
			r := median(results[i])
			fmt.Printf("| %s | %d | %.0f | %.2f | %.2f | %.2f | %.0f× | %.0f× |\n", s.name, writers, r.rate,
				ms(r.p50), ms(r.p99), ms(r.max), ms(r.p50)/ms(ours.p50), ms(r.p99)/ms(ours.p99))
		}
	}
	return nil
}

type result struct {
	rate          float64
	p50, p99, max time.Duration
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median takes the run with the median p99, whole.
func median(rs []result) result {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, func(a, b result) int { return int(a.p99 - b.p99) })
	return rs[len(rs)/2]
}

func measure(base string, s subject, writers, size int, span time.Duration) (result, error) {
	dir, err := os.MkdirTemp(base, "log-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	add, stop, err := s.open(ctx, dir)
	if err != nil {
		return result{}, err
	}
	defer stop()
	if err := add(ctx, leaf(size, -1, 0)); err != nil { // the first one warms up
		return result{}, err
	}
	start := time.Now()
	took, err := drive(ctx, add, writers, size, start.Add(span))
	if err != nil {
		return result{}, err
	}
	rate := float64(len(took)) / time.Since(start).Seconds()
	slices.Sort(took)
	return result{rate, took[len(took)/2], took[len(took)*99/100], took[len(took)-1]}, nil
}

func drive(ctx context.Context, add appendFunc, writers, size int, until time.Time) ([]time.Duration, error) {
	all := make([][]time.Duration, writers)
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := 0; time.Now().Before(until); i++ {
				one := leaf(size, w, i)
				t := time.Now()
				if errs[w] = add(ctx, one); errs[w] != nil {
					return
				}
				all[w] = append(all[w], time.Since(t))
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(all...), nil
}

// leaf is a record of a size, different for every writer and turn.
func leaf(size, writer, turn int) []byte {
	b := make([]byte, size)
	copy(b, fmt.Sprintf("writer %d turn %d ", writer, turn))
	return b
}

func newSigner() (note.Signer, string, error) {
	skey, vkey, err := note.GenerateKey(nil, "log.example/bench")
	if err != nil {
		return nil, "", err
	}
	signer, err := note.NewSigner(skey)
	return signer, vkey, err
}

func openCandor(ctx context.Context, dir string) (appendFunc, func(), error) {
	signer, vkey, err := newSigner()
	if err != nil {
		return nil, nil, err
	}
	l, err := tlog.Open(ctx, tlog.Config{Dir: dir, Signer: signer, Key: vkey})
	if err != nil {
		return nil, nil, err
	}
	add := func(ctx context.Context, leaf []byte) error {
		_, err := l.Append(ctx, leaf, nil)
		return err
	}
	return add, func() { l.Close() }, nil
}

func openTessera(ctx context.Context, dir string, batch uint, age time.Duration) (appendFunc, func(), error) {
	signer, _, err := newSigner()
	if err != nil {
		return nil, nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	opts := tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithCheckpointInterval(100*time.Millisecond).WithBatching(batch, age)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, opts)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, time.Millisecond)
	add := func(ctx context.Context, leaf []byte) error {
		_, _, err := awaiter.Await(ctx, appender.Add(ctx, tessera.NewEntry(leaf)))
		return err
	}
	return add, func() { _ = shutdown(ctx); cancel() }, nil
}
