package archive_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crypto/hpke"
	"crypto/rand"

	"filippo.io/age"
	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/mod/sumdb/note"

	"candor"
	"candor/internal/archive"
	"candor/internal/catalog"
	"candor/internal/custodian"
	"candor/internal/index/local"
	"candor/internal/query"
	"candor/internal/terms"
	"candor/internal/tlog"
	"candor/internal/vault"
	"candor/receipt"
)

const origin = "archive.test/candor"

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is an archive over real adapters in a temporary folder, with ports
// that can be made to fail, and people to act.
type house struct {
	t       *testing.T
	dir     string
	clock   *clock
	faults  *faults
	auditor *age.HybridIdentity
	key     hpke.PrivateKey
	signer  note.Signer
	vkey    string
	cfg     archive.Config
	closers []io.Closer
	adjust  func(*archive.Config) // before the archive is opened, when set

	*archive.Archive
	admin, reader, other, approver, adder, inspector archive.Actor
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), clock: &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, faults: new(faults)}
	var err error
	h.auditor, err = age.GenerateHybridIdentity()
	must(t, err)
	h.key, err = hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	must(t, err)
	h.vkey = vkey
	h.signer, err = note.NewSigner(skey)
	must(t, err)
	h.open(true)
	h.found()
	t.Cleanup(h.close)
	return h
}

// open opens the archive over what the folder holds.
func (h *house) open(create bool) {
	t, ctx := h.t, bg
	t.Helper()
	log, err := tlog.Open(ctx, tlog.Config{Dir: filepath.Join(h.dir, "log"), Signer: h.signer, Key: h.vkey})
	must(t, err)
	bucket, err := vault.OpenDir(filepath.Join(h.dir, "vault"))
	must(t, err)
	v, err := vault.New(vault.Config{Bucket: bucket, Origin: origin, Recipient: h.key.PublicKey().Bytes(), Dir: filepath.Join(h.dir, "vault")})
	must(t, err)
	policy, err := terms.Default()
	must(t, err)
	verifier, err := note.NewVerifier(h.vkey)
	must(t, err)
	seed, err := h.key.Bytes()
	must(t, err)
	cust, err := custodian.New(ctx, custodian.Config{
		Origin: origin, Log: verifier, PrivateKey: seed, StateDir: filepath.Join(h.dir, "custodian"),
		Consented: func(hash string) bool { return hash == policy.Hash() }, Proofs: log.Consistency, Now: h.clock.now,
	})
	must(t, err)
	f := h.faults
	h.cfg = archive.Config{
		Origin: origin, Log: faultyLog{log, f}, Vault: faultyVault{v, f}, Custodian: faultyCustodian{cust, f}, Terms: policy,
		Extractor: lines{}, Auditors: []string{h.auditor.Recipient().String()}, CustodianKey: h.key.PublicKey().Bytes(), Now: h.clock.now,
	}
	if h.adjust != nil {
		h.adjust(&h.cfg)
	}
	if create {
		must(t, archive.CreateKeys(ctx, v, rand.Reader))
	}
	keys, err := archive.Unlock(ctx, h.cfg)
	must(t, err)
	cat, err := catalog.New(ctx, catalog.Config{Path: filepath.Join(h.dir, "catalog.db"), Key: keys.Catalog, Now: h.clock.now})
	must(t, err)
	idx, err := local.Open(ctx, local.Config{Dir: filepath.Join(h.dir, "index"), Key: keys.Index, Former: keys.FormerIndex})
	must(t, err)
	h.cfg.Catalog, h.cfg.Index, h.cfg.Pseudonyms = faultyCatalog{cat, f}, faultyIndex{idx, f}, keys.Pseudonyms
	h.closers = []io.Closer{idx, cat, cust, v, bucket, log}
	h.Archive, err = archive.New(ctx, h.cfg)
	must(t, err)
}

func (h *house) close() {
	h.faults.disarm()
	for _, c := range h.closers {
		_ = c.Close()
	}
	h.closers = nil
}

