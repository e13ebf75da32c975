package tlog

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

// standInWitness cosigns the newest checkpoint while it is not held.
type standInWitness struct {
	t      testing.TB
	signer note.Signer
	trust  receipt.Trust // of the log, with this witness

	mu       sync.Mutex
	changed  chan struct{}
	closed   bool
	held     bool
	newest   []byte // submitted
	cosigned []byte
	asked    []int64 // sizes submitted
	size     int64   // of cosigned
}

func newStandIn(t testing.TB) *standInWitness {
	t.Helper()
	skey, vkey, err := note.GenerateKey(strings.NewReader(strings.Repeat("stand-in witness", 8)), "witness.example/w")
	if err != nil {
		t.Fatal(err)
	}
	s := &standInWitness{t: t, trust: testTrust(t), changed: make(chan struct{})}
	if s.signer, err = note.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	v, err := receipt.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	s.trust.Witnesses, s.trust.Quorum = []note.Verifier{v}, 1
	return s
}

func (s *standInWitness) Submit(checkpoint []byte) (receipt.Checkpoint, error) {
	c, _, err := testTrust(s.t).OpenCheckpoint(checkpoint)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, c.Size)
	s.newest = bytes.Clone(checkpoint)
	s.settle()
	return c, err
}

// settle cosigns if it may; the caller holds mu.
func (s *standInWitness) settle() {
	if !s.held && s.newest != nil {
		n, err := note.Open(s.newest, note.VerifierList(s.trust.Log))
		if err != nil {
			s.t.Error(err)
			return
		}
		if s.cosigned, err = note.Sign(n, s.signer); err != nil {
			s.t.Error(err)
		}
		c, err := receipt.ParseCheckpoint([]byte(n.Text))
		if err != nil {
			s.t.Error(err)
		}
		s.size = c.Size
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *standInWitness) hold(held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held
	s.settle()
}

func (s *standInWitness) await(ctx context.Context, ready func() bool) ([]byte, error) {
	for {
		s.mu.Lock()
		ok, b, changed, closed := s.cosigned != nil && ready(), s.cosigned, s.changed, s.closed
		s.mu.Unlock()
		if ok {
			return b, nil
		}
		if closed {
			return nil, candor.Errorf(candor.Unavailable, "Stopped.")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, candor.Wrap(ctx.Err(), candor.Unavailable, "The witness w is away.")
		}
	}
}

func (s *standInWitness) Wait(ctx context.Context, size int64) ([]byte, error) {
	return s.await(ctx, func() bool { return s.size >= size })
}

func (s *standInWitness) Newer(ctx context.Context, have []byte) ([]byte, error) {
	return s.await(ctx, func() bool { return !bytes.Equal(s.cosigned, have) })
}

func (s *standInWitness) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.settle()
	return nil
}

func witnessedConfig(t testing.TB, fs FS, w *standInWitness, await bool) Config {
	cfg := testConfig(t, fs)
	cfg.Cosigner = func(Prover) (Cosigner, error) {
		w.mu.Lock()
		w.closed = false
		w.mu.Unlock()
		return w, nil
	}
	cfg.AwaitWitnesses = await
	cfg.WitnessPatience = time.Minute
	return cfg
}

