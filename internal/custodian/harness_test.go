package custodian

import (
	"context"
	"crypto/hpke"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"candor"
	"candor/receipt"
)

const (
	origin  = "example.org/archive"
	terms   = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	purpose = "p-aaaaaaaaaa"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// testLog is a log in memory.
type testLog struct {
	t      testing.TB
	signer note.Signer
	key    note.Verifier
	mu     sync.Mutex
	hashes []tlog.Hash
	leaves [][]byte
}

func newTestLog(t testing.TB, name string) *testLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return &testLog{t: t, signer: signer, key: verifier}
}

func (l *testLog) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = l.hashes[x]
	}
	return out, nil
}

func (l *testLog) must(err error) {
	if err != nil {
		l.t.Helper()
		l.t.Fatal(err)
	}
}

func (l *testLog) size() int64 { return int64(len(l.leaves)) }

// append adds a record and returns its index.
func (l *testLog) append(r receipt.Record) int64 {
	leaf, err := r.Marshal()
	l.must(err)
	l.mu.Lock()
	defer l.mu.Unlock()
	hashes, err := tlog.StoredHashes(l.size(), leaf, l)
	l.must(err)
	l.hashes = append(l.hashes, hashes...)
	l.leaves = append(l.leaves, leaf)
	return l.size() - 1
}

func (l *testLog) checkpoint(size int64) []byte {
	root, err := tlog.TreeHash(size, l)
	l.must(err)
	signed, err := note.Sign(&note.Note{Text: string(receipt.Checkpoint{Origin: l.signer.Name(), Size: size, Hash: root}.Marshal())}, l.signer)
	l.must(err)
	return signed
}

// receiptAt proves record index in the tree of size.
func (l *testLog) receiptAt(index, size int64) receipt.Receipt {
	proof, err := tlog.ProveRecord(size, index, l)
	l.must(err)
	r := receipt.Receipt{Index: index, Leaf: l.leaves[index], Checkpoint: l.checkpoint(size)}
	for _, h := range proof {
		r.Hashes = append(r.Hashes, append([]byte(nil), h[:]...))
	}
	return r
}

func (l *testLog) consistency(_ context.Context, from, to int64) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from < 1 || from > to || to > l.size() {
		return nil, errors.New("no such sizes")
	}
	proof, err := tlog.ProveTree(to, from, l)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, h := range proof {
		out = append(out, append([]byte(nil), h[:]...))
	}
	return out, nil
}

// world is a log, a custodian and what an honest archive needs to ask it.
type world struct {
	t     testing.TB
	log   *testLog
	dir   string
	now   time.Time
	c     *Custodian
	seed  []byte
	grant int64
	cfg   func(*Config)
}

func newWorld(t testing.TB, adjust ...func(*Config)) *world {
	t.Helper()
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, log: newTestLog(t, origin), dir: t.TempDir(), now: noon, seed: seed, cfg: func(*Config) {}}
	if len(adjust) > 0 {
		w.cfg = adjust[0]
	}
	w.start()
	t.Cleanup(func() { w.c.Close() })
	w.grant = w.log.append(w.approval(5))
	return w
}

func (w *world) config() Config {
	cfg := Config{
		Origin: origin, Log: w.log.key, PrivateKey: w.seed, StateDir: w.dir,
		Consented: func(h string) bool { return h == terms },
		Now:       func() time.Time { return w.now },
	}
	w.cfg(&cfg)
	return cfg
}

func (w *world) start() {
	w.t.Helper()
	c, err := New(w.t.Context(), w.config())
	if err != nil {
		w.t.Fatal(err)
	}
	w.c = c
}

// restart is what a crash leaves: the state folder and nothing else.
func (w *world) restart() {
	w.t.Helper()
	if err := w.c.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.start()
}

func (w *world) record(act candor.Act) receipt.Record {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	r := receipt.Record{
		V: 1, Nonce: base64.RawURLEncoding.EncodeToString(nonce), Time: receipt.FormatTime(w.now), Act: string(act),
		Phase: receipt.Outcome, Actor: "someone", Terms: terms, Decision: receipt.Allow, Rule: "by-default",
	}
	intent := int64(0)
	r.Intent = &intent
	return r
}

