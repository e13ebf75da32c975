package witness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor/receipt"
)

var epoch = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

// testLog is a log in memory, of x/mod's hashes.
type testLog struct {
	t      testing.TB
	origin string
	vkey   string
	signer note.Signer

	mu     sync.Mutex
	hashes memHashes
	size   int64
}

type memHashes []tlog.Hash

func (m memHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m[x]
	}
	return out, nil
}

func newLog(t testing.TB, origin string) *testLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(strings.NewReader(strings.Repeat(origin+" key material ", 8)), origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &testLog{t: t, origin: origin, vkey: vkey, signer: signer}
}

// grow appends leaves that name their index and branch.
func (l *testLog) grow(to int64, branch string) *testLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ; l.size < to; l.size++ {
		h, err := tlog.StoredHashes(l.size, fmt.Appendf(nil, "%s %d", branch, l.size), l.hashes)
		if err != nil {
			l.t.Error(err)
		}
		l.hashes = append(l.hashes, h...)
	}
	return l
}

// fork is a second history that shares the records so far.
func (l *testLog) fork() *testLog {
	return &testLog{t: l.t, origin: l.origin, vkey: l.vkey, signer: l.signer, hashes: append(memHashes(nil), l.hashes...), size: l.size}
}

func (l *testLog) root(size int64) tlog.Hash {
	l.mu.Lock()
	defer l.mu.Unlock()
	if size == 0 {
		return sha256.Sum256(nil)
	}
	h, err := tlog.TreeHash(size, l.hashes)
	if err != nil {
		l.t.Error(err)
	}
	return h
}

func (l *testLog) checkpoint(size int64, extensions ...string) []byte {
	return l.sign(receipt.Checkpoint{Origin: l.origin, Size: size, Hash: l.root(size), Extensions: extensions})
}

func (l *testLog) sign(cp receipt.Checkpoint) []byte {
	signed, err := note.Sign(&note.Note{Text: string(cp.Marshal())}, l.signer)
	if err != nil {
		l.t.Error(err)
	}
	return signed
}