// eventually polls, for what another goroutine brings about.
func eventually(t testing.TB, what string, met func() bool) {
	t.Helper()
	for range 3000 {
		if met() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

// TestAwaitWitnesses: while the witness keeps its answer back, batches go on
// being committed; one cosigned checkpoint then serves all that wait.
func TestAwaitWitnesses(t *testing.T) {
	w := newStandIn(t)
	l := mustOpen(t, witnessedConfig(t, newMemFS(), w, true))
	defer l.Close()
	w.hold(true)
	const n = 40
	receipts := make(chan receipt.Receipt, n)
	for i := range int64(n) {
		go func() {
			r, err := l.Append(t.Context(), leafOf(t, i), nil)
			if err != nil {
				t.Error(err)
			}
			receipts <- r
		}()
		eventually(t, "a batch is committed while another waits for its witness", func() bool { return l.Size() == i+1 })
	}
	if len(receipts) != 0 {
		t.Fatal("an Append returned without the witness")
	}
	w.hold(false)
	checkpoints := map[string]bool{}
	for range n {
		r := <-receipts
		if _, err := r.Verify(w.trust); err != nil {
			t.Error(err)
		}
		checkpoints[string(r.Checkpoint)] = true
	}
	if len(checkpoints) != 1 {
		t.Errorf("%d cosigned checkpoints for what one covers", len(checkpoints))
	}
}

// TestWitnessAway: nothing is handed out while the witness is away, the records
// stay, and the log goes on when it is back.
func TestWitnessAway(t *testing.T) {
	fs, w := newMemFS(), newStandIn(t)
	cfg := witnessedConfig(t, fs, w, true)
	cfg.WitnessPatience = 20 * time.Millisecond
	l := mustOpen(t, cfg)
	w.hold(true)
	for range 3 {
		_, err := l.Append(t.Context(), leafOf(t, 0), nil)
		if candor.CodeOf(err) != candor.Unavailable || !strings.Contains(candor.MessageOf(err), "w is away") || !strings.Contains(candor.MessageOf(err), "Nothing was released") {
			t.Fatal(err)
		}
	}
	if l.Size() != 3 {
		t.Errorf("the log holds %d records", l.Size())
	}
	l.witnesses.patience = time.Minute
	w.hold(false)
	r, err := l.Append(t.Context(), leafOf(t, 3), nil)
	if err != nil || r.Index != 3 {
		t.Fatal(r.Index, err)
	}
	if _, err := r.Verify(w.trust); err != nil {
		t.Error(err)
	}
	for i := range int64(4) { // what failed is provable with its cosignature now
		r, err := l.Receipt(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Verify(w.trust); err != nil {
			t.Error(i, err)
		}
	}
	l.Close()
}

// TestEnterDoesNotWait: a record on which nothing is released is durable without
// its witnesses, and awaiting it then says who is missing.
func TestEnterDoesNotWait(t *testing.T) {
	fs, w := newMemFS(), newStandIn(t)
	cfg := witnessedConfig(t, fs, w, true)
	cfg.WitnessPatience = 20 * time.Millisecond
	l := mustOpen(t, cfg)
	w.hold(true)
	index, err := l.Enter(t.Context(), leafOf(t, 0), nil)
	if err != nil || index != 0 || l.Size() != 1 {
		t.Fatalf("record %d of %d: %v", index, l.Size(), err)
	}
	if err := l.Await(t.Context(), index); candor.CodeOf(err) != candor.Unavailable || !strings.Contains(candor.MessageOf(err), "w is away") {
		t.Errorf("awaited: %v", err)
	}
	w.hold(false)
	l.witnesses.patience = time.Minute
	if err := l.Await(t.Context(), index); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	l.Close()
	l = mustOpen(t, testConfig(t, newMemFS()))
	defer l.Close()
	if index, err = l.Enter(t.Context(), leafOf(t, 0), nil); err != nil || l.Await(t.Context(), index) != nil {
		t.Errorf("a log without witnesses: %v", err)
	}
}

// TestPublicCheckpointStaysCosigned: where witnesses are awaited, what outsiders
// get is cosigned, through their absence and a restart.
func TestPublicCheckpointStaysCosigned(t *testing.T) {
	fs, w := newMemFS(), newStandIn(t)
	cfg := witnessedConfig(t, fs, w, true)
	l := mustOpen(t, cfg)
	appendN(t, l, 0, 300)
	w.hold(true)
	l.witnesses.patience = 10 * time.Millisecond
	if _, err := l.Append(t.Context(), leafOf(t, 300), nil); candor.CodeOf(err) != candor.Unavailable {
		t.Fatal(err)
	}
	check := func(when string, size int64) {
		t.Helper()
		if err := l.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, _, err := w.trust.OpenCheckpoint(fs.names["checkpoint"].data)
		if err != nil || c.Size != size {
			t.Errorf("%s: %d records, %v", when, c.Size, err)
		}
		mustVerify(t, fs, size)
	}
	check("witness away", 300)
	l.witnesses.farewell = time.Millisecond
	l.Close()
	l = mustOpen(t, cfg)
	if got := w.asked[len(w.asked)-1]; got != 301 {
		t.Errorf("after a restart the checkpoint of %d records was submitted", got)
	}
	check("after a restart", 300)
	w.hold(false)
	eventually(t, "the witness cosigns what it missed", func() bool { return l.witnessedHead().size == 301 })
	check("witness back", 301)
	l.Close()
	check2 := fs.names["checkpoint"].data
	l = mustOpen(t, testConfig(t, fs)) // without the policy the cosignatures are kept
	if !bytes.Equal(l.shown().signed, check2) {
		t.Error("opening threw cosignatures away")
	}
	l.Close()
}

// TestCosignaturesFollow: where they are not awaited, an Append returns at once,
// the public checkpoint waits a moment for cosignatures, and then goes on.
func TestCosignaturesFollow(t *testing.T) {
	fs, w := newMemFS(), newStandIn(t)
	l := mustOpen(t, witnessedConfig(t, fs, w, false))
	defer l.Close()
	l.witnesses.grace = time.Hour
	appendN(t, l, 0, 5)
	eventually(t, "cosigned", func() bool { return l.witnessedHead().size == 5 })
	w.hold(true)
	appendN(t, l, 5, 5)
	shows := func(size int64, trust receipt.Trust) {
		t.Helper()
		if err := l.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, _, err := trust.OpenCheckpoint(fs.names["checkpoint"].data); err != nil || c.Size != size {
			t.Errorf("%d records are shown, want %d: %v", c.Size, size, err)
		}
	}
	shows(5, w.trust)
	l.witnesses.grace = 0
	shows(10, testTrust(t))
	w.hold(false)
	eventually(t, "cosigned", func() bool { return l.witnessedHead().size == 10 })
	shows(10, w.trust)
	r, err := l.Receipt(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(w.trust); err != nil {
		t.Error(err)
	}
}

// TestCosignaturesFollowByThemselves is the same with nobody calling Publish.
func TestCosignaturesFollowByThemselves(t *testing.T) {
	fs, w := newMemFS(), newStandIn(t)
	cfg := witnessedConfig(t, fs, w, false)
	cfg.PublishEvery = time.Millisecond
	l := mustOpen(t, cfg)
	defer l.Close()
	w.hold(true)
	appendN(t, l, 0, 5)
	eventually(t, "the log goes on without its witness", func() bool { return l.shown().size == 5 })
	w.hold(false)
	eventually(t, "the cosignature is published", func() bool {
		_, _, err := w.trust.OpenCheckpoint(l.shown().signed)
		return err == nil
	})
}

// TestWitnessesOfAnotherTree: a cosigned checkpoint that is not this log's gives
// no receipt and is not published, whoever signed it.
func TestWitnessesOfAnotherTree(t *testing.T) {
	fs, w := newMemFS(), newStandIn(t)
	l := mustOpen(t, witnessedConfig(t, fs, w, true))
	defer l.Close()
	w.hold(true)
	forged, err := note.Sign(&note.Note{Text: string(receipt.Checkpoint{Origin: testOrigin, Size: 1, Hash: tlog.Hash{1}}.Marshal())}, newSigner(t).Signer)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.cosigned, w.size = forged, 1
	w.mu.Unlock()
	if _, err := l.Append(t.Context(), leafOf(t, 0), nil); candor.CodeOf(err) != candor.Verification {
		t.Error(err)
	}
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(fs.names["checkpoint"].data, forged) {
		t.Error("another tree was published")
	}
}

// TestCrashWithWitnesses stops the machine while the public checkpoint waits for
// witnesses that come and go. What is left opens, with them and without, holds
// what was acknowledged, and what outsiders read of it verifies.
func TestCrashWithWitnesses(t *testing.T) {
	const records = 560
	fs, k, w := newMemFS(), newTold(), newStandIn(t)
	checked := 0
	var chosen sampler
	fs.after = func(_ int, op, name string) {
		if !chosen.take(op, name) {
			return
		}
		when := "after " + op + " " + name
		for _, image := range []*memFS{fs.killed(), fs.powerCut(true)} {
			k.check(t, image, when)
		}
		awaiting(t, fs.powerCut(false), when)
		checked++
	}
	cfg := witnessedConfig(t, fs, w, true)
	cfg.SegmentSize = 12 << 10
	l := mustOpen(t, cfg)
	for at := int64(0); at < records; at += 70 {
		w.hold(at%140 == 70)
		for i := at; i < at+70; i += 10 {
			k.append(t, l, i, 10)
		}
		if at%140 == 0 {
			eventually(t, "cosigned", func() bool { return l.witnessedHead().size == at+70 })
			if err := l.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if l.durable == 0 {
		t.Error("no segment was dropped; the workload is too small")
	}
	l.witnesses.farewell = time.Millisecond
	l.Close()
	if len(k.leaves) != records || checked < 15 {
		t.Errorf("%d acknowledged, %d crash points", len(k.leaves), checked)
	}
}

// awaiting opens what a crash left while the witness is away.
func awaiting(t *testing.T, image *memFS, when string) {
	t.Helper()
	away := newStandIn(t)
	away.hold(true)
	l, err := Open(t.Context(), witnessedConfig(t, image, away, true))
	if err != nil {
		t.Errorf("%s: the log does not open while its witness is away: %v", when, err)
		return
	}
	l.witnesses.farewell = time.Millisecond
	shown := l.shown().size
	if err := l.Close(); err != nil {
		t.Errorf("%s: %v", when, err)
	}
	mustVerify(t, image, shown)
}
