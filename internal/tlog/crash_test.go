package tlog

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"candor/receipt"
)

// told is everything that left the log: what an outsider or a caller may hold
// against it after a crash.
type told struct {
	mu        sync.Mutex
	leaves    map[int64][]byte // acknowledged
	destroyed map[int64]bool   // destruction acknowledged
	trying    map[int64]bool   // destruction begun
	roots     map[int64]tlog.Hash
}

func newTold() *told {
	return &told{leaves: map[int64][]byte{}, destroyed: map[int64]bool{}, trying: map[int64]bool{}, roots: map[int64]tlog.Hash{}}
}

func (k *told) checkpoint(t testing.TB, signed []byte) {
	c, _, err := testTrust(t).OpenCheckpoint(signed)
	if err != nil {
		t.Error(err)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if had, ok := k.roots[c.Size]; ok && had != c.Hash {
		t.Errorf("two trees of %d records left the log", c.Size)
	}
	k.roots[c.Size] = c.Hash
}

// workload appends, publishes and destroys, crossing a tile boundary and
// dropping journal segments. Errors are for the faults; it goes on after them.
func (k *told) workload(t testing.TB, l *Log, from, to int64) {
	const step = 5 // records a frame
	for i := from; i < to; i += step {
		k.append(t, l, i, min(step, to-i))
		if i/step%8 == 7 {
			_ = l.Publish(context.Background()) // a fault may hit it; the next one makes up
		}
		if i/step%30 == 29 {
			k.destroy(l, i-100)
		}
	}
}

// append commits n records in one frame and notes what was acknowledged.
func (k *told) append(t testing.TB, l *Log, from, n int64) {
	batch := make([]*request, n)
	for i := range batch {
		leaf := leafOf(t, from+int64(i))
		batch[i] = &request{entry: entry{leaf, detailsOf(from + int64(i))}, hash: tlog.RecordHash(leaf)}
	}
	err := l.commit(batch)
	if err == nil {
		k.mu.Lock()
		for _, r := range batch {
			k.leaves[r.index] = r.leaf
		}
		k.mu.Unlock()
		k.checkpoint(t, batch[0].head.signed)
	}
	l.rotate()
}

func (k *told) destroy(l *Log, index int64) {
	k.mu.Lock()
	k.trying[index] = true
	k.mu.Unlock()
	if l.DestroyDetails(context.Background(), index) != nil {
		return
	}
	k.mu.Lock()
	k.destroyed[index] = true
	k.mu.Unlock()
}

// check opens what a crash left and holds it against what had been told.
func (k *told) check(t testing.TB, image *memFS, when string) {
	t.Helper()
	if b, err := image.ReadFile("checkpoint"); err == nil && len(b) > 0 {
		k.checkpoint(t, b)
	}
	cfg := testConfig(t, image)
	l, err := Open(context.Background(), cfg)
	if err != nil {
		t.Errorf("%s: the log does not open: %v", when, err)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.checkRoots(t, l, when)
	for i, leaf := range k.leaves {
		got, _, err := l.bundle(i/width, true)
		if i >= l.Size() || err != nil || !bytes.Equal(got[i%width], leaf) {
			t.Errorf("%s: acknowledged record %d is lost (size %d, %v)", when, i, l.Size(), err)
		}
	}
	for i := range k.destroyed {
		for name, f := range image.names {
			if bytes.Contains(f.data, fmt.Appendf(nil, "sealed details %d ", i)) {
				t.Errorf("%s: destroyed details of %d are back in %s", when, i, name)
			}
		}
	}
	size := l.Size()
	if _, err := l.Append(context.Background(), leafOf(t, 1<<30), nil); err != nil {
		t.Errorf("%s: the log does not go on: %v", when, err)
	}
	l.Close()
	mustVerify(t, image, size+1)
}

func (k *told) checkRoots(t testing.TB, l *Log, when string) {
	for size, root := range k.roots {
		if size > l.Size() {
			t.Errorf("%s: a checkpoint of %d records was shown, the log has %d", when, size, l.Size())
			continue
		}
		if got, err := tlog.TreeHash(size, l.tree); err != nil || got != root {
			t.Errorf("%s: the log of %d records is not the one that was shown (%v)", when, size, err)
		}
	}
}

func crashConfig(t testing.TB, fs FS) Config {
	cfg := testConfig(t, fs)
	cfg.SegmentSize = 12 << 10
	return cfg
}

// TestCrashAtEveryCall stops the machine behind each call that changes the
// folder: once as kill -9 does, once as a power cut does, once as a power cut
// that let half of the unsynced bytes through.
func TestCrashAtEveryCall(t *testing.T) {
	const records = 560
	fs, k := newMemFS(), newTold()
	checked := 0
	var chosen sampler
	fs.after = func(call int, op, name string) {
		if !chosen.take(op, name) {
			return
		}
		when := fmt.Sprintf("after call %d, %s %s", call, op, name)
		k.check(t, fs.killed(), when+", killed")
		k.check(t, fs.powerCut(false), when+", power cut")
		k.check(t, fs.powerCut(true), when+", power cut, torn")
		checked++
	}
	l := mustOpen(t, crashConfig(t, fs))
	k.workload(t, l, 0, records)
	if l.durable == 0 {
		t.Error("no segment was dropped; the workload is too small")
	}
	l.Close()
	if len(k.leaves) != records || len(k.destroyed) == 0 || checked < 15 {
		t.Errorf("%d acknowledged, %d destroyed, %d crash points", len(k.leaves), len(k.destroyed), checked)
	}
}

// TestFaultAtEveryCall makes each call fail once, goes on, and then crashes.
func TestFaultAtEveryCall(t *testing.T) {
	const records = 300
	var points []int
	var chosen sampler
	faultRun(t, nil, records, func(call int, op, name string) {
		if chosen.take(op, name) {
			points = append(points, call)
		}
	})
	for _, call := range points {
		for _, err := range []error{errInjected, errShort} {
			when := fmt.Sprintf("call %d failed with %v", call, err)
			k, fs := faultRun(t, func(n int, op string) error {
				if n == call && (err == errInjected || op == "writeat") {
					return err
				}
				return nil
			}, records, nil)
			k.check(t, fs.killed(), when)
			k.check(t, fs.powerCut(false), when+", power cut")
		}
		if t.Failed() {
			t.Fatalf("fault at call %d", call)
		}
	}
}

// faultRun runs the workload with faults. The signer notices if two trees of one
// size are ever signed by one process; told notices if two ever left it.
func faultRun(t *testing.T, fault func(call int, op string) error, records int64, after func(int, string, string)) (*told, *memFS) {
	t.Helper()
	fs, k := newMemFS(), newTold()
	fs.after = after
	if fault != nil {
		fs.fail = func(call int, op, _ string) error { return fault(call, op) }
	}
	l, err := Open(context.Background(), crashConfig(t, fs))
	if err == nil {
		k.workload(t, l, 0, records)
		l.Close()
	}
	fs.mu.Lock()
	fs.fail = nil
	fs.mu.Unlock()
	return k, fs
}

// sampler chooses calls: the first few of every kind (such as "sync
// tile/#/#") and some of the rest, or every one if CANDOR_EVERY_CALL is set.
// Short runs take one of every kind.
type sampler map[string]int

var digits = regexp.MustCompile(`[0-9a-f]*[0-9]`)

func (s *sampler) take(op, name string) bool {
	if *s == nil {
		*s = sampler{}
	}
	kind := op + " " + digits.ReplaceAllString(name, "#")
	(*s)[kind]++
	n := (*s)[kind]
	if testing.Short() {
		return n == 2
	}
	return n <= 2 || n%61 == 0 || os.Getenv("CANDOR_EVERY_CALL") != ""
}

// TestReopenMany opens, appends a little and stops without closing, often.
func TestReopenMany(t *testing.T) {
	fs, k := newMemFS(), newTold()
	var at int64
	for round := range int64(60) {
		l := mustOpen(t, crashConfig(t, fs))
		if l.Size() != at {
			t.Fatalf("round %d: %d records, want %d", round, l.Size(), at)
		}
		n := 1 + round%13
		k.workload(t, l, at, at+n)
		at += n
		next := fs.powerCut(round%2 == 0)
		l.Close()
		fs = next
	}
	k.check(t, fs, "at the end")
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add(frame{signed: []byte("checkpoint\n")}.encode(), int64(0))
	whole := frame{first: 7, entries: []entry{{[]byte("leaf"), []byte("details")}, {[]byte("x"), nil}}, signed: []byte("c\n")}.encode()
	f.Add(whole, int64(40))
	f.Add(whole[:len(whole)-3], int64(40))
	f.Add(whole[frameHeader:], int64(40))
	f.Add(append(bytes.Clone(whole), 1, 2, 3), int64(511))
	f.Add(make([]byte, 600), int64(1))
	f.Fuzz(func(t *testing.T, b []byte, at int64) {
		if len(b) == 0 || at < 0 {
			return
		}
		if fr, err := decodePayload(b); err == nil { // past the checksums, which a fuzzer cannot guess
			if got := fr.encode()[frameHeader:]; !bytes.Equal(got, b) {
				t.Error("decode, then encode, gives another payload")
			}
		}
		fr, n, err := decodeFrame(b, at)
		if err != nil {
			return
		}
		if !bytes.Equal(fr.encode(), b[:n]) {
			t.Error("decode, then encode, gives other bytes")
		}
	})
}

func FuzzParseDetails(f *testing.F) {
	var b []byte
	for i := range int64(width) {
		b = appendDetails(b, detailsOf(i))
	}
	f.Add(b)
	f.Add(b[:len(b)-1])
	f.Add(make([]byte, 4*width))
	f.Fuzz(func(t *testing.T, b []byte) {
		details, err := parseDetails(b)
		if err != nil {
			return
		}
		var again []byte
		for _, d := range details {
			again = appendDetails(again, d)
		}
		if !bytes.Equal(again, b) {
			t.Error("parse, then append, gives other bytes")
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/234.p/17", "tile/data/000", "tile/6/001", "tile/0/x999/999", "tile/0/../key", "tile/00/000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tile, ok := parseTilePath(s)
		if !ok {
			return
		}
		again := receipt.BundlePath(tile.N, tile.W)
		if tile.L >= 0 {
			again = receipt.TilePath(tile.L, tile.N, tile.W)
		}
		if again != s {
			t.Errorf("%q was taken for %q", s, again)
		}
	})
}
