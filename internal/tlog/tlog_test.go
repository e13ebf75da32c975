package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

func TestTileBoundaries(t *testing.T) {
	for _, n := range []int64{0, 1, 2, 255, 256, 257, 511, 512, 65535, 65536, 65537} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			if testing.Short() && n > 1000 {
				t.Skip("large")
			}
			fs := newMemFS()
			cfg := testConfig(t, fs)
			cfg.SegmentSize = 64 << 10 // so that old segments are dropped
			l := mustOpen(t, cfg)
			appendMany(t, l, 0, n/2)
			if err := l.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
			appendMany(t, l, n/2, n-n/2)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			mustVerify(t, fs, n)
			l = mustOpen(t, cfg)
			checkHolds(t, l, n, nil)
			checkReceipts(t, l, n)
			appendN(t, l, n, 2)
			l.Close()
			mustVerify(t, fs, n+2)
		})
	}
}

func checkReceipts(t *testing.T, l *Log, n int64) {
	t.Helper()
	for _, i := range []int64{0, 1, n / 3, n / 2, n - 2, n - 1} {
		if i < 0 || i >= n {
			continue
		}
		r, err := l.Receipt(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Verify(testTrust(t)); err != nil {
			t.Errorf("receipt of %d of %d: %v", i, n, err)
		}
	}
}

func TestAppendReceiptVerifies(t *testing.T) {
	l := mustOpen(t, testConfig(t, newMemFS()))
	defer l.Close()
	for i := range int64(600) {
		r, err := l.Append(t.Context(), leafOf(t, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := receipt.Parse(r.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Verify(testTrust(t)); err != nil || again.Index != i {
			t.Fatalf("record %d: index %d, %v", i, again.Index, err)
		}
	}
}

func TestConsistency(t *testing.T) {
	l := mustOpen(t, testConfig(t, newMemFS()))
	defer l.Close()
	checkpoints := map[int64]receipt.Checkpoint{}
	for i := range int64(600) {
		appendN(t, l, i, 1)
		c, _, err := testTrust(t).OpenCheckpoint(l.Checkpoint())
		if err != nil {
			t.Fatal(err)
		}
		checkpoints[c.Size] = c
	}
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		to := 1 + rand.Int64N(600)
		from := 1 + rand.Int64N(to)
		proof, err := l.Consistency(t.Context(), from, to)
		if err != nil {
			t.Fatal(err)
		}
		if err := receipt.CheckConsistency(checkpoints[from], checkpoints[to], proof); err != nil {
			t.Fatalf("%d to %d: %v", from, to, err)
		}
	}
	for _, bad := range [][2]int64{{-1, 3}, {4, 3}, {1, 601}} {
		if _, err := l.Consistency(t.Context(), bad[0], bad[1]); candor.CodeOf(err) != candor.Invalid {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(t, nil)
	cfg.Dir, cfg.PublishEvery, cfg.SegmentSize = dir, time.Millisecond, 64<<10
	l := mustOpen(t, cfg)
	const writers, each = 64, 40
	var wg sync.WaitGroup
	seen := make([]bool, writers*each)
	var mu sync.Mutex
	trust := testTrust(t)
	for w := range int64(writers) {
		wg.Go(func() {
			for i := range int64(each) {
				leaf := leafOf(t, w*each+i)
				r, err := l.Append(context.Background(), leaf, detailsOf(i))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := r.Verify(trust); err != nil || !bytes.Equal(r.Leaf, leaf) {
					t.Error(err)
				}
				if i%8 == 0 {
					if _, err := l.Receipt(context.Background(), r.Index/2); err != nil {
						t.Error(err)
					}
				}
				mu.Lock()
				if seen[r.Index] {
					t.Errorf("index %d was given twice", r.Index)
				}
				seen[r.Index] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	mustVerify(t, osFS(dir), writers*each)
	l = mustOpen(t, cfg)
	defer l.Close()
	if l.Size() != writers*each {
		t.Fatal(l.Size())
	}
}

func TestLimits(t *testing.T) {
	l := mustOpen(t, testConfig(t, newMemFS()))
	defer l.Close()
	for _, c := range []struct {
		leaf, details int
		code          candor.Code
	}{{0, 0, candor.Invalid}, {MaxLeaf + 1, 0, candor.TooLarge}, {1, MaxDetails + 1, candor.TooLarge}, {MaxLeaf, MaxDetails, ""}} {
		_, err := l.Append(t.Context(), make([]byte, c.leaf), make([]byte, c.details))
		if candor.CodeOf(err) != c.code {
			t.Errorf("leaf %d, details %d: %v", c.leaf, c.details, err)
		}
	}
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Receipt(t.Context(), 1); candor.CodeOf(err) != candor.NotFound {
		t.Error(err)
	}
}

func TestSecondOpenerIsRefused(t *testing.T) {
	cfg := testConfig(t, nil)
	cfg.Dir = filepath.Join(t.TempDir(), "new", "log")
	l := mustOpen(t, cfg)
	if _, err := Open(t.Context(), cfg); candor.CodeOf(err) != candor.Conflict {
		t.Errorf("second opener: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, cfg).Close()
}

func TestClosedLogRefuses(t *testing.T) {
	l := mustOpen(t, testConfig(t, newMemFS()))
	appendN(t, l, 0, 1)
	l.Close()
	if _, err := l.Append(t.Context(), []byte("x"), nil); candor.CodeOf(err) != candor.Unavailable {
		t.Error(err)
	}
	if err := l.DestroyDetails(t.Context(), 0); candor.CodeOf(err) != candor.Unavailable {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestOtherKeyIsRefused(t *testing.T) {
	fs := newMemFS()
	mustOpen(t, testConfig(t, fs)).Close()
	if err := fs.WriteFile("key", []byte("other+00000000+AAAA\nother\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), testConfig(t, fs)); candor.CodeOf(err) != candor.Conflict {
		t.Error(err)
	}
	cfg := testConfig(t, newMemFS())
	cfg.Origin = "elsewhere"
	if _, err := Open(t.Context(), cfg); candor.CodeOf(err) != candor.Invalid {
		t.Error(err)
	}
}

func TestDestroyDetails(t *testing.T) {
	fs := newMemFS()
	cfg := testConfig(t, fs)
	l := mustOpen(t, cfg)
	appendN(t, l, 0, 300)
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	destroyed := map[int64]bool{3: true, 299: true}
	for i := range destroyed {
		if err := l.DestroyDetails(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	checkHolds(t, l, 300, destroyed)
	appendN(t, l, 300, 1)
	l.Close()
	for name, i := range fs.names {
		if bytes.Contains(i.data, detailsOf(3)) || bytes.Contains(i.data, detailsOf(298+1-0)) && detailsOf(299) != nil {
			t.Errorf("destroyed details still stand in %s", name)
		}
	}
	mustVerify(t, fs, 301)
	l = mustOpen(t, cfg)
	defer l.Close()
	checkHolds(t, l, 301, destroyed)
	if err := l.DestroyDetails(t.Context(), 999); candor.CodeOf(err) != candor.NotFound {
		t.Error(err)
	}
}

// TestTornTail cuts the journal at every byte of its last frame: the records
// before it stay, and it is gone unless it is whole.
func TestTornTail(t *testing.T) {
	whole := newMemFS()
	l := mustOpen(t, testConfig(t, whole))
	appendN(t, l, 0, 5)
	segment := l.journal.segments[0].name
	before := int(l.journal.offset)
	appendN(t, l, 5, 1)
	after := int(l.journal.offset)
	for cut := before; cut <= after; cut++ {
		for _, zeroes := range []bool{false, true} {
			fs := whole.killed()
			b := bytes.Clone(fs.names[segment].data[:cut])
			if zeroes { // the file had grown already, its bytes were not there yet
				b = append(b, make([]byte, after-cut)...)
			}
			fs.names[segment].data = b
			want := int64(5)
			if cut == after {
				want = 6
			}
			l, err := Open(t.Context(), testConfig(t, fs))
			if err != nil {
				t.Fatalf("cut at %d, zeroes %v: %v", cut, zeroes, err)
			}
			if l.Size() != want {
				t.Fatalf("cut at %d: %d records", cut, l.Size())
			}
			checkHolds(t, l, want, nil)
			appendN(t, l, want, 2)
			l.Close()
			mustVerify(t, fs, want+2)
		}
	}
	l.Close()
}

// TestTornBeforeEmptySegment: making the next segment failed half way, the log
// went on in the old one, and was then cut.
func TestTornBeforeEmptySegment(t *testing.T) {
	fs := newMemFS()
	l := mustOpen(t, testConfig(t, fs))
	appendN(t, l, 0, 5)
	s := l.journal.segments[0]
	if err := fs.WriteFile(segmentName(s.seq+1), header(s.seq+1, 3, false)); err != nil {
		t.Fatal(err)
	}
	b := fs.names[s.name].data
	fs.names[s.name].data = b[:len(b)-9]
	l, err := Open(t.Context(), testConfig(t, fs.killed()))
	if err != nil {
		t.Fatal(err)
	}
	checkHolds(t, l, 4, nil)
	l.Close()
}

// TestCutAfterPublish: a record that was shown in public cannot be dropped.
func TestCutAfterPublish(t *testing.T) {
	fs := newMemFS()
	l := mustOpen(t, testConfig(t, fs))
	appendN(t, l, 0, 5)
	segment, before := l.journal.segments[0].name, l.journal.offset
	appendN(t, l, 5, 1)
	l.Close()
	fs.names[segment].data = fs.names[segment].data[:before+7]
	_, err := Open(t.Context(), testConfig(t, fs))
	if candor.CodeOf(err) != candor.Verification || !strings.Contains(err.Error(), "rolled back") {
		t.Fatal(err)
	}
}

// TestFlippedBits flips bits all over the journal. Either the log does not open
// and says so, or it opens with everything that was acknowledged.
func TestFlippedBits(t *testing.T) {
	whole := newMemFS()
	l := mustOpen(t, testConfig(t, whole))
	appendN(t, l, 0, 8)
	segment := l.journal.segments[0].name
	l.Close()
	size := len(whole.names[segment].data)
	for at := range size {
		fs := whole.killed()
		b := bytes.Clone(fs.names[segment].data)
		b[at] ^= 1 << (at % 8)
		fs.names[segment].data = b
		l, err := Open(t.Context(), testConfig(t, fs))
		if err == nil {
			t.Errorf("byte %d of %d flipped, and the log opened with %d records", at, size, l.Size())
			l.Close()
		} else if candor.CodeOf(err) != candor.Verification {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

// TestChangedHeaderIsNotTorn: zeroes in the details of later frames do not make
// a changed header look like a write that was cut.
func TestChangedHeaderIsNotTorn(t *testing.T) {
	fs := newMemFS()
	l := mustOpen(t, testConfig(t, fs))
	appendN(t, l, 0, 2)
	at := l.journal.offset
	for i := range int64(3) {
		if _, err := l.Append(t.Context(), leafOf(t, 2+i), make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
	}
	name := l.journal.segments[0].name
	for i := range int64(frameHeader) {
		image := fs.killed()
		b := bytes.Clone(image.names[name].data)
		b[at+i] ^= 0x40
		image.names[name].data = b
		delete(image.names, "checkpoint") // nor does anything else give it away
		if _, err := Open(t.Context(), testConfig(t, image)); candor.CodeOf(err) != candor.Verification {
			t.Errorf("byte %d of the header: %v", i, err)
		}
	}
	l.Close()
}

// bigLog is a log whose first tiles are durable and no longer in the journal.
func bigLog(t *testing.T, n int64) *memFS {
	t.Helper()
	fs := newMemFS()
	cfg := testConfig(t, fs)
	cfg.SegmentSize = 16 << 10
	l := mustOpen(t, cfg)
	for at := int64(0); at < n; at += 100 {
		appendMany(t, l, at, min(100, n-at))
		if err := l.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if l.durable == 0 {
		t.Fatal("the test needs a log whose journal was dropped")
	}
	l.Close()
	return fs
}

func TestDamagedFiles(t *testing.T) {
	const n = 2000
	whole := bigLog(t, n)
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 4; return b }
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	last := (mustFirst(t, whole)+width-1)/width - 1 // newest full tile that only the files have
	refused := []string{receipt.TilePath(0, last, width), receipt.TilePath(0, 0, width), receipt.BundlePath(last, width), "checkpoint"}
	repaired := []string{receipt.TilePath(0, n/width, n%width), receipt.TilePath(1, 0, n/width), receipt.BundlePath(n/width, n%width)}
	for _, damage := range []func([]byte) []byte{flip, cut} {
		for _, name := range refused {
			fs := whole.killed()
			fs.names[name].data = damage(fs.names[name].data)
			_, err := Open(t.Context(), testConfig(t, fs))
			if candor.CodeOf(err) != candor.Verification {
				t.Errorf("%s damaged: %v", name, err)
			}
		}
		for _, name := range repaired {
			fs := whole.killed()
			fs.names[name].data = damage(fs.names[name].data)
			l, err := Open(t.Context(), testConfig(t, fs))
			if err != nil {
				t.Errorf("%s damaged: %v", name, err)
				continue
			}
			l.Close()
			mustVerify(t, fs, n)
		}
	}
}

func mustFirst(t *testing.T, fs *memFS) int64 {
	t.Helper()
	seqs, err := listSegments(fs)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := readJournal(fs, seqs)
	if err != nil {
		t.Fatal(err)
	}
	return frames[0].first
}

// TestDamageIsNotProved: a file that goes bad while the log is open never leads
// to a receipt that does not hold, nor to wrong records being read.
func TestDamageIsNotProved(t *testing.T) {
	fs := bigLog(t, 2000)
	l := mustOpen(t, testConfig(t, fs))
	defer l.Close()
	name := receipt.BundlePath(1, width)
	b := bytes.Clone(fs.names[name].data)
	b[len(b)/2] ^= 1
	fs.names[name].data = b
	err := l.Read(t.Context(), 0, 2000, func(int64, []byte, []byte) error { return nil })
	if candor.CodeOf(err) != candor.Verification {
		t.Errorf("read: %v", err)
	}
	if _, err := l.Receipt(t.Context(), 300); candor.CodeOf(err) != candor.Verification {
		t.Errorf("receipt: %v", err)
	}
}

func TestLostJournalIsRefused(t *testing.T) {
	fs := bigLog(t, 2000)
	if err := fs.RemoveAll("journal"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), testConfig(t, fs)); candor.CodeOf(err) != candor.Verification {
		t.Fatal(err)
	}
}

func TestWrongSignerIsRefused(t *testing.T) {
	cfg := testConfig(t, newMemFS())
	cfg.Key = "log.example/test+00000000+AAAA"
	if _, err := Open(t.Context(), cfg); candor.CodeOf(err) != candor.Invalid {
		t.Error(err)
	}
}

// TestDiskFull: a write that fails is reported, nothing is lost, and the log
// goes on when there is room again, without signing a second tree.
func TestDiskFull(t *testing.T) {
	fs := newMemFS()
	cfg := testConfig(t, fs)
	l := mustOpen(t, cfg)
	appendN(t, l, 0, 3)
	full := true
	fs.fail = func(_ int, op, _ string) error {
		if full && op == "writeat" {
			return errShort
		}
		return nil
	}
	for range 3 {
		if _, err := l.Append(t.Context(), leafOf(t, 3), detailsOf(3)); candor.CodeOf(err) != candor.Unavailable {
			t.Fatal(err)
		}
	}
	if l.Size() != 3 {
		t.Fatalf("size %d after failed writes", l.Size())
	}
	full = false
	appendN(t, l, 4, 10) // record 3 was signed before, so it goes first
	checkHolds(t, l, 14, nil)
	l.Close()
	mustVerify(t, fs, 14)
}

func TestFailedSyncStopsTheLog(t *testing.T) {
	fs := newMemFS()
	cfg := testConfig(t, fs)
	l := mustOpen(t, cfg)
	appendN(t, l, 0, 3)
	once := true
	fs.fail = func(_ int, op, _ string) error {
		if op == "syncfile" && once {
			once = false
			return errInjected
		}
		return nil
	}
	for range 2 {
		if _, err := l.Append(t.Context(), leafOf(t, 3), detailsOf(3)); candor.CodeOf(err) != candor.Unavailable {
			t.Fatal(err)
		}
	}
	if l.Size() != 3 {
		t.Fatal(l.Size())
	}
	l.Close()
	l = mustOpen(t, cfg)
	defer l.Close()
	size := l.Size() // the record whose sync failed may be there or not
	checkHolds(t, l, size, nil)
	appendN(t, l, size, 2)
}

func TestCancelledAppend(t *testing.T) {
	l := mustOpen(t, testConfig(t, newMemFS()))
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Append(ctx, []byte("x"), nil); candor.CodeOf(err) != candor.Unavailable || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestReadEndsWithYieldsError(t *testing.T) {
	l := mustOpen(t, testConfig(t, newMemFS()))
	defer l.Close()
	appendN(t, l, 0, 10)
	stop := errors.New("stop")
	var n int
	err := l.Read(t.Context(), 2, 9, func(i int64, _, _ []byte) error {
		n++
		if i == 5 {
			return stop
		}
		return nil
	})
	if err != stop || n != 4 {
		t.Errorf("%v after %d", err, n)
	}
}

// TestGolden keeps the folder's format: a log written by the first version
// opens and holds what it held.
func TestGolden(t *testing.T) {
	const from = "testdata/log-v1"
	if os.Getenv("UPDATE") != "" {
		writeGolden(t, from)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, nil)
	cfg.Dir = dir
	l := mustOpen(t, cfg)
	checkHolds(t, l, 260, nil)
	if root, err := tlog.TreeHash(260, l.tree); err != nil || root.String() != "ornC80zCLc1HNvwWmld6xUeLfPW9Hc6UOeiMFiR9QAk=" {
		t.Errorf("root %s, %v", root, err)
	}
	l.Close()
	mustVerify(t, osFS(dir), 260)
}

func writeGolden(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t, nil)
	cfg.Dir = dir
	l := mustOpen(t, cfg)
	appendMany(t, l, 0, 260)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "lock"))
}
