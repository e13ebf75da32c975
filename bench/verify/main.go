// Command verify measures how fast an outsider checks a whole log: `candor
// verify` on a log of many records, beside the bound that hashing the same
// bytes sets. Both read the same files from the same disk (its cache, after the
// first round), in turn, in processes of their own.
//
//	go run ./verify [-records 1000000] [-rounds 3] [-candor ../bin/candor]
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"candor/bench/internal/meter"
	"candor/internal/tlog"
	"candor/receipt"
)

const origin = "bench.test/verify"

func main() {
	records := flag.Int64("records", 1_000_000, "records of the largest log; a tenth of it is measured too")
	rounds := flag.Int("rounds", 3, "the median is shown")
	candor := flag.String("candor", "../bin/candor", "the command that verifies")
	bound := flag.String("hash", "", "do nothing but hash the entries of this log")
	flag.Parse()
	var err error
	if *bound != "" {
		err = hash(*bound)
	} else {
		err = run(context.Background(), *candor, *records, *rounds)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, candor string, records int64, rounds int) error {
	dir, err := os.MkdirTemp("", "bench-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Println("| records | cores | verify, records/s | hashing, records/s | of the bound | verify, peak MB |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, n := range []int64{records / 10, records} {
		at := filepath.Join(dir, fmt.Sprint(n))
		if err := build(ctx, at, n); err != nil {
			return err
		}
		for _, cores := range []string{"1", "2"} {
			var verify, bound meter.Series
			for range rounds {
				for series, cmd := range map[*meter.Series]*exec.Cmd{
					&verify: exec.Command(candor, "verify", at), &bound: exec.Command(self, "-hash", at),
				} {
					cmd.Env = append(os.Environ(), "GOMAXPROCS="+cores)
					s, err := meter.Run(cmd)
					if err != nil {
						return err
					}
					*series = append(*series, s)
				}
			}
			v, b := float64(n)/verify.Wall(), float64(n)/bound.Wall()
			fmt.Printf("| %d | %s | %.0f | %.0f | %.2f | %.0f |\n", n, cores, v, b, v/b, verify.PeakMB())
		}
	}
	return nil
}

// hash reads every bundle of a log and hashes its entries as leaves: no
// verification can do less. One goroutine, as the tree must be made in order.
func hash(dir string) error {
	var n int
	err := filepath.WalkDir(filepath.Join(dir, "tile", "entries"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for len(b) > 0 {
			size := 2 + (int(b[0])<<8 | int(b[1]))
			xtlog.RecordHash(b[2:size])
			b = b[size:]
			n++
		}
		return nil
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("%s has no entries", dir)
	}
	return err
}

// build writes a published log: one purpose, then searches under it, each an
// intent and an outcome, as an archive writes them.
func build(ctx context.Context, dir string, records int64) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	l, err := tlog.Open(ctx, tlog.Config{Dir: dir, Signer: signer, Key: vkey})
	if err != nil {
		return err
	}
	defer l.Close()
	when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := approve(ctx, l, when, records); err != nil {
		return err
	}
	const writers = 512
	errs := make(chan error, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for l.Size() < records-writers {
				if err := search(ctx, l, when); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	for l.Size() < records-1 && len(errs) == 0 {
		if err := search(ctx, l, when); err != nil {
			return err
		}
	}
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	return l.Publish(ctx)
}

var blank = receipt.Record{
	V: 1, Purpose: "p-benchbench", Reason: "research", Actor: "p-" + strings.Repeat("a", 16), Terms: "sha256:" + strings.Repeat("0", 64),
	Details: strings.Repeat("0", 64),
}

func approve(ctx context.Context, l *tlog.Log, when time.Time, coverage int64) error {
	r := blank
	r.Act, r.Phase = "approve", receipt.Intent
	at, err := add(ctx, l, r, when)
	if err != nil {
		return err
	}
	r.Phase, r.Intent, r.Decision, r.Rule = receipt.Outcome, &at, receipt.Allow, "approved-by-second-person"
	r.Grant = &receipt.Grant{
		Status: receipt.Active, Acts: []string{"search"}, Collections: []string{"main"}, Coverage: 10 * coverage,
		Expires: receipt.FormatExpires(when.AddDate(1, 0, 0)),
	}
	_, err = add(ctx, l, r, when)
	return err
}

func search(ctx context.Context, l *tlog.Log, when time.Time) error {
	r := blank
	r.Act, r.Phase, r.Collection = "search", receipt.Intent, "main"
	at, err := add(ctx, l, r, when)
	if err != nil {
		return err
	}
	r.Phase, r.Intent, r.Decision, r.Rule, r.Breadth, r.Shown, r.New = receipt.Outcome, &at, receipt.Allow, "within-purpose", "narrow", 10, 3
	_, err = add(ctx, l, r, when)
	return err
}

func add(ctx context.Context, l *tlog.Log, r receipt.Record, when time.Time) (int64, error) {
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return 0, err
	}
	r.Nonce, r.Time = base64.RawURLEncoding.EncodeToString(nonce), receipt.FormatTime(when)
	leaf, err := r.Marshal()
	if err != nil {
		return 0, err
	}
	got, err := l.Append(ctx, leaf, nil)
	return got.Index, err
}