// reopen does what a restart does.
func (h *house) reopen() {
	h.t.Helper()
	h.close()
	h.open(false)
}

func (h *house) found() {
	h.t.Helper()
	person := func(id, name string, roles ...candor.Role) archive.NewPerson {
		return archive.NewPerson{Person: candor.Person{ID: candor.PersonID(id), Name: name, Roles: roles}, Password: id + "-password"}
	}
	_, err := h.Found(bg, []archive.NewPerson{
		person("admin", "Ada Min", candor.Administrator), person("reader", "Rea Der", candor.Reader),
		person("other", "Oth Er", candor.Reader), person("approver", "App Rover", candor.Approver),
		person("adder", "Ad Der", candor.Contributor), person("auditor", "Aud Itor", candor.Auditor),
	}, "main", "Everything")
	must(h.t, err)
	h.admin, h.reader, h.other, h.approver, h.adder = h.sign("admin"), h.sign("reader"), h.sign("other"), h.sign("approver"), h.sign("adder")
	h.inspector = h.sign("auditor")
}

func (h *house) sign(id candor.PersonID) archive.Actor {
	h.t.Helper()
	s, err := h.SignIn(bg, id, string(id)+"-password")
	must(h.t, err)
	who, err := h.Authenticate(bg, s.Secret)
	must(h.t, err)
	return who
}

// purpose asks for a purpose as the reader and has it approved.
func (h *house) purpose(coverage int64) candor.PurposeID {
	h.t.Helper()
	p, _, err := h.RequestPurpose(bg, h.reader, archive.PurposeRequest{
		Reason: "research", Why: "Following the harbour contracts of the past years", Collections: []string{"main"},
		Coverage: coverage, Lifetime: 48 * time.Hour,
	})
	must(h.t, err)
	_, _, err = h.DecidePurpose(bg, h.approver, p.ID, true, "")
	must(h.t, err)
	return p.ID
}

// add adds files given as path and content, and commits.
func (h *house) add(files ...[2]string) candor.Addition {
	h.t.Helper()
	got, err := h.tryAdd(files...)
	must(h.t, err)
	return got
}

func (h *house) tryAdd(files ...[2]string) (candor.Addition, error) {
	a, err := h.BeginAddition(bg, h.adder, archive.NewAddition{Collection: "main", Source: "test", Expected: int64(len(files))})
	if err != nil {
		return a, err
	}
	for _, f := range files {
		header := archive.FileHeader{Path: f[0], Size: int64(len(f[1])), ModTime: time.Unix(1_700_000_000, 0)}
		if _, err := h.PutFile(bg, h.adder, a.ID, header, strings.NewReader(f[1])); err != nil {
			return a, err
		}
	}
	return h.CommitAddition(bg, h.adder, a.ID, true)
}

func (h *house) find(p candor.PurposeID, q string) (archive.SearchResult, error) {
	return h.Search(bg, h.reader, archive.SearchRequest{Query: q, Purpose: p})
}

// records reads the whole log and verifies that it holds together.
func (h *house) records() []receipt.Record {
	h.t.Helper()
	var all []receipt.Record
	err := h.cfg.Log.Read(bg, 0, h.cfg.Log.Size(), func(_ int64, leaf, _ []byte) error {
		rec, err := receipt.ParseRecord(leaf)
		all = append(all, rec)
		return err
	})
	must(h.t, err)
	return all
}

// verify checks the published log as an outsider would.
func (h *house) verify() *receipt.Verification {
	h.t.Helper()
	h.close()
	src, err := receipt.OpenSource(filepath.Join(h.dir, "log"))
	must(h.t, err)
	v, err := receipt.VerifyLog(bg, src, receipt.Options{Key: h.vkey})
	must(h.t, err)
	h.open(false)
	return v
}

var bg = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (%s)", err, candor.CodeOf(err))
	}
}

// wantCode fails unless err has the code.
func wantCode(t *testing.T, err error, code candor.Code) {
	t.Helper()
	if got := candor.CodeOf(err); got != code {
		t.Fatalf("error is %q (%v), want %q", got, err, code)
	}
}

