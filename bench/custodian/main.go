// Command custodian measures how many keys a custodian releases in a second:
// one a request, one after the other and many at once, and in batches; in this
// process and over TLS on loopback, in turn, in one run. Beside it stands the
// bound: unwrapping and sealing a key, and nothing else, on all cores.
//
//	go run ./custodian [-singles 400] [-batch 1000]
package main

import (
	"context"
	"crypto/hpke"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"candor"
	"candor/bench/internal/house"
	"candor/bench/internal/meter"
	"candor/internal/custodian"
	"candor/internal/custodian/custodiantest"
)

const atOnce = 64

func main() {
	singles := flag.Int("singles", 400, "how many requests for one key")
	batch := flag.Int("batch", 1000, "how many keys in one request")
	flag.Parse()
	if err := run(context.Background(), *singles, *batch); err != nil {
		log.Fatal(err)
	}
}

// asked is where releases are asked for.
type asked interface {
	Release(context.Context, candor.ReleaseRequest) (candor.ReleaseAnswer, error)
}

func run(ctx context.Context, singles, batch int) (err error) {
	dir, err := os.MkdirTemp("", "bench-custodian-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	a := custodiantest.New(func(err error) { log.Fatal(err) })
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return err
	}
	seed, err := private.Bytes()
	if err != nil {
		return err
	}
	a.WrapTo(private.PublicKey().Bytes())
	c, err := custodian.New(ctx, custodian.Config{
		Origin: custodiantest.Origin, Log: a.Verifier(), PrivateKey: seed, StateDir: dir,
		Consented: func(string) bool { return true }, Limits: custodian.DefaultLimits(),
	})
	if err != nil {
		return err
	}
	client, stop, err := house.OverTLS(ctx, c, 2*atOnce)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(), c.Close()) }()
	return measure(ctx, a, private, c, client, singles, batch)
}

func measure(ctx context.Context, a *custodiantest.Archive, private hpke.PrivateKey, c *custodian.Custodian, far asked, singles, batch int) error {
	bound, err := boundOf(a, private, batch)
	if err != nil {
		return err
	}
	fmt.Printf("%d requests for one key, batches of %d, %d cores\n\n", singles, batch, runtime.GOMAXPROCS(0))
	fmt.Printf("| | in this process | over TLS |\n|---|---|---|\n")
	one, many := [2]float64{}, [2]float64{}
	var each [2][]float64
	var whole [2]float64
	var rates [2][]float64
	for i, to := range []asked{c, far} {
		if each[i], one[i], err = timed(ctx, a, c, to, singles, 1); err != nil {
			return err
		}
		if _, many[i], err = timed(ctx, a, c, to, singles, atOnce); err != nil {
			return err
		}
	}
	for range 5 { // in turn: other work on the machine hits both
		for i, to := range []asked{c, far} {
			rate, err := batched(ctx, a, c, to, batch)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], rate)
		}
	}
	for i := range rates {
		whole[i] = meter.Median(rates[i])
	}
	row := func(name string, x [2]float64, format string) {
		fmt.Printf("| "+name+" | "+format+" | "+format+" |\n", x[0], x[1])
	}
	row("one after the other: ms p50", [2]float64{meter.Median(each[0]), meter.Median(each[1])}, "%.2f")
	row("one after the other: ms p99", [2]float64{meter.Quantile(each[0], .99), meter.Quantile(each[1], .99)}, "%.2f")
	row("one after the other: releases/s", one, "%.0f")
	row(fmt.Sprintf("%d at once: releases/s", atOnce), many, "%.0f")
	row("in a batch: keys/s", whole, "%.0f")
	fmt.Printf("\nbound, unwrapping and sealing alone: %.0f keys/s\n", bound)
	return nil
}

// asks makes requests that are proven from where the custodian stands.
func asks(ctx context.Context, a *custodiantest.Archive, c *custodian.Custodian, n, keys int) ([]*custodiantest.Ask, error) {
	all := make([]*custodiantest.Ask, n)
	names := make([]candor.KeyName, keys)
	for i := range all {
		for k := range names {
			names[k] = custodiantest.Original(k)
		}
		all[i] = a.Ask(candor.ActOpen, 0, names...)
	}
	from, err := c.Head(ctx)
	if err != nil {
		return nil, err
	}
	size := a.Size()
	var proof [][]byte
	if from > 0 {
		if proof, err = a.Consistency(ctx, from, size); err != nil {
			return nil, err
		}
	}
	if err := c.Follow(ctx, a.Checkpoint(size), from, proof); err != nil {
		return nil, err
	}
	for _, ask := range all {
		a.Prove(ask, size)
	}
	return all, nil
}

// timed asks for one key at a time, with some requests at once. It returns the
// milliseconds of each, and how many there were in a second.
func timed(ctx context.Context, a *custodiantest.Archive, c *custodian.Custodian, to asked, n, together int) ([]float64, float64, error) {
	all, err := asks(ctx, a, c, n+together, 1)
	if err != nil {
		return nil, 0, err
	}
	for _, ask := range all[n:] { // opens the connections
		if _, err := to.Release(ctx, ask.ReleaseRequest); err != nil {
			return nil, 0, err
		}
	}
	took := make([]float64, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, together)
	start := time.Now()
	for range together {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				begun := time.Now()
				answer, err := to.Release(ctx, all[i].ReleaseRequest)
				took[i] = time.Since(begun).Seconds() * 1000
				if err == nil && len(answer.Keys) != 1 {
					err = errors.New("no key")
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return took, float64(n) / time.Since(start).Seconds(), <-errs
}

// batched is how many keys a second one request for many brings.
func batched(ctx context.Context, a *custodiantest.Archive, c *custodian.Custodian, to asked, keys int) (float64, error) {
	all, err := asks(ctx, a, c, 1, keys)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	answer, err := to.Release(ctx, all[0].ReleaseRequest)
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	return float64(keys) / took.Seconds(), all[0].Open(answer)
}

// boundOf is what the arithmetic of the keys alone allows.
func boundOf(a *custodiantest.Archive, private hpke.PrivateKey, n int) (float64, error) {
	name := custodiantest.Original(0)
	ask := a.Ask(candor.ActOpen, 0, name)
	to, err := hpke.MLKEM768X25519().NewPublicKey(ask.ReleaseRequest.Requester)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	var next, failed atomic.Int64
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				key, err := candor.UnwrapKey(private, custodiantest.Origin, name, ask.Keys[0].Wrapped)
				if err == nil {
					_, err = candor.AnswerKey(to, name, key)
				}
				if err != nil {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 {
		return 0, errors.New("a key did not open")
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