func (l *testLog) prove(_ context.Context, from, to int64) ([][]byte, error) {
	if from == 0 || from == to {
		return nil, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	proof, err := tlog.ProveTree(to, from, l.hashes)
	out := make([][]byte, len(proof))
	for i, h := range proof {
		out[i] = h[:]
	}
	return out, err
}

// request is a right request to go from old to size.
func (l *testLog) request(old, size int64) request {
	proof, err := l.prove(context.Background(), old, size)
	if err != nil {
		l.t.Error(err)
	}
	return request{old: old, proof: proof, checkpoint: l.checkpoint(size)}
}

func testSigner(t testing.TB, name string) *Signer {
	t.Helper()
	skey, _, err := GenerateKey(strings.NewReader(strings.Repeat(name+" witness key ", 8)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testVerifier(t testing.TB, vkey string) note.Verifier {
	t.Helper()
	v, err := receipt.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const testWitness = "witness.example/w1"

func testConfig(t testing.TB, files FS, logs ...*testLog) Config {
	cfg := Config{Signer: testSigner(t, testWitness), FS: files, Now: func() time.Time { return epoch }}
	for _, l := range logs {
		cfg.Logs = append(cfg.Logs, Log{Key: l.vkey})
	}
	return cfg
}

func mustServe(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := NewServer(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func post(h http.Handler, body []byte) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
	return w
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// mustCosign sends a right request and checks the cosignature.
func mustCosign(t testing.TB, s *Server, l *testLog, old, size int64) {
	t.Helper()
	w := post(s, l.request(old, size).marshal())
	if w.Code != http.StatusOK {
		t.Fatalf("from %d to %d: status %d: %s", old, size, w.Code, w.Body)
	}
	checkCosigned(t, s.Key(), l, size, w.Body.String())
}

func checkCosigned(t testing.TB, vkey string, l *testLog, size int64, lines string) {
	t.Helper()
	trust := receipt.Trust{Log: testVerifier(t, l.vkey), Witnesses: []note.Verifier{testVerifier(t, vkey)}, Quorum: 1}
	cp, _, err := trust.OpenCheckpoint(append(l.checkpoint(size), lines...))
	if err != nil || cp.Size != size {
		t.Fatalf("cosigned checkpoint of %d: %v", size, err)
	}
}

// conflictSize asks the witness, as the protocol allows, what it cosigned.
func conflictSize(t testing.TB, s http.Handler, l *testLog) int64 {
	t.Helper()
	w := post(s, request{old: 1 << 40, checkpoint: l.sign(receipt.Checkpoint{Origin: l.origin, Size: 1 << 41})}.marshal())
	if w.Code != http.StatusConflict || w.Header().Get("Content-Type") != sizeType {
		t.Fatalf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
	}
	size, err := strconv.ParseInt(strings.TrimSuffix(w.Body.String(), "\n"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// memFS is a folder that knows what a power cut would leave: bytes and names
// that were not synced are gone. It can make any call fail.
type memFS struct {
	mu      sync.Mutex
	names   map[string]*inode // what the process sees
	durable map[string]*inode // what the disk has of names
	locked  bool
	calls   int
	fail    func(call int, op string) error
}

type inode struct{ data, synced []byte }

var errInjected = errors.New("injected fault")

func newMemFS() *memFS { return &memFS{names: map[string]*inode{}, durable: map[string]*inode{}} }

// do counts a call and lets it fail; errLate fails a call that was done.
func (m *memFS) do(op string, f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	var err error
	if m.fail != nil {
		err = m.fail(m.calls, op)
	}
	if err != nil && !errors.Is(err, errLate) {
		return err
	}
	return errors.Join(f(), err)
}

var errLate = errors.New("injected fault after the call took effect")

func (m *memFS) Make() error { return m.do("make", func() error { return nil }) }

func (m *memFS) ReadFile(name string) (b []byte, err error) {
	err = m.do("read", func() error {
		i := m.names[name]
		if i == nil {
			return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		b = bytes.Clone(i.data)
		return nil
	})
	return b, err
}

func (m *memFS) WriteFile(name string, data []byte) error {
	return m.do("write", func() error {
		i := m.names[name]
		if i == nil {
			i = &inode{}
			m.names[name] = i
		}
		i.data = bytes.Clone(data)
		return nil
	})
}

func (m *memFS) Rename(from, to string) error {
	return m.do("rename", func() error {
		if m.names[from] == nil {
			return fs.ErrNotExist
		}
		m.names[to] = m.names[from]
		delete(m.names, from)
		return nil
	})
}

func (m *memFS) Sync(name string) error {
	return m.do("sync", func() error {
		if name == "." {
			m.durable = maps.Clone(m.names)
			return nil
		}
		m.names[name].synced = m.names[name].data
		return nil
	})
}

func (m *memFS) Lock(string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked {
		return nil, errLocked
	}
	m.locked = true
	return unlock{m}, nil
}

type unlock struct{ m *memFS }

func (u unlock) Close() error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	u.m.locked = false
	return nil
}

// killed is what stands there after kill -9: all that the process wrote, of
// which the disk has no more than before.
func (m *memFS) killed() *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemFS()
	copies := map[*inode]*inode{}
	for _, folder := range []struct{ from, to map[string]*inode }{{m.names, c.names}, {m.durable, c.durable}} {
		for n, i := range folder.from {
			if copies[i] == nil {
				copies[i] = &inode{i.data, i.synced}
			}
			folder.to[n] = copies[i]
		}
	}
	return c
}

// powerCut is what the disk has for certain. early also shows renames whose
// folder was not synced, which a disk may have written by then.
func (m *memFS) powerCut(early bool) *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := newMemFS()
	from := m.durable
	if early {
		from = m.names
	}
	for n, i := range from {
		c.names[n] = &inode{i.synced, i.synced}
	}
	c.durable = maps.Clone(c.names)
	return c
}