// lines is an extractor for tests: a source is its text; a line "part NAME
// CONTENT" is an item found inside; "broken" fails.
type lines struct{}

func (lines) Extract(_ context.Context, src candor.Source, sink candor.Sink) (candor.Reading, error) {
	r := candor.Reading{Type: "text/plain", Condition: candor.Done}
	sc := bufio.NewScanner(io.NewSectionReader(src, 0, src.Size))
	sc.Buffer(nil, 32<<20)
	for sc.Scan() {
		line := sc.Text()
		if rest, ok := strings.CutPrefix(line, "locked "); ok {
			password, inside, _ := strings.Cut(rest, " ")
			if src.Password != password {
				r.Condition, r.Reason = candor.Partial, "a line is encrypted"
				continue
			}
			line = inside
		}
		if rest, ok := strings.CutPrefix(line, "part "); ok {
			name, content, _ := strings.Cut(rest, " ")
			if err := sink.Part(candor.Place{Path: name}, strings.NewReader(content)); err != nil {
				return r, err
			}
			continue
		}
		if rest, ok := strings.CutPrefix(line, "field "); ok {
			name, value, _ := strings.Cut(rest, " ")
			r.Fields = append(r.Fields, candor.Field{Name: name, Value: value})
			continue
		}
		if line == "broken" {
			r.Condition, r.Reason = candor.Failed, "it is broken"
			return r, nil
		}
		if err := sink.Text([]byte(line + "\n")); err != nil {
			return r, err
		}
	}
	return r, sc.Err()
}

func (lines) Render(context.Context, candor.Source, int, int) ([]byte, error) {
	return nil, candor.Errorf(candor.NotSupported, "no pages")
}

// faults makes the n-th call to any port fail.
type faults struct {
	left  atomic.Int64 // calls until the fault; below 0 disarmed
	where atomic.Value
	away  atomic.Bool // the witnesses are, for as long as it is set
}

var errFault = errors.New("injected fault")

func (f *faults) arm(n int64) { f.left.Store(n); f.where.Store("") }
func (f *faults) disarm()     { f.left.Store(-1) }

// fired reports which port failed, "" for none.
func (f *faults) fired() string { s, _ := f.where.Load().(string); return s }

func (f *faults) at(port string) error {
	if f.left.Load() < 0 || f.left.Add(-1) != 0 {
		return nil
	}
	f.left.Store(-1)
	f.where.Store(port)
	return candor.Wrap(fmt.Errorf("%s: %w", port, errFault), candor.Unavailable, "The %s failed.", port)
}

type faultyLog struct {
	archive.Log
	f *faults
}

func (l faultyLog) Append(ctx context.Context, leaf, details []byte) (receipt.Receipt, error) {
	if err := l.f.at("log before"); err != nil {
		return receipt.Receipt{}, err
	}
	r, err := l.Log.Append(ctx, leaf, details)
	if err == nil {
		err = l.f.at("log after") // durable, but the answer was lost
	}
	if err != nil {
		return receipt.Receipt{}, err
	}
	return r, nil
}

func (l faultyLog) Enter(ctx context.Context, leaf, details []byte) (int64, error) {
	if err := l.f.at("log before"); err != nil {
		return 0, err
	}
	index, err := l.Log.Enter(ctx, leaf, details)
	if err == nil {
		err = l.f.at("log after") // durable, but the answer was lost
	}
	return index, err
}

func (l faultyLog) Await(ctx context.Context, index int64) error {
	if l.f.away.Load() {
		return candor.Wrap(errFault, candor.Unavailable, "The witnesses are away.")
	}
	if err := l.f.at("log witnesses"); err != nil {
		return err
	}
	return l.Log.Await(ctx, index)
}

func (l faultyLog) Receipt(ctx context.Context, i int64) (receipt.Receipt, error) {
	if err := l.f.at("log receipt"); err != nil {
		return receipt.Receipt{}, err
	}
	return l.Log.Receipt(ctx, i)
}

