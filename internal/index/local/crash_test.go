package local

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"candor"
	"candor/internal/query"
)

// content reads all that an index holds, as item by number, and checks that
// searches, totals and Held agree on it.
func content(t *testing.T, x *Index) map[uint32]string {
	t.Helper()
	res, err := x.Search(context.Background(), query.Request{Query: query.All{}, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	out := map[uint32]string{}
	for _, h := range res.Hits {
		if _, twice := out[h.Num]; twice {
			t.Fatalf("%d is there twice", h.Num)
		}
		out[h.Num] = string(h.Item)
	}
	held, err := x.Held(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if held.GetCardinality() != uint64(len(out)) || res.Total != int64(len(out)) {
		t.Fatalf("%d held, total %d, %d hits", held.GetCardinality(), res.Total, len(out))
	}
	words, err := x.Search(context.Background(), query.Request{Query: query.Word{Text: "common"}, Limit: 1})
	if err != nil || words.Total != int64(len(out)) {
		t.Fatalf("a word of all is found in %d of %d: %v", words.Total, len(out), err)
	}
	return out
}

// script is a fixed sequence of changes; it returns what each acknowledged
// one leaves.
func script(x *Index, rng *rand.Rand, done func(now map[uint32]string, tried map[uint32]string, err error)) {
	ctx := context.Background()
	now := map[uint32]string{}
	for step := range 14 {
		next := maps.Clone(now)
		var err error
		switch {
		case step%5 == 4:
			gone := []uint32{rng.Uint32N(12), rng.Uint32N(12)}
			for _, n := range gone {
				delete(next, n)
			}
			err = x.Delete(ctx, gone)
		case step == 8:
			err = x.Compact(ctx)
		case step == 10:
			err = x.Rekey(ctx, secondKey, nil)
		case step == 12:
			err = x.Purge(ctx)
		default:
			var docs []query.Document
			for range 3 {
				n := rng.Uint32N(12)
				d := query.Document{Num: n, Item: candor.ItemID(fmt.Sprintf("%d in step %d", n, step)), Text: fmt.Sprintf("common step%d", step)}
				docs = append(docs, d)
				next[n] = string(d.Item)
			}
			err = x.Put(ctx, docs)
		}
		done(now, next, err)
		if err == nil {
			now = next
		}
	}
}

// secondKey takes the place of the first in the middle of the script.
var secondKey = bytes.Repeat([]byte{2}, 32)

// memConfig opens what stands under either key, as after a Rekey broken off.
func memConfig(m *memFS) Config {
	return Config{FS: m, Key: make([]byte, 32), Former: [][]byte{secondKey}, CacheBytes: 1 << 20,
		Sleep: func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }, MergeRate: -1}
}

// TestFaults lets each call that changes something fail in turn, once or from
// then on, and cuts the power at each: what was acknowledged is there, and
// what was not is there as a whole or not at all.
func TestFaults(t *testing.T) {
	clean := newMemFS()
	x := openTest(t, memConfig(clean))
	script(x, rand.New(rand.NewPCG(1, 2)), func(_, _ map[uint32]string, err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	clean.mu.Lock()
	total := clean.calls
	clean.mu.Unlock()
	if total < 100 {
		t.Fatalf("the script makes %d calls only", total)
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for _, kind := range []string{"once", "full", "cut"} {
		for call := 1; call <= total; call += step {
			faultAt(t, kind, call)
		}
	}
}

// faultAt runs the script with a fault at one call.
func faultAt(t *testing.T, kind string, at int) {
	m := newMemFS()
	var disk *memFS
	m.fail = func(call int, op, name string) error {
		switch {
		case kind == "once" && call == at, kind == "full" && call >= at && (op == "write" || op == "create"):
			return errInjected
		case kind == "cut" && call >= at: // nothing reaches the disk any more
			return errInjected
		}
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	x, err := Open(ctx, memConfig(m))
	possible := []map[uint32]string{{}}
	if err == nil {
		script(x, rand.New(rand.NewPCG(1, 2)), func(now, tried map[uint32]string, err error) {
			if err == nil {
				possible = []map[uint32]string{tried}
				return
			}
			possible = append(possible, now, tried)
		})
		if kind != "cut" {
			if got := content(t, x); !contains(possible[:1], got) && !contains(possible, got) {
				t.Fatalf("%s at call %d: while open there is %v, want one of %v", kind, at, got, possible)
			}
		}
		m.mu.Lock()
		m.fail = nil
		m.mu.Unlock()
		disk = m.cut()
		x.Close()
	} else {
		disk = m.cut()
	}
	x, err = Open(context.Background(), memConfig(disk))
	if err != nil {
		t.Fatalf("%s at call %d: opened again: %v", kind, at, err)
	}
	defer x.Close()
	if got := content(t, x); !contains(possible, got) {
		t.Fatalf("%s at call %d: after the power was cut there is %v, want one of %v", kind, at, got, possible)
	}
	if err := x.Put(context.Background(), []query.Document{{Num: 99, Item: "last", Text: "common"}}); err != nil {
		t.Fatalf("%s at call %d: put afterwards: %v", kind, at, err)
	}
	if got := content(t, x); got[99] != "last" {
		t.Fatalf("%s at call %d: what was put afterwards is not there", kind, at)
	}
}

func contains(all []map[uint32]string, one map[uint32]string) bool {
	return slices.ContainsFunc(all, func(m map[uint32]string) bool { return maps.Equal(m, one) })
}
