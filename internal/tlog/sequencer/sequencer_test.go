package sequencer_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/archive"
	"candor/internal/pinned"
	"candor/internal/tlog"
	"candor/internal/tlog/sequencer"
	"candor/receipt"
)

var _ archive.Log = (*sequencer.Client)(nil)

const testOrigin = "log.example/shared"

// testKeys are the same in every process of a test.
var testKeys = sync.OnceValues(func() (skey, vkey string) {
	skey, vkey, err := note.GenerateKey(strings.NewReader(strings.Repeat("candor test key ", 8)), testOrigin)
	if err != nil {
		panic(err)
	}
	return skey, vkey
})

func check(t testing.TB, err error) {
	if t == nil && err != nil {
		panic(err) // in a sequencer process of a test
	}
	if t == nil {
		return
	}
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ruled(t testing.TB, err error, code candor.Code, rule string) {
	t.Helper()
	e, ok := errors.AsType[*candor.Error](err)
	if !ok || e.Code != code || e.Rule != rule {
		t.Fatalf("got %#v, want %s by %s", err, code, rule)
	}
}

func trust(t testing.TB) receipt.Trust {
	t.Helper()
	_, vkey := testKeys()
	v, err := receipt.NewVerifier(vkey)
	check(t, err)
	return receipt.Trust{Log: v}
}

func logConfig(t testing.TB, dir string) tlog.Config {
	skey, vkey := testKeys()
	signer, err := note.NewSigner(skey)
	check(t, err)
	return tlog.Config{Dir: dir, Signer: signer, Key: vkey, PublishEvery: 5 * time.Millisecond, SegmentSize: 64 << 10}
}

func newKey(t testing.TB) []byte {
	t.Helper()
	text, err := pinned.NewIdentity(nil)
	check(t, err)
	return text
}

func identityOf(t testing.TB, key []byte) *pinned.Identity {
	t.Helper()
	id, err := pinned.ParseIdentity(key)
	check(t, err)
	return id
}

// newRecord is a real record that nobody has made before.
func newRecord() []byte {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:])
	return fmt.Appendf(nil, `{"v":1,"nonce":"%s","time":"2026-11-23T14:20Z","act":"add","phase":"intent","actor":"a1","collection":"main","terms":"sha256:%064d"}`,
		base64.RawURLEncoding.EncodeToString(nonce[:]), 0)
}

// bench is a sequencer in this process, with one known writer.
type bench struct {
	t       testing.TB
	dir     string
	server  *pinned.Identity
	writer  *pinned.Identity
	cfg     sequencer.Config
	wrap    func(sequencer.Service) sequencer.Service // set before start
	log     *sequencer.Log
	address string
	stop    func()
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), server: identityOf(t, newKey(t)), writer: identityOf(t, newKey(t))}
	b.cfg.Clients = func(p pinned.Pin) bool { return p == b.writer.Pin() }
	t.Cleanup(func() { b.halt() })
	return b
}

// open opens the log, without serving it.
func (b *bench) open(change ...func(*tlog.Config)) *sequencer.Log {
	b.t.Helper()
	cfg := logConfig(b.t, b.dir)
	for _, f := range change {
		f(&cfg)
	}
	l, err := sequencer.Open(b.t.Context(), cfg)
	check(b.t, err)
	return l
}

func (b *bench) start() *bench {
	b.t.Helper()
	return b.serve(b.open())
}

// serve serves a log where the one before was served.
func (b *bench) serve(log *sequencer.Log) *bench {
	b.t.Helper()
	b.log = log
	if b.address == "" {
		b.address = "127.0.0.1:0"
	}
	end := b.listen(log, &b.address)
	b.stop = func() {
		end()
		check(b.t, log.Close())
	}
	return b
}

func (b *bench) listen(log sequencer.Service, address *string) (end func()) {
	b.t.Helper()
	cfg := b.cfg
	cfg.Log = log
	if b.wrap != nil {
		cfg.Log = b.wrap(log)
	}
	s, err := sequencer.NewServer(b.t.Context(), cfg)
	check(b.t, err)
	l, err := net.Listen("tcp", *address)
	check(b.t, err)
	*address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, b.server) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	}
}

func (b *bench) halt() {
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
}

func (b *bench) clientConfig() sequencer.ClientConfig {
	return sequencer.ClientConfig{URL: "https://" + b.address, Pin: b.server.Pin(), Identity: b.writer, Trust: trust(b.t), Refresh: -1}
}