type faultyVault struct {
	archive.Vault
	f *faults
}

func (v faultyVault) Seal(ctx context.Context, r io.Reader) (candor.SealedBody, error) {
	if err := v.f.at("vault seal"); err != nil {
		return candor.SealedBody{}, err
	}
	return v.Vault.Seal(ctx, r)
}

func (v faultyVault) Bind(ctx context.Context, n candor.KeyName, b candor.SealedBody) error {
	if err := v.f.at("vault bind"); err != nil {
		return err
	}
	return v.Vault.Bind(ctx, n, b)
}

func (v faultyVault) Sync(ctx context.Context) error {
	if err := v.f.at("vault sync"); err != nil {
		return err
	}
	return v.Vault.Sync(ctx)
}

func (v faultyVault) Wrapped(ctx context.Context, n candor.KeyName) ([]byte, error) {
	if err := v.f.at("vault wrapped"); err != nil {
		return nil, err
	}
	return v.Vault.Wrapped(ctx, n)
}

type faultyCustodian struct {
	archive.Custodian
	f *faults
}

func (c faultyCustodian) Release(ctx context.Context, r candor.ReleaseRequest) (candor.ReleaseAnswer, error) {
	if err := c.f.at("custodian"); err != nil {
		return candor.ReleaseAnswer{}, err
	}
	return c.Custodian.Release(ctx, r)
}

type faultyCatalog struct {
	archive.Catalog
	f *faults
}

func (c faultyCatalog) PutItems(ctx context.Context, items []candor.Item) error {
	if err := c.f.at("catalog items"); err != nil {
		return err
	}
	return c.Catalog.PutItems(ctx, items)
}

func (c faultyCatalog) PutAddition(ctx context.Context, a candor.Addition, e []candor.Entry) error {
	if err := c.f.at("catalog addition"); err != nil {
		return err
	}
	return c.Catalog.PutAddition(ctx, a, e)
}

func (c faultyCatalog) ItemsByNum(ctx context.Context, n []uint32) ([]candor.Item, error) {
	if err := c.f.at("catalog read"); err != nil {
		return nil, err
	}
	return c.Catalog.ItemsByNum(ctx, n)
}

func (c faultyCatalog) Cover(ctx context.Context, p candor.PurposeID, n []uint32) error {
	if err := c.f.at("catalog cover"); err != nil {
		return err
	}
	return c.Catalog.Cover(ctx, p, n)
}

func (c faultyCatalog) DeleteDocument(ctx context.Context, kind, id string) error {
	if err := c.f.at("catalog document"); err != nil {
		return err
	}
	return c.Catalog.DeleteDocument(ctx, kind, id)
}

func (c faultyCatalog) PutDocument(ctx context.Context, kind, id string, data []byte) error {
	if err := c.f.at("catalog document"); err != nil {
		return err
	}
	return c.Catalog.PutDocument(ctx, kind, id, data)
}

func (c faultyCatalog) Coverage(ctx context.Context, p candor.PurposeID) (*roaring.Bitmap, error) {
	if err := c.f.at("catalog coverage"); err != nil {
		return nil, err
	}
	return c.Catalog.Coverage(ctx, p)
}

type faultyIndex struct {
	archive.Index
	f *faults
}

func (i faultyIndex) Put(ctx context.Context, docs []query.Document) error {
	if err := i.f.at("index put"); err != nil {
		return err
	}
	return i.Index.Put(ctx, docs)
}

func (i faultyIndex) Search(ctx context.Context, r query.Request) (query.Result, error) {
	if err := i.f.at("index search"); err != nil {
		return query.Result{}, err
	}
	return i.Index.Search(ctx, r)
}

func (i faultyIndex) Rekey(ctx context.Context, key []byte, progress func(done, total int64)) error {
	if err := i.f.at("index rekey"); err != nil {
		return err
	}
	return i.Index.Rekey(ctx, key, progress)
}