func (w *world) approval(coverage int64) receipt.Record {
	r := w.record(candor.ActApprove)
	r.Purpose = purpose
	r.Grant = &receipt.Grant{
		Status: receipt.Active, Acts: []string{"open", "export"}, Collections: []string{"main"},
		Coverage: coverage, Expires: receipt.FormatExpires(noon.Add(48 * time.Hour)),
	}
	return r
}

func item(n int) candor.ItemID {
	return candor.ItemID(strings.Repeat("a", 24) + string([]byte{'a' + byte(n/26), 'a' + byte(n%26)}))
}

func original(n int) candor.KeyName { return candor.ItemKey("main", item(n), candor.Original) }

// ask is an act under way: what an archive holds when it asks for keys.
type ask struct {
	candor.ReleaseRequest
	requester *candor.Requester
	index     int64
	record    receipt.Record
	commit    *receipt.Commitment
}

func keyOf(name candor.KeyName) []byte { return []byte((string(name) + strings.Repeat(" ", 16))[:16]) }

func (w *world) wrap(name candor.KeyName) []byte {
	w.t.Helper()
	public, err := hpke.MLKEM768X25519().NewPublicKey(w.c.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	wrapped, err := candor.WrapKey(public, origin, name, keyOf(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return wrapped
}

// ask records an act that opens names, and prepares the honest request for it.
func (w *world) ask(act candor.Act, change func(*receipt.Record), names ...candor.KeyName) *ask {
	w.t.Helper()
	requester, err := candor.NewRequester(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = string(n)
	}
	commit, err := receipt.Commit(requester.Public(), plain, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	rec := w.record(act)
	rec.Commitment = commit.String()
	if needsGrant(string(act)) {
		rec.Purpose, rec.Collection = purpose, "main"
	}
	if change != nil {
		change(&rec)
	}
	a := &ask{requester: requester, record: rec, commit: commit, index: w.log.append(rec)}
	a.Requester, a.Leaves = requester.Public(), int64(len(names))
	for _, n := range names {
		o, err := commit.Open(string(n))
		if err != nil {
			w.t.Fatal(err)
		}
		a.Keys = append(a.Keys, candor.ReleaseKey{Name: n, Wrapped: w.wrap(n), Salt: o.Salt, Leaf: o.Leaf, Path: o.Path})
	}
	w.prove(a)
	return a
}

// prove brings the request's proofs up to the log's present size.
func (w *world) prove(a *ask) {
	w.t.Helper()
	size := w.log.size()
	a.Receipt = w.log.receiptAt(a.index, size).Marshal()
	a.Grant = w.log.receiptAt(w.grant, size).Marshal()
	a.From, _ = w.c.Head(w.t.Context())
	a.Consistency = nil
	if a.From > 0 && a.From < size {
		var err error
		if a.Consistency, err = w.log.consistency(w.t.Context(), a.From, size); err != nil {
			w.t.Fatal(err)
		}
	}
}

// released asks, and makes sure that the right keys came.
func (w *world) released(a *ask) {
	w.t.Helper()
	answer, err := w.c.Release(w.t.Context(), a.ReleaseRequest)
	if err != nil {
		w.t.Fatalf("refused: %v", err)
	}
	for i, k := range a.Keys {
		key, err := a.requester.Open(k.Name, answer.Keys[i])
		if err != nil || string(key) != string(keyOf(k.Name)) {
			w.t.Fatalf("key %d: %q, %v", i, key, err)
		}
	}
}

// refused asks, and makes sure that it was refused by a rule.
func (w *world) refused(a *ask, code candor.Code, rule string) {
	w.t.Helper()
	answer, err := w.c.Release(w.t.Context(), a.ReleaseRequest)
	if err == nil || len(answer.Keys) > 0 {
		w.t.Fatalf("released, where %s should have refused", rule)
	}
	if candor.CodeOf(err) != code || ruleOf(err) != rule {
		w.t.Fatalf("refused by %s (%s), want %s (%s): %v", ruleOf(err), candor.CodeOf(err), rule, code, err)
	}
	for _, k := range a.Keys {
		if strings.Contains(err.Error(), string(k.Name)) {
			w.t.Errorf("the error names a key: %v", err)
		}
	}
}