func (b *bench) dial(change ...func(*sequencer.ClientConfig)) *sequencer.Client {
	b.t.Helper()
	cfg := b.clientConfig()
	for _, f := range change {
		f(&cfg)
	}
	c, err := sequencer.NewClient(b.t.Context(), cfg)
	check(b.t, err)
	b.t.Cleanup(func() { c.Close() })
	return c
}

// verifyWhole verifies a closed log as an outsider, and returns how often each
// record is in it.
func verifyWhole(t testing.TB, dir string) map[string]int {
	t.Helper()
	_, vkey := testKeys()
	v, err := receipt.VerifyLog(context.Background(), receipt.Dir(dir), receipt.Options{Key: vkey})
	check(t, err)
	if !v.OK {
		t.Fatalf("the log does not verify: %v", v.Problems)
	}
	l, err := tlog.Open(context.Background(), logConfig(t, dir))
	check(t, err)
	defer l.Close()
	if v.Size != l.Size() {
		t.Fatalf("the public log has %d records, the journal %d", v.Size, l.Size())
	}
	count := make(map[string]int)
	check(t, l.Read(context.Background(), 0, l.Size(), func(_ int64, leaf, _ []byte) error {
		count[string(leaf)]++
		return nil
	}))
	return count
}

func TestAsALocalLog(t *testing.T) {
	b := newBench(t).start()
	c, other := b.dial(), b.dial()
	var leaves [][]byte
	for i := range 700 {
		leaf := newRecord()
		var details []byte
		if i%3 == 0 {
			details = bytes.Repeat([]byte{byte(i)}, 9000)
		}
		r, err := c.Append(t.Context(), leaf, details)
		check(t, err)
		if r.Index != int64(i) {
			t.Fatalf("record %d has index %d", i, r.Index)
		}
		leaves = append(leaves, leaf)
	}
	check(t, other.Update(t.Context()))
	if other.Size() != 700 || c.Size() != 700 || !bytes.Equal(other.Checkpoint(), c.Checkpoint()) {
		t.Errorf("sizes %d and %d", other.Size(), c.Size())
	}
	check(t, c.DestroyDetails(t.Context(), 0, 3))
	next := int64(5)
	check(t, c.Read(t.Context(), next, 700, func(i int64, leaf, details []byte) error {
		if i != next || !bytes.Equal(leaf, leaves[i]) || (len(details) == 9000) != (i%3 == 0) {
			t.Errorf("record %d at %d, details of %d bytes", i, next, len(details))
		}
		next++
		return nil
	}))
	if next != 700 {
		t.Errorf("read up to %d", next)
	}
	check(t, c.Read(t.Context(), 0, 1, func(_ int64, _, details []byte) error {
		if len(details) > 0 {
			t.Error("destroyed details were read")
		}
		return nil
	}))
	stop := errors.New("enough")
	if err := c.Read(t.Context(), 0, 9, func(int64, []byte, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	r, err := c.Receipt(t.Context(), 7)
	check(t, err)
	if _, err := r.Verify(trust(t)); err != nil || !bytes.Equal(r.Leaf, leaves[7]) {
		t.Errorf("receipt: %v", err)
	}
	proof, err := c.Consistency(t.Context(), 300, 700)
	if err != nil || len(proof) == 0 {
		t.Errorf("%d hashes, %v", len(proof), err)
	}
	if _, err := c.Receipt(t.Context(), 700); candor.CodeOf(err) != candor.NotFound {
		t.Errorf("got %v", err)
	}
	if _, err := c.Consistency(t.Context(), 0, 701); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("got %v", err)
	}
	if _, err := c.Append(t.Context(), []byte("no record"), nil); candor.CodeOf(err) != candor.Invalid {
		t.Errorf("got %v", err)
	}
	if _, err := c.Append(t.Context(), newRecord(), make([]byte, tlog.MaxDetails+1)); candor.CodeOf(err) != candor.TooLarge {
		t.Errorf("got %v", err)
	}
	if _, err := c.Append(t.Context(), newRecord(), make([]byte, tlog.MaxDetails)); err != nil {
		t.Errorf("details of the greatest size: %v", err)
	}
}

// TestAway: without its sequencer a writer fails closed, and goes on by itself.
func TestAway(t *testing.T) {
	b := newBench(t).start()
	c := b.dial()
	_, err := c.Append(t.Context(), newRecord(), nil)
	check(t, err)
	b.halt()
	for range 3 {
		_, err := c.Append(t.Context(), newRecord(), nil)
		if candor.CodeOf(err) != candor.Unavailable || !strings.Contains(candor.MessageOf(err), "nothing was released") {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := sequencer.NewClient(t.Context(), b.clientConfig()); candor.CodeOf(err) != candor.Unavailable {
		t.Fatalf("a client began without knowing the size: %v", err)
	}
	if c.Size() != 1 {
		t.Errorf("size %d", c.Size())
	}
	b.start()
	r, err := c.Append(t.Context(), newRecord(), nil)
	check(t, err)
	if r.Index != 1 || b.log.Epoch() != 2 {
		t.Errorf("index %d, epoch %d", r.Index, b.log.Epoch())
	}
}

// counting counts appends that reach the log.
type counting struct {
	sequencer.Service
	n    *atomic.Int64
	hold chan struct{} // if not nil, each waits for it after it is in the log
}

func (s counting) Append(ctx context.Context, leaf, details []byte) (receipt.Receipt, error) {
	r, err := s.Service.Append(ctx, leaf, details)
	s.n.Add(1)
	if s.hold != nil {
		<-s.hold
	}
	return r, err
}

// deaf is a connection that loses what comes back once it is cut.
type deaf struct {
	net.Conn
	cut *atomic.Bool
}

func (d *deaf) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.cut.CompareAndSwap(true, false) {
		return 0, errors.Join(errors.New("cut"), d.Close())
	}
	return n, err
}

// TestLostAnswer: the record is appended once, and found.
func TestLostAnswer(t *testing.T) {
	b := newBench(t)
	var n atomic.Int64
	b.wrap = func(s sequencer.Service) sequencer.Service { return counting{s, &n, nil} }
	b.start()
	var cut atomic.Bool
	c := b.dial(func(cfg *sequencer.ClientConfig) {
		cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return &deaf{conn, &cut}, err
		}
	})
	for i := range int64(5) {
		cut.Store(true)
		r, err := c.Append(t.Context(), newRecord(), nil)
		check(t, err)
		if r.Index != i || n.Load() != i+1 || cut.Load() {
			t.Fatalf("index %d after %d appends", r.Index, n.Load())
		}
	}
}

// TestWriterLeaves: who gives up waiting leaves no doubt behind at the server.
func TestWriterLeaves(t *testing.T) {
	b := newBench(t)
	var n atomic.Int64
	hold := make(chan struct{})
	b.wrap = func(s sequencer.Service) sequencer.Service { return counting{s, &n, hold} }
	b.start()
	c := b.dial()
	leaf := newRecord()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for n.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := c.Append(ctx, leaf, nil); candor.CodeOf(err) != candor.Unavailable {
		t.Fatalf("got %v", err)
	}
	close(hold)
	_, err := c.Append(t.Context(), leaf, nil)
	ruled(t, err, candor.Conflict, sequencer.RuleRepeated)
	b.halt()
	b.start() // which knows the record from the log
	_, err = c.Append(t.Context(), leaf, nil)
	ruled(t, err, candor.Conflict, sequencer.RuleRepeated)
	b.halt()
	if count := verifyWhole(t, b.dir); count[string(leaf)] != 1 {
		t.Errorf("the record is in the log %d times", count[string(leaf)])
	}
}

func TestLeaseIsOneProcess(t *testing.T) {
	b := newBench(t).start()
	before, err := os.ReadFile(b.dir + "/lease")
	check(t, err)
	if _, err := sequencer.Open(t.Context(), logConfig(t, b.dir)); candor.CodeOf(err) != candor.Conflict {
		t.Fatalf("got %v", err)
	}
	after, err := os.ReadFile(b.dir + "/lease")
	check(t, err)
	if !bytes.Equal(before, after) {
		t.Error("who was refused changed the lease")
	}
	check(t, b.log.Fence())
	b.halt()
	check(t, os.WriteFile(b.dir+"/lease", []byte("candor-lease-1\nepoch 0\n"), 0o600))
	if _, err := sequencer.Open(t.Context(), logConfig(t, b.dir)); candor.CodeOf(err) != candor.Verification {
		t.Fatalf("got %v", err)
	}
}
